"""The gradient of a convolution for its kernel and bias, in explicit vectors, made for one shape.

It is a product whose rows are the kernel's taps (and one row of ones, for the bias), whose columns are the
filters, and whose inner index runs over pixels. Every value is one chain of fused multiply-adds over the
pixels of a few images in order; the sums of these blocks of images are added in order. Pixels whose inputs
lie in a row of the padding are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from nnkit.assembly import vector_bytes
from nnkit.kernels.images.conv_tiles import MOST_ROWS, UNROLL, even_ranges, unrolled
from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.images import emit_fill, emit_pad
from nnkit.kernels.ir.vectors import I64, Function
from nnkit.ops import Argument
from nnkit.tiling.convolution import Convolution, GradientPlan

# Most rows of a tile of so many vectors: where the sums are one vector wide there are registers for more.
_MOST_PLACES = MOST_ROWS | {64: {2: 14, 1: 16}}
# Moves one row of sums: (sums, gradients, filters, vectors, taps of the row).
Move = Callable[[Any, Any, int, int, int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of the product that one tile computes, and the rows of the output that count for them."""

    places: range
    image_rows: range
    has_ones: bool = False


def build_backward_kernel(
    shape: Convolution, symbol: str, dtype: str, arguments: tuple[Argument, ...]
) -> str:
    """Return the module of the entry that sums up a batch's gradients for kernel and bias."""

    def body(entry: Function, rows: Any, values: Values) -> None:
        _Gradient(entry, shape).emit(rows, values)

    return emit_entry(symbol, dtype, arguments, body)


class _Gradient:
    """The code of one gradient under construction."""

    def __init__(self, entry: Function, shape: Convolution) -> None:
        self.entry = entry
        self.shape = shape
        self.element = entry.element
        self.lanes = entry.element.lanes
        self.plan = GradientPlan(shape, self.lanes)
        self._tiles: dict[tuple[tuple[int, ...], bool, int, int, int], ir.Function] = {}

    def emit(self, rows: Any, values: Values) -> None:
        """Emit the whole op: block of images by block, then the sums out of their vectors.

        Where it ``goes_on``, the sums of earlier rows of a batch that is computed in parts come from where
        the gradients lie: they are the same chain, if every part but the last is whole blocks of images.
        """
        entry, plan = self.entry, self.plan
        emit_fill(entry, values["sums"], plan.sums_size)
        places = (values["sums"], values["dw"], values.get("db"))
        entry.loop("goes_on", values["goes_on"], [], lambda _, __: self._for_sums(*places, self._pack_row))
        if not plan.reads_image:
            emit_fill(entry, values["padded"], plan.padded_size)
        carried = [values["x"], values["dy"], rows]
        if self._is_paired():
            pairs = entry.builder.sdiv(rows, I64(2 * plan.images))
            carried = entry.loop("pairs", pairs, carried, lambda _, c: self._sum_blocks(c, values, 2))
        at_once = I64(plan.images)
        blocks = entry.builder.sdiv(entry.builder.add(carried[2], I64(plan.images - 1)), at_once)
        entry.loop("blocks", blocks, carried, lambda _, c: self._sum_blocks(c, values, 1))
        self._for_sums(*places, self._unpack_row)

    def _is_paired(self) -> bool:
        """True where the registers have room for the sums of two blocks of images, and few chains need it."""
        most = MOST_ROWS[vector_bytes()].get(self.plan.vectors, 0)
        parts = self._cut(self.plan.vectors) if most else []
        return self.plan.may_pair and len(parts) == 1 and 2 * (len(parts[0].places) + 1) <= most

    def _sum_blocks(self, carried: list[Any], values: Values, n_blocks: int) -> list[Any]:
        """Emit the sums over one block of images, of which the last may have fewer, or over two at a time."""
        entry, plan, shape = self.entry, self.plan, self.shape
        x, dy, left = carried
        image = shape.windows.size[0] * shape.windows.size[1] * shape.channels
        outputs = shape.windows.output[0] * shape.windows.output[1] * shape.filters
        images = I64(plan.images)
        fewer = entry.builder.icmp_signed("<", left, images)
        count = images if n_blocks == 2 else entry.builder.select(fewer, left, images)
        prepared = self._prepared(x, values, entry.builder.mul(count, I64(n_blocks)))
        self._sum_images(prepared, dy, values["sums"], count, n_blocks)
        step = n_blocks * plan.images
        return [entry.at(x, step * image), entry.at(dy, step * outputs), entry.builder.sub(left, I64(step))]

    def _prepared(self, x: Any, values: Values, count: Any) -> Any:
        """Return the images of a block as the tiles read them: themselves, or their padded copies."""
        entry, shape = self.entry, self.shape
        if self.plan.reads_image:
            return x
        image = shape.windows.size[0] * shape.windows.size[1] * shape.channels

        def pad_image(_: Any, carried: list[Any]) -> list[Any]:
            emit_pad(entry, shape.windows, shape.channels, carried[0], carried[1])
            return [entry.at(carried[0], image), entry.at(carried[1], self.plan.image_size)]

        entry.loop("pad", count, [x, values["padded"]], pad_image)
        return values["padded"]

    # -- tiles ---------------------------------------------------------------------------------------

    @property
    def strips(self) -> list[tuple[int, int]]:
        """Return the first vector and the number of vectors of each strip of filters."""
        widest = max(MOST_ROWS[vector_bytes()])
        return [
            (first, min(widest, self.plan.vectors - first)) for first in range(0, self.plan.vectors, widest)
        ]

    def _sum_images(self, x: Any, dy: Any, sums: Any, count: Any, n_blocks: int) -> None:
        """Emit the sums over the images of a block or two: group by group, strip by strip, tile by tile."""
        entry, shape = self.entry, self.shape

        def sum_group(_: Any, carried: list[Any]) -> list[Any]:
            x_at, dy_at, sums_at = carried
            for first, vectors in self.strips:
                filters = first * self.lanes // self.plan.taps
                inputs = entry.at(x_at, filters) if shape.is_by_channel else x_at
                self._sum_strip(inputs, entry.at(dy_at, filters), sums_at, count, filters, vectors, n_blocks)
                sums_at = entry.at(sums_at, self._strip_size(vectors))
            return [entry.at(x_at, shape.group_channels), entry.at(dy_at, shape.part_filters), sums_at]

        entry.repeat("groups", shape.parts, [x, dy, sums], sum_group)

    def _strip_size(self, vectors: int) -> int:
        return (len(self.plan.places) + 1) * vectors * self.lanes

    def _sum_strip(
        self, x: Any, dy: Any, sums: Any, count: Any, first: int, vectors: int, n_blocks: int
    ) -> None:
        entry, shape = self.entry, self.shape
        ones = entry.at(sums, len(self.plan.places) * vectors * self.lanes)
        x_row = shape.windows.strides[0] * self.plan.row
        dy_row = shape.windows.output[1] * shape.filters
        for part in self._cut(vectors):
            offsets = [self.plan.places[index][0] for index in part.places]
            start = offsets[0] if offsets else 0
            tile = self._tile(
                tuple(offset - start for offset in offsets), part.has_ones, vectors, first, n_blocks
            )
            x_at = entry.at(x, start + part.image_rows.start * x_row)
            dy_at = entry.at(dy, part.image_rows.start * dy_row)
            sums_at = entry.at(sums, part.places.start * vectors * self.lanes)
            entry.builder.call(tile, [x_at, dy_at, sums_at, ones, count, I64(len(part.image_rows))])

    def _cut(self, vectors: int) -> list[Part]:
        """Cut the rows of the product into tiles.

        Kernel rows are cut alike, so that they share their functions. One tile that sees all pixels takes
        the row of ones.
        """
        most = _MOST_PLACES[vector_bytes()][vectors]
        n_places, n_runs = len(self.plan.places), len(self.shape.runs(self.plan.row))
        per_run = n_places // n_runs
        # Runs of different kernel rows that leave out different rows of the output have tiles of their own.
        block = per_run * (1 if self.plan.skips_rows else max(1, most // per_run))
        parts = []
        for start in range(0, n_places, block):
            for rows in even_ranges(min(block, n_places - start), most):
                places = range(start + rows.start, start + rows.stop)
                parts.append(Part(places, self._image_rows(places.start // per_run)))
        everything = range(self.shape.windows.output[0])
        for index, part in enumerate(parts):
            if part.image_rows == everything and len(part.places) < most:
                parts[index] = Part(part.places, everything, has_ones=True)
                return parts
        return [*parts, Part(range(0), everything, has_ones=True)]

    def _image_rows(self, run: int) -> range:
        """Return the rows of the output whose windows have this run of taps inside the image."""
        windows = self.shape.windows
        rows = range(windows.output[0])
        if not self.plan.skips_rows:
            return rows
        tap = run // (len(self.shape.runs(self.plan.row)) // windows.window[0])
        read = [i * windows.strides[0] + tap * windows.dilation[0] - windows.origin[0] for i in rows]
        inside = [i for i, row in zip(rows, read, strict=True) if 0 <= row < windows.size[0]]
        return range(inside[0], inside[-1] + 1) if inside else range(0)

    def _tile(
        self, offsets: tuple[int, ...], has_ones: bool, vectors: int, first: int, n_blocks: int
    ) -> ir.Function:
        """Return the function of a tile, made once for all places where it fits."""
        filters = min(vectors * self.lanes // self.plan.taps, self.shape.part_filters - first)
        key = (offsets, has_ones, vectors, filters, n_blocks)
        if key not in self._tiles:
            self._tiles[key] = self._emit_tile(f"tile{len(self._tiles)}", *key)
        return self._tiles[key]

    def _emit_tile(
        self, name: str, offsets: tuple[int, ...], has_ones: bool, vectors: int, filters: int, n_blocks: int
    ) -> ir.Function:
        pointer = self.element.pointer
        parameters = [pointer, pointer, pointer, pointer, I64, I64]
        tile = Function(self.entry.module, self.element, name, parameters, internal=True)
        x, dy, sums, ones, count, image_rows = tile.ir.args
        n_sums = (len(offsets) + has_ones) * vectors
        starts = [x, dy, *[self.element.zero()] * (n_sums * n_blocks)]
        totals = self._accumulate(tile, starts, count, image_rows, offsets, filters, n_blocks)
        places = [tile.at(sums, r * vectors * self.lanes) for r in range(len(offsets))] + [ones]
        for index in range(n_sums):
            place = tile.at(places[index // vectors], index % vectors * self.lanes)
            total = tile.load(place)
            # The blocks' sums are added in their order, whether one was summed up at a time or two.
            for block in range(n_blocks):
                total = tile.builder.fadd(total, totals[block * n_sums + index])
            tile.store(total, place)
        tile.finish()
        return tile.ir

    def _accumulate(
        self,
        tile: Function,
        carried: list[Any],
        count: Any,
        image_rows: Any,
        offsets: tuple[int, ...],
        filters: int,
        n_blocks: int,
    ) -> list[Any]:
        """Emit the loops over images, rows and columns around the multiply-adds; return the sums."""
        shape, plan = self.shape, self.plan
        height, width = shape.windows.output
        down, across = shape.windows.strides
        vectors = -(-filters * plan.taps // self.lanes)
        x_block = plan.images * plan.image_size
        dy_block = plan.images * height * width * shape.filters

        def multiply_add(carried: list[Any]) -> list[Any]:
            x_at, dy_at, *sums = carried
            size = len(sums) // n_blocks
            updated: list[Any] = []
            for block in range(n_blocks):
                updated += multiply_add_block(
                    tile.at(x_at, block * x_block),
                    tile.at(dy_at, block * dy_block),
                    sums[block * size : (block + 1) * size],
                )
            return [tile.at(x_at, across * shape.channels), tile.at(dy_at, shape.filters), *updated]

        def multiply_add_block(x_at: Any, dy_at: Any, sums: list[Any]) -> list[Any]:
            row = [
                self._output_gradients(tile, tile.at(dy_at, v * self.lanes), filters - v * self.lanes)
                for v in range(vectors)
            ]
            updated = []
            for r, offset in enumerate(offsets):
                inputs = inputs_of(tile.at(x_at, offset))
                updated += [tile.fma(inputs[v], row[v], sums[r * vectors + v]) for v in range(vectors)]
            # The row of ones: a product with 1 is exact, so a sum is the same chain.
            rest = sums[len(offsets) * vectors :]
            return [*updated, *(tile.builder.fadd(value, row[v]) for v, value in enumerate(rest))]

        def inputs_of(x: Any) -> list[Any]:
            if not shape.is_by_channel:
                return [tile.load_repeated(x, plan.taps)] * vectors
            starts = range(0, vectors * self.lanes, self.lanes)
            return [tile.load(tile.at(x, at), tile.leading_lanes(filters - at)) for at in starts]

        def image_row(_: Any, carried: list[Any]) -> list[Any]:
            values = unrolled(tile, width, carried, multiply_add, UNROLL)
            return [tile.at(carried[0], down * plan.row), *values[1:]]

        def image(_: Any, carried: list[Any]) -> list[Any]:
            x_at, dy_at = carried[:2]
            values = tile.loop("image_rows", image_rows, carried, image_row)
            return [
                tile.at(x_at, plan.image_size),
                tile.at(dy_at, height * width * shape.filters),
                *values[2:],
            ]

        return tile.loop("images", count, carried, image)[2:]

    def _output_gradients(self, tile: Function, pointer: Any, filters: int) -> Any:
        """Return one pixel's gradients, each as often as a vector has taps."""
        taps = self.plan.taps
        few = tile.load(pointer, tile.leading_lanes(min(self.lanes // taps, filters)))
        return few if taps == 1 else tile.shuffle(few, few, [lane // taps for lane in range(self.lanes)])

    # -- the sums out of their vectors, and back into them --------------------------------------------

    def _for_sums(self, sums: Any, dw: Any, db: Any, move: Move) -> list[Any]:
        """Emit ``move`` for all rows of the product, with the places of kernel and bias gradients."""
        entry, shape = self.entry, self.shape

        def move_group(_: Any, carried: list[Any]) -> list[Any]:
            sums_at, dw_at, db_at = carried
            for first, vectors in self.strips:
                filters = first * self.lanes // self.plan.taps
                sums_at = self._for_strip(
                    sums_at, entry.at(dw_at, filters), entry.at(db_at, filters) if db is not None else None,
                    shape.part_filters - filters, vectors, move,
                )  # fmt: skip
            return [sums_at, entry.at(dw_at, shape.part_filters), entry.at(db_at, shape.part_filters)]

        entry.repeat("sums", shape.parts, [sums, dw, dw if db is None else db], move_group)
        return []

    def _for_strip(self, sums: Any, dw: Any, db: Any, filters: int, vectors: int, move: Move) -> Any:
        entry, step = self.entry, vectors * self.lanes

        def move_rows(counts: list[int], carried: list[Any]) -> list[Any]:
            sums_at, dw_at = carried
            for n_taps in counts:
                move(sums_at, dw_at, filters, vectors, n_taps)
                sums_at, dw_at = entry.at(sums_at, step), entry.at(dw_at, n_taps * self.shape.filters)
            return [sums_at, dw_at]

        runs = self.shape.runs(self.plan.row)
        per_run = [n for _, n in self.plan.places[: len(self.plan.places) // len(runs)]]
        whole, last = per_run[:-1], per_run[-1:]

        def move_run(_: Any, carried: list[Any]) -> list[Any]:
            carried = entry.repeat("rows", len(whole), carried, lambda _, c: move_rows(whole[:1], c))
            return move_rows(last, carried)

        sums, _ = entry.repeat("runs", len(runs), [sums, dw], move_run)
        if db is not None:
            move(sums, db, filters, vectors, 1)
        return entry.at(sums, step)

    def _unpack_row(self, sums: Any, target: Any, filters: int, vectors: int, n_taps: int) -> None:
        """Write the sums of one row: of one tap, or of the taps that share a vector."""
        entry, taps = self.entry, self.plan.taps
        for v in range(vectors):
            value = entry.load(entry.at(sums, v * self.lanes))
            for t in range(n_taps):
                order = [min(lane * taps + t, self.lanes - 1) for lane in range(self.lanes)]
                chosen = value if taps == 1 else entry.shuffle(value, value, order)
                place, mask = self._filters_of(target, filters, v, t)
                entry.store(chosen, place, mask)

    def _pack_row(self, sums: Any, source: Any, filters: int, vectors: int, n_taps: int) -> None:
        """Read the sums of one row, of one tap or of some, back into their vectors."""
        entry, taps = self.entry, self.plan.taps
        for v in range(vectors):
            packed = self.element.zero()
            for t in range(n_taps):
                few = entry.load(*self._filters_of(source, filters, v, t))
                # Lane c · taps + t is taken from lane c of this tap, others stay.
                lanes = range(self.lanes)
                order = [self.lanes + lane // taps if lane % taps == t else lane for lane in lanes]
                packed = entry.shuffle(packed, few, order)
            entry.store(packed, entry.at(sums, v * self.lanes))

    def _filters_of(self, gradients: Any, filters: int, v: int, t: int) -> tuple[Any, Any]:
        """Return where vector ``v`` has its filters in the gradient of tap ``t`` of a row, and their mask."""
        place = self.entry.at(gradients, v * self.lanes + t * self.shape.filters)
        return place, self.entry.leading_lanes(min(filters - v * self.lanes, self.lanes // self.plan.taps))
