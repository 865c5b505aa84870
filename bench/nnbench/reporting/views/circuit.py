"""A computational graph: its picture, every gate with its gradients, and its sigmoids as single gates."""

from collections.abc import Sequence

from nnbench.records.circuit import Circuit, Node
from nnbench.records.claims import Language
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    Block,
    Cell,
    CircuitFigure,
    Column,
    Document,
    Paragraph,
    Section,
    Table,
)
from nnbench.reporting.texts.circuit import say


def build(circuit: Circuit, language: Language) -> Document:
    """Return the report of one circuit."""
    result = digits.number(circuit.nodes[-1].value)
    lead = Paragraph(f"{circuit.expression} = {result}", lead=True)
    blocks: list[Block] = [lead, _figure(circuit, language)]
    blocks += [Paragraph(text) for text in _sigmoids(circuit, language)]
    gates = Section(
        say("gates", language), (_gates(circuit, language), Paragraph(say("how_to_read", language)))
    )
    title = say("title", language)
    return Document(title, (Section(title, tuple(blocks)), gates), language)


def _figure(circuit: Circuit, language: Language) -> CircuitFigure:
    gradients = ", ".join(f"{node.label} {digits.number(node.gradient)}" for node in circuit.inputs)
    return CircuitFigure(
        name="circuit" if language == "en" else f"circuit-{language}",
        caption=say("caption", language),
        alternative=f"{circuit.expression} = {digits.number(circuit.nodes[-1].value)}; {gradients}",
        circuit=circuit,
        tree_heads=(say("value", language), say("gradient", language)),
    )


def _sigmoids(circuit: Circuit, language: Language) -> Sequence[str]:
    return [
        say(
            "sigmoid",
            language,
            first=_named(circuit, each.first),
            last=_named(circuit, each.last),
            value=digits.number(each.value),
            local=digits.number(each.local),
            gradient=digits.number(each.gradient),
        )
        for each in circuit.sigmoids
    ]


def _named(circuit: Circuit, place: int) -> str:
    return f"{circuit.nodes[place].label} (#{place + 1})"


def _gates(circuit: Circuit, language: Language) -> Table:
    columns = (
        Column(say("node", language), "right"),
        Column(say("gate", language)),
        Column(say("reads", language), rank=1),
        Column(say("value", language), "decimal"),
        Column(say("local", language), wraps=True),
        Column(say("global", language), "decimal"),
        Column(say("does", language), wraps=True),
    )
    rows = [_row(place, node, language) for place, node in enumerate(circuit.nodes)]
    return Table("", columns, tuple(rows))


def _row(place: int, node: Node, language: Language) -> tuple[Cell, ...]:
    does = say(node.routing if node.reads else "input", language)
    return (
        Cell(str(place + 1)),
        Cell(node.label),
        Cell(", ".join(f"#{source + 1}" for source in node.reads)),
        Cell(digits.number(node.value)),
        Cell(", ".join(map(digits.number, node.local))),
        Cell(digits.number(node.gradient)),
        Cell(does),
    )
