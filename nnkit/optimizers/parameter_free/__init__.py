"""Optimizers that find the size of their steps from how far they came: over all parameters at once."""
