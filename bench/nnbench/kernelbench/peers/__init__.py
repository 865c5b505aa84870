"""The same arithmetic in NumPy and in PyTorch, to take turns with the kernels."""
