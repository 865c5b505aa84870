"""``nnbench.explain/1`` and ``nnbench.circuit/1``."""

from typing import Annotated, Literal, TypedDict


class Region(TypedDict):
    """A part of the arena."""

    offset: Annotated[int, "Where it begins, in bytes."]
    bytes: Annotated[int, "Its size."]


class Arena(TypedDict):
    """The one block of memory that holds every buffer."""

    bytes: Annotated[int, "Its size."]
    regions: Annotated[dict[str, Region], "What lies where: parameters, gradients, slots, values."]
    transients_without_sharing_bytes: Annotated[
        int, "What passing values would take, each in a place of its own."
    ]


class Blocks(TypedDict):
    """How a sequence is cut into blocks of rows."""

    rows: Annotated[int, "Rows of a block, at most."]
    batch: Annotated[int, "Rows of the batch."]
    n_ops: Annotated[int, "How many ops, from the first on, run block by block."]
    count: Annotated[int, "Blocks."]


class Op(TypedDict):
    """One instruction."""

    sequence: Annotated[str, "Which sequence it is in: train, evaluate …"]
    kernel: Annotated[str, "The function behind it."]
    reads: Annotated[list[str], "The buffers it reads."]
    writes: Annotated[list[str], "The buffers it writes."]
    flops: Annotated[int, "Floating-point operations."]
    bytes: Annotated[int, "Bytes read and written; what is changed in place counts twice."]
    at: Annotated[dict[str, int], "Where each buffer begins in the arena, in bytes."]


class ExplainDocument(TypedDict):
    """What `explain --json` prints of a case: the program of a configuration."""

    schema: Annotated[Literal["nnbench.explain/1"], "The name and the version of this schema."]
    dtype: Annotated[Literal["float32", "float64"], "The type of its numbers."]
    batch_size: Annotated[int, "Samples of a step."]
    layers: Annotated[int, "Layers with weights."]
    parameters: Annotated[int, "Trained numbers."]
    flops_per_step: Annotated[int, "Floating-point operations of a training step."]
    arena: Arena
    blocks: Annotated[dict[str, Blocks], "Of the sequences that run block by block."]
    ops: Annotated[list[Op], "Every instruction, in order."]


class Node(TypedDict):
    """A number, or a gate over earlier nodes."""

    label: Annotated[str, "What stands in its circle."]
    expression: Annotated[str, "The part of the formula that it computes."]
    reads: Annotated[list[int], "Places of the nodes it reads, counted from 0."]
    value: Annotated[float | None, "Its value."]
    local_gradients: Annotated[list[float | None], "Derivative of its value by each node it reads."]
    gradient: Annotated[float | None, "Derivative of the whole formula by its value."]
    routing: Annotated[str | None, "What it does to the gradient: distributes, swaps, routes …"]


class SigmoidGate(TypedDict):
    """A chain of gates that is a sigmoid."""

    reads: Annotated[int, "The place of what goes in."]
    first: Annotated[int, "The place of its first gate."]
    last: Annotated[int, "That of its last."]
    value: Annotated[float | None, "What comes out."]
    local_gradient: Annotated[float | None, "(1 − value) · value."]
    gradient: Annotated[float | None, "Derivative of the whole formula by what goes in."]


class CircuitDocument(TypedDict):
    """What `explain --expression … --json` prints: a formula as a graph."""

    schema: Annotated[Literal["nnbench.circuit/1"], "The name and the version of this schema."]
    expression: Annotated[str, "The formula."]
    value: Annotated[float | None, "Its value."]
    gradients: Annotated[dict[str, float | None], "Its derivative by each number that goes in."]
    nodes: Annotated[list[Node], "Every node, inputs first, the formula last."]
    sigmoid_gates: Annotated[list[SigmoidGate], "The sigmoids in it."]
