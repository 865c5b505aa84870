"""Pooling in explicit vectors over channels, made for one shape.

Where an image has few channels, a vector holds those of several neighbouring windows. A border of minus
infinity (or, for means, of zeros) is put around a copy of the image, where windows reach over its edge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.images import emit_crop, emit_fill, emit_pad
from nnkit.kernels.ir.vectors import I1, I64, Function
from nnkit.ops import Argument
from nnkit.tiling.pooling import Pooling

_MOST_UNROLLED_PARTS = 4


@dataclass(frozen=True, slots=True)
class Spot:
    """Some neighbouring windows in one vector, or some channels of one window.

    ``inputs`` point to the first tap of the first window in images, ``outputs`` to their values in pooled
    ones. ``count`` is a vector of how many pixels of the image a window has, which only means need.
    """

    inputs: list[Any]
    outputs: list[Any]
    n_windows: int
    mask: Any
    count: Any


def build_forward(shape: Pooling, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry that pools a batch."""
    lanes, n_windows = shape.vector(dtype)

    def body(entry: Function, rows: Any, values: Values) -> None:
        _Forward(entry, shape, n_windows).emit(rows, values)

    return emit_entry(symbol, dtype, arguments, body, lanes=lanes)


def build_backward(shape: Pooling, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry that gives a batch's gradients back to the inputs."""
    lanes, n_windows = shape.vector(dtype, backward=True)

    def body(entry: Function, rows: Any, values: Values) -> None:
        _Backward(entry, shape, n_windows).emit(rows, values)

    return emit_entry(symbol, dtype, arguments, body, lanes=lanes)


class _Pool:
    """What both directions share: the loops over windows, channels and taps."""

    def __init__(self, entry: Function, shape: Pooling, n_windows: int) -> None:
        self.entry = entry
        self.shape = shape
        self.windows = shape.windows
        self.channels = shape.channels
        self.lanes = entry.element.lanes
        self.n_windows = n_windows
        self.reads_image = shape.windows.is_inside
        height, width = shape.windows.size if self.reads_image else shape.windows.reach
        self.row = width * shape.channels
        self.read_size = height * self.row
        self.image_size = prod(shape.windows.size) * shape.channels
        self.pooled_size = prod(shape.windows.output) * shape.channels
        self.window_step = shape.windows.strides[1] * shape.channels

    def prepare(self, values: Values) -> None:
        """Emit the border of the padded image."""
        if not self.reads_image:
            emit_fill(self.entry, values["padded"], self.shape.padded_size, self.shape.border)

    def prepared(self, x: Any, values: Values) -> Any:
        """Return an image as the windows read it: itself, or its padded copy."""
        if self.reads_image:
            return x
        emit_pad(self.entry, self.windows, self.channels, x, values["padded"])
        return values["padded"]

    def for_windows(self, inputs: list[Any], outputs: list[Any], body: Callable[[Spot], None]) -> None:
        """Emit ``body`` for all windows of one image."""
        entry = self.entry
        n_inputs = len(inputs)
        whole, rest = divmod(self.windows.output[1], self.n_windows)
        down = self.windows.strides[0] * self.row

        def window_row(i: Any, row: list[Any]) -> list[Any]:
            def some_windows(j: Any, places: list[Any]) -> list[Any]:
                count = self._count(i, j)
                self._for_channels(
                    Spot(places[:n_inputs], places[n_inputs:], self.n_windows, None, count), body
                )
                steps = (self.n_windows * self.window_step, self.n_windows * self.channels)
                return self._moved(places, n_inputs, *steps)

            places = entry.repeat("windows", whole, row, some_windows)
            if rest:
                count = self._count(i, I64(whole))
                self._for_channels(Spot(places[:n_inputs], places[n_inputs:], rest, None, count), body)
            return self._moved(row, n_inputs, down, self.windows.output[1] * self.channels)

        entry.repeat("window_rows", self.windows.output[0], [*inputs, *outputs], window_row)

    def _moved(self, places: list[Any], n_inputs: int, inputs_by: int, outputs_by: int) -> list[Any]:
        steps = [inputs_by] * n_inputs + [outputs_by] * (len(places) - n_inputs)
        return [self.entry.at(place, step) for place, step in zip(places, steps, strict=True)]

    def _for_channels(self, spot: Spot, body: Callable[[Spot], None]) -> None:
        entry, n_inputs = self.entry, len(spot.inputs)
        if self.channels <= self.lanes:
            mask = entry.leading_lanes(spot.n_windows * self.channels)
            body(Spot(spot.inputs, spot.outputs, spot.n_windows, mask, spot.count))
            return
        whole, rest = divmod(self.channels, self.lanes)

        def part(_: Any, places: list[Any]) -> list[Any]:
            body(Spot(places[:n_inputs], places[n_inputs:], 1, None, spot.count))
            return self._moved(places, n_inputs, self.lanes, self.lanes)

        places = [*spot.inputs, *spot.outputs]
        if whole <= _MOST_UNROLLED_PARTS:
            for _ in range(whole):
                places = part(None, places)
        else:
            places = entry.repeat("parts", whole, places, part)
        if rest:
            body(Spot(places[:n_inputs], places[n_inputs:], 1, entry.leading_lanes(rest), spot.count))

    def _count(self, i: Any, j: Any) -> Any:
        """Return how many pixels of the image the window (i, j) has, which over an edge is alone."""
        if self.shape.kind == "max":
            return None
        if self.reads_image or self.shape.counts_padding:
            return self.entry.constant(prod(self.windows.window))
        rows, columns = (self._covered(index, axis) for axis, index in enumerate((i, j)))
        product = self.entry.builder.mul(rows, columns)
        return self.entry.splat(self.entry.builder.sitofp(product, self.entry.element.scalar))

    def _covered(self, index: Any, axis: int) -> Any:
        """Return how many rows (or columns) of a window's taps lie inside the image."""
        builder, windows = self.entry.builder, self.windows
        start = builder.sub(builder.mul(index, I64(windows.strides[axis])), I64(windows.origin[axis]))
        if windows.dilation[axis] > 1:
            return self._taps_inside(start, axis)
        end = builder.add(start, I64(windows.window[axis]))
        first = builder.select(builder.icmp_signed("<", start, I64(0)), I64(0), start)
        size = I64(windows.size[axis])
        return builder.sub(builder.select(builder.icmp_signed(">", end, size), size, end), first)

    def _taps_inside(self, start: Any, axis: int) -> Any:
        """Return how many taps from ``start`` on, a dilation apart, lie inside the image."""
        builder, windows = self.entry.builder, self.windows
        count = I64(0)
        for tap in range(windows.window[axis]):
            place = builder.add(start, I64(tap * windows.dilation[axis]))
            # Negative places are large ones without their sign.
            is_inside = builder.icmp_unsigned("<", place, I64(windows.size[axis]))
            count = builder.add(count, builder.zext(is_inside, I64))
        return count

    def for_taps(
        self, carried: list[Any], tap: Callable[[Any, list[Any], int], list[Any]], n_partials: int = 1
    ) -> list[Any]:
        """Emit ``tap(offset, carried, partial)`` for every tap of a window, in reading order.

        Column s belongs to the partial result ``s % n_partials``.
        """
        entry, (height, width) = self.entry, self.windows.window
        down, right = self.windows.dilation[0] * self.row, self.windows.dilation[1] * self.channels
        if not self.shape.is_large:
            for r in range(height):
                for s in range(width):
                    carried = tap(r * down + s * right, carried, s % n_partials)
            return carried

        def tap_row(r: Any, values: list[Any]) -> list[Any]:
            start = entry.builder.mul(r, I64(down))
            whole, rest = divmod(width, n_partials)

            def some_taps(offset: Any, inner: list[Any], count: int) -> list[Any]:
                for s in range(count):
                    inner = tap(entry.builder.add(offset, I64(s * right)), inner, s)
                return inner

            def group(index: Any, inner: list[Any]) -> list[Any]:
                offset = entry.builder.mul(index, I64(n_partials * right))
                return some_taps(entry.builder.add(start, offset), inner, n_partials)

            values = entry.repeat("taps", whole, values, group)
            after = entry.builder.add(start, I64(whole * n_partials * right))
            return some_taps(after, values, rest)

        return entry.repeat("tap_rows", height, carried, tap_row)

    def gathered(self, x: Any, spot: Spot) -> Any:
        """Return the channels of one tap of a spot's windows, side by side."""
        entry = self.entry
        if self.n_windows == 1 or self.window_step == self.channels:
            return entry.load(x, spot.mask)
        # Windows that are not there repeat the last one: they are never stored.
        parts = [
            entry.load_few(entry.at(x, min(n, spot.n_windows - 1) * self.window_step), self.channels)
            for n in range(self.n_windows)
        ]
        while len(parts) > 1:
            order = list(range(2 * parts[0].type.count))
            parts = [entry.shuffle(a, b, order) for a, b in zip(parts[0::2], parts[1::2], strict=True)]
        return parts[0]


class _Forward(_Pool):
    """The code of one pooling under construction."""

    def emit(self, rows: Any, values: Values) -> None:
        entry = self.entry
        self.prepare(values)

        def pool_image(_: Any, carried: list[Any]) -> list[Any]:
            x, y = carried
            self.for_windows([self.prepared(x, values)], [y], self._pool)
            return [entry.at(x, self.image_size), entry.at(y, self.pooled_size)]

        entry.loop("images", rows, [values["x"], values["y"]], pool_image)

    def _pool(self, spot: Spot) -> None:
        pooled = self._largest(spot) if self.shape.kind == "max" else self._mean(spot)
        self.entry.store(pooled, spot.outputs[0], spot.mask)

    def _mean(self, spot: Spot) -> Any:
        entry, n_partials = self.entry, self.shape.n_partials

        def tap(offset: Any, sums: list[Any], partial: int) -> list[Any]:
            value = self.gathered(entry.at(spot.inputs[0], offset), spot)
            return _with(sums, partial, entry.builder.fadd(sums[partial], value))

        total, *others = self.for_taps([entry.constant(0.0)] * n_partials, tap, n_partials)
        for other in others:
            total = entry.builder.fadd(total, other)
        return entry.builder.fdiv(total, spot.count)

    def _largest(self, spot: Spot) -> Any:
        entry, builder, n_partials = self.entry, self.entry.builder, self.shape.n_partials
        no_lane = ir.Constant(ir.VectorType(I1, self.lanes), None)

        # The largest is one instruction, which forgets a NaN at the next value: NaNs are looked for apart.
        def tap(offset: Any, carried: list[Any], partial: int) -> list[Any]:
            value = self.gathered(entry.at(spot.inputs[0], offset), spot)
            best, is_nan = carried[partial], carried[n_partials + partial]
            larger = builder.select(builder.fcmp_ordered(">", best, value), best, value)
            carried = _with(carried, partial, larger)
            return _with(
                carried,
                n_partials + partial,
                builder.or_(is_nan, builder.fcmp_unordered("uno", value, value)),
            )

        start = [entry.constant(self.shape.border)] * n_partials + [no_lane] * n_partials
        found = self.for_taps(start, tap, n_partials)
        (best, *bests), (is_nan, *others) = found[:n_partials], found[n_partials:]
        for partial, other in zip(bests, others, strict=True):
            best = builder.select(builder.fcmp_ordered(">", best, partial), best, partial)
            is_nan = builder.or_(is_nan, other)
        return builder.select(is_nan, entry.constant(float("nan")), best)


def _with(values: list[Any], index: int, value: Any) -> list[Any]:
    return [*values[:index], value, *values[index + 1 :]]


class _Backward(_Pool):
    """The code of the gradient of one pooling under construction."""

    def emit(self, rows: Any, values: Values) -> None:
        entry = self.entry
        is_max = self.shape.kind == "max"
        if is_max:
            self.prepare(values)

        def give_back(_: Any, carried: list[Any]) -> list[Any]:
            dx, dy, *others = carried
            target = dx if self.reads_image else values["dpadded"]
            if not self.shape.writes_all:
                emit_fill(entry, target, self.read_size)
            if is_max:
                x, y = others
                self.for_windows([target, self.prepared(x, values)], [dy, y], self._route)
            else:
                self.for_windows([target], [dy], self._share)
            if not self.reads_image:
                emit_crop(entry, self.windows, self.channels, target, dx)
            sizes = (self.image_size, self.pooled_size, self.image_size, self.pooled_size)
            return [entry.at(place, size) for place, size in zip(carried, sizes, strict=False)]

        names = ("dx", "dy", "x", "y") if is_max else ("dx", "dy")
        entry.loop("images", rows, [values[name] for name in names], give_back)

    def _share(self, spot: Spot) -> None:
        """Give every tap of a window the same share of its gradient."""
        entry = self.entry
        share = entry.builder.fdiv(entry.load(spot.outputs[0], spot.mask), spot.count)

        def tap(offset: Any, _: list[Any], __: int) -> list[Any]:
            self._put(share, entry.at(spot.inputs[0], offset), spot)
            return []

        self.for_taps([], tap)

    def _route(self, spot: Spot) -> None:
        """Give the gradient of a window to the first of its largest taps."""
        entry, builder, zero = self.entry, self.entry.builder, self.entry.element.zero()
        (dx, x), (dy, y) = spot.inputs, spot.outputs
        gradient, pooled = entry.load(dy, spot.mask), entry.load(y, spot.mask)
        every_lane = ir.Constant(ir.VectorType(I1, self.lanes), [I1(1)] * self.lanes)

        def tap(offset: Any, carried: list[Any], _: int) -> list[Any]:
            value = self.gathered(entry.at(x, offset), spot)
            # Not unequal: where the largest is NaN the first tap takes the gradient, and nothing vanishes.
            found = builder.and_(carried[0], builder.fcmp_unordered("==", value, pooled))
            share = builder.select(found, gradient, zero)
            if self.shape.through_relu:
                below = builder.fcmp_ordered("<=", value, zero)
                share = builder.select(below, builder.fmul(share, zero), share)
            self._put(share, entry.at(dx, offset), spot)
            return [builder.and_(carried[0], builder.xor(found, every_lane))]

        self.for_taps([every_lane], tap)

    def _put(self, share: Any, at: Any, spot: Spot) -> None:
        """Write one tap's gradients, or add them where windows share pixels."""
        entry = self.entry
        if not self.windows.is_apart:
            share = entry.builder.fadd(entry.load(at, spot.mask), share)
        if self.n_windows == 1:
            entry.store(share, at, spot.mask)
            return
        for n in range(spot.n_windows):
            part = entry.shuffle(share, share, [n * self.channels + c for c in range(self.channels)])
            entry.store_few(part, entry.at(at, n * self.window_step))
