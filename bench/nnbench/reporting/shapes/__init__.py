"""What each JSON document holds, key by key: a type for who makes it, a sentence for who reads it."""
