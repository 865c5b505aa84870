"""Weights and inputs that two programs can make alike: by a seed, in the order of the layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ROWS = 5


def weights_for(name: str, shape: Sequence[int], place: int) -> Array:
    """Return the values of one array of weights; variances are above 0, and no bias is."""
    drawn = np.random.RandomState(place).standard_normal(shape) * 0.4
    return np.abs(drawn) + 0.5 if "variance" in name or "var" in name else drawn


def inputs_for(shape: Sequence[int]) -> Array:
    return np.random.RandomState(1000).standard_normal((ROWS, *shape))
