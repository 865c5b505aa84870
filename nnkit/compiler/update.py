"""The end of a step: penalties, clipping, and the optimizer over the flat vector of all parameters."""

from dataclasses import dataclass
from functools import cache
from math import prod

from nnkit.emitting.emitter import Emitter, Graph
from nnkit.entries import op_kind
from nnkit.kernels.update import LANES, clip_by_global_norm, clip_by_value, decay_weights, regularize
from nnkit.layers.draw import fill_kind
from nnkit.ops import PENALTY_BUFFER, RATE, STEP, Buffer, Op, Operand, OpKind, Role, Scalar, Type, View, flat
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.groups import matrix_of
from nnkit.optimizers.optimizer import Optimizer, Sizes, as_number, scalar_names

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


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that one optimizer moves, and its slots: lists of buffers, each one vector in the arena.

    share   the learning rate of these parameters, as a multiple of the program's
    """

    optimizer: BoundOptimizer
    parameters: list[Buffer]
    share: float
    slots: list[list[Buffer]]


@cache
def update_kind(record: Optimizer, *, is_scaled: bool = False) -> OpKind:
    """Return the op kind of an optimizer's kernel; ``is_scaled`` where it has a share of the rate."""
    assert record.kernel is not None, record.name

    def operand(name: str, role: Role) -> Operand:
        kind: Type = record.shaped[name].type if name in record.shaped else "real"
        return Operand(name, role, rank=record.rank_of(name), type=kind)

    return op_kind(
        f"{record.name}_update_scaled"
        if is_scaled
        else f"{record.name}_update",  # machine code is kept by name
        record.kernel,
        operand("p", "inout"),
        operand("g", "inout" if record.over == "matrix" else "in"),
        *(operand(slot, "inout") for slot in record.slot_names),
        *(operand(scratch, "scratch") for scratch in record.scratch),
        Scalar("learning_rate", "double", cell=RATE, is_scaled=is_scaled),
        Scalar("step", "integer", cell=STEP),
        *(Scalar(hyper, "double") for hyper in scalar_names(record.kernel)),
        flops=lambda shapes: record.flops * prod(shapes["p"]),
    )


def arrange(graph: Graph, optimizer: BoundOptimizer) -> list[Group]:
    """Put the parameters of each optimizer side by side, append its slots' first values, and return them."""
    shapes = {buffer.name: buffer.shape for buffer in graph.trainable}
    by_name = {buffer.name: buffer for buffer in graph.trainable}
    groups = []
    for member, names in optimizer.members(shapes):
        parameters = [by_name[name] for name in names]
        share = 1.0 if member is optimizer else member.share_of_rate(optimizer)
        groups.append(Group(member, parameters, share, _slots(graph, member, parameters)))
    order = [buffer for group in groups for buffer in group.parameters]
    graph.gradients = {buffer: graph.gradients[buffer] for buffer in order}
    return groups


def _slots(graph: Graph, optimizer: BoundOptimizer, parameters: list[Buffer]) -> list[list[Buffer]]:
    record = optimizer.record
    slots = []
    for name, start in zip(record.slot_names, record.start_values(optimizer.parameters), strict=True):
        if record.over == "all" and name in record.shaped:
            shape = record.shape_of(name, _sizes(graph, record, parameters))
            slot = [Buffer(name, shape, "slot")]
        elif record.over == "all":
            slot = [Buffer(f"{name} {buffer.name}", buffer.shape, "slot") for buffer in parameters]
        else:
            slot = [
                Buffer(f"{name} {one.name}", record.shape_of(name, _sizes(graph, record, [one])), "slot")
                for one in parameters
            ]
        slots.append(slot)
        graph.initial.append(Op(fill_kind("constant"), {"out": _whole(slot)}, {"value": start}))
    return slots


def _sizes(graph: Graph, record: Optimizer, parameters: list[Buffer]) -> Sizes:
    """Return for what a kernel is called that sees these parameters at once."""
    if record.over == "matrix":
        (one,) = parameters
        return Sizes(*matrix_of(one.shape), graph.lanes)
    return Sizes(1, sum(buffer.size for buffer in parameters), graph.lanes)


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


def emit_clipping(emitter: Emitter, group: Group) -> None:
    gradients = [emitter.graph.gradients[parameter] for parameter in group.parameters]
    parameters = group.optimizer.parameters
    by_value, by_norm = parameters.get("clipvalue"), parameters.get("global_clipnorm")
    if by_value is not None:
        emitter.emit(CLIP_BY_VALUE, {"g": _whole(gradients)}, limit=as_number(by_value))
    if by_norm is not None:
        lanes = emitter.transient("lanes", (LANES,), type="double")
        emitter.emit(CLIP_BY_GLOBAL_NORM, {"g": _whole(gradients), "lanes": lanes}, limit=as_number(by_norm))


def emit_decay(emitter: Emitter, group: Group) -> None:
    """Append the decay of the weights, where the optimizer's own kernel does not make it."""
    if group.optimizer.decay:
        decay = group.share * group.optimizer.decay
        emitter.emit(DECAY_WEIGHTS, {"p": _whole(group.parameters)}, weight_decay=decay)


def emit_update(emitter: Emitter, group: Group) -> None:
    """Append the update; an optimizer without a kernel is applied by Python between the steps."""
    record = group.optimizer.record
    if record.kernel is None:
        return
    scalars = dict(zip(scalar_names(record.kernel), record.scalars(group.optimizer.parameters), strict=True))
    is_scaled = group.share != 1.0
    kind = update_kind(record, is_scaled=is_scaled)
    if is_scaled:
        scalars["learning_rate"] = group.share
    at_once = [group.parameters] if record.over == "all" else [[one] for one in group.parameters]
    for index, parameters in enumerate(at_once):
        slots = group.slots if record.over == "all" else [[slot[index]] for slot in group.slots]
        emitter.emit(kind, _views(emitter, record, parameters, slots), **scalars)


def _views(
    emitter: Emitter, record: Optimizer, parameters: list[Buffer], slots: list[list[Buffer]]
) -> dict[str, Buffer | View]:
    sizes = _sizes(emitter.graph, record, parameters)
    gradients = [emitter.graph.gradients[parameter] for parameter in parameters]
    vectors = {"p": parameters, "g": gradients, **dict(zip(record.slot_names, slots, strict=True))}
    views: dict[str, Buffer | View] = {
        name: View(vector[0], record.shape_of(name, sizes)) for name, vector in vectors.items()
    }
    for name in record.scratch:
        shape = record.shape_of(name, sizes)
        views[name] = View(emitter.transient(name, shape, type=record.shaped[name].type), shape)
    return views


def _whole(vector: list[Buffer]) -> View:
    """View the buffers of one region as the flat vector they are: the first one's place, all their values."""
    return View(vector[0], (sum(flat(buffer).shape[0] for buffer in vector),))
