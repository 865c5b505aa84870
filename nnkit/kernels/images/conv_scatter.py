"""The gradient of a convolution for its input, spread out: for few channels, made for one shape.

Where a convolution reads few channels, a row of its kernel is about as long as vectors are. Then every pixel
of the gradient for the output is multiplied by whole kernel rows, and added to the rows of the gradient for
the input that it was computed from. Pixels come in reading order, so that every value is the same chain of
fused multiply-adds as in the tiles of ``conv_tiles``; nothing is multiplied for the sake of a border.
"""

from typing import Any

from nnkit.assembly import vector_bytes
from nnkit.kernels.images.conv_tiles import UNROLL, even_ranges, unrolled
from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.images import emit_fill
from nnkit.kernels.ir.vectors import I64, Function
from nnkit.ops import Argument
from nnkit.tiling.convolution import Convolution

# Sums that fit the registers, by their width, beside a row of the kernel and the inputs.
_MOST_SUMS = {64: 28, 32: 6, 16: 3}
# Fewer sums wait for one another; shorter rows leave lanes idle.
_LEAST_SUMS = 8
_LEAST_LANES = 0.8
# Two images take turns: while the sums of one are on their way to memory, the other's are made.
_IMAGES = 2


def can_scatter(shape: Convolution, lanes: int) -> bool:
    """Return whether this way is the faster one: for valid convolutions of few channels."""
    windows = shape.windows
    row = windows.window[1] * shape.filters
    vectors = -(-row // lanes)
    has_border = any(min(pads) < span - 1 for pads, span in zip(windows.pads, windows.spans, strict=True))
    if not shape.turned or shape.groups > 1 or has_border or windows.dilation[1] > 1:
        return False
    is_narrow = 2 * shape.filters <= lanes and _IMAGES * vectors <= _MOST_SUMS[64]
    return is_narrow and row >= _LEAST_LANES * vectors * lanes and vectors * windows.window[0] >= _LEAST_SUMS


def build_scatter(shape: Convolution, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry that makes a batch's gradients for the input."""

    def body(entry: Function, rows: Any, values: Values) -> None:
        _Scatter(entry, shape).emit(rows, values)

    return emit_entry(symbol, dtype, arguments, body)


class _Scatter:
    """The code of one such gradient under construction."""

    def __init__(self, entry: Function, shape: Convolution) -> None:
        self.entry = entry
        self.shape = shape
        self.lanes = entry.element.lanes
        self.length = shape.windows.window[1] * shape.filters  # of a kernel's row
        self.vectors = -(-self.length // self.lanes)
        self.x_row = shape.image[1] * shape.channels
        self.x_image = shape.image[0] * self.x_row
        self.y_row = shape.windows.output[1] * shape.filters
        self.y_image = shape.windows.output[0] * self.y_row

    def emit(self, rows: Any, values: Values) -> None:
        entry = self.entry
        packed = values["packed"]
        self._pack(values["w"], packed)
        carried = entry.loop(
            "pairs",
            entry.builder.sdiv(rows, I64(_IMAGES)),
            [values["x"], values["y"]],
            lambda _, places: self._spread_out(places, packed, _IMAGES),
        )
        left = entry.builder.srem(rows, I64(_IMAGES))
        entry.loop("images", left, carried, lambda _, places: self._spread_out(places, packed, 1))

    def _pack(self, w: Any, packed: Any) -> None:
        """Write, kernel row by row, the row of every filter as vectors."""
        entry, channels, step = self.entry, self.shape.channels, self.vectors * self.lanes
        height = self.shape.windows.window[0]
        emit_fill(entry, packed, height * channels * step)

        def pack_row(_: Any, rows: list[Any]) -> list[Any]:
            def pack_filter(_: Any, filters: list[Any]) -> list[Any]:
                def pack_value(_: Any, places: list[Any]) -> list[Any]:
                    entry.builder.store(entry.builder.load(places[0]), places[1])
                    return [entry.at(places[0], channels), entry.at(places[1], 1)]

                entry.repeat("values", self.length, filters, pack_value)
                return [entry.at(filters[0], 1), entry.at(filters[1], step)]

            entry.repeat("filters", channels, rows, pack_filter)
            return [entry.at(rows[0], self.length * channels), entry.at(rows[1], channels * step)]

        entry.repeat("kernel", height, [w, packed], pack_row)

    def _spread_out(self, places: list[Any], packed: Any, n_images: int) -> list[Any]:
        """Emit all pixels of an image or two, from the output's gradient into the input's."""
        entry, shape = self.entry, self.shape
        x, y = places
        emit_fill(entry, y, n_images * self.y_image)
        most = max(1, _MOST_SUMS[vector_bytes()] // (_IMAGES * self.vectors))
        parts = even_ranges(shape.windows.window[0], most)
        tiles = {n: self._tile(n, n_images) for n in sorted({len(part) for part in parts})}
        kernel_row = shape.windows.dilation[0] * self.y_row

        def pixel_row(_: Any, carried: list[Any]) -> list[Any]:
            x_at, y_at = carried
            for part in parts:
                w = entry.at(packed, part.start * shape.channels * self.vectors * self.lanes)
                target = entry.at(y_at, part.start * kernel_row)
                entry.builder.call(tiles[len(part)], [x_at, w, target])
            return [entry.at(x_at, self.x_row), entry.at(y_at, shape.spread[0] * self.y_row)]

        entry.repeat("pixel_rows", shape.image[0], [x, y], pixel_row)
        return [entry.at(x, n_images * self.x_image), entry.at(y, n_images * self.y_image)]

    def _tile(self, n_rows: int, n_images: int) -> Any:
        """Return the function of a row of pixels, times some rows of the kernel."""
        shape, pointer = self.shape, self.entry.element.pointer
        name = f"scatter{n_rows}_{n_images}"
        tile = Function(self.entry.module, self.entry.element, name, [pointer] * 3, internal=True)
        x, w, y = tile.ir.args
        kernel_row = shape.windows.dilation[0] * self.y_row
        places = [
            (image * self.y_image + r * kernel_row + v * self.lanes, self.length - v * self.lanes)
            for image in range(n_images)
            for r in range(n_rows)
            for v in range(self.vectors)
        ]

        def pixel(_: Any, carried: list[Any]) -> list[Any]:
            x_at, y_at = carried
            sums = [tile.load(tile.at(y_at, at), tile.leading_lanes(left)) for at, left in places]
            step = self._multiply_add(tile, n_rows, n_images)
            sums = unrolled(tile, shape.channels, [x_at, w, *sums], step, UNROLL)[2:]
            for value, (at, left) in zip(sums, places, strict=True):
                tile.store(value, tile.at(y_at, at), tile.leading_lanes(left))
            return [tile.at(x_at, shape.channels), tile.at(y_at, shape.spread[1] * shape.filters)]

        tile.repeat("pixels", shape.image[1], [x, y], pixel)
        tile.finish()
        return tile.ir

    def _multiply_add(self, tile: Function, n_rows: int, n_images: int) -> Any:
        """Return the step of one filter: its gradient in each image, times its rows of the kernel."""
        step = self.vectors * self.lanes
        starts = [
            r * self.shape.channels * step + v * self.lanes
            for r in range(n_rows)
            for v in range(self.vectors)
        ]

        def multiply_add(carried: list[Any]) -> list[Any]:
            x_at, w_at, *sums = carried
            inputs = [
                tile.splat(tile.builder.load(tile.at(x_at, image * self.x_image)))
                for image in range(n_images)
            ]
            row = [tile.load(tile.at(w_at, start)) for start in starts]
            size = len(row)
            updated = [
                tile.fma(inputs[image], row[i], sums[image * size + i])
                for image in range(n_images)
                for i in range(size)
            ]
            return [tile.at(x_at, 1), tile.at(w_at, step), *updated]

        return multiply_add
