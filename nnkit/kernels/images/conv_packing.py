"""The kernel of a forward convolution copied into vectors, in the order in which its tiles read it."""

from typing import Any

from llvmlite import ir

from nnkit.assembly import vector_bytes
from nnkit.kernels.ir.vectors import Function
from nnkit.tiling.phases import ForwardPlan, Phase

# Most rows of a tile of so many vectors, by register width: sums, a row of the kernel and one input fit.
MOST_ROWS = {64: {2: 14, 1: 14}, 32: {1: 6}, 16: {1: 3}}


def strip_places(plan: ForwardPlan) -> list[tuple[int, int]]:
    """Return the first filter and the vectors of each strip of a group's filters."""
    widest = max(MOST_ROWS[vector_bytes()])
    starts = range(0, plan.vectors, widest)
    return [(start * plan.lanes // plan.pixels, min(widest, plan.vectors - start)) for start in starts]


class Packing:
    """The code that packs the kernel of one phase: bias and taps group by group, strip by strip."""

    def __init__(self, entry: Function, plan: ForwardPlan, phase: Phase) -> None:
        self.entry = entry
        self.plan = plan
        self.phase = phase
        self.shape = phase.shape
        self.lanes = entry.element.lanes
        # A turned kernel's rows are the filters, unless every channel has a filter of its own.
        self.is_turned = self.shape.turned and not plan.shape.is_by_channel

    def emit(self, w: Any, bias: Any, packed: Any) -> None:
        entry, plan, shape = self.entry, self.plan, self.shape
        # A turned kernel's groups are side by side among the inputs' channels, which are its last axis.
        w_step = shape.group_channels if shape.turned else shape.group_filters

        def pack_group(_: Any, carried: list[Any]) -> list[Any]:
            w_at, bias_at, target = carried
            for first, vectors in strip_places(plan):
                target = self._pack_strip(w_at, bias_at if bias is not None else None, target, first, vectors)
            return [entry.at(w_at, w_step), entry.at(bias_at, shape.group_filters), target]

        entry.repeat("groups", plan.shape.parts, [w, w if bias is None else bias, packed], pack_group)

    def _pack_strip(self, w: Any, bias: Any, target: Any, first: int, vectors: int) -> Any:
        entry = self.entry
        filters = [first + v * self.lanes // self.plan.pixels for v in range(vectors)]
        for v, start in enumerate(filters):
            zero = entry.element.zero()
            value = zero if bias is None else self._widened(entry.at(bias, start), start)
            entry.store(value, entry.at(target, v * self.lanes))
        target = entry.at(target, vectors * self.lanes)
        return target if self.phase.is_empty else self._pack_taps(w, target, filters)

    def _pack_taps(self, w: Any, target: Any, filters: list[int]) -> Any:
        """Write the taps in reading order, and of each the inputs' channels in order."""
        entry, shape = self.entry, self.shape
        tap = shape.group_channels * shape.filters
        if shape.turned:
            tap = shape.group_filters * shape.channels
        height, width = shape.windows.window
        down, across = (step * tap for step in self.phase.tap_steps)

        def pack_row(_: Any, carried: list[Any]) -> list[Any]:
            w_at, target_at = carried
            _, target_at = entry.repeat("columns", width, [w_at, target_at], pack_tap)
            return [entry.at(w_at, down), target_at]

        def pack_tap(_: Any, carried: list[Any]) -> list[Any]:
            w_at, target_at = carried
            _, target_at = entry.repeat("channels", shape.group_channels, [w_at, target_at], pack_channel)
            return [entry.at(w_at, across), target_at]

        def pack_channel(_: Any, carried: list[Any]) -> list[Any]:
            w_at, target_at = carried
            for v, start in enumerate(filters):
                value = self._collected(w_at, start) if self.is_turned else self._widened_at(w_at, start)
                entry.store(value, entry.at(target_at, v * self.lanes))
            step = 1 if self.is_turned else shape.filters
            return [entry.at(w_at, step), entry.at(target_at, len(filters) * self.lanes)]

        first = entry.at(w, self.phase.first_tap * tap)
        return entry.repeat("rows", height, [first, target], pack_row)[1]

    def _widened_at(self, w: Any, start: int) -> Any:
        return self._widened(self.entry.at(w, start), start)

    def _widened(self, pointer: Any, start: int) -> Any:
        """Return a vector of filters from ``start`` on, each as often as a vector has pixels."""
        pixels = self.plan.pixels
        mask = self.entry.leading_lanes(min(self.lanes // pixels, self.plan.shape.part_filters - start))
        few = self.entry.load(pointer, mask)
        if pixels == 1:
            return few
        return self.entry.shuffle(few, few, [lane // pixels for lane in range(self.lanes)])

    def _collected(self, w: Any, start: int) -> Any:
        """Return a vector of filters that lie in as many rows of a turned kernel."""
        entry, pixels = self.entry, self.plan.pixels
        vector = entry.element.zero()
        n_filters = min(self.lanes // pixels, self.plan.shape.part_filters - start)
        for c in range(n_filters):
            value = entry.builder.load(entry.at(w, (start + c) * self.shape.channels))
            for p in range(pixels):
                lane = ir.Constant(ir.IntType(32), c * pixels + p)
                vector = entry.builder.insert_element(vector, value, lane)
        return vector
