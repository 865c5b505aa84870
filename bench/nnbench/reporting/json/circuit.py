"""The JSON document of ``nnbench explain --values`` and ``--expression``."""

from typing import Any, Final

from nnbench.records.circuit import Circuit
from nnbench.reporting.shapes.program import CircuitDocument

SCHEMA: Final = "nnbench.circuit/1"


def as_dict(circuit: Circuit) -> CircuitDocument:
    """Return the document; ``reads`` holds the places of nodes, counted from 0."""
    return {
        "schema": SCHEMA,
        "expression": circuit.expression,
        "value": circuit.nodes[-1].value,
        "gradients": {node.label: node.gradient for node in circuit.inputs},
        "nodes": [
            {
                "label": node.label,
                "expression": node.text,
                "reads": list(node.reads),
                "value": node.value,
                "local_gradients": list(node.local),
                "gradient": node.gradient,
                "routing": node.routing or None,
            }
            for node in circuit.nodes
        ],
        "sigmoid_gates": [
            {
                "reads": each.source,
                "first": each.first,
                "last": each.last,
                "value": each.value,
                "local_gradient": each.local,
                "gradient": each.gradient,
            }
            for each in circuit.sigmoids
        ],
    }


def rows(data: CircuitDocument) -> list[dict[str, Any]]:
    """Return a row for each node, for CSV."""
    return [
        {
            **node,
            "reads": " ".join(map(str, node["reads"])),
            "local_gradients": " ".join(map(str, node["local_gradients"])),
        }
        for node in data["nodes"]
    ]
