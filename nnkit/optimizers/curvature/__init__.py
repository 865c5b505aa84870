"""Optimizers that learn how the slope bends from the gradients of several steps."""
