"""Convolution: the readable kernel against the textbook, the vector code against the kernel, to the bit."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit.layers.convolution import backward_kernel_kind, forward_kind
from nnkit.tiling.convolution import Convolution, GradientPlan
from nnkit.tiling.phases import ForwardPlan
from nnkit.tiling.window import Windows, same_pads
from tests.nnkit.kernels.entry_call import call_entry, draw, nan_like
from tests.nnkit.kernels.readable_convolution import conv2d_backward_kernel, conv2d_forward
from tests.reference.convolution import conv2d_backward
from tests.reference.convolution import conv2d_forward as reference_forward

Array = NDArray[Any]
DTYPES = ("float32", "float64")
LANES = {"float32": 16, "float64": 8}
NO_FLOOR = float("-inf")


@dataclass(frozen=True)
class Case:
    """A convolution as a user writes it, over images of ``size``."""

    channels: int
    filters: int
    kernel: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    padding: Any = "same"
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    size: tuple[int, int] = (7, 9)
    batch: int = 3

    @property
    def shape(self) -> Convolution:
        windows = Windows(self.size, self.kernel, self.strides, self.dilation)
        if self.padding == "same":
            pads = same_pads(self.size, windows.spans, self.strides)
        else:
            pads = ((0, 0), (0, 0)) if self.padding == "valid" else self.padding
        return Convolution(replace(windows, pads=pads), self.channels, self.filters, self.groups)

    @property
    def options(self) -> dict[str, Any]:
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation,
            "groups": self.groups,
        }

    def inputs(self, dtype: str) -> tuple[Array, Array, Array]:
        kernel = (*self.kernel, self.channels // self.groups, self.filters)
        x = draw(self.batch, *self.size, self.channels, dtype=dtype)
        return x, draw(*kernel, dtype=dtype, seed=1), draw(self.filters, dtype=dtype, seed=2)

    def output_gradient(self, dtype: str) -> Array:
        return draw(self.batch, *self.shape.windows.output, self.filters, dtype=dtype, seed=3)


# Channels and filters around the sizes of vectors and their halves and quarters.
CASES = {
    "1 to 8": Case(1, 8),
    "1 to 8, wide": Case(1, 8, (5, 5), size=(28, 28), batch=2),
    "1 to 16": Case(1, 16),
    "3 to 5": Case(3, 5),
    "5 to 3": Case(5, 3),
    "7 to 1": Case(7, 1),
    "1 to 1": Case(1, 1),
    "8 to 8": Case(8, 8, size=(14, 14)),
    "8 to 16": Case(8, 16, size=(14, 14)),
    "16 to 33": Case(16, 33, size=(5, 17)),
    "33 to 17": Case(33, 17, size=(4, 15)),
    "17 to 64": Case(17, 64, size=(8, 8)),
    "one image": Case(3, 8, batch=1),
    "valid": Case(4, 6, padding="valid"),
    "one pixel": Case(16, 7, (1, 1), padding="valid"),
    "one output": Case(3, 4, (7, 9), padding="valid"),
    "strides": Case(3, 5, strides=(2, 3)),
    "strides, valid": Case(5, 16, strides=(3, 2), padding="valid"),
    "strides beyond the kernel": Case(2, 3, (2, 2), strides=(3, 4), padding="valid"),
    "dilation": Case(3, 5, dilation=(2, 3)),
    "dilation down": Case(3, 16, (3, 1), dilation=(2, 1)),
    "strides and dilation": Case(3, 5, strides=(2, 1), dilation=(1, 2)),
    "two groups": Case(6, 8, groups=2),
    "depthwise": Case(6, 6, groups=6),
    "depthwise, wide": Case(37, 37, (3, 2), groups=37, strides=(2, 1), dilation=(1, 2)),
    "depthwise, narrow": Case(2, 2, (5, 5), groups=2, size=(17, 20), batch=2),
    "depthwise, a multiple": Case(16, 32, groups=16),
    "strides, few filters": Case(8, 4, strides=(2, 2), size=(9, 33)),
    "strides and dilation, alike": Case(3, 5, (2, 3), strides=(2, 2), dilation=(2, 4), padding="valid"),
    "groups, strides, dilation": Case(4, 34, groups=2, strides=(2, 2), dilation=(2, 1), padding="same"),
    "uneven pads": Case(3, 5, padding=((0, 2), (3, 1))),
    "pads beyond the kernel": Case(3, 5, (2, 1), padding=((3, 4), (2, 5))),
    "pads and strides beyond the kernel": Case(2, 8, (1, 2), strides=(2, 3), padding=((2, 1), (3, 3))),
    "even kernel": Case(3, 9, (2, 4)),
    "a sequence": Case(2, 25, (1, 5), strides=(1, 2), padding=((0, 0), (1, 1)), size=(1, 40)),
    "narrow": Case(3, 12, size=(9, 2)),
    "few channels, long rows": Case(6, 16, (5, 5), padding="valid", size=(9, 14)),
    "few channels, long rows, strides": Case(3, 5, (4, 5), (2, 3), "valid", (2, 1), size=(12, 17), batch=2),
    "few channels, some rows left": Case(4, 2, (9, 4), padding="valid", size=(13, 11), batch=1),
}  # fmt: skip
ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def convolve(
    shape: Convolution,
    x: Array,
    w: Array,
    bias: Array | None,
    y_shape: tuple[int, ...],
    low: float = NO_FLOOR,
) -> Array:
    """Return what the vector code makes of ``x``."""
    dtype = str(x.dtype)
    plan = ForwardPlan(shape, LANES[dtype])
    arrays = {
        "x": x,
        "w": w,
        "y": nan_like(*y_shape, dtype=dtype),
        "padded": nan_like(plan.plain_size + plan.woven_size, dtype=dtype),
        "packed": nan_like(plan.packed_size, dtype=dtype),
    }
    if bias is not None:
        arrays["bias"] = bias
    kind = forward_kind(shape, has_bias=bias is not None)
    return call_entry(kind, arrays, {"low": low}, rows=len(x))["y"]


def kernel_gradients(
    case: Case, x: Array, dy: Array, so_far: tuple[Array, Array] | None = None
) -> tuple[Array, Array]:
    """Return the vector code's gradients for kernel and bias, or ``so_far`` and these rows' added to it."""
    dtype = str(x.dtype)
    plan = GradientPlan(case.shape, LANES[dtype])
    kernel_shape = (*case.kernel, case.channels // case.groups, case.filters)
    dw, db = so_far or (nan_like(*kernel_shape, dtype=dtype), nan_like(case.filters, dtype=dtype))
    arrays = {
        "x": x,
        "dy": dy,
        "dw": dw,
        "db": db,
        "padded": nan_like(plan.padded_size, dtype=dtype),
        "sums": nan_like(plan.sums_size, dtype=dtype),
    }
    kind = backward_kernel_kind(case.shape, has_bias=True)
    found = call_entry(kind, arrays, {"goes_on": so_far is not None}, rows=len(x))
    return found["dw"], found["db"]


def pair(values: tuple[int, int]) -> Array:
    return np.array(values, np.int64)


def readable_forward(case: Case, x: Array, w: Array, bias: Array, low: float = NO_FLOOR) -> Array:
    windows = case.shape.windows
    y = nan_like(len(x), *windows.output, case.filters, dtype=str(x.dtype))
    conv2d_forward(x, w, bias, y, pair(case.strides), pair(case.dilation), pair(windows.origin), low)
    return y


def error(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@ALL
def test_the_readable_kernels_are_the_textbook_s(case: Case) -> None:
    """Sums of a few hundred products in float64: 1e-14 relative to the largest value."""
    x, w, bias = case.inputs("float64")
    dy = case.output_gradient("float64")
    dw, db = nan_like(*w.shape, dtype="float64"), nan_like(case.filters, dtype="float64")
    origin = pair(case.shape.windows.origin)
    conv2d_backward_kernel(x, dy, dw, db, pair(case.strides), pair(case.dilation), origin, 2)
    _, expected_dw, expected_db = conv2d_backward(x, w, dy, **case.options)

    assert error(readable_forward(case, x, w, bias), reference_forward(x, w, bias, **case.options)) < 1e-14
    assert error(dw, expected_dw) < 1e-14
    assert error(db, expected_db) < 1e-14


@pytest.mark.parametrize("dtype", DTYPES)
@ALL
def test_vectors_convolve_to_the_bits_of_the_readable_kernel(case: Case, dtype: str) -> None:
    x, w, bias = case.inputs(dtype)
    y_shape = (len(x), *case.shape.windows.output, case.filters)

    assert np.array_equal(convolve(case.shape, x, w, bias, y_shape), readable_forward(case, x, w, bias))


@pytest.mark.parametrize("dtype", DTYPES)
@ALL
def test_vectors_sum_gradients_to_the_bits_of_the_readable_kernel(case: Case, dtype: str) -> None:
    x, w, _ = case.inputs(dtype)
    dy = case.output_gradient(dtype)
    dw, db = nan_like(*w.shape, dtype=dtype), nan_like(case.filters, dtype=dtype)
    images = GradientPlan(case.shape, LANES[dtype]).images
    origin = pair(case.shape.windows.origin)
    conv2d_backward_kernel(x, dy, dw, db, pair(case.strides), pair(case.dilation), origin, images)
    found_dw, found_db = kernel_gradients(case, x, dy)

    assert np.array_equal(found_dw, dw)
    assert np.array_equal(found_db, db)


@pytest.mark.parametrize("dtype", DTYPES)
@ALL
def test_the_gradient_for_the_input_is_a_convolution_of_the_turned_kernel(case: Case, dtype: str) -> None:
    """Sums of a few hundred products: 1e-14, or 1e-5 in float32, relative to the largest value."""
    x, w, _ = case.inputs(dtype)
    dy = case.output_gradient(dtype)
    wide = [array.astype(np.float64) for array in (x, w, dy)]
    expected, _, _ = conv2d_backward(*wide, **case.options)
    found = convolve(case.shape.gradient(), dy, w, None, x.shape)

    assert error(found, expected) < {"float32": 1e-5, "float64": 1e-14}[dtype]


def turned(w: Array, groups: int) -> Array:
    """Return the kernel with its taps in reverse, inputs and outputs exchanged within each group."""
    parts = [part.swapaxes(2, 3) for part in np.split(w[::-1, ::-1], groups, axis=3)]
    return np.ascontiguousarray(np.concatenate(parts, axis=3))


@pytest.mark.parametrize("dtype", DTYPES)
@ALL
def test_the_gradient_for_the_input_has_the_bits_of_a_sum_over_all_taps(case: Case, dtype: str) -> None:
    """Also of taps that meet no output, where a stride is: a product with zero changes no sum."""
    x, w, _ = case.inputs(dtype)
    dy, (down, across) = case.output_gradient(dtype), case.strides
    gradient = case.shape.gradient()
    spread = np.zeros((len(dy), *gradient.windows.size, case.filters), dtype)
    spread[:, ::down, ::across] = dy
    expected, ones, bias = np.full_like(x, np.nan), pair((1, 1)), np.zeros(case.channels, dtype)
    origin = pair(gradient.windows.origin)
    kernel = turned(w, case.groups)
    conv2d_forward(spread, kernel, bias, expected, ones, pair(case.dilation), origin, NO_FLOOR)

    assert np.array_equal(convolve(gradient, dy, w, None, x.shape), expected)


@ALL
def test_a_gradient_counts_the_products_of_its_convolution(case: Case) -> None:
    """And none of those with the zeros between spread pixels, which no user asked for."""
    rows, columns = case.shape.windows.output
    products = rows * columns * case.filters * case.kernel[0] * case.kernel[1] * case.channels // case.groups

    assert case.shape.flops == case.shape.gradient().flops == 2 * products


@pytest.mark.parametrize("name", ["1 to 8", "16 to 33"])
def test_a_floor_bounds_the_outputs_and_lets_nan_through(name: str) -> None:
    case = CASES[name]
    x, w, bias = case.inputs("float32")
    x[0, 2, 3, 0] = np.nan
    y_shape = (len(x), *case.shape.windows.output, case.filters)
    found, free = convolve(case.shape, x, w, bias, y_shape, 0.0), convolve(case.shape, x, w, bias, y_shape)

    assert np.isnan(found).sum() == 9 * case.filters
    assert np.array_equal(found, np.where(free < 0, 0, free), equal_nan=True)


def test_gradients_of_many_images_are_summed_block_by_block() -> None:
    """A block has so many images that the sums stay in registers for a few hundred pixels."""
    case = replace(CASES["17 to 64"], batch=11)
    x, w, _ = case.inputs("float32")
    dy = case.output_gradient("float32")
    dw, db = nan_like(*w.shape, dtype="float32"), nan_like(64, dtype="float32")
    ones = pair((1, 1))
    conv2d_backward_kernel(x, dy, dw, db, ones, ones, ones, 4)
    found_dw, found_db = kernel_gradients(case, x, dy)

    assert GradientPlan(case.shape, 16).images == 4
    assert np.array_equal(found_dw, dw)
    assert np.array_equal(found_db, db)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("size", "images"), [((9, 9), 3), ((20, 20), 1)])
def test_blocks_that_are_summed_in_pairs_are_added_in_their_order(
    size: tuple[int, int], images: int, dtype: str
) -> None:
    """Few taps, so that two blocks take turns: an even number of blocks, an odd one, and one not full."""
    for batch in (images, 2 * images, 3 * images, 4 * images + 1, 5 * images - 1):
        case = replace(CASES["1 to 8"], batch=batch, size=size)
        x, w, _ = case.inputs(dtype)
        dy = case.output_gradient(dtype)
        dw, db = nan_like(*w.shape, dtype=dtype), nan_like(case.filters, dtype=dtype)
        origin = pair(case.shape.windows.origin)
        conv2d_backward_kernel(x, dy, dw, db, pair(case.strides), pair(case.dilation), origin, images)
        found_dw, found_db = kernel_gradients(case, x, dy)

        plan = GradientPlan(case.shape, LANES[dtype])
        assert plan.images == images
        assert plan.may_pair == (dtype == "float32")
        assert np.array_equal(found_dw, dw), batch
        assert np.array_equal(found_db, db), batch


@pytest.mark.parametrize("dtype", DTYPES)
@ALL
def test_gradients_of_a_batch_in_parts_have_the_bits_of_the_whole(case: Case, dtype: str) -> None:
    """Wherever it is cut between blocks of images: here after every one, into pieces of all sizes."""
    images = GradientPlan(case.shape, LANES[dtype]).images
    case = replace(case, batch=min(4 * images + 1, 9))
    x, _, _ = case.inputs(dtype)
    dy = case.output_gradient(dtype)
    whole = kernel_gradients(case, x, dy)

    for step in range(images, case.batch + images, images):
        found = kernel_gradients(case, x[:step], dy[:step])
        for start in range(step, case.batch, step):
            found = kernel_gradients(case, x[start : start + step], dy[start : start + step], found)
        assert np.array_equal(found[0], whole[0]), step
        assert np.array_equal(found[1], whole[1]), step


def test_a_kernel_without_bias_starts_at_zero() -> None:
    case = CASES["3 to 5"]
    x, w, bias = case.inputs("float32")
    y_shape = (len(x), *case.shape.windows.output, case.filters)

    assert np.array_equal(convolve(case.shape, x, w, None, y_shape), readable_forward(case, x, w, 0 * bias))


def test_the_test_sees_a_wrong_tap() -> None:
    """One weight off by one unit in the last place of float32 changes bits."""
    case = CASES["8 to 16"]
    x, w, bias = case.inputs("float32")
    right = readable_forward(case, x, w, bias)
    w[2, 1, 7, 15] = np.nextafter(w[2, 1, 7, 15], np.float32(9))
    y_shape = (len(x), *case.shape.windows.output, case.filters)

    assert not np.array_equal(convolve(case.shape, x, w, bias, y_shape), right)
