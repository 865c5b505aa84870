"""What the gradient tests share: random inputs, and the comparison with differences."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.reference.numeric import numeric_gradient, relative_error

Array = NDArray[np.float64]

# Five-point differences are good to about 1e-11 here; a wrong factor or index shows at 1e-2 and more.
TOLERANCE = 1e-9


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def draw_distinct(*shape: int) -> Array:
    """Return values 0.1 apart, in random order: a step of a difference never changes which is largest."""
    n = int(np.prod(shape))
    order = np.random.default_rng(n).permutation(n).astype(np.float64)
    return 0.1 * (order.reshape(shape) - n / 2 + 0.5)


def assert_gradient(forward: Callable[[Array], Array], x: Array, found: Array, dy: Array) -> None:
    expected = numeric_gradient(lambda moved: float(np.sum(forward(moved) * dy)), x)

    assert relative_error(found, expected) <= TOLERANCE
