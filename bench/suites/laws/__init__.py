"""Cost laws: how steps and commands grow with their sizes."""
