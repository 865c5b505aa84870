"""Holm's correction, for tests that cannot share flips of seeds as a table's do."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return the step-down adjusted p values, in the order given.

    Source: Holm (1979), Scand. J. Statist. 6(2). The i-th smallest of m is multiplied by m − i + 1, never
    comes out below a smaller one, and never above 1.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
