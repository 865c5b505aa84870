"""What one core can do at most: fused multiply-adds from registers, and bytes streamed from memory."""

from llvmlite import ir

from nnkit.assembly import Assembly, External, vector_bytes
from nnkit.jit import kernel
from nnkit.kernels.ir.vectors import I64, Element, Function
from nnkit.simd import real

# Independent sums that fill the registers and hide the latency of the multiply-add: 24 registers of 64
# bytes, 12 of 32; a vector of 64 bytes is two or four registers where they are narrower.
_SUMS = {64: 24, 32: 6, 16: 3}


def n_sums() -> int:
    return _SUMS[vector_bytes()]


def _build(dtype: str) -> tuple[str, list[str]]:
    element = Element(dtype)
    module = ir.Module(f"peak_{dtype}")
    name = f"nnkit_peak_{dtype}"
    function = Function(module, element, name, [element.pointer, I64], internal=False)
    values, rounds = function.ir.args
    factor = function.splat(ir.Constant(element.scalar, 0.5))
    starts = [function.load(function.at(values, k * element.lanes)) for k in range(n_sums())]

    def body(_, sums):
        return [function.fma(total, factor, factor) for total in sums]

    for k, total in enumerate(function.loop("rounds", rounds, starts, body)):
        function.store(total, function.at(values, k * element.lanes))
    function.finish()
    return str(module), [name]


def _twin(values, at, rounds):
    """Replace every value by ``0.5 · value + 0.5``, ``rounds`` times."""
    for _ in range(rounds):
        values[at:] = values[at:] * values.dtype.type(0.5) + values.dtype.type(0.5)


multiply_add_registers = External(Assembly("peak", _build), "nnkit_peak", "pi", _twin)


@kernel
def multiply_add_rounds(values, rounds):
    """Run ``rounds`` multiply-adds on every register's worth of ``values``.

    Shapes      values: (n_sums · lanes,)
    Cost        2 · rounds · values.size FLOP, no memory
    """
    multiply_add_registers(values, 0, rounds)


@kernel
def triad(x, y, out):
    """Write ``out = x + 0.5 · y``: the triad of McCalpin's STREAM, three arrays through memory."""
    half = real(x, 0.5)
    for i in range(x.size):
        out[i] = x[i] + half * y[i]


@kernel
def triad_in_place(x, y):
    """Write ``y = y + 0.5 · x``: the triad over two arrays, without a store to lines that were not read."""
    half = real(x, 0.5)
    for i in range(x.size):
        y[i] += half * x[i]
