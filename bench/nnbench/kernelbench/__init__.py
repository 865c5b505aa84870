"""Kernels timed against peers and against this core's roofline."""
