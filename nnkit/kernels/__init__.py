"""Kernels: pure functions over arrays. They compute; nothing here knows of layers, models or trials."""
