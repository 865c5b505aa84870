"""Compiling: from layers, loss and optimizer to a program that any number of trials can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from nnkit.compiler.around import (
    Shell,
    Views,
    arrange_around,
    emit_after,
    emit_before,
    emit_second_gradient,
    emit_start,
    make_views,
)
from nnkit.compiler.blocks import Blocks, at_once, in_blocks, least_rows, rows_of_a_block
from nnkit.compiler.check import check_plan
from nnkit.compiler.encode import Table, encode
from nnkit.compiler.fuse import fuse
from nnkit.compiler.losses import emit_loss
from nnkit.compiler.plan import Plan, make_plan, size_bytes
from nnkit.compiler.probes import NO_PROBES, Probes, watch_activations, watch_weights
from nnkit.compiler.update import Group, arrange, emit_clipping, emit_decay, emit_penalties, emit_update
from nnkit.emitting.backward import sweep_backward
from nnkit.emitting.emitter import Emitter, Graph
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.jit import Entry
from nnkit.kernels.movement import gather_rows
from nnkit.layers.base import Layer, emit_stack
from nnkit.layers.ending import check_ending, without_final
from nnkit.losses import BoundLoss
from nnkit.ops import BATCH, ORDER, Buffer, Op, Operand, View, X
from nnkit.optimizers.bound import BoundOptimizer

GATHER = op_kind(
    "gather",
    gather_rows,
    Operand("data", "in", external=X),
    Operand("order", "in", type="int32", external=ORDER),
    Operand("out", "out", rank=2),
    block=1,
)


@dataclass(frozen=True, slots=True)
class Sequences:
    """The ops of a program: what runs once, per step, per evaluation batch, per prediction batch.

    ``before_step`` and ``after_step`` run only with probes, around a step that an evaluation follows;
    ``after_update`` only behind an update that Python makes; the last four where what is evaluated is not
    what is trained (`nnkit.compiler.around.Views`).
    """

    initial: tuple[Op, ...]
    train: tuple[Op, ...]
    evaluate: tuple[Op, ...]
    predict: tuple[Op, ...]
    before_step: tuple[Op, ...]
    after_step: tuple[Op, ...]
    after_update: tuple[Op, ...] = ()
    enter_view: tuple[Op, ...] = ()
    statistics: tuple[Op, ...] = ()
    settle_view: tuple[Op, ...] = ()
    leave_view: tuple[Op, ...] = ()


# Of one model with its gradients, optimizer slots and the values of a batch.
MOST_BYTES = 1 << 33
MOST_LAYERS = 1000
SEQUENCES = tuple(Sequences.__slots__)


@dataclass(frozen=True, slots=True)
class ByHand:
    """Parameters that Python moves between the steps, by an optimizer in plain NumPy.

    share   their learning rate, as a multiple of the program's
    """

    optimizer: BoundOptimizer
    names: tuple[str, ...]
    share: float


@dataclass(frozen=True, eq=False)
class Program:
    """A planned model: its ops and where their buffers lie. Immutable; trials share it."""

    dtype: str
    batch_size: int
    eval_batch: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    loss: BoundLoss
    optimizer: BoundOptimizer
    sequences: Sequences
    plan: Plan
    parameters: dict[str, Buffer]
    gradients: dict[str, Buffer]  # of those that are not frozen
    states: dict[str, Buffer]
    outputs: Buffer  # of the prediction sequence
    training_outputs: Buffer
    named: dict[str, Buffer]  # every value and gradient of the training sequence, by name
    gradient_ops: tuple[Op, ...]  # of the training sequence before fusion: all but clipping and the update
    probes: Probes
    drawn: dict[Buffer, Callable[[int], NDArray[Any]]]  # first values that a Python function draws, by seed
    weighted: bool  # whether the loss reads weights beside the targets
    train_blocks: Blocks
    eval_blocks: Blocks
    predict_rows: int  # so many at a time: the outputs are copied out before the next
    by_hand: tuple[ByHand, ...] = ()

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The encoded sequences. The first look compiles what is not in the cache."""
        cut = {"train": self.train_blocks, "evaluate": self.eval_blocks}
        named = ((name, getattr(self.sequences, name)) for name in SEQUENCES)
        return {name: encode(ops, self.plan.offsets, self.dtype, cut.get(name)) for name, ops in named}

    def entries(self) -> list[Entry]:
        """Return the distinct entries that the ops of the program need; the driver has its own."""
        ops = [op for name in SEQUENCES for op in getattr(self.sequences, name)]
        return list(dict.fromkeys(op.kind.entry for op in ops))

    @property
    def n_parameters(self) -> int:
        return sum(buffer.size for buffer in self.parameters.values())

    def _repr_html_(self) -> str:
        from nnkit.compiler.explain import as_html  # which reads programs

        return as_html(self)


def compile_program(
    layers: Sequence[Layer],
    input_shape: tuple[int, ...],
    loss: BoundLoss,
    optimizer: BoundOptimizer,
    *,
    dtype: str,
    batch_size: int,
    eval_batch: int | None = None,
    keep_values: bool = False,
    probes: bool = False,
    weighted: bool = False,
    block_rows: int | None = None,
) -> Program:
    """Compile a model.

    ``keep_values`` gives every value a place of its own, for the learner's view. ``probes`` lets
    evaluations look at activations, gradients and steps as well; training is the same to the bit.
    ``weighted`` multiplies the loss of every row by a weight that comes with the data. ``block_rows`` sets
    the rows of a block, rounded up to what the ops can do; the bits are the same for any.
    """
    if len(layers) > MOST_LAYERS:
        raise InvalidArgument(f"a model must have at most {MOST_LAYERS} layers, found {len(layers)}.")
    check_ending(layers, loss)
    eval_batch = eval_batch or max(batch_size, 128)
    options = _Options(
        tuple(layers), tuple(input_shape), loss, optimizer, dtype, batch_size, eval_batch,
        keep_values, probes, weighted,
    )  # fmt: skip
    emitted = _emit(options, batch_size)
    blocks = at_once(batch_size) if keep_values else _blocks(emitted, "train", batch_size, block_rows)
    if blocks.rows < batch_size:
        # Emitted anew: how a product goes about depends on the rows that it gets at a time.
        emitted = _emit(options, blocks.rows)
    found = {
        "train": blocks,
        "evaluate": _blocks(emitted, "evaluate", eval_batch, block_rows),
        "predict": at_once(_blocks(emitted, "predict", eval_batch, block_rows).rows),
    }
    return _planned(options, emitted, found)


@dataclass(frozen=True, slots=True)
class _Options:
    """What a program is compiled from, see `compile_program`."""

    layers: tuple[Layer, ...]
    input_shape: tuple[int, ...]
    loss: BoundLoss
    optimizer: BoundOptimizer
    dtype: str
    batch_size: int
    eval_batch: int
    keep_values: bool
    probes: bool
    weighted: bool


@dataclass(frozen=True, slots=True)
class _Emitted:
    """A program before its plan."""

    graph: Graph
    sequences: Sequences
    n_in_blocks: dict[str, int]  # of a sequence, the first ops that can run block by block
    groups: Sequence[Group]
    slots: list[list[Buffer]]
    passing: list[Buffer]
    probes: Probes
    outputs: Buffer
    training_outputs: Buffer
    named: dict[str, Buffer]
    gradient_ops: tuple[Op, ...]


def _emit(options: _Options, rows: int) -> _Emitted:
    """Emit all sequences, for so many rows at a time."""
    layers, loss, optimizer, weighted = options.layers, options.loss, options.optimizer, options.weighted
    graph = Graph(rows, options.dtype)
    train = Emitter(graph, training=True)
    x = _emit_input(train, options.input_shape)
    trained, taken = without_final(layers, loss)
    outputs = emit_stack(train, x, trained)
    logits, doutputs = emit_loss(train, taken, outputs, weighted=weighted)
    forward = tuple(train.ops)
    sweep_backward(train, logits, doutputs)
    emit_penalties(train)
    gradient_ops = tuple(train.ops)
    groups = arrange(graph, optimizer)
    around = arrange_around(graph, optimizer)
    after_update = _emit_step(train, groups, around, gradient_ops)
    shown = make_views(graph, groups, around, forward, lambda: Emitter(graph, training=True))

    evaluate, tested = _inference(graph, trained, options.input_shape)
    emit_loss(evaluate, taken, tested, weighted=weighted)
    predict, final = _inference(graph, layers, options.input_shape)
    watched, activations = (
        watch_activations(evaluate.ops, graph.dtype) if options.probes else (evaluate.ops, ())
    )
    before, after, weights = watch_weights(graph) if options.probes else ([], [], ())
    found = Probes(activations, weights) if options.probes else NO_PROBES
    in_training, n_in_training = (train.ops, 0) if options.keep_values else in_blocks(fuse(train.ops))
    in_evaluation, n_in_evaluation = in_blocks(fuse(watched))
    in_prediction, n_in_prediction = in_blocks(fuse(predict.ops))
    sequences = Sequences(
        tuple(graph.initial),
        tuple(in_training),
        tuple(in_evaluation),
        tuple(in_prediction),
        tuple(before),
        tuple(after),
        tuple(after_update.ops),
        *(shown.enter, tuple(fuse(shown.statistics)), shown.settle, shown.leave),
    )
    return _Emitted(
        graph,
        sequences,
        {"train": n_in_training, "evaluate": n_in_evaluation, "predict": n_in_prediction},
        groups,
        *_beside_parameters(groups, around, shown),
        found,
        final,
        outputs,
        {b.name: b for op in train.ops for b in op.touched("out", "inout")},
        gradient_ops,
    )


def _blocks(emitted: _Emitted, name: str, batch: int, rows: int | None) -> Blocks:
    """Return the blocks of a sequence, of about ``rows`` rows if that is said."""
    n_ops = emitted.n_in_blocks[name]
    if not n_ops:
        return at_once(batch)
    ops, dtype = getattr(emitted.sequences, name)[:n_ops], emitted.graph.dtype
    least = least_rows(ops)
    if rows is None:
        plan = make_plan([], [(ops, batch)], dtype)
        weights = sum(size_bytes(buffer, 1, dtype) for buffer in emitted.graph.trainable)
        rows = rows_of_a_block(batch, least, plan.regions["transients"][1] / batch, weights)
    rows = -(-rows // least) * least
    return Blocks(batch, rows, n_ops) if rows < batch else at_once(batch)


def _planned(options: _Options, emitted: _Emitted, blocks: dict[str, Blocks]) -> Program:
    graph = emitted.graph
    return Program(
        options.dtype,
        options.batch_size,
        options.eval_batch,
        options.input_shape,
        emitted.training_outputs.shape[1:],
        options.loss,
        options.optimizer,
        emitted.sequences,
        _plan(emitted, options, blocks),
        dict(graph.parameters),
        {p.name: gradient for p, gradient in graph.gradients.items()},
        dict(graph.states),
        emitted.outputs,
        emitted.training_outputs,
        emitted.named,
        emitted.gradient_ops,
        emitted.probes,
        dict(graph.drawn),
        options.weighted,
        blocks["train"],
        blocks["evaluate"],
        blocks["predict"].rows,
        tuple(_by_hand(emitted.groups)),
    )


def _emit_step(
    train: Emitter, groups: Sequence[Group], around: Sequence[Shell], gradient_ops: Sequence[Op]
) -> Emitter:
    """Append the step of all groups with the wrappers around them.

    Return the ops that stand behind an update which Python makes: then ``train`` ends before it.
    """
    emit_second_gradient(train, around, gradient_ops)
    emit_before(train, around)
    for group in groups:
        emit_clipping(train, group)
    emit_start(train, [shell for shell in around if shell.wrapper.record.sees_decay])
    for group in groups:
        emit_decay(train, group)
    emit_start(train, [shell for shell in around if not shell.wrapper.record.sees_decay])
    for group in groups:
        emit_update(train, group)
    behind = Emitter(train.graph, training=True)
    emit_after(behind if any(_by_hand(groups)) else train, around)
    return behind


def _beside_parameters(
    groups: Sequence[Group], around: Sequence[Shell], shown: Views
) -> tuple[list[list[Buffer]], list[Buffer]]:
    """Return the vectors that belong to how far a training has come, and what is needed for a while."""
    slots = [slot for group in groups for slot in group.slots]
    slots += [slot for shell in around for slot in shell.slots]
    slots += [[buffer] for buffer in shown.kept]
    return slots, [*(buffer for shell in around for buffer in shell.start), *shown.means]


def _by_hand(groups: Sequence[Group]) -> Iterator[ByHand]:
    for group in groups:
        if group.optimizer.record.kernel is None:
            yield ByHand(group.optimizer, tuple(one.name for one in group.parameters), group.share)


def _emit_input(emitter: Emitter, input_shape: tuple[int, ...]) -> Buffer:
    x = emitter.transient("x", (BATCH, *input_shape))
    emitter.emit(GATHER, {"out": one_row_each(x)})
    return x


def _inference(graph: Graph, layers: Sequence[Layer], input_shape: tuple[int, ...]) -> tuple[Emitter, Buffer]:
    """Return the ops of the layers as they predict, and what these give out."""
    emitter = Emitter(graph, training=False)
    return emitter, emit_stack(emitter, _emit_input(emitter, input_shape), layers)


def one_row_each(buffer: Buffer) -> View:
    """View every sample of ``buffer`` as one row."""
    return View(buffer, (BATCH, -buffer.size))


def _plan(emitted: _Emitted, options: _Options, blocks: dict[str, Blocks]) -> Plan:
    graph, sequences, batch_size = emitted.graph, emitted.sequences, options.batch_size
    parameters, passing, probes = graph.trainable, emitted.passing, emitted.probes
    lasting = [
        ("parameters", parameters),
        # Right behind the parameters: what a model is, for early stopping and saving, is one vector.
        ("states", [*graph.frozen, *graph.states.values()]),
        ("gradients", [graph.gradients[parameter] for parameter in parameters]),
        *((f"slot {index}", slot) for index, slot in enumerate(emitted.slots)),
        *([("kept for a while", passing)] if passing else []),
        *([("probes", probes.buffers())] if probes.n_cells else []),
    ]
    rows = {"initial": at_once(1)} | blocks
    runs = [(getattr(sequences, name), rows.get(name, at_once(batch_size))) for name in SEQUENCES]
    plan = make_plan(lasting, runs, options.dtype, share=not options.keep_values)
    _check_size(plan, batch_size)
    for ops, run in runs:
        check_plan(ops, plan.offsets, plan.sizes, plan.arena_bytes, run.n_ops)
    return plan


def _check_size(plan: Plan, batch_size: int) -> None:
    """Raise InvalidArgument before memory is asked for that no machine for small nets has."""
    if plan.arena_bytes <= MOST_BYTES:
        return
    name, size = max(((buffer.name, size) for buffer, size in plan.sizes.items()), key=lambda pair: pair[1])
    raise InvalidArgument(
        f"the model needs {plan.arena_bytes / 1e9:.3g} GB in batches of {batch_size}, at most"
        f" {MOST_BYTES / 1e9:.3g} GB are allowed; {name} alone takes {size / 1e9:.3g} GB. Take smaller layers"
        " or batches."
    )
