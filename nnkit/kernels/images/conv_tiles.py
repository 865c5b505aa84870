"""The forward convolution in explicit vectors, made for one shape.

An image is copied into a padded buffer; then tiles of some pixels by one or two vectors of filters are
computed in registers, straight from it. Every output value is one chain of fused multiply-adds over kernel
rows, columns and channels in order, started from the bias: its bits depend on no tile and no register.
Kernel rows that lie in the padding as a whole are left out, columns are not.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from llvmlite import ir

from nnkit.assembly import vector_bytes
from nnkit.kernels.images.conv_packing import MOST_ROWS, Packing, strip_places
from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.images import emit_fill, emit_pad, emit_weave
from nnkit.kernels.ir.vectors import I64, Function
from nnkit.ops import Argument
from nnkit.tiling.convolution import Convolution
from nnkit.tiling.phases import ForwardPlan, Phase

UNROLL = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of a tile: where its inputs begin, where its outputs go, and how many pixels it has."""

    x: int
    y: int
    pixels: int


Cells = tuple[Cell, ...]


def build_forward(shape: Convolution, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry that convolves a batch."""

    def body(entry: Function, rows: Any, values: Values) -> None:
        _Forward(entry, shape).emit(rows, values)

    return emit_entry(symbol, dtype, arguments, body)


class _Forward:
    """The code of one forward convolution under construction: its phases take turns with every image."""

    def __init__(self, entry: Function, shape: Convolution) -> None:
        self.entry = entry
        self.shape = shape
        self.plan = ForwardPlan(shape, entry.element.lanes)

    def emit(self, rows: Any, values: Values) -> None:
        """Emit the whole op: the kernel into vectors once, then image by image."""
        entry, plan, shape = self.entry, self.plan, self.shape
        kernels = self._packed(values)
        if not plan.reads_image:
            emit_fill(entry, values["padded"], plan.plain_size)
        image = prod(shape.image) * shape.channels
        outputs = prod(shape.windows.output) * shape.filters

        def convolve_image(_: Any, carried: list[Any]) -> list[Any]:
            x, y = carried
            prepared = self._prepared(x, values)
            for phase, kernel in kernels:
                PhaseTiles(entry, plan, phase).emit(prepared, kernel, y, values["low"])
            return [entry.at(x, image), entry.at(y, outputs)]

        entry.loop("images", rows, [values["x"], values["y"]], convolve_image)

    def _packed(self, values: Values) -> list[tuple[Phase, Any]]:
        """Return the phases, each with the place of its kernel in vectors."""
        kernels, target = [], values["packed"]
        for phase in self.plan.phases:
            kernels.append((phase, target))
            Packing(self.entry, self.plan, phase).emit(values["w"], values.get("bias"), target)
            target = self.entry.at(target, self.plan.packed_phase_size(phase))
        return kernels

    def _prepared(self, x: Any, values: Values) -> Any:
        """Return the image as the tiles read it: itself, its padded copy, or that woven."""
        plan = self.plan
        if plan.reads_image:
            return x
        emit_pad(self.entry, plan.padded, self.shape.channels, x, values["padded"])
        if not plan.is_woven:
            return values["padded"]
        woven = self.entry.at(values["padded"], plan.plain_size)
        size = plan.padded.reach[0] * plan.row
        emit_weave(self.entry, values["padded"], woven, size, plan.pixels, plan.pixel_step)
        return woven


class PhaseTiles:
    """The tiles of one phase: all its outputs in one image."""

    def __init__(self, entry: Function, plan: ForwardPlan, phase: Phase) -> None:
        self.entry = entry
        self.plan = plan
        self.phase = phase
        self.shape = phase.shape
        self.element = entry.element
        self.lanes = entry.element.lanes
        # Outputs of other phases lie between: how far apart are rows and pixels of this one?
        (down, across), filters = plan.shape.spread, self.shape.filters
        self.y_row, self.y_pixel = down * plan.shape.windows.output[1] * filters, across * filters
        self._tiles: dict[tuple[int, int, Cells], ir.Function] = {}

    def emit(self, x: Any, packed: Any, y: Any, low: Any) -> None:
        """Emit the convolution of one image, group by group."""
        entry, shape, plan = self.entry, self.shape, self.plan
        (top, left), (down, across) = self.phase.place, plan.shape.spread
        x = entry.at(x, plan.image_offset(self.phase))
        y = entry.at(y, top * (self.y_row // down) + left * (self.y_pixel // across))

        def convolve_group(_: Any, carried: list[Any]) -> list[Any]:
            x_at, w_at, y_at = carried
            for first, vectors in strip_places(plan):
                inputs = entry.at(x_at, first) if plan.shape.is_by_channel else x_at
                self._convolve_strip(inputs, w_at, entry.at(y_at, first), low, first, vectors)
                w_at = entry.at(w_at, (self.phase.depth + 1) * vectors * self.lanes)
            return [
                entry.at(x_at, plan.scale * shape.group_channels),
                w_at,
                entry.at(y_at, plan.shape.part_filters),
            ]

        entry.repeat("groups", plan.shape.parts, [x, packed, y], convolve_group)

    def _convolve_strip(self, x: Any, w: Any, y: Any, low: Any, first: int, vectors: int) -> None:
        """Emit the tiles of all pixels by one strip of filters."""
        entry, shape = self.entry, self.shape
        bias, w = w, entry.at(w, vectors * self.lanes)
        x_row = self.plan.scale * shape.windows.strides[0] * self.plan.row
        row = I64(0)
        for n_rows, times, cells in self._cut(vectors):
            tiles = [self._tile(vectors, first, self._cells(n_rows, columns)) for columns in cells]

            def convolve_rows(
                _: Any, carried: list[Any], n_rows: int = n_rows, tiles: list[ir.Function] = tiles
            ) -> list[Any]:
                row_at, x_at, y_at = carried
                skipped, left = self._kernel_rows(row_at, n_rows)
                x_first = entry.at(x_at, entry.builder.mul(skipped, I64(self._x_kernel_row)))
                w_first = entry.at(w, entry.builder.mul(skipped, I64(self._w_kernel_row(vectors))))
                for tile in tiles:
                    entry.builder.call(tile, [x_first, w_first, bias, y_at, low, left])
                row_after = entry.builder.add(row_at, I64(n_rows))
                return [row_after, entry.at(x_at, n_rows * x_row), entry.at(y_at, n_rows * self.y_row)]

            row, x, y = entry.repeat("rows", times, [row, x, y], convolve_rows)

    @property
    def _x_kernel_row(self) -> int:
        return self.plan.scale * self.shape.windows.dilation[0] * self.plan.row

    def _w_kernel_row(self, vectors: int) -> int:
        return self.shape.depth // self.shape.windows.window[0] * vectors * self.lanes

    def _kernel_rows(self, row: Any, n_rows: int) -> tuple[Any, Any]:
        """Return (kernel rows that lie above the image, kernel rows after them that touch it)."""
        windows, builder = self.shape.windows, self.entry.builder
        height = windows.window[0]
        if self.phase.is_empty:
            return I64(0), I64(0)
        if not self.plan.skips_rows(self.phase):
            return I64(0), I64(height)
        assert n_rows == 1, n_rows
        # A kernel row r reads row i · stride + r · dilation - origin of the image, which has ``size`` rows.
        above = builder.sub(I64(windows.origin[0]), builder.mul(row, I64(windows.strides[0])))
        first = self._ceiling(above, windows.dilation[0], height)
        after = self._ceiling(builder.add(above, I64(windows.size[0])), windows.dilation[0], height)
        return first, builder.sub(after, first)

    def _ceiling(self, value: Any, divisor: int, most: int) -> Any:
        """Return ceil(value / divisor), but at least 0 and at most ``most``."""
        builder = self.entry.builder
        quotient = builder.sdiv(builder.add(value, I64(divisor - 1)), I64(divisor))
        # sdiv rounds towards 0, which for negative values is the 0 that is wanted anyway.
        positive = builder.select(builder.icmp_signed("<", quotient, I64(0)), I64(0), quotient)
        return builder.select(builder.icmp_signed(">", positive, I64(most)), I64(most), positive)

    def _cut(self, vectors: int) -> list[tuple[int, int, list[range]]]:
        """Return how the image is cut: (rows at a time, how often, columns of each tile).

        Evenly: of two tiles that share 16 pixels each has 8. Columns count in vectors' pixels.
        """
        height, width = self.shape.windows.output
        most = MOST_ROWS[vector_bytes()][vectors]
        groups = -(-width // self.plan.pixels)
        at_once = max(1, min(height, most // groups))
        columns = even_ranges(groups, most)
        heights = [len(part) for part in even_ranges(height, at_once)]
        return [(n, heights.count(n), columns) for n in sorted(set(heights), reverse=True)]

    def _cells(self, n_rows: int, columns: range) -> Cells:
        shape, plan = self.shape, self.plan
        width = shape.windows.output[1]
        cells = []
        for i in range(n_rows):
            for group in columns:
                j = group * plan.pixels
                x = plan.scale * (i * shape.windows.strides[0] * plan.row + j * plan.pixel_step)
                y = i * self.y_row + j * self.y_pixel
                cells.append(Cell(x, y, min(plan.pixels, width - j)))
        return tuple(cells)

    def _tile(self, vectors: int, first: int, cells: Cells) -> ir.Function:
        """Return the function of a tile, made once for all places where it fits."""
        filters = min(vectors * self.lanes // self.plan.pixels, self.plan.shape.part_filters - first)
        key = (vectors, filters, cells)
        if key not in self._tiles:
            name = "tile{}_{}_{}".format(len(self._tiles), *self.phase.place)
            self._tiles[key] = self._emit_tile(name, *key)
        return self._tiles[key]

    def _emit_tile(self, name: str, vectors: int, filters: int, cells: Cells) -> ir.Function:
        pointer = self.element.pointer
        parameters = [pointer, pointer, pointer, pointer, self.element.scalar, I64]
        tile = Function(self.entry.module, self.element, name, parameters, internal=True)
        x, w, bias, y, low, kernel_rows = tile.ir.args
        start = [tile.load(tile.at(bias, v * self.lanes)) for v in range(vectors)]
        sums = [start[v] for _ in cells for v in range(vectors)]
        sums = self._accumulate(tile, kernel_rows, [x, w, *sums], cells, filters)
        floor = tile.splat(low)
        for r, cell in enumerate(cells):
            values = [tile.at_least(value, floor) for value in sums[r * vectors : (r + 1) * vectors]]
            self._store(tile, values, tile.at(y, cell.y), filters, cell.pixels)
        tile.finish()
        return tile.ir

    def _accumulate(
        self, tile: Function, kernel_rows: Any, carried: list[Any], cells: Cells, filters: int
    ) -> list[Any]:
        """Emit the loops over kernel rows, columns and channels around the multiply-adds; return the sums."""
        shape, plan = self.shape, self.plan
        vectors = (len(carried) - 2) // len(cells)
        width, across = shape.windows.window[1], shape.windows.dilation[1]
        n_runs, length = (1, width * shape.channels) if shape.is_contiguous else (width, shape.group_channels)
        # LLVM would keep inputs that several pixels of a tile share, in registers that there are not.
        at_once = min(UNROLL, plan.pixel_step)

        def inputs_of(x: Any) -> list[Any]:
            if not plan.shape.is_by_channel:
                return [tile.load_repeated(x, plan.pixels)] * vectors
            places = range(0, vectors * self.lanes, self.lanes)
            return [tile.load(tile.at(x, at), tile.leading_lanes(filters - at)) for at in places]

        def multiply_add(carried: list[Any]) -> list[Any]:
            x_at, w_at, *values = carried
            row = [tile.load(tile.at(w_at, v * self.lanes)) for v in range(vectors)]
            updated = []
            for r, cell in enumerate(cells):
                inputs = inputs_of(tile.at(x_at, cell.x))
                updated += [tile.fma(inputs[v], row[v], values[r * vectors + v]) for v in range(vectors)]
            return [tile.at(x_at, plan.scale), tile.at(w_at, vectors * self.lanes), *updated]

        def run(carried: list[Any]) -> list[Any]:
            values = unrolled(tile, length, carried, multiply_add, at_once)
            return [tile.at(carried[0], plan.scale * across * shape.channels), *values[1:]]

        def kernel_row(_: Any, carried: list[Any]) -> list[Any]:
            values = unrolled(tile, n_runs, carried, run, UNROLL if plan.shape.is_by_channel else 1)
            return [tile.at(carried[0], self._x_kernel_row), *values[1:]]

        return tile.loop("kernel_rows", kernel_rows, carried, kernel_row)[2:]

    def _store(self, tile: Function, values: list[Any], y: Any, filters: int, pixels: int) -> None:
        """Store one row of a tile: some filters of one pixel, or all filters of some pixels."""
        if self.plan.pixels > 1:
            self._store_pixels(tile, values[0], y, filters, pixels)
            return
        for v, value in enumerate(values):
            tile.store(value, tile.at(y, v * self.lanes), tile.leading_lanes(filters - v * self.lanes))

    def _store_pixels(self, tile: Function, value: Any, y: Any, filters: int, pixels: int) -> None:
        is_dense = self.y_pixel == filters
        for first in range(0, pixels, pixels if is_dense else 1):
            last = pixels if is_dense else first + 1
            order = [c * self.plan.pixels + p for p in range(first, last) for c in range(filters)]
            mask = tile.leading_lanes(len(order))
            order += [0] * (self.lanes - len(order))
            tile.store(tile.shuffle(value, value, order), tile.at(y, first * self.y_pixel), mask)


def unrolled(tile: Function, count: int, carried: list[Any], step: Any, at_once: int) -> list[Any]:
    """Emit ``count`` steps, a few at a time: long straight code would not fit the decoded-op cache."""
    whole, rest = divmod(count, at_once)

    def body(_: Any, values: list[Any]) -> list[Any]:
        for _ in range(at_once):
            values = step(values)
        return values

    carried = tile.repeat("depth", whole, carried, body)
    for _ in range(rest):
        carried = step(carried)
    return carried


def even_ranges(count: int, most: int) -> list[range]:
    """Cut ``range(count)`` into the fewest parts of at most ``most``, as even as can be."""
    n_parts = -(-count // most)
    base, longer = divmod(count, n_parts)
    ranges, start = [], 0
    for part in range(n_parts):
        end = start + base + (part < longer)
        ranges.append(range(start, end))
        start = end
    return ranges
