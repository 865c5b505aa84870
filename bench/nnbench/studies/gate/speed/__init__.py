"""Is the head slower? Pairs of fresh processes, for what runs other code; nothing is red before new pairs."""
