"""The end of a forward pass: targets are gathered, and a loss makes the totals and the first gradient."""

from functools import cache

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.kernels.movement import gather_rows
from nnkit.losses import BoundLoss, Loss
from nnkit.losses.rows import share_totals
from nnkit.losses.shares import TO_LOGITS
from nnkit.ops import (
    BATCH,
    BATCH_ROWS,
    FIRST_ROW,
    ORDER,
    TOTALS_BUFFER,
    Buffer,
    Op,
    Operand,
    OpKind,
    Scalar,
    View,
    W,
    Work,
    Y,
)

GATHER_TARGETS = op_kind(
    "gather_targets",
    gather_rows,
    Operand("data", "in", external=Y),
    Operand("order", "in", type="int32", external=ORDER),
    Operand("out", "out", rank=2),
    block=1,
)
GATHER_LABELS = op_kind(
    "gather_labels",
    gather_rows,
    Operand("data", "in", type="int32", external=Y),
    Operand("order", "in", type="int32", external=ORDER),
    Operand("out", "out", rank=2, type="int32"),
    block=1,
)
GATHER_WEIGHTS = op_kind(
    "gather_weights",
    gather_rows,
    Operand("data", "in", external=W),
    Operand("order", "in", type="int32", external=ORDER),
    Operand("out", "out", rank=2),
    block=1,
)


# Rows of the loss: as many for every sample as it has places.
_PLACE = (
    Scalar("n_rows", "integer", cell=BATCH_ROWS, is_scaled=True),
    Scalar("first_row", "integer", cell=FIRST_ROW, is_scaled=True),
)
SHARE_TOTALS = op_kind(
    "share_totals", share_totals, Operand("totals", "inout", type="double"), Scalar("places", "double")
)


def emit_loss(emitter: Emitter, loss: BoundLoss, outputs: Buffer, *, weighted: bool) -> tuple[Buffer, Buffer]:
    """Append the loss of the outputs; return what it takes for logits, and the gradient by them.

    Outside of training no more than the totals is computed where a kernel for that exists; the gradient is
    then read by nobody.
    """
    places, columns = _rows(loss, outputs)
    logits = _emit_logits(emitter, loss, outputs)
    rows = (-places, columns)
    views: dict[str, Buffer | View] = {
        "outputs": View(logits, rows),
        "targets": _emit_targets(emitter, loss, outputs, rows),
        "totals": TOTALS_BUFFER,
    }
    if weighted:
        weights = emitter.transient("weights", (BATCH, places))
        emitter.emit(GATHER_WEIGHTS, {"out": weights})
        views["weights"] = weights
    kind = loss_kind(loss, training=emitter.training, weighted=weighted)
    named = {operand.name for operand in kind.operands}
    doutputs = emitter.transient("d outputs", outputs.shape)
    if "doutputs" in named:
        views["doutputs"] = View(doutputs, rows)
    if "scratch" in named:
        views["scratch"] = View(emitter.transient("loss scratch", outputs.shape), rows)
    if "terms" in named:
        views["terms"] = emitter.transient("loss terms", (-places,))
    options = {
        name: value for name, value in loss.scalars().items() if name in {s.name for s in kind.scalars}
    }
    emitter.emit(kind, views, n_rows=places, first_row=places, **options)
    if places > 1:
        emitter.emit(SHARE_TOTALS, {"totals": TOTALS_BUFFER}, places=float(places))
    return logits, doutputs


def _rows(loss: BoundLoss, outputs: Buffer) -> tuple[int, int]:
    """Return how many rows a sample has for the loss, and the outputs of each."""
    shape = outputs.shape[1:]
    return loss.places(shape), loss.columns(shape)


def _emit_targets(emitter: Emitter, loss: BoundLoss, outputs: Buffer, rows: tuple[int, int]) -> Buffer | View:
    if loss.record.targets == "labels":
        labels = emitter.transient("targets", (BATCH, -rows[0]), type="int32")
        emitter.emit(GATHER_LABELS, {"out": labels})
        return labels
    targets = emitter.transient("targets", outputs.shape)
    emitter.emit(GATHER_TARGETS, {"out": View(targets, (BATCH, -targets.size))})
    return View(targets, rows)


def _emit_logits(emitter: Emitter, loss: BoundLoss, outputs: Buffer) -> Buffer:
    """Append what makes logits of shares, where the loss is told that it gets these."""
    if not loss.from_shares:
        return outputs
    logits = emitter.transient("logits", outputs.shape)
    emitter.emit(_logits_kind(loss.is_single), {"x": outputs, "y": logits})
    return logits


@cache
def _logits_kind(single: bool) -> OpKind:
    name, forward, backward = TO_LOGITS[single]
    back = op_kind(
        f"{name}_backward", backward, Operand("source", "in"), Operand("dy", "in"), Operand("dx", "out"),
        flops=lambda shapes: 4 * shapes["dx"][0], block=1,
    )  # fmt: skip

    def gradient(op: Op, sweep: Sweep) -> None:
        x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
        if sweep.wants(x):
            dx = sweep.new_gradient(x)
            sweep.emit(back, {"source": x, "dy": dy, "dx": dx})
            sweep.arrive(x, dx)

    return op_kind(
        name, forward, Operand("x", "in"), Operand("y", "out"), flops=lambda shapes: 22 * shapes["x"][0],
        gradient=gradient, block=1,
    )  # fmt: skip


def loss_kind(loss: BoundLoss, *, training: bool, weighted: bool = False) -> OpKind:
    """Return the op kind of a loss: with its gradient, or at test time the totals alone if it can."""
    if weighted or not loss.is_fast:
        return _rows_kind(loss.record, weighted, loss.ignored is not None)
    return _fast_kind(loss.record, training)


@cache
def _fast_kind(loss: Loss, training: bool) -> OpKind:
    fast = loss.fast
    assert fast is not None, loss.name
    outputs, targets = Operand("outputs", "in", rank=2), _targets(loss)
    totals = (Operand("terms", "scratch", is_carried=True), Operand("totals", "out", type="double"))
    if training:
        gradient = Operand("doutputs", "out", rank=2)
        return op_kind(
            f"{loss.name}_gradient", fast.gradient, outputs, targets, gradient, *totals, *_PLACE,
            flops=_loss_flops(*fast.gradient_flops), block=1,
        )  # fmt: skip
    scratch = Operand("scratch", "scratch", rank=2)
    return op_kind(
        f"{loss.name}_value", fast.value, outputs, targets, scratch, *totals, *_PLACE,
        flops=_loss_flops(*fast.value_flops), block=1,
    )  # fmt: skip


@cache
def _rows_kind(loss: Loss, weighted: bool, ignores: bool) -> OpKind:
    return op_kind(
        f"{loss.name}_{'weighted_' if weighted else ''}rows",
        loss.kernel(weighted=weighted),
        Operand("outputs", "in", rank=2),
        _targets(loss),
        *((Operand("weights", "in"),) if weighted else ()),
        Operand("doutputs", "out", rank=2),
        Operand("totals", "out", type="double"),
        *_PLACE,
        *(Scalar(name, "double") for name in loss.scalar_names()),
        flops=_loss_flops(*loss.flops),
        # The mean over the rows that count: how many these are is known behind the last one.
        block=0 if ignores else 1,
    )


def _targets(loss: Loss) -> Operand:
    if loss.targets == "labels":
        return Operand("targets", "in", type="int32")
    return Operand("targets", "in", rank=2)


def _loss_flops(per_output: int, per_row: int) -> Work:
    return lambda shapes: shapes["outputs"][0] * (shapes["outputs"][1] * per_output + per_row)
