"""Clipping of gradients, as TensorFlow and Keras define it (PyTorch adds 1e-6 to the norm)."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def clip_by_value(gradient: Array, limit: float) -> Array:
    return np.clip(gradient, -limit, limit)


def clip_by_norm(gradient: Array, limit: float) -> Array:
    """Shorten one array to Euclidean length ``limit``, where it is longer."""
    return clip_by_global_norm([gradient], limit)[0]


def clip_by_global_norm(gradients: list[Array], limit: float) -> list[Array]:
    """g limit / max(norm, limit), with the one norm of all arrays together."""
    scale = limit / max(global_norm(gradients), limit)
    return [gradient * scale for gradient in gradients]


def global_norm(gradients: list[Array]) -> float:
    return float(np.sqrt(sum(float(np.sum(gradient**2)) for gradient in gradients)))
