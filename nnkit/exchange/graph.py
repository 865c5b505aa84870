"""An ONNX graph being written: values that compute with Python's signs, and where images are turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of the graph, by ONNX's name."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor of the graph. Sums, products and comparisons with it are nodes; ``x("Exp")`` is one too."""

    graph: OnnxGraph
    name: str

    def __call__(self, kind: str, *others: Operand, **attributes: Any) -> Value:
        """Append a node whose first input this is."""
        return self.graph.add(kind, self, *others, **attributes)

    def __add__(self, other: Operand) -> Value:
        return self("Add", other)

    def __sub__(self, other: Operand) -> Value:
        return self("Sub", other)

    def __mul__(self, other: Operand) -> Value:
        return self("Mul", other)

    def __truediv__(self, other: Operand) -> Value:
        return self("Div", other)

    def __neg__(self) -> Value:
        return self("Neg")

    def __abs__(self) -> Value:
        return self("Abs")

    def __gt__(self, other: Operand) -> Value:
        return self("Greater", other)

    def largest(self) -> Value:
        """Return the largest value of every row; the last axis stays, as one value."""
        return self("ReduceMax", whole([-1]), keepdims=1)

    def total(self) -> Value:
        """Return the sum of every row; the last axis stays, as one value."""
        return self("ReduceSum", whole([-1]), keepdims=1)

    def mean(self, *axes: int) -> Value:
        """Return the mean along these axes, which stay, as axes of one value."""
        return self("ReduceMean", whole(axes), keepdims=1)

    def where(self, yes: Operand, no: Operand) -> Value:
        """Return ``yes`` where this is true and ``no`` elsewhere."""
        return self("Where", yes, no)


# A number has the type of the net; an array keeps its own: axes and shapes are whole numbers.
Operand = Value | float | Array


def whole(numbers: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers as ONNX takes axes and shapes."""
    return np.asarray(numbers, dtype=np.int64)


class OnnxGraph:
    """The nodes and constants of a net of one type, in the order of their computation.

    ``weights`` are the net's arrays by name. Samples of several axes have their channels last in nnkit and
    first in ONNX: what is turned for one operator is remembered, and not turned back and forth between two.
    """

    def __init__(self, dtype: str, weights: Mapping[str, Array]) -> None:
        self.dtype = dtype
        self.weights = weights
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.scope = "net"  # the layer that is being written: names of values begin so
        self._names: dict[tuple[bytes, str, tuple[int, ...]], str] = {}
        self._turned: dict[str, tuple[Value, int]] = {}

    def add(self, kind: str, *inputs: Operand, **attributes: Any) -> Value:
        """Append a node of one output."""
        (output,) = self.add_split(kind, 1, *inputs, **attributes)
        return output

    def add_split(self, kind: str, n_outputs: int, *inputs: Operand, **attributes: Any) -> tuple[Value, ...]:
        """Append a node of several outputs."""
        at = f"{self.scope}/{kind}_{len(self.nodes)}"
        outputs = (at,) if n_outputs == 1 else tuple(f"{at}:{place}" for place in range(n_outputs))
        names = tuple(self._value(one).name for one in inputs)
        self.nodes.append(Node(kind, names, outputs, attributes))
        return tuple(Value(self, name) for name in outputs)

    def weight(self, name: str, array: Array | None = None) -> Value:
        """Return a weight of the net under its own name, laid out anew where ``array`` says how."""
        values = self.weights[name] if array is None else array
        self.constants[name] = np.array(values, dtype=self.dtype, order="C")
        return Value(self, name)

    def is_exact(self, *numbers: float) -> bool:
        """Say whether the numbers may be attributes, which ONNX keeps in float32, and lose nothing."""
        return self.dtype == "float32" or all(float(np.float32(number)) == number for number in numbers)

    # -- images ------------------------------------------------------------------------------------

    def channels_first(self, x: Value, rank: int) -> Value:
        """Return samples of ``rank`` axes, the batch among them, with the channels behind the batch."""
        if rank < 3:
            return x
        if x.name in self._turned:
            return self._turned[x.name][0]
        return x("Transpose", perm=[0, rank - 1, *range(1, rank - 1)])

    def channels_last(self, x: Value, rank: int) -> Value:
        """Return what `channels_first` undoes."""
        if rank < 3:
            return x
        turned = x("Transpose", perm=[0, *range(2, rank), 1])
        self._turned[turned.name] = x, rank
        return turned

    def as_it_lies(self, x: Value) -> tuple[Value, int]:
        """Return ``x`` as it was before it was turned, and its rank: for functions of every value by itself.

        The rank is 0 where nothing was turned; `channels_last` then has nothing to do.
        """
        return self._turned.get(x.name, (x, 0))

    # -- constants ---------------------------------------------------------------------------------

    def _value(self, given: Operand) -> Value:
        if isinstance(given, Value):
            return given
        array = np.asarray(given, dtype=None if isinstance(given, np.ndarray) else self.dtype)
        key = array.tobytes(), str(array.dtype), array.shape
        name = self._names.setdefault(key, f"constant_{len(self._names)}")
        self.constants[name] = array
        return Value(self, name)

    def needed(self, outputs: Sequence[str]) -> tuple[list[Node], dict[str, Array]]:
        """Return the nodes and constants that ``outputs`` depend on: others were turned for nobody."""
        wanted, nodes = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                nodes.append(node)
                wanted.update(node.inputs)
        return nodes[::-1], {name: array for name, array in self.constants.items() if name in wanted}
