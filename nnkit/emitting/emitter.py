"""Emitting ops: what layers, losses and optimizers write their instructions into."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.ops import Buffer, Op, Operand, OpKind, Type, View, flat, rows_of


@dataclass(frozen=True, slots=True)
class Penalty:
    """L1 and L2 regularisation of one parameter: ``l1 · Σ|w| + l2 · Σw²``."""

    l1: float = 0.0
    l2: float = 0.0


@dataclass(eq=False)
class Graph:
    """What the sequences of one program share: parameters, their gradients, states, and how they start."""

    batch_size: int
    dtype: str
    parameters: dict[str, Buffer] = field(default_factory=dict)  # all, also those of frozen layers
    gradients: dict[Buffer, Buffer] = field(default_factory=dict)
    states: dict[str, Buffer] = field(default_factory=dict)
    penalties: dict[Buffer, Penalty] = field(default_factory=dict)
    initial: list[Op] = field(default_factory=list)
    # What a Python function draws, behind the initial ops: its values by seed.
    drawn: dict[Buffer, Callable[[int], NDArray[Any]]] = field(default_factory=dict)

    @property
    def trainable(self) -> list[Buffer]:
        """The parameters that are trained, in order: those that have a gradient."""
        return list(self.gradients)

    @property
    def frozen(self) -> list[Buffer]:
        """The parameters that lie among the states, where no update reaches them."""
        return [buffer for buffer in self.parameters.values() if buffer not in self.gradients]

    @property
    def lanes(self) -> int:
        """How many values fill a vector of 64 bytes."""
        return 16 if self.dtype == "float32" else 8


class Emitter:
    """One sequence of ops being written, for training or for inference."""

    def __init__(self, graph: Graph, *, training: bool) -> None:
        self.graph = graph
        self.training = training
        self.is_frozen = False  # while a layer is emitted whose parameters stay as they are
        self.ops: list[Op] = []

    def emit(self, kind: OpKind, views: Mapping[str, Buffer | View], **scalars: float) -> Op:
        """Append an op; a bare buffer is viewed with the rank that the operand has."""
        shaped = {
            operand.name: _as_rank(views[operand.name], operand)
            for operand in kind.operands
            if operand.external is None
        }
        op = Op(kind, shaped, scalars)
        missing = {scalar.name for scalar in kind.scalars if scalar.is_fixed} - scalars.keys()
        assert not missing, (kind.name, missing)
        self.ops.append(op)
        return op

    def transient(self, name: str, shape: tuple[int, ...], *, type: Type = "real") -> Buffer:
        """Return a new buffer that lives from its first to its last use within one step."""
        return Buffer(name, shape, "transient", type)

    def parameter(self, name: str, shape: tuple[int, ...], *, penalty: Penalty | None = None) -> Buffer:
        """Return the parameter called ``name``; the second sequence finds that of the first."""
        known = self.graph.parameters.get(name)
        if known is not None:
            assert known.shape == shape, (name, known.shape, shape)
            return known
        buffer = Buffer(name, shape, "state" if self.is_frozen else "parameter")
        self.graph.parameters[name] = buffer
        if self.is_frozen:
            return buffer
        self.graph.gradients[buffer] = Buffer(f"d {name}", shape, "gradient")
        if penalty is not None and (penalty.l1 or penalty.l2):
            self.graph.penalties[buffer] = penalty
        return buffer

    def state(self, name: str, shape: tuple[int, ...]) -> Buffer:
        """Return the buffer called ``name`` that lives as long as the trial and is not trained."""
        return self.graph.states.setdefault(name, Buffer(name, shape, "state"))

    def is_new(self, name: str) -> bool:
        return name not in self.graph.parameters and name not in self.graph.states


def _as_rank(view: Buffer | View, operand: Operand) -> View:
    if isinstance(view, View):
        return view
    if operand.rank == 1:
        return flat(view)
    if operand.rank == len(view.shape):
        return View(view, view.shape)
    if operand.rank == 2 and len(view.shape) > 2:
        return rows_of(view, view.shape[-1])
    raise InvalidArgument(
        f"{view.name}: shape {view.shape} does not fit operand {operand.name!r} of rank {operand.rank}"
    )
