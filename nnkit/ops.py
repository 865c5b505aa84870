"""Ops: what a compiled program is made of, and how a kernel is called by address.

An `OpKind` stands beside its kernel and says everything about it: operands, entry, gradient rule, work.
Encoder, backward sweep, listing, roofline and tests read that record; there is no second table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

from nnkit.jit import Entry
from nnkit.tiling.convolution import Convolution
from nnkit.tiling.pooling import Pooling

Type = Literal["real", "double", "int32", "uint32"]
Role = Literal["in", "out", "inout", "scratch"]
Kind = Literal["parameter", "gradient", "slot", "state", "transient", "header"]

# A size of -k means k times the rows of the current batch, which are fewer in the last batch of an epoch.
# Products of sizes keep that meaning, since at most one factor is negative.
BATCH = -1

# Cells of the header, 8 bytes each, at the start of every arena: what changes from step to step.
ROWS, STEP, EPOCH, BATCH_INDEX, RATE, KEY = range(6)
X, Y, ORDER = 6, 8, 10  # each an address and, in the next cell, a length
TOTALS, PENALTY, STOP, CLOCK = 12, 14, 15, 16  # totals: loss summed over rows, rows predicted correctly
EVALUATION = 17  # the number of the evaluation, from 1
W = 18  # weights of the samples: an address and a length, as X and Y
N_STEPS = 20  # of the whole training, earlier fits included
VIEW = 21  # 1 while the parameters are what is evaluated, and not where the optimizer goes on
# A batch is computed in blocks of rows: ROWS, ORDER are the block's, these say where it stands in the batch.
BATCH_ROWS, FIRST_ROW = 22, 23
GOES_ON = 24  # 0 in the first block and 1 from the second on: sums over rows go on from where they are
HEADER_BYTES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """An array that the program uses; where it lies is decided by the plan."""

    name: str
    shape: tuple[int, ...]
    kind: Kind = "transient"
    type: Type = "real"
    offset: int | None = None  # fixed only for header buffers

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class View:
    """A buffer read in another shape of the same size, or only a part of it."""

    buffer: Buffer
    shape: tuple[int, ...]


def flat(buffer: Buffer) -> View:
    return View(buffer, (buffer.size,))


def in_batch(shape: Iterable[int], rows: int) -> tuple[int, ...]:
    """Return a shape with the sizes that it has in a batch of ``rows``."""
    return tuple(-size * rows if size < 0 else size for size in shape)


def rows_of(buffer: Buffer, columns: int) -> View:
    """View ``buffer`` as a matrix of ``columns`` columns."""
    return View(buffer, (buffer.size // columns, columns))


TOTALS_BUFFER = Buffer("totals", (2,), "header", "double", offset=8 * TOTALS)
PENALTY_BUFFER = Buffer("penalty", (1,), "header", "double", offset=8 * PENALTY)


@dataclass(frozen=True, slots=True)
class Operand:
    """An array argument of a kernel."""

    name: str
    role: Role
    rank: int = 1
    type: Type = "real"
    external: int | None = None  # the header cell with the address, for data outside the arena
    # What one block of a batch leaves there is there for the next: it is as long as the whole batch, and no
    # other op of the block may use its place.
    is_carried: bool = False


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number argument of a kernel: fixed when the program is encoded, or read from a header cell.

    With ``is_scaled`` it is the cell's number times one that is fixed: the rate of some parameters only.
    """

    name: str
    type: Literal["real", "double", "integer"] = "real"
    cell: int | None = None
    is_scaled: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether an op of the kind must say a number for it."""
        return self.cell is None or self.is_scaled


Argument = Operand | Scalar
Work = Callable[[Mapping[str, tuple[int, ...]]], int]


@dataclass(frozen=True, slots=True, eq=False)
class OpKind:
    """One kind of op. ``arguments`` stand in the order of the kernel's parameters."""

    name: str
    entry: Entry
    arguments: tuple[Argument, ...]
    flops: Work = lambda shapes: 0
    # Called with the op and the sweep, which stands in the room above: its type would be a circle.
    gradient: Callable[[Op, Any], None] | None = None
    # The rows that blocks of a batch must be multiples of for the bits to be those of the whole batch; 0: it
    # needs all rows at once. Either a row's results depend on no other row, or sums go on where GOES_ON is 1.
    block: int = 0
    # Where windows slide over images: the shape that the entry is made for.
    shape: Convolution | Pooling | None = None
    # The output whose values the scalar ``low`` bounds from below: a ReLU behind the op is that bound.
    relu_into: str | None = None
    # For an op that makes a gradient: the op that also passes it through the ReLU behind it, given that op.
    through_relu: Callable[[Op, Op], Op | None] | None = None

    # Sorted out once: compiling asks for them tens of thousands of times.
    operands: tuple[Operand, ...] = field(init=False)
    scalars: tuple[Scalar, ...] = field(init=False)

    def __post_init__(self) -> None:
        for name, kind in (("operands", Operand), ("scalars", Scalar)):
            object.__setattr__(self, name, tuple(one for one in self.arguments if isinstance(one, kind)))


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One instruction: a kind, the buffer behind each operand, and the fixed scalars."""

    kind: OpKind
    views: Mapping[str, View]
    scalars: Mapping[str, float] = field(default_factory=dict)

    def buffer(self, name: str) -> Buffer:
        return self.views[name].buffer

    def touched(self, *roles: Role) -> list[Buffer]:
        """Return the buffers behind the operands of these roles."""
        chosen = [operand for operand in self.kind.operands if operand.role in roles]
        return [self.views[operand.name].buffer for operand in chosen if operand.external is None]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: view.shape for name, view in self.views.items()}
