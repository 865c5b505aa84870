"""Pooling: the readable kernels against the textbook, the vector code against the kernels, to the bit."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit.layers.pooling import backward_kind, forward_kind
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Windows, same_pads
from tests.nnkit.kernels import readable_pooling as pool
from tests.nnkit.kernels.entry_call import call_entry, draw, nan_like
from tests.reference import pooling as reference

Array = NDArray[Any]
Kind = Literal["max", "average"]
KINDS: tuple[Kind, ...] = ("max", "average")
DTYPES = ("float32", "float64")
SIZE = (7, 9)

# name: channels, window, strides, padding
CASES: dict[str, tuple[int, tuple[int, int], tuple[int, int], Any]] = {
    "two by two": (8, (2, 2), (2, 2), "valid"),
    "one channel": (1, (2, 2), (2, 2), "valid"),
    "two channels": (2, (2, 2), (2, 2), "same"),
    "three channels": (3, (2, 2), (2, 2), "valid"),
    "four channels": (4, (2, 3), (2, 3), "valid"),
    "sixteen channels": (16, (3, 2), (3, 2), "same"),
    "seventeen channels": (17, (2, 2), (2, 2), "valid"),
    "thirty-three channels": (33, (2, 2), (2, 2), "same"),
    "ninety channels": (90, (2, 2), (2, 2), "valid"),
    "overlapping": (8, (3, 3), (2, 2), "valid"),
    "overlapping, same": (4, (3, 3), (2, 2), "same"),
    "overlapping everywhere": (5, (3, 3), (1, 1), "same"),
    "apart": (8, (2, 2), (3, 4), "valid"),
    "uneven pads": (4, (3, 4), (2, 3), ((1, 2), (0, 3))),
    "large": (8, (5, 4), (1, 2), "valid"),
    "large, same": (5, (5, 7), (2, 3), "same"),
    "everything": (20, (7, 9), (7, 9), "valid"),
    "tall": (3, (7, 1), (7, 1), "valid"),
}
ALL = pytest.mark.parametrize("name", CASES)


def windows_of(name: str) -> Windows:
    _, window, strides, padding = CASES[name]
    pads = {"valid": ((0, 0), (0, 0)), "same": same_pads(SIZE, window, strides)}
    return Windows(SIZE, window, strides, pads=pads[padding] if isinstance(padding, str) else padding)


def data(name: str, dtype: str) -> tuple[Array, Array]:
    """Return images with equal values among them, and gradients."""
    channels = CASES[name][0]
    x = np.round(3 * draw(3, *SIZE, channels, dtype=dtype)) / 2
    return x, draw(3, *windows_of(name).output, channels, dtype=dtype, seed=1)


def places(windows: Windows) -> tuple[Array, Array, Array]:
    """Return window, strides and origin as the readable kernels take them."""
    window, strides, origin = (
        np.array(pair, np.int64) for pair in (windows.window, windows.strides, windows.origin)
    )
    return window, strides, origin


def readable(kind: Kind, name: str, x: Array, dy: Array) -> tuple[Array, Array]:
    """Return outputs and gradients of the readable kernels."""
    windows = windows_of(name)
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    if kind == "max":
        pool.max_pooling2d_forward(x, y, *places(windows))
        pool.max_pooling2d_backward(x, y, dy, dx, *places(windows))
    else:
        sums = nan_like(Pooling(kind, windows, x.shape[-1]).n_partials, dtype=str(x.dtype))
        pool.average_pooling2d_forward(x, y, sums, *places(windows))
        pool.average_pooling2d_backward(dy, dx, *places(windows))
    return y, dx


def vectors(shape: Pooling, x: Array, dy: Array) -> tuple[Array, Array]:
    """Return outputs and gradients of the vector code."""
    dtype = str(x.dtype)
    padded = nan_like(shape.padded_size, dtype=dtype)
    forward = {"x": x, "y": np.full_like(dy, np.nan), "padded": padded}
    y = call_entry(forward_kind(shape), forward, rows=len(x))["y"]
    seen = {"x": x, "y": y} if shape.kind == "max" else {}
    backward = {"dy": dy, "dx": np.full_like(x, np.nan), "padded": padded, "dpadded": padded, **seen}
    return y, call_entry(backward_kind(shape), backward, rows=len(x))["dx"]


@pytest.mark.parametrize("kind", KINDS)
@ALL
def test_the_readable_kernels_are_the_textbook_s(name: str, kind: Kind) -> None:
    """Means of up to 63 values in float64: 1e-15."""
    _, window, strides, padding = CASES[name]
    x, dy = data(name, "float64")
    y, dx = readable(kind, name, x, dy)
    forward, backward = (getattr(reference, f"{kind}_pooling2d_{way}") for way in ("forward", "backward"))

    np.testing.assert_allclose(y, forward(x, window, strides=strides, padding=padding), atol=1e-15)
    np.testing.assert_allclose(dx, backward(x, dy, window, strides=strides, padding=padding), atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@ALL
def test_vectors_have_the_bits_of_the_readable_kernels(name: str, kind: Kind, dtype: str) -> None:
    x, dy = data(name, dtype)
    expected_y, expected_dx = readable(kind, name, x, dy)
    y, dx = vectors(Pooling(kind, windows_of(name), x.shape[-1]), x, dy)

    assert np.array_equal(y, expected_y)
    assert np.array_equal(dx, expected_dx)


@pytest.mark.parametrize("dtype", DTYPES)
@ALL
def test_a_gradient_passes_the_relu_before_the_pooling(name: str, dtype: str) -> None:
    """Where windows share pixels, the sum passes it; here each share does, which is the same."""
    x, dy = data(name, dtype)
    x = np.maximum(x, 0)
    shape = Pooling("max", windows_of(name), x.shape[-1])
    _, dx = vectors(shape, x, dy)
    _, through = vectors(replace(shape, through_relu=True), x, dy)

    assert np.array_equal(through, np.where(x > 0, dx, 0))


@pytest.mark.parametrize("name", ["two by two", "overlapping, same", "large", "seventeen channels"])
def test_a_value_that_is_not_a_number_is_the_largest(name: str) -> None:
    """In its own channel only, wherever in the window it stands."""
    x, dy = data(name, "float32")
    x[1, 3, 4, 0] = np.nan
    clean = np.where(np.isnan(x), np.float32(0), x)
    y, _ = vectors(Pooling("max", windows_of(name), x.shape[-1]), x, dy)
    expected, _ = readable("max", name, x, dy)
    unspoiled, _ = readable("max", name, clean, dy)

    assert np.isnan(y[1, ..., 0]).any()
    assert np.array_equal(np.isnan(y), np.isnan(expected))
    assert np.array_equal(y[..., 1:], unspoiled[..., 1:])


@pytest.mark.parametrize("kind", KINDS)
def test_padding_does_not_count(kind: Kind) -> None:
    """Of values that are all -1, the largest and the mean are -1, also over the edge."""
    x = np.full((1, *SIZE, 8), -1, np.float32)
    windows = windows_of("overlapping, same")
    y, _ = vectors(Pooling(kind, windows, 8), x, np.ones((1, *windows.output, 8), np.float32))

    assert (y == -1).all()
