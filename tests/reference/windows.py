"""Where the windows of a convolution or a pooling lie: padding, output size, positions."""

from collections.abc import Iterator
from typing import NamedTuple

Pair = int | tuple[int, int]
Padding = str | int | tuple[tuple[int, int], tuple[int, int]]


class Window(NamedTuple):
    """One output position and the rows and columns of the padded input that it sees."""

    row: int
    column: int
    rows: slice
    columns: slice


class Layout(NamedTuple):
    pads: tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))
    height: int  # of the output
    width: int
    windows: list[Window]


def pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def lay_out(
    size: tuple[int, int], window: Pair, strides: Pair, padding: Padding, dilation_rate: Pair = 1
) -> Layout:
    """Return the layout of windows of ``window`` taps over an input of ``size`` (height, width)."""
    spans = [
        dilation * (taps - 1) + 1 for taps, dilation in zip(pair(window), pair(dilation_rate), strict=True)
    ]
    steps, gaps = pair(strides), pair(dilation_rate)
    pads = resolve_padding(padding, size, (spans[0], spans[1]), steps)
    height = output_size(size[0], spans[0], steps[0], pads[0])
    width = output_size(size[1], spans[1], steps[1], pads[1])
    rows = [slice(i * steps[0], i * steps[0] + spans[0], gaps[0]) for i in range(height)]
    columns = [slice(j * steps[1], j * steps[1] + spans[1], gaps[1]) for j in range(width)]
    return Layout(pads, height, width, list(_cross(rows, columns)))


def _cross(rows: list[slice], columns: list[slice]) -> Iterator[Window]:
    for i, row_slice in enumerate(rows):
        for j, column_slice in enumerate(columns):
            yield Window(i, j, row_slice, column_slice)


def output_size(size: int, span: int, stride: int, pads: tuple[int, int]) -> int:
    """floor((size + padding - span) / stride) + 1"""
    return (size + sum(pads) - span) // stride + 1


def resolve_padding(
    padding: Padding, size: tuple[int, int], spans: tuple[int, int], strides: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)). A dilated kernel counts with the span that it covers."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        return (
            same_padding(size[0], spans[0], strides[0]),
            same_padding(size[1], spans[1], strides[1]),
        )
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    if isinstance(padding, tuple):
        return padding
    raise ValueError(f"padding must be 'valid', 'same', a number or two pairs, found {padding!r}")


def same_padding(size: int, span: int, stride: int) -> tuple[int, int]:
    """Return (before, after) such that the output has ceil(size / stride) positions.

    An odd total puts the extra cell after (TensorFlow and Keras; not symmetric as in PyTorch).
    """
    n_positions = -(-size // stride)
    total = max((n_positions - 1) * stride + span - size, 0)
    return total // 2, total - total // 2
