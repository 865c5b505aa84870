"""Moving images in vector IR: copies with and without a border, and pixels woven side by side."""

from typing import Any

from nnkit.kernels.ir.vectors import Function
from nnkit.tiling.window import Windows

_UNROLLED = 4


def emit_fill(function: Function, target: Any, count: int, value: float = 0.0) -> None:
    """Write ``value`` into ``count`` places."""
    lanes = function.element.lanes
    vector = function.constant(value)
    whole, rest = divmod(count, lanes)

    def body(_: Any, carried: list[Any]) -> list[Any]:
        function.store(vector, carried[0])
        return [function.at(carried[0], lanes)]

    (end,) = function.repeat("fill", whole, [target], body)
    if rest:
        function.store(vector, end, function.leading_lanes(rest))


def emit_copy(function: Function, source: Any, target: Any, count: int) -> None:
    """Copy ``count`` values that lie side by side."""
    lanes = function.element.lanes
    whole, rest = divmod(count, lanes)

    def body(_: Any, carried: list[Any]) -> list[Any]:
        source_at, target_at = carried
        function.store(function.load(source_at), target_at)
        return [function.at(source_at, lanes), function.at(target_at, lanes)]

    ends = [source, target]
    if whole <= _UNROLLED:
        for _ in range(whole):
            ends = body(None, ends)
    else:
        ends = function.repeat("copy", whole, ends, body)
    if rest:
        mask = function.leading_lanes(rest)
        function.store(function.load(ends[0], mask), ends[1], mask)


def emit_pad(function: Function, windows: Windows, channels: int, source: Any, target: Any) -> None:
    """Copy an image into the middle of its padded twin."""
    (height, width), origin, reach = windows.size, windows.origin, windows.reach
    rows, columns = _kept(height, origin[0], reach[0]), _kept(width, origin[1], reach[1])
    if not rows or not columns:
        return
    row = reach[1] * channels
    source = function.at(source, (rows[0] * width + columns[0]) * channels)
    target = function.at(target, (rows[0] + origin[0]) * row + (columns[0] + origin[1]) * channels)

    def copy_row(_: Any, carried: list[Any]) -> list[Any]:
        emit_copy(function, carried[0], carried[1], len(columns) * channels)
        return [function.at(carried[0], width * channels), function.at(carried[1], row)]

    function.repeat("rows", len(rows), [source, target], copy_row)


def emit_crop(function: Function, windows: Windows, channels: int, source: Any, target: Any) -> None:
    """Copy the middle of a padded image out of it; pixels beyond what the windows read become 0."""
    (height, width), origin, reach = windows.size, windows.origin, windows.reach
    rows, columns = _kept(height, origin[0], reach[0]), _kept(width, origin[1], reach[1])
    if len(rows) < height or len(columns) < width:
        emit_fill(function, target, height * width * channels)
    row = reach[1] * channels

    def copy_row(_: Any, carried: list[Any]) -> list[Any]:
        emit_copy(function, carried[0], carried[1], len(columns) * channels)
        return [function.at(carried[0], row), function.at(carried[1], width * channels)]

    function.repeat(
        "crop", len(rows), [function.at(source, origin[0] * row + origin[1] * channels), target], copy_row
    )


def _kept(count: int, origin: int, reach: int) -> range:
    """Return the rows (or columns) of an image that lie within its padded twin."""
    kept = [i for i in range(count) if 0 <= i + origin < reach]
    return range(kept[0], kept[-1] + 1) if kept else range(0)


def emit_weave(function: Function, source: Any, target: Any, count: int, pixels: int, step: int) -> None:
    """Write ``target[pixels * i + p] = source[i + p * step]`` for at least ``count`` values i.

    Reads and writes up to one vector of values i more than that.
    """
    lanes = function.element.lanes

    def body(_: Any, carried: list[Any]) -> list[Any]:
        source_at, target_at = carried
        vectors = [function.load(function.at(source_at, p * step)) for p in range(pixels)]
        for part, vector in enumerate(woven(function, vectors)):
            function.store(vector, function.at(target_at, part * lanes))
        return [function.at(source_at, lanes), function.at(target_at, pixels * lanes)]

    function.repeat("weave", -(-count // lanes), [source, target], body)


def woven(function: Function, vectors: list[Any]) -> list[Any]:
    """Return the values of several vectors in turn: a0 b0 a1 b1 … for two of them."""
    lanes = function.element.lanes
    if len(vectors) == 1:
        return vectors
    # The odd ones among the odd, the even ones among the even: then one pair of shuffles puts them in turn.
    evens, odds = woven(function, vectors[0::2]), woven(function, vectors[1::2])
    low = [lanes * (i % 2) + i // 2 for i in range(lanes)]
    high = [lanes // 2 + place for place in low]
    return [function.shuffle(a, b, order) for a, b in zip(evens, odds, strict=True) for order in (low, high)]
