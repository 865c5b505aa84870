"""What the user reads: views decide what is said, renderers decide how it looks, statistics computed it."""
