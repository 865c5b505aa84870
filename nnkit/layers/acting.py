"""How activations become ops where a function of each value by itself is not enough.

Learned numbers, slopes that are drawn, and functions of whole rows. `nnkit.layers.activation` chooses.
"""

import math
from functools import cache

from nnkit import initializers
from nnkit.activations import Activation, BoundActivation, RowActivation
from nnkit.activations.record import Learned, halved
from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.kernels import learned
from nnkit.layers.draw import emit_draw
from nnkit.layers.dropout import MULTIPLY
from nnkit.ops import KEY, STEP, Buffer, Op, Operand, OpKind, Scalar, rows_of

_MOST_COLUMNS = 1024  # of the learned numbers, repeated: enough for vector code, and little beside the values
_WORDS = 4096


# -- learned numbers ----------------------------------------------------------------------------------


def _fold_gradient(op: Op, sweep: Sweep) -> None:
    numbers = op.buffer("numbers")
    views = {
        "dcolumns": sweep.gradient(op.buffer("columns")),
        "dnumbers": sweep.parameter_gradient(numbers),
    }
    if op.kind is SPREAD:
        sweep.emit(FOLD, views)
    else:
        sweep.emit(FOLD_ABOVE, views | {"numbers": numbers})


_NUMBERS, _COLUMNS = Operand("numbers", "in"), Operand("columns", "out")
SPREAD = op_kind("spread", learned.spread, _NUMBERS, _COLUMNS, gradient=_fold_gradient, block=1)
SPREAD_ABOVE = op_kind(
    "spread_above",
    learned.spread_above,
    _NUMBERS,
    _COLUMNS,
    Scalar("lowest", "double"),
    flops=lambda shapes: 43 * shapes["columns"][0],
    gradient=_fold_gradient,
    block=1,
)
FOLD = op_kind(
    "fold",
    learned.fold,
    Operand("dcolumns", "in"),
    Operand("dnumbers", "out"),
    flops=lambda shapes: shapes["dcolumns"][0],
)
FOLD_ABOVE = op_kind(
    "fold_above",
    learned.fold_above,
    Operand("dcolumns", "in"),
    _NUMBERS,
    Operand("dnumbers", "out"),
    flops=lambda shapes: shapes["dcolumns"][0] + 24 * shapes["dnumbers"][0],
)


@cache
def learned_kinds(record: Activation) -> tuple[OpKind, OpKind]:
    """Return the forward and the backward op kind of an activation whose numbers are learned."""
    names = [one.name for one in record.learned]
    columns = [Operand(name, "in") for name in names]
    at = {"columns_of": learned.COLUMNS[len(names)]}
    backward = op_kind(
        f"{record.name}_learned_backward",
        learned.learned_backward.bind(slopes=record.slopes, add_to=learned.ADD[len(names)], **at),
        Operand("dy", "in", rank=2),
        Operand("x", "in", rank=2),
        Operand("dx", "out", rank=2),
        *columns,
        *(Operand(f"d{name}", "out") for name in names),
        flops=lambda s: (record.slope_flops + 1 + 2 * len(names)) * s["x"][0] * s["x"][1],
    )

    def gradient(op: Op, sweep: Sweep) -> None:
        x, dy = op.buffer("x"), sweep.gradient(op.buffer("y"))
        numbers = {name: op.buffer(name) for name in names}
        # All are computed even where nobody wants one: they come from the same pass.
        dx, sums = sweep.new_gradient(x), {name: sweep.new_gradient(numbers[name]) for name in names}
        n = op.views["x"].shape[1]
        rows = {"dy": rows_of(dy, n), "x": rows_of(x, n), "dx": rows_of(dx, n)}
        sweep.emit(backward, {**rows, **numbers, **{f"d{name}": sums[name] for name in names}})
        if sweep.wants(x):
            sweep.arrive(x, dx)
        for name in names:
            if sweep.wants(numbers[name]):
                sweep.arrive(numbers[name], sums[name])

    forward = op_kind(
        f"{record.name}_learned",
        learned.learned_forward.bind(value=record.value, **at),
        Operand("x", "in", rank=2),
        Operand("y", "out", rank=2),
        *columns,
        flops=lambda s: record.flops * s["x"][0] * s["x"][1],
        gradient=gradient,
        block=1,
    )
    return forward, backward


def emit_learned(emitter: Emitter, x: Buffer, chosen: BoundActivation, name: str) -> Buffer:
    """Append an activation whose numbers are parameters, called ``name/…``."""
    record = chosen.scalar
    shapes = {one.name: _shape_of(one, chosen, x, name) for one in record.learned}
    most = max(math.prod(shape) for shape in shapes.values())
    columns = most * _repeats(math.prod(x.shape[1:]) // most, _MOST_COLUMNS // most)
    numbers = {
        one.name: _spread(emitter, one, chosen, shapes[one.name], columns, name) for one in record.learned
    }
    y = emitter.transient(f"{name}/{record.name}", x.shape)
    views = {"x": rows_of(x, columns), "y": rows_of(y, columns)}
    emitter.emit(learned_kinds(record)[0], {**views, **numbers})
    return y


def _spread(
    emitter: Emitter, one: Learned, chosen: BoundActivation, shape: tuple[int, ...], columns: int, name: str
) -> Buffer:
    """Declare the parameter of one learned number, and repeat it over the columns."""
    is_new = emitter.is_new(f"{name}/{one.name}")
    parameter = emitter.parameter(f"{name}/{one.name}", shape)
    start = float(chosen.parameters[one.name] or 0.0)
    if one.above is not None:
        # The r with above + log(1 + exp(r)) = start; written so that a large start does not overflow.
        excess = start - one.above
        start = excess + math.log(-math.expm1(-excess))
    if is_new:
        emit_draw(emitter, parameter, initializers.get("constant", value=start))
    repeated = emitter.transient(f"{name}/{one.name} of columns", (columns,))
    views = {"numbers": parameter, "columns": repeated}
    if one.above is None:
        emitter.emit(SPREAD, views)
    else:
        emitter.emit(SPREAD_ABOVE, views, lowest=one.above)
    return repeated


def _shape_of(one: Learned, chosen: BoundActivation, x: Buffer, name: str) -> tuple[int, ...]:
    per = chosen.parameters.get("per", one.per)
    if len(x.shape) < 2:
        raise InvalidArgument(f"{name}: needs at least one value, found input of shape {x.shape[1:]}.")
    return {"layer": (1,), "channel": x.shape[-1:], "value": x.shape[1:]}[str(per)]


def _repeats(of: int, most: int) -> int:
    """Return the largest divisor of ``of`` that is at most ``most``; at least 1."""
    return max((k for k in range(1, min(of, most) + 1) if of % k == 0), default=1)


# -- drawn slopes -------------------------------------------------------------------------------------

DRAW_LEAKS = op_kind(
    "draw_leaks",
    learned.draw_leaks,
    Operand("x", "in"),
    Operand("factors", "out"),
    Operand("words", "scratch", type="uint32"),
    Scalar("lower", "double"),
    Scalar("upper", "double"),
    Scalar("key", "integer", cell=KEY),
    Scalar("stream", "integer"),
    Scalar("step", "integer", cell=STEP),
    flops=lambda shapes: 2 * shapes["x"][0],
)


def emit_drawn(emitter: Emitter, x: Buffer, chosen: BoundActivation, name: str) -> Buffer:
    """Append an activation that draws a slope for every value below 0; only while training."""
    lower, upper = chosen.numbers
    if lower > upper:
        raise InvalidArgument(
            f"{name}: {chosen.name} draws between lower and upper, found {lower:g} and {upper:g}."
            " Write the smaller one as lower."
        )
    factors = emitter.transient(f"{name}/factors", x.shape)
    words = emitter.transient(f"{name}/words", (_WORDS,), type="uint32")
    stream = sum(op.kind is DRAW_LEAKS for op in emitter.ops)
    views = {"x": x, "factors": factors, "words": words}
    emitter.emit(DRAW_LEAKS, views, lower=lower, upper=upper, stream=stream)
    y = emitter.transient(f"{name}/{chosen.name}", x.shape)
    emitter.emit(MULTIPLY, {"x": x, "z": factors, "y": y})
    return y


# -- rows ---------------------------------------------------------------------------------------------


@cache
def row_kinds(record: RowActivation) -> tuple[OpKind, OpKind]:
    """Return the forward and the backward op kind of an activation of rows."""
    backward = op_kind(
        f"{record.name}_backward",
        record.backward,
        Operand("source", "in", rank=2),
        Operand("dy", "in", rank=2),
        Operand("dx", "out", rank=2),
        flops=lambda s: record.slope_flops * s["dy"][0] * s["dy"][1],
        block=1,
    )

    def gradient(op: Op, sweep: Sweep) -> None:
        x, y = op.buffer("x"), op.buffer("y")
        if sweep.wants(x):
            dx = sweep.new_gradient(x)
            source = x if record.source_is == "input" else y
            sweep.emit(backward, {"source": source, "dy": sweep.gradient(y), "dx": dx})
            sweep.arrive(x, dx)

    forward = op_kind(
        record.name,
        record.forward,
        Operand("x", "in", rank=2),
        Operand("y", "out", rank=2),
        flops=lambda s: record.flops * s["y"][0] * s["y"][1],
        gradient=gradient,
        block=1,
    )
    return forward, backward


def emit_rows(emitter: Emitter, x: Buffer, record: RowActivation, name: str) -> Buffer:
    """Append an activation of rows, along the last axis."""
    if len(x.shape) < 2:
        raise InvalidArgument(f"{name}: needs rows of numbers, found input of shape {x.shape[1:]}.")
    columns = halved(record, x.shape[-1], name) if record.halves else x.shape[-1]
    y = emitter.transient(f"{name}/{record.name}", (*x.shape[:-1], columns))
    emitter.emit(row_kinds(record)[0], {"x": x, "y": y})
    return y
