"""What is known of a computational graph: every node with its value and its gradients."""

from dataclasses import dataclass
from typing import Literal

# What a gate does to the gradient that comes back, where there is a word for it.
Routing = Literal["distributes", "swaps", "routes", "negates", "scales", ""]


@dataclass(frozen=True, slots=True)
class Node:
    """One node: a name with its number, or a gate over earlier nodes.

    ``local`` is the derivative of its value by each node that it reads, ``gradient`` that of the whole
    expression by its value: the sum of what flows back on all wires that leave it.
    """

    label: str  # what stands in its circle: "w0", "+", "exp", "1/x"
    text: str  # the part of the expression that it computes
    value: float
    gradient: float
    reads: tuple[int, ...] = ()  # places of nodes; the same one twice in x * x
    local: tuple[float, ...] = ()
    routing: Routing = ""


@dataclass(frozen=True, slots=True)
class Collapsed:
    """A chain of gates that is a sigmoid, taken as one gate: its local gradient is (1 - value) value."""

    source: int  # the place of what goes into it
    first: int  # of its first gate
    last: int  # and of its last
    value: float
    local: float
    gradient: float  # of the whole expression by what goes in


@dataclass(frozen=True, slots=True)
class Circuit:
    """An expression as a graph, inputs first; the last node is the expression itself."""

    expression: str
    nodes: tuple[Node, ...]
    sigmoids: tuple[Collapsed, ...] = ()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if not node.reads)
