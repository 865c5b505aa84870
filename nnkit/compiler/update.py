"""The end of a step: penalties, clipping, and the optimizer over the flat vector of all parameters."""

from functools import cache

from nnkit.emitting.emitter import Emitter, Graph
from nnkit.entries import op_kind
from nnkit.kernels.update import LANES, clip_by_global_norm, clip_by_value, decay_weights, regularize
from nnkit.layers.draw import fill_kind
from nnkit.ops import PENALTY_BUFFER, RATE, STEP, Buffer, Op, Operand, OpKind, Scalar, View, flat
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import Optimizer, as_number, scalar_names

_LANES = Operand("lanes", "scratch", type="double")
REGULARIZE = op_kind(
    "regularize",
    regularize,
    Operand("p", "in"),
    Operand("g", "inout"),
    Operand("totals", "inout", type="double"),
    _LANES,
    Scalar("l1", "double"),
    Scalar("l2", "double"),
    flops=lambda shapes: 5 * shapes["p"][0],
)
CLIP_BY_VALUE = op_kind("clip_by_value", clip_by_value, Operand("g", "inout"), Scalar("limit", "double"))
CLIP_BY_GLOBAL_NORM = op_kind(
    "clip_by_global_norm",
    clip_by_global_norm,
    Operand("g", "inout"),
    _LANES,
    Scalar("limit", "double"),
    flops=lambda shapes: 3 * shapes["g"][0],
)
DECAY_WEIGHTS = op_kind(
    "decay_weights",
    decay_weights,
    Operand("p", "inout"),
    Scalar("learning_rate", "double", cell=RATE),
    Scalar("weight_decay", "double"),
    flops=lambda shapes: shapes["p"][0],
)


@cache
def update_kind(record: Optimizer) -> OpKind:
    """Return the op kind of an optimizer's fused kernel."""
    assert record.kernel is not None, record.name
    return op_kind(
        f"{record.name}_update",
        record.kernel,
        Operand("p", "inout"),
        Operand("g", "in"),
        *(Operand(slot, "inout") for slot in record.slot_names),
        Scalar("learning_rate", "double", cell=RATE),
        Scalar("step", "integer", cell=STEP),
        *(Scalar(hyper, "double") for hyper in scalar_names(record.kernel)),
        flops=lambda shapes: record.flops * shapes["p"][0],
    )


def slot_buffers(graph: Graph, optimizer: BoundOptimizer) -> list[list[Buffer]]:
    """Return the optimizer's slots, one buffer per parameter each, and append their first values."""
    starts = optimizer.record.start_values(optimizer.parameters)
    slots = []
    for name, start in zip(optimizer.record.slot_names, starts, strict=True) if graph.gradients else ():
        slot = [Buffer(f"{name} {buffer.name}", buffer.shape, "slot") for buffer in graph.trainable]
        slots.append(slot)
        graph.initial.append(Op(fill_kind("constant"), {"out": _whole(slot)}, {"value": start}))
    return slots


def emit_penalties(emitter: Emitter) -> None:
    for parameter, penalty in emitter.graph.penalties.items():
        lanes = emitter.transient("lanes", (LANES,), type="double")
        views = {
            "p": parameter,
            "g": emitter.graph.gradients[parameter],
            "totals": PENALTY_BUFFER,
            "lanes": lanes,
        }
        emitter.emit(REGULARIZE, views, l1=penalty.l1, l2=penalty.l2)


def emit_clipping(emitter: Emitter, optimizer: BoundOptimizer) -> None:
    gradients = list(emitter.graph.gradients.values())
    by_value, by_norm = optimizer.parameters.get("clipvalue"), optimizer.parameters.get("global_clipnorm")
    if gradients and by_value is not None:
        emitter.emit(CLIP_BY_VALUE, {"g": _whole(gradients)}, limit=as_number(by_value))
    if gradients and by_norm is not None:
        lanes = emitter.transient("lanes", (LANES,), type="double")
        emitter.emit(CLIP_BY_GLOBAL_NORM, {"g": _whole(gradients), "lanes": lanes}, limit=as_number(by_norm))


def emit_decay(emitter: Emitter, optimizer: BoundOptimizer) -> None:
    """Append the decay of the weights, where the optimizer's own kernel does not make it."""
    parameters = emitter.graph.trainable
    if parameters and optimizer.decay:
        emitter.emit(DECAY_WEIGHTS, {"p": _whole(parameters)}, weight_decay=optimizer.decay)


def emit_update(emitter: Emitter, optimizer: BoundOptimizer, slots: list[list[Buffer]]) -> None:
    """Append the update; an optimizer without a kernel is applied by Python between the steps."""
    graph, kernel = emitter.graph, optimizer.record.kernel
    if kernel is None or not graph.gradients:
        return
    views = {"p": _whole(graph.trainable), "g": _whole(list(graph.gradients.values()))}
    views |= {name: _whole(slot) for name, slot in zip(optimizer.record.slot_names, slots, strict=True)}
    scalars = zip(scalar_names(kernel), optimizer.record.scalars(optimizer.parameters), strict=True)
    emitter.emit(update_kind(optimizer.record), views, **dict(scalars))


def _whole(vector: list[Buffer]) -> View:
    """View the buffers of one region as the flat vector they are: the first one's place, all their values."""
    return View(vector[0], (sum(flat(buffer).shape[0] for buffer in vector),))
