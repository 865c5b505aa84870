"""What stands around an optimizer's step in a program: wrappers, a second gradient, an evaluation view."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnkit.compiler.update import Group, calls, emit_kernel, emit_view, slots_of, whole
from nnkit.emitting.emitter import Emitter, Graph
from nnkit.entries import op_kind
from nnkit.kernels.movement import copy
from nnkit.kernels.update import take_into_mean
from nnkit.ops import BATCH_INDEX, Buffer, Op, Operand, Scalar, View, flat
from nnkit.optimizers.bound import BoundOptimizer, BoundWrapper

COPY = op_kind("copy_weights", copy, Operand("x", "in"), Operand("y", "out"))
COPY_DOUBLES = op_kind(
    "copy_doubles", copy, Operand("x", "in", type="double"), Operand("y", "out", type="double")
)


TAKE_INTO_MEAN = op_kind(
    "take_into_mean",
    take_into_mean,
    Operand("x", "in"),
    Operand("mean", "inout"),
    Scalar("index", "integer", cell=BATCH_INDEX),
)


@dataclass(frozen=True, slots=True)
class Shell:
    """A wrapper with the parameters that it goes around; ``start`` keeps them from before the step."""

    wrapper: BoundWrapper
    parameters: list[Buffer]
    share: float
    slots: list[list[Buffer]]
    start: list[Buffer]

    def group(self, name: str) -> Group | None:
        """Return one of the wrapper's kernels with what it is called for; None where it has none."""
        stage = self.wrapper.stage(name)  # type: ignore[arg-type]
        return None if stage is None else Group(stage, self.parameters, self.share, self.slots)


def arrange_around(graph: Graph, optimizer: BoundOptimizer) -> list[Shell]:
    """Return the wrappers of all groups, outer ones first, with their slots' first values appended.

    Parameters stand as `arrange` has put them.
    """
    shapes = {buffer.name: buffer.shape for buffer in graph.trainable}
    found = []
    for one in optimizer.around(shapes):
        names = set(one.names)
        parameters = [buffer for buffer in graph.trainable if buffer.name in names]
        stage = next(filter(None, (one.wrapper.stage(name) for name in ("after", "before", "away"))))
        slots = slots_of(graph, stage, parameters)
        alone = Group(stage, parameters, one.share, slots)
        keeps = one.wrapper.record.after is not None or one.wrapper.record.away is not None
        start = [Buffer("start", (_size(each),), "slot") for each, _ in calls(alone)] if keeps else []
        found.append(Shell(one.wrapper, parameters, one.share, slots, start))
    return found


def _size(parameters: Sequence[Buffer]) -> int:
    return sum(buffer.size for buffer in parameters)


def emit_second_gradient(emitter: Emitter, shells: Sequence[Shell], gradient_ops: Sequence[Op]) -> None:
    """Append, for every wrapper that asks for it, the gradient at another point, and the way back."""
    for shell in shells:
        if (away := shell.group("away")) is not None:
            for (parameters, _), start in zip(calls(away), shell.start, strict=True):
                emitter.emit(COPY, {"x": whole(parameters), "y": flat(start)})
            emit_kernel(emitter, away, [], of_wrapper=True)
            emitter.ops.extend(again(gradient_ops))
            for (parameters, _), start in zip(calls(away), shell.start, strict=True):
                emitter.emit(COPY, {"x": flat(start), "y": whole(parameters)})


def again(ops: Sequence[Op], *, moves_states: bool = False) -> list[Op]:
    """Return the same ops with values of their own, which leave the recorded loss and penalty as they are.

    Parameters are read and gradients written where the first ops do. Whatever else outlives the step, running
    statistics too unless ``moves_states``, is copied first.
    """
    lasting = ("parameter", "gradient", *(["state"] if moves_states else []))
    other: dict[Buffer, Buffer] = {}
    kept: list[Op] = []
    for op in ops:
        for buffer in op.touched("in", "out", "inout", "scratch"):
            if buffer.kind in lasting or buffer in other:
                continue
            other[buffer] = Buffer(f"{buffer.name} again", buffer.shape, "transient", buffer.type)
            if buffer.kind in ("state", "header") and buffer in op.touched("in", "inout"):
                like = COPY if buffer.type == "real" else COPY_DOUBLES
                kept.append(Op(like, {"x": flat(buffer), "y": flat(other[buffer])}))
        views = {
            name: View(other.get(view.buffer, view.buffer), view.shape) for name, view in op.views.items()
        }
        kept.append(Op(op.kind, views, op.scalars))
    return kept


def emit_before(emitter: Emitter, shells: Sequence[Shell]) -> None:
    for shell in shells:
        if (group := shell.group("before")) is not None:
            emit_kernel(emitter, group, [], of_wrapper=True)


def emit_start(emitter: Emitter, shells: Sequence[Shell]) -> None:
    """Append what keeps the parameters as they are now for the kernels after the step."""
    for shell in shells:
        group = shell.group("after")
        for (parameters, _), start in zip(calls(group), shell.start, strict=True) if group else ():
            emitter.emit(COPY, {"x": whole(parameters), "y": flat(start)})


def emit_after(emitter: Emitter, shells: Sequence[Shell]) -> None:
    for shell in reversed(shells):
        if (group := shell.group("after")) is not None:
            emit_kernel(emitter, group, shell.start, of_wrapper=True)


@dataclass(frozen=True, slots=True)
class Views:
    """What a program does to evaluate another point than the one it trains.

    enter       puts the evaluated weights into the place of the trained ones, which are kept
    statistics  for every batch of the training data: takes its statistics into their mean
    settle      writes the mean over the running statistics, which are kept too
    leave       puts back what was kept
    """

    enter: tuple[Op, ...] = ()
    statistics: tuple[Op, ...] = ()
    settle: tuple[Op, ...] = ()
    leave: tuple[Op, ...] = ()
    kept: tuple[Buffer, ...] = ()
    means: tuple[Buffer, ...] = ()


def make_views(
    graph: Graph, groups: Sequence[Group], shells: Sequence[Shell], forward: Sequence[Op],
    emitter: Callable[[], Emitter],
) -> Views:  # fmt: skip
    """Return the view that an optimizer or its wrappers have; ``forward`` are the ops of a training batch."""
    enter = emitter()
    for group in groups:
        if group.optimizer.record.view is not None:
            emit_view(enter, group, group.optimizer.record.view)
    for shell in reversed(shells):
        after = shell.group("after")
        if shell.wrapper.record.view is not None and after is not None:
            emit_view(enter, after, shell.wrapper.record.view)
    if not enter.ops:
        return Views()
    trained = graph.trainable
    weights = Buffer("own weights", (_size(trained),), "slot")
    begin, leave = emitter(), emitter()
    begin.emit(COPY, {"x": whole(trained), "y": flat(weights)})
    leave.emit(COPY, {"x": flat(weights), "y": whole(trained)})
    statistics, moved = _batch_statistics(forward)
    settle, kept, means = emitter(), [weights], []
    gather = emitter()
    for state in moved:
        own, mean = (
            Buffer(f"own {state.name}", state.shape, "slot"),
            Buffer(f"mean {state.name}", state.shape, "slot"),
        )
        begin.emit(COPY, {"x": flat(state), "y": flat(own)})
        leave.emit(COPY, {"x": flat(own), "y": flat(state)})
        gather.emit(TAKE_INTO_MEAN, {"x": flat(state), "mean": flat(mean)})
        settle.emit(COPY, {"x": flat(mean), "y": flat(state)})
        kept.append(own)
        means.append(mean)
    return Views(
        (*begin.ops, *enter.ops), (*statistics, *gather.ops), tuple(settle.ops), tuple(leave.ops),
        tuple(kept), tuple(means),
    )  # fmt: skip


def _batch_statistics(forward: Sequence[Op]) -> tuple[list[Op], list[Buffer]]:
    """Return the ops that write a batch's own statistics over the running ones, and what they write."""
    moves = [op for op in forward if "running_mean" in op.views and op.kind.name == "batch_norm_train"]
    if not moves:
        return [], []
    last = forward.index(moves[-1])
    ops = [
        Op(op.kind, op.views, {**op.scalars, "momentum": 0.0}) if op in moves else op
        for op in forward[: last + 1]
    ]
    states = [op.buffer(name) for op in moves for name in ("running_mean", "running_variance")]
    return again(ops, moves_states=True), states
