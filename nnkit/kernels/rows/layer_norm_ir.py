"""Layer normalisation in explicit vectors, made for a number of columns.

The sum of a row goes by the lanes of its vectors in order, and the lanes are added up by halves.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from nnkit.kernels.ir.entries import Values, emit_entry
from nnkit.kernels.ir.images import emit_fill
from nnkit.kernels.ir.vectors import I64, Function, declare
from nnkit.ops import Argument

_MOST_UNROLLED = 4


def build(kind: str, columns: int, symbol: str, dtype: str, arguments: tuple[Argument, ...]) -> str:
    """Return the module of the entry of this kind: forward or backward."""
    emit = {"forward": _emit_forward, "backward": _emit_backward}[kind]

    def body(entry: Function, _: Any, values: Values) -> None:
        emit(entry, columns, values)

    return emit_entry(symbol, dtype, arguments, body)


def _emit_forward(entry: Function, columns: int, values: Values) -> None:
    builder, kind = entry.builder, entry.element.scalar
    share, guard = kind(1.0 / columns), _real(entry, values["epsilon"])
    root = declare(entry.module, f"llvm.sqrt.f{8 * entry.element.size}", kind, [kind])

    def row(index: Any, carried: list[Any]) -> list[Any]:
        x, y, normal = carried
        (total,) = _row_sums(entry, columns, [x], lambda v, _, __: v)
        mean = entry.splat(builder.fmul(total, share))

        def square(vectors: list[Any], _: Any, mask: Any) -> list[Any]:
            deviation = _there(entry, builder.fsub(vectors[0], mean), mask)
            return [builder.fmul(deviation, deviation)]

        (squares,) = _row_sums(entry, columns, [x], square)
        variance = builder.fmul(squares, share)
        inverse = builder.fdiv(kind(1.0), builder.call(root, [builder.fadd(variance, guard)]))
        builder.store(inverse, entry.at(values["scale"], index))
        scale = entry.splat(inverse)

        def write(offset: Any, mask: Any) -> None:
            value = builder.fmul(builder.fsub(entry.load(entry.at(x, offset), mask), mean), scale)
            entry.store(value, entry.at(normal, offset), mask)
            gamma, beta = (entry.load(entry.at(values[name], offset), mask) for name in ("gamma", "beta"))
            entry.store(builder.fadd(builder.fmul(gamma, value), beta), entry.at(y, offset), mask)

        _for_parts(entry, columns, write)
        return [entry.at(place, columns) for place in carried]

    entry.loop("rows", values["x rows"], [values["x"], values["y"], values["normal"]], row)


def _emit_backward(entry: Function, columns: int, values: Values) -> None:
    builder, kind = entry.builder, entry.element.scalar
    share = kind(1.0 / columns)
    for name in ("dgamma", "dbeta"):
        emit_fill(entry, values[name], columns)

    def row(index: Any, carried: list[Any]) -> list[Any]:
        dy, normal, dx = carried

        def terms(vectors: list[Any], offset: Any, mask: Any) -> list[Any]:
            gradient = builder.fmul(vectors[0], entry.load(entry.at(values["gamma"], offset), mask))
            return [gradient, builder.fmul(gradient, vectors[1])]

        sums = _row_sums(entry, columns, [dy, normal], terms)
        mean, slope = (entry.splat(builder.fmul(total, share)) for total in sums)
        scale = entry.splat(builder.load(entry.at(values["scale"], index)))

        def write(offset: Any, mask: Any) -> None:
            given, value = (entry.load(entry.at(place, offset), mask) for place in (dy, normal))
            for name, term in (("dgamma", builder.fmul(given, value)), ("dbeta", given)):
                place = entry.at(values[name], offset)
                entry.store(builder.fadd(entry.load(place, mask), term), place, mask)
            gradient = builder.fmul(given, entry.load(entry.at(values["gamma"], offset), mask))
            rest = builder.fsub(builder.fsub(gradient, mean), builder.fmul(value, slope))
            entry.store(builder.fmul(scale, rest), entry.at(dx, offset), mask)

        _for_parts(entry, columns, write)
        return [entry.at(place, columns) for place in carried]

    entry.loop("rows", values["dy rows"], [values["dy"], values["normal"], values["dx"]], row)


def _row_sums(
    entry: Function, columns: int, places: list[Any], terms: Callable[[list[Any], Any, Any], list[Any]]
) -> list[Any]:
    """Return the sums over a row of what ``terms(vectors, offset, mask)`` makes of each of its vectors."""
    lanes, zero = entry.element.lanes, entry.element.zero()
    n_sums = len(places)

    def add(offset: Any, sums: list[Any], mask: Any) -> list[Any]:
        vectors = [entry.load(entry.at(place, offset), mask) for place in places]
        return [entry.builder.fadd(a, b) for a, b in zip(sums, terms(vectors, offset, mask), strict=True)]

    whole, rest = divmod(columns, lanes)
    sums = [zero] * n_sums
    if whole <= _MOST_UNROLLED:
        for part in range(whole):
            sums = add(part * lanes, sums, None)
    else:
        sums = entry.repeat("parts", whole, sums, lambda i, s: add(entry.builder.mul(i, I64(lanes)), s, None))
    if rest:
        sums = add(whole * lanes, sums, entry.leading_lanes(rest))
    return [_sum_lanes(entry, total) for total in sums]


def _sum_lanes(entry: Function, vector: Any) -> Any:
    """Return the sum of the lanes: halves added until one is left."""
    half = entry.element.lanes // 2
    while half:
        order = [lane % half + half for lane in range(entry.element.lanes)]
        vector = entry.builder.fadd(vector, entry.shuffle(vector, vector, order))
        half //= 2
    return entry.builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))


def _for_parts(entry: Function, columns: int, write: Callable[[Any, Any], None]) -> None:
    lanes = entry.element.lanes
    whole, rest = divmod(columns, lanes)

    def part(index: Any, _: list[Any]) -> list[Any]:
        write(entry.builder.mul(index, I64(lanes)), None)
        return []

    if whole <= _MOST_UNROLLED:
        for index in range(whole):
            write(index * lanes, None)
    else:
        entry.repeat("parts", whole, [], part)
    if rest:
        write(whole * lanes, entry.leading_lanes(rest))


def _there(entry: Function, value: Any, mask: Any) -> Any:
    """Return ``value`` with 0 in the lanes beyond the row."""
    return value if mask is None else entry.builder.select(mask, value, entry.element.zero())


def _real(entry: Function, value: Any) -> Any:
    element = entry.element
    return value if element.dtype == "float64" else entry.builder.fptrunc(value, element.scalar)
