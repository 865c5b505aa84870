"""Code of the user's own, trained in processes of its own."""
