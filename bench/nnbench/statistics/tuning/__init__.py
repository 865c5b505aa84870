"""What a search found, and how much it matters."""
