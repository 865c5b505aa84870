"""The end of a step: penalties, clipping, and the optimizer over the flat vector of all parameters."""

from dataclasses import dataclass
from functools import cache
from math import prod

from nnkit.emitting.emitter import Emitter, Graph
from nnkit.entries import op_kind
from nnkit.jit import Kernel
from nnkit.kernels.update import LANES, clip_by_global_norm, clip_by_value, decay_weights, regularize
from nnkit.layers.draw import fill_kind
from nnkit.ops import (
    N_STEPS,
    PENALTY_BUFFER,
    RATE,
    STEP,
    Buffer,
    Op,
    Operand,
    OpKind,
    Role,
    Scalar,
    Type,
    View,
    flat,
)
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.groups import matrix_of
from nnkit.optimizers.optimizer import LENGTH, Optimizer, Sizes, as_number, scalar_names, takes_length
from nnkit.optimizers.wrappers.wrapper import START

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
def update_kind(record: Optimizer, *, is_scaled: bool = False, of_wrapper: bool = False) -> OpKind:
    """Return the op kind of a kernel; ``is_scaled`` where it has a share of the rate."""
    assert record.kernel is not None, record.name
    changes_gradient = record.over == "matrix" or of_wrapper
    # Machine code is kept by name.
    name = f"{record.name}{'' if of_wrapper else '_update'}{'_scaled' if is_scaled else ''}"
    return op_kind(
        name,
        record.kernel,
        _operand(record, "p", "inout"),
        _operand(record, "g", "inout" if changes_gradient else "in"),
        *(_operand(record, slot, "inout") for slot in record.slot_names),
        *(_operand(record, scratch, "scratch") for scratch in record.scratch),
        Scalar("learning_rate", "double", cell=RATE, is_scaled=is_scaled),
        *_steps_and_hypers(record.kernel),
        flops=lambda shapes: record.flops * prod(shapes["p"]),
    )


@cache
def view_kind(record: Optimizer, view: Kernel) -> OpKind:
    """Return the op kind of a kernel that writes what is evaluated over the parameters."""
    return op_kind(
        f"{record.name}_view",
        view,
        _operand(record, "p", "inout"),
        *(_operand(record, slot, "in") for slot in record.slot_names),
        *_steps_and_hypers(view),
    )


def _operand(record: Optimizer, name: str, role: Role) -> Operand:
    kind: Type = record.shaped[name].type if name in record.shaped else "real"
    return Operand(name, role, rank=record.rank_of(name), type=kind)


def _steps_and_hypers(kernel: Kernel) -> list[Scalar]:
    length = [Scalar(LENGTH, "integer", cell=N_STEPS)] if takes_length(kernel) else []
    return [
        Scalar("step", "integer", cell=STEP),
        *length,
        *(Scalar(hyper, "double") for hyper in scalar_names(kernel)),
    ]


def arrange(graph: Graph, optimizer: BoundOptimizer) -> list[Group]:
    """Put the parameters of each optimizer side by side, append its slots' first values, and return them."""
    shapes = {buffer.name: buffer.shape for buffer in graph.trainable}
    by_name = {buffer.name: buffer for buffer in graph.trainable}
    groups = []
    for member, names in optimizer.members(shapes):
        parameters = [by_name[name] for name in names]
        share = 1.0 if member is optimizer else member.share_of_rate(optimizer)
        groups.append(Group(member, parameters, share, slots_of(graph, member, parameters)))
    order = [buffer for group in groups for buffer in group.parameters]
    graph.gradients = {buffer: graph.gradients[buffer] for buffer in order}
    return groups


def slots_of(graph: Graph, optimizer: BoundOptimizer, parameters: list[Buffer]) -> list[list[Buffer]]:
    """Return the slots of a kernel that goes over these parameters, and append their first values."""
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
        graph.initial.append(Op(fill_kind("constant"), {"out": whole(slot)}, {"value": start}))
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
        emitter.emit(CLIP_BY_VALUE, {"g": whole(gradients)}, limit=as_number(by_value))
    if by_norm is not None:
        lanes = emitter.transient("lanes", (LANES,), type="double")
        emitter.emit(CLIP_BY_GLOBAL_NORM, {"g": whole(gradients), "lanes": lanes}, limit=as_number(by_norm))


def emit_decay(emitter: Emitter, group: Group) -> None:
    """Append the decay of the weights, where the optimizer's own kernel does not make it."""
    decayed = [one for one in group.parameters if not group.optimizer.is_spared(one.name)]
    if group.optimizer.decay and decayed:
        decay = group.share * group.optimizer.decay
        emitter.emit(DECAY_WEIGHTS, {"p": whole(decayed)}, weight_decay=decay)


def emit_update(emitter: Emitter, group: Group) -> None:
    """Append the update; an optimizer without a kernel is applied by Python between the steps."""
    if group.optimizer.record.kernel is not None:
        emit_kernel(emitter, group, [])


def emit_kernel(emitter: Emitter, group: Group, start: list[Buffer], *, of_wrapper: bool = False) -> None:
    """Append the kernel of an optimizer or wrapper, once for all that it sees at once.

    ``start`` are the parameters from before the step, one buffer for each call of the kernel.
    """
    record = group.optimizer.record
    is_scaled = group.share != 1.0
    kind = update_kind(record, is_scaled=is_scaled, of_wrapper=of_wrapper)
    for index, (parameters, slots) in enumerate(calls(group)):
        scalars = group.optimizer.scalars(parameters[0].name if len(parameters) == 1 else "")
        if is_scaled:
            scalars["learning_rate"] = group.share
        views = _views(emitter, record, parameters, slots, start[index] if start else None)
        emitter.emit(kind, views, **scalars)


def calls(group: Group) -> list[tuple[list[Buffer], list[list[Buffer]]]]:
    """Return the parameters and the slots of every call of a group's kernel."""
    if group.optimizer.record.over == "all":
        return [(group.parameters, group.slots)]
    return [([one], [[slot[index]] for slot in group.slots]) for index, one in enumerate(group.parameters)]


def _views(
    emitter: Emitter, record: Optimizer, parameters: list[Buffer], slots: list[list[Buffer]],
    start: Buffer | None,
) -> dict[str, Buffer | View]:  # fmt: skip
    sizes = _sizes(emitter.graph, record, parameters)
    gradients = [emitter.graph.gradients[parameter] for parameter in parameters]
    vectors = {"p": parameters, "g": gradients, **dict(zip(record.slot_names, slots, strict=True))}
    views: dict[str, Buffer | View] = {
        name: View(vector[0], record.shape_of(name, sizes)) for name, vector in vectors.items()
    }
    for name in record.scratch:
        shape = record.shape_of(name, sizes)
        if name == START:
            assert start is not None, record.name
            views[name] = View(start, shape)
        else:
            views[name] = View(emitter.transient(name, shape, type=record.shaped[name].type), shape)
    return views


def emit_view(emitter: Emitter, group: Group, view: Kernel) -> None:
    """Append what writes the evaluated weights over those of a group."""
    record = group.optimizer.record
    scalars = dict(zip(scalar_names(view), record.scalars(group.optimizer.parameters, view), strict=True))
    for parameters, slots in calls(group):
        sizes = _sizes(emitter.graph, record, parameters)
        vectors = {"p": parameters, **dict(zip(record.slot_names, slots, strict=True))}
        views: dict[str, Buffer | View] = {
            name: View(vector[0], record.shape_of(name, sizes)) for name, vector in vectors.items()
        }
        emitter.emit(view_kind(record, view), views, **scalars)


def whole(vector: list[Buffer]) -> View:
    """View the buffers of one region as the flat vector they are: the first one's place, all their values."""
    return View(vector[0], (sum(flat(buffer).shape[0] for buffer in vector),))
