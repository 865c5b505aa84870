"""Several cases at once."""
