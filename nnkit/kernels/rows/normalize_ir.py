"""Batch normalisation in explicit vectors, made for a number of channels."""

from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.columns import Part, Passes, Vectors
from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.vectors import Function
from nnkit.ops import Argument


def build(kind: str, channels: int, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry of this kind: train, test or backward."""
    emit = {"train": _emit_train, "test": _emit_test, "backward": _emit_backward}[kind]

    def body(entry: Function, _: Any, values: Values) -> None:
        emit(Passes(entry, channels, values), values)

    return emit_entry(symbol, dtype, arguments, body)


def _emit_train(passes: Passes, values: Values) -> None:
    entry, builder = passes.entry, passes.entry.builder
    one = entry.element.scalar(1.0)
    share = builder.fdiv(one, passes.count)
    keep, move = (
        passes.real(values["momentum"]),
        passes.real(builder.fsub(ir.DoubleType()(1.0), values["momentum"])),
    )
    guard = passes.real(values["epsilon"])

    def run(running: Any, c: Any, value: Any) -> None:
        place = entry.at(running, c)
        kept = builder.fmul(keep, builder.load(place))
        builder.store(builder.fadd(kept, builder.fmul(move, value)), place)

    (mean,) = passes.sum_columns([values["x"]], lambda vectors, _: vectors, 1)

    def finish_mean(c: Any) -> None:
        value = builder.fmul(builder.load(entry.at(mean, c)), share)
        builder.store(value, entry.at(mean, c))
        run(values["running_mean"], c, value)

    passes.per_channel(finish_mean)
    passes.spread(mean)

    def square(vectors: Vectors, part: Part) -> Vectors:
        deviation = builder.fsub(vectors[0], passes.pattern(mean, part))
        return [builder.fmul(deviation, deviation)]

    (scale,) = passes.sum_columns([values["x"]], square, 1)

    def finish_scale(c: Any) -> None:
        variance = builder.fmul(builder.load(entry.at(scale, c)), share)
        run(values["running_variance"], c, variance)
        inverse = builder.fdiv(one, passes.root(builder.fadd(variance, guard)))
        builder.store(inverse, entry.at(scale, c))
        builder.store(inverse, entry.at(values["scale"], c))

    passes.per_channel(finish_scale)
    passes.spread(scale)
    gamma, beta = passes.copied(values["gamma"]), passes.copied(values["beta"])

    def write(places: Vectors, part: Part, mask: Any) -> None:
        x, normal, y = places
        value = builder.fmul(
            builder.fsub(entry.load(x, mask), passes.pattern(mean, part)), passes.pattern(scale, part)
        )
        entry.store(value, normal, mask)
        scaled = builder.fmul(passes.pattern(gamma, part), value)
        entry.store(builder.fadd(scaled, passes.pattern(beta, part)), y, mask)

    passes.for_rows([values["x"], values["normal"], values["y"]], write)


def _emit_test(passes: Passes, values: Values) -> None:
    entry, builder = passes.entry, passes.entry.builder
    guard = passes.real(values["epsilon"])
    mean, scale = passes.copied(values["running_mean"]), passes.copied(values["running_variance"])

    def finish_scale(c: Any) -> None:
        root = passes.root(builder.fadd(builder.load(entry.at(scale, c)), guard))
        builder.store(builder.fdiv(entry.element.scalar(1.0), root), entry.at(scale, c))

    passes.per_channel(finish_scale)
    passes.spread(scale)
    gamma, beta = passes.copied(values["gamma"]), passes.copied(values["beta"])

    def write(places: Vectors, part: Part, mask: Any) -> None:
        x, y = places
        value = builder.fmul(
            builder.fsub(entry.load(x, mask), passes.pattern(mean, part)), passes.pattern(scale, part)
        )
        scaled = builder.fmul(passes.pattern(gamma, part), value)
        entry.store(builder.fadd(scaled, passes.pattern(beta, part)), y, mask)

    passes.for_rows([values["x"], values["y"]], write)


def _emit_backward(passes: Passes, values: Values) -> None:
    entry, builder = passes.entry, passes.entry.builder
    share = builder.fdiv(entry.element.scalar(1.0), passes.count)

    def terms(vectors: Vectors, _: Part) -> Vectors:
        return [vectors[0], builder.fmul(vectors[0], vectors[1])]

    dbeta, dgamma = passes.sum_columns([values["dy"], values["normal"]], terms, 2)
    factor = passes.column()

    def finish(c: Any) -> None:
        builder.store(builder.load(entry.at(dbeta, c)), entry.at(values["dbeta"], c))
        builder.store(builder.load(entry.at(dgamma, c)), entry.at(values["dgamma"], c))
        gamma, scale = (builder.load(entry.at(values[name], c)) for name in ("gamma", "scale"))
        builder.store(builder.fmul(gamma, scale), entry.at(factor, c))

    passes.per_channel(finish)
    for column in (dbeta, dgamma, factor):
        passes.spread(column)
    shares = entry.splat(share)

    def write(places: Vectors, part: Part, mask: Any) -> None:
        dy, normal, dx = places
        products = builder.fmul(entry.load(normal, mask), passes.pattern(dgamma, part))
        mean_part = builder.fmul(builder.fadd(passes.pattern(dbeta, part), products), shares)
        deviation = builder.fsub(entry.load(dy, mask), mean_part)
        entry.store(builder.fmul(passes.pattern(factor, part), deviation), dx, mask)

    passes.for_rows([values["dy"], values["normal"], values["dx"]], write)
