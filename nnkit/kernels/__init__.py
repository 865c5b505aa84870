"""Kernels: pure functions over arrays, which know of no layer, model or trial."""
