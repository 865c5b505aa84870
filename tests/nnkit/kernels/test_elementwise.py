"""The loops over flat arrays, with plain functions in the open places."""

import numpy as np
import pytest

from nnkit.jit import kernel
from nnkit.kernels import elementwise

SIZES = (1, 3, 16, 17, 33, 64, 145)
DTYPES = ("float32", "float64")


@kernel
def square(x):
    return x * x


@kernel
def scale(x, alpha):
    return alpha * x


FORWARD = elementwise.map_forward.bind(value=square)
FORWARD_1 = elementwise.map_forward_with.bind(value=scale, typed=elementwise.TYPED[1])
BACKWARD = elementwise.map_backward.bind(slope=square)
BACKWARD_1 = elementwise.map_backward_with.bind(slope=scale, typed=elementwise.TYPED[1])


def sample(n, dtype, seed=0):
    return np.random.default_rng((n, seed)).normal(size=n).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_every_value_is_mapped(n, dtype):
    """One multiplication each: the results are those of NumPy to the bit."""
    x, y, z = sample(n, dtype), np.full(n, np.nan, dtype), np.full(n, np.nan, dtype)
    FORWARD(x, y)
    FORWARD_1(x, z, 0.3)

    assert np.array_equal(y, x * x)
    assert np.array_equal(z, x * np.dtype(dtype).type(0.3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_every_gradient_is_multiplied_by_its_slope(n, dtype):
    x, dy = sample(n, dtype), sample(n, dtype, seed=1)
    dx, dz = np.full(n, np.nan, dtype), np.full(n, np.nan, dtype)
    BACKWARD(x, dy, dx)
    BACKWARD_1(x, dy, dz, 0.3)

    assert np.array_equal(dx, dy * (x * x))
    assert np.array_equal(dz, dy * (np.dtype(dtype).type(0.3) * x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_in_place_gives_the_same_bits(n, dtype):
    """y may be x, and dx may be dy or source, as the docstrings promise."""
    x, dy = sample(n, dtype), sample(n, dtype, seed=1)
    y, dx = np.empty_like(x), np.empty_like(x)
    FORWARD(x, y)
    BACKWARD(x, dy, dx)
    over_x, over_dy, over_source = x.copy(), dy.copy(), x.copy()
    FORWARD(over_x, over_x)
    BACKWARD(x, over_dy, over_dy)
    BACKWARD(over_source, dy, over_source)

    assert np.array_equal(over_x, y)
    assert np.array_equal(over_dy, dx)
    assert np.array_equal(over_source, dx)


def test_results_of_another_type_are_converted():
    """A user's function with a bare literal computes in float64; the array stays float32."""
    x = sample(17, "float32")
    y = np.full_like(x, np.nan)
    elementwise.map_forward.bind(value=kernel(lambda x: x * 0.1))(x, y)

    assert np.array_equal(y, (x * np.float64(0.1)).astype(np.float32))
