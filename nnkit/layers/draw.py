"""How parameters start: initializers as ops of the sequence that runs once per trial."""

from functools import cache, partial

from nnkit import initializers
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.initializers import BoundInitializer
from nnkit.kernels import draw
from nnkit.ops import KEY, Buffer, Op, Operand, OpKind, Scalar, View, flat
from nnkit.registry import parse_choice

_KEYED = (Scalar("key", "integer", cell=KEY), Scalar("stream", "integer"))


@cache
def fill_kind(distribution: str) -> OpKind:
    """Return the op kind that fills a parameter from ``distribution``."""
    if distribution == "constant":
        return op_kind(
            "fill_constant", draw.fill_constant, Operand("out", "out"), Scalar("value", "double"), block=1
        )
    if distribution == "orthogonal":
        return op_kind(
            "fill_orthogonal",
            draw.fill_orthogonal,
            Operand("out", "out", rank=2),
            Operand("scratch", "scratch", rank=2, type="double"),
            Scalar("gain", "double"),
            *_KEYED,
        )
    kernels = {
        "uniform": draw.fill_uniform,
        "normal": draw.fill_normal,
        "truncated_normal": draw.fill_truncated_normal,
    }
    return op_kind(
        f"fill_{distribution}",
        kernels[distribution],
        Operand("out", "out"),
        Scalar("first", "double"),
        Scalar("second", "double"),
        *_KEYED,
    )


def resolve_initializer(given: str | BoundInitializer) -> BoundInitializer:
    """Return the initializer that a name such as ``"constant(value=0.1)"`` stands for."""
    if isinstance(given, BoundInitializer):
        return given
    if not isinstance(given, str):
        raise InvalidArgument(f"initializer must be a name such as 'he_normal', found {given!r}.")
    name, parameters = parse_choice(given)
    return initializers.get(name, **parameters)


def emit_draw_bias(
    emitter: Emitter,
    bias: Buffer,
    given: str | BoundInitializer,
    kernel: str | BoundInitializer,
    shape: tuple[int, ...],
) -> None:
    """Append the draw of a bias, or of one like its kernel of ``shape`` where its initializer says so."""
    drawn, beside = resolve_initializer(given), resolve_initializer(kernel)
    if beside.record.draws_bias and drawn.name == "zeros":
        emit_draw(emitter, bias, beside, shape=shape)
    else:
        emit_draw(emitter, bias, drawn)


def emit_draw(
    emitter: Emitter,
    parameter: Buffer,
    given: str | BoundInitializer,
    *,
    shape: tuple[int, ...] | None = None,
) -> None:
    """Append the draw of ``parameter``, as if it had ``shape``, to the program's initial sequence.

    The stream is the parameter's place in the model, so that every initializer draws it from the same
    uniform numbers.
    """
    initializer = resolve_initializer(given)
    distribution = initializer.record.distribution
    stream = list(emitter.graph.parameters.values()).index(parameter)
    shape = shape or parameter.shape
    if distribution in ("function", "composed"):
        draw = partial(initializer, shape, dtype=emitter.graph.dtype, stream=stream)
        emitter.graph.drawn[parameter] = draw
        return
    kind = fill_kind(distribution)
    names = [scalar.name for scalar in kind.scalars if scalar.cell is None and scalar.name != "stream"]
    scalars = dict(zip(names, initializer.record.spread(shape, initializer.parameters), strict=True))
    views: dict[str, View] = {"out": flat(parameter)}
    if distribution == "orthogonal":
        columns = shape[-1]
        rows = parameter.size // columns
        views["out"] = View(parameter, (rows, columns))
        scratch_shape = (min(rows, columns), max(rows, columns))
        views["scratch"] = View(
            emitter.transient("orthogonal scratch", scratch_shape, type="double"), scratch_shape
        )
    if distribution != "constant":
        scalars["stream"] = stream
    emitter.graph.initial.append(Op(kind, views, scalars))
