"""Passes over the rows of a matrix in explicit vectors, made for a number of channels.

A pass goes over the rows in blocks. Sums are kept in registers, one per place in a block, and the rows of
the last block are added up in order. Numbers per channel are spread over a block of scratch, a *column*.
"""

from collections.abc import Callable
from typing import Any

from nnkit.kernels.ir.entries import Values
from nnkit.kernels.ir.vectors import I64, Function, declare
from nnkit.tiling.columns import Columns, Part, Strip

__all__ = ["Part", "Passes", "Vectors"]

Vectors = list[Any]


class Passes:
    """Passes over matrices of one shape: sums of their columns, and what becomes of their rows."""

    def __init__(self, entry: Function, channels: int, values: Values) -> None:
        self.entry = entry
        self.channels = channels
        self.plan = Columns(channels, entry.element.lanes)
        n_rows = values["dy rows"] if "dy" in values else values["x rows"]
        self.count = entry.builder.sitofp(n_rows, entry.element.scalar)
        self._n_blocks = entry.builder.sdiv(n_rows, I64(self.plan.rows))
        rest = entry.builder.srem(n_rows, I64(self.plan.rows))
        self._left = entry.builder.mul(rest, I64(channels))
        self._free = values["columns"]

    def column(self) -> Any:
        """Return scratch for a number per place in a block."""
        place, self._free = self._free, self.entry.at(self._free, self.plan.size)
        return place

    def real(self, value: Any) -> Any:
        """Return a float64 number in the type of the values."""
        element = self.entry.element
        return value if element.dtype == "float64" else self.entry.builder.fptrunc(value, element.scalar)

    def root(self, value: Any) -> Any:
        kind = self.entry.element.scalar
        name = f"llvm.sqrt.f{8 * self.entry.element.size}"
        return self.entry.builder.call(declare(self.entry.module, name, kind, [kind]), [value])

    # -- passes over all rows --------------------------------------------------------------------------

    def sum_columns(
        self, matrices: list[Any], terms: Callable[[Vectors, Part], Vectors], n_sums: int
    ) -> list[Any]:
        """Return columns whose first rows are the sums of ``n_sums`` terms over all rows of the matrices."""
        entry, n_matrices = self.entry, len(matrices)
        totals = [self.column() for _ in range(n_sums)]
        for strip in self.plan.strips:

            def add_block(_: Any, carried: list[Any], strip: Strip = strip) -> list[Any]:
                places, sums = carried[:n_matrices], carried[n_matrices:]
                added: list[Any] = []
                for index, part in enumerate(strip):
                    mask = entry.leading_lanes(part[1])
                    vectors = [entry.load(entry.at(place, part[0]), mask) for place in places]
                    old = sums[index * n_sums : (index + 1) * n_sums]
                    added += [
                        entry.builder.fadd(total, term)
                        for total, term in zip(old, terms(vectors, part), strict=True)
                    ]
                return [*(entry.at(place, self.plan.size) for place in places), *added]

            start = [*matrices, *[entry.element.zero()] * (n_sums * len(strip))]
            after = entry.loop("blocks", self._n_blocks, start, add_block)
            places, sums = after[:n_matrices], after[n_matrices:]
            for index, part in enumerate(strip):
                mask = self._last_mask(part)
                vectors = [entry.load(entry.at(place, part[0]), mask) for place in places]
                for total, old, term in zip(
                    totals, sums[index * n_sums :], terms(vectors, part), strict=False
                ):
                    # A row that is not there reads as 0, but its term need not be 0.
                    value = entry.builder.select(mask, entry.builder.fadd(old, term), old)
                    entry.store(value, entry.at(total, part[0]), entry.leading_lanes(part[1]))
        for total in totals:
            self._fold(total)
        return totals

    def for_rows(self, matrices: list[Any], visit: Callable[[Vectors, Part, Any], None]) -> None:
        """Emit ``visit(places, part, mask)`` for every vector of the matrices."""
        entry = self.entry
        parts = [part for strip in self.plan.strips for part in strip]

        def block(_: Any, places: list[Any]) -> list[Any]:
            for part in parts:
                visit([entry.at(place, part[0]) for place in places], part, entry.leading_lanes(part[1]))
            return [entry.at(place, self.plan.size) for place in places]

        places = entry.loop("blocks", self._n_blocks, matrices, block)
        for part in parts:
            visit([entry.at(place, part[0]) for place in places], part, self._last_mask(part))

    def _last_mask(self, part: Part) -> Any:
        """Return the mask of the values of a part that the rows after the last whole block have."""
        entry = self.entry
        there = entry.first_lanes(entry.builder.sub(self._left, I64(part[0])))
        mask = entry.leading_lanes(part[1])
        return there if mask is None else entry.builder.and_(there, mask)

    # -- columns -----------------------------------------------------------------------------------------

    def per_channel(self, compute: Callable[[Any], None]) -> None:
        """Emit ``compute(c)`` for every channel."""

        def channel(c: Any, _: list[Any]) -> list[Any]:
            compute(c)
            return []

        self.entry.repeat("channels", self.channels, [], channel)

    def copied(self, numbers: Any) -> Any:
        """Return a column of numbers per channel."""
        column = self.column()
        self._copy(numbers, column, self.channels)
        self.spread(column)
        return column

    def spread(self, column: Any) -> None:
        """Copy the first row of a column into its others."""
        self._copy(column, self.entry.at(column, self.channels), (self.plan.rows - 1) * self.channels)

    def pattern(self, column: Any, part: Part) -> Any:
        return self.entry.load(self.entry.at(column, part[0]), self.entry.leading_lanes(part[1]))

    def _copy(self, source: Any, target: Any, count: int) -> None:
        """Copy value by value, in order: the places may overlap, and then the first values repeat."""
        entry = self.entry

        def copy(index: Any, _: list[Any]) -> list[Any]:
            entry.builder.store(entry.builder.load(entry.at(source, index)), entry.at(target, index))
            return []

        entry.repeat("copy", count, [], copy)

    def _fold(self, column: Any) -> None:
        """Add up the rows of a column in order, into its first."""
        entry = self.entry

        def add(index: Any, _: list[Any]) -> list[Any]:
            # Place i of all rows but the first is added to place i % channels of the first.
            place = entry.at(column, entry.builder.srem(index, I64(self.channels)))
            value = entry.builder.load(entry.at(column, entry.builder.add(index, I64(self.channels))))
            entry.builder.store(entry.builder.fadd(entry.builder.load(place), value), place)
            return []

        entry.repeat("fold", (self.plan.rows - 1) * self.channels, [], add)
