"""A computational graph in the colours of the lecture notes: values green above, gradients red below."""

from collections.abc import Sequence

from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure

from nnbench.records.circuit import Circuit
from nnbench.reporting import digits
from nnbench.reporting.blocks import CircuitFigure
from nnbench.reporting.figures.style import GREY, INK

# Dark enough to be read on white, and of different brightness: red and green alone are alike to some.
_VALUE, _GRADIENT = "#1B7837", "#B2182B"
_ACROSS, _DOWN = 0.85, 0.78  # inches from one column of nodes to the next, and from one input to the next
_RADIUS, _ARROW_ENDS = 0.2, 15.0  # inches; points
_BESIDE_CIRCLE, _BESIDE_NAME = 0.29, 0.18  # inches from the middle of a node to its numbers
_LETTERS_INSIDE = 4  # more make the letters smaller


def draw(figure: CircuitFigure) -> Figure:
    """Return the figure: inputs on the left, each gate right of all that it reads."""
    circuit = figure.circuit
    columns = _columns(circuit)
    heights = _heights(circuit, columns)
    wide, high = _ACROSS * (max(columns) + 1.2), _DOWN * (max(heights) + 1)
    drawn = Figure(figsize=(wide, high))
    plot = drawn.add_axes((0, 0, 1, 1))
    plot.set_xlim(-0.6 * _ACROSS, wide - 0.6 * _ACROSS)
    plot.set_ylim(-0.5 * _DOWN, high - 0.5 * _DOWN)
    plot.axis("off")
    places = [
        (column * _ACROSS, high - _DOWN - height * _DOWN)
        for column, height in zip(columns, heights, strict=True)
    ]
    for place, node in enumerate(circuit.nodes):
        for source in node.reads:
            _wire(plot, places[source], places[place])
    for node, (x, y) in zip(circuit.nodes, places, strict=True):
        _circle(plot, node.label, x, y, is_input=not node.reads)
        away = _BESIDE_CIRCLE if node.reads else _BESIDE_NAME
        for number, side, colour in ((node.value, 1, _VALUE), (node.gradient, -1, _GRADIENT)):
            _number(plot, number, x, y + side * away, colour)
    return drawn


def _columns(circuit: Circuit) -> list[int]:
    """Return how many wires lie at most between each node and the inputs; an input stands by its reader."""
    columns: list[int] = []
    for node in circuit.nodes:
        columns.append(1 + max((columns[source] for source in node.reads), default=-1))
    for place, node in enumerate(circuit.nodes):
        readers = [columns[own] for own, other in enumerate(circuit.nodes) if place in other.reads]
        if not node.reads and readers:
            columns[place] = min(readers) - 1
    return columns


def _heights(circuit: Circuit, columns: Sequence[int]) -> list[float]:
    """Return how far down each node stands: inputs in their order, a gate amid what it reads.

    Those of one column are at least 1 apart.
    """
    heights = [0.0] * len(columns)
    inputs = [place for place, node in enumerate(circuit.nodes) if not node.reads]
    for column in range(max(columns) + 1):
        wanted = []
        for place, node in enumerate(circuit.nodes):
            if columns[place] == column:
                above = [heights[source] for source in node.reads] or [float(inputs.index(place))]
                wanted.append((sum(above) / len(above), place))
        lowest = -1.0
        for height, place in sorted(wanted):
            lowest = heights[place] = max(height, lowest + 1)
    return heights


def _wire(plot: Plot, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>", "color": GREY, "linewidth": 0.9}
    plot.annotate("", end, start, arrowprops={**look, "shrinkA": _ARROW_ENDS, "shrinkB": _ARROW_ENDS})


def _circle(plot: Plot, label: str, x: float, y: float, *, is_input: bool) -> None:
    size = 9.0 if len(label) <= _LETTERS_INSIDE else 6.5
    if not is_input:
        plot.plot(x, y, "o", markersize=2 * 72 * _RADIUS, color="white", markeredgecolor=INK, zorder=3)
    plot.text(x, y, label, ha="center", va="center", color=INK, fontsize=size, zorder=4)


def _number(plot: Plot, number: float, x: float, y: float, colour: str) -> None:
    """Write a number on white, so that it is read where a wire passes."""
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    plot.text(
        x, y, digits.number(number), ha="center", va="center", color=colour, fontsize=8, zorder=2, bbox=behind
    )
