"""Optimizers that see a kernel as the matrix it is: orthogonal steps, and preconditioners."""
