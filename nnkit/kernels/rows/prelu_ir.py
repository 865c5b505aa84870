"""PReLU in explicit vectors, made for a number of channels."""

from typing import Any

from nnkit.kernels.ir.columns import Part, Passes, Vectors
from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.vectors import Function
from nnkit.ops import Argument


def build(kind: str, channels: int, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry of this kind: forward or backward."""
    emit = {"forward": _emit_forward, "backward": _emit_backward}[kind]

    def body(entry: Function, _: Any, values: Values) -> None:
        emit(Passes(entry, channels, values), values)

    return emit_entry(symbol, dtype, arguments, body)


def _emit_forward(passes: Passes, values: Values) -> None:
    entry, builder, zero = passes.entry, passes.entry.builder, passes.entry.element.zero()
    alpha = passes.copied(values["alpha"])

    def write(places: Vectors, part: Part, mask: Any) -> None:
        x, y = entry.load(places[0], mask), places[1]
        below = builder.fmul(passes.pattern(alpha, part), x)
        entry.store(builder.select(builder.fcmp_ordered(">", x, zero), x, below), y, mask)

    passes.for_rows([values["x"], values["y"]], write)


def _emit_backward(passes: Passes, values: Values) -> None:
    entry, builder, zero = passes.entry, passes.entry.builder, passes.entry.element.zero()

    def terms(vectors: Vectors, _: Part) -> Vectors:
        dy, x = vectors
        below = builder.select(builder.fcmp_ordered(">", x, zero), zero, x)
        return [builder.fmul(dy, below)]

    (dalpha,) = passes.sum_columns([values["dy"], values["x"]], terms, 1)

    def finish(c: Any) -> None:
        builder.store(builder.load(entry.at(dalpha, c)), entry.at(values["dalpha"], c))

    passes.per_channel(finish)
    alpha, one = passes.copied(values["alpha"]), entry.constant(1.0)

    def write(places: Vectors, part: Part, mask: Any) -> None:
        dy, x = (entry.load(place, mask) for place in places[:2])
        slope = builder.select(builder.fcmp_ordered(">", x, zero), one, passes.pattern(alpha, part))
        entry.store(builder.fmul(dy, slope), places[2], mask)

    passes.for_rows([values["dy"], values["x"], values["dx"]], write)
