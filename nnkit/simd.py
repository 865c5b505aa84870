"""Scalar operations that LLVM has and Python lacks, the same bits on every CPU.

Each is an `Intrinsic` with a Python twin. Nothing here calls the C library: its ``exp`` is another on
every system, and a call inside a loop keeps LLVM from using vectors.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.jit import Intrinsic, Kernel, Lazy, linked_function


def _llvm_function(name: str, n_arguments: int) -> Callable[[], Any]:
    """Return a builder for the LLVM intrinsic ``llvm.<name>`` over operands of one floating type."""

    def build() -> Any:
        from llvmlite import ir
        from numba.extending import intrinsic

        def declare(builder: Any, kind: Any) -> Any:
            # With the type spelled out: llvmlite finds the type by itself for unary intrinsics only.
            function = ir.FunctionType(kind, [kind] * n_arguments)
            return builder.module.declare_intrinsic(f"llvm.{name}", [kind], function)

        if n_arguments == 1:

            @intrinsic
            def unary(context, x):
                def code(cx, builder, signature, args):
                    return builder.call(declare(builder, args[0].type), args)

                return x(x), code

            return unary
        if n_arguments == 2:

            @intrinsic
            def binary(context, x, y):
                def code(cx, builder, signature, args):
                    return builder.call(declare(builder, args[0].type), args)

                return x(x, x), code

            return binary

        @intrinsic
        def ternary(context, x, y, z):
            def code(cx, builder, signature, args):
                return builder.call(declare(builder, args[0].type), args)

            return x(x, x, x), code

        return ternary

    return build


def _fma_twin(a, b, c):
    """Return ``a * b + c`` with one rounding."""
    if isinstance(a, np.float32):
        return np.float32(np.float64(a) * np.float64(b) + np.float64(c))
    import math

    # Python 3.13 has math.fma; before it, longdouble is as near as NumPy comes.
    fused = getattr(math, "fma", None)
    if fused is not None:
        return np.float64(fused(a, b, c))
    return np.float64(np.longdouble(a) * np.longdouble(b) + np.longdouble(c))


def _sqrt_twin(x):
    """Return the square root, correctly rounded."""
    return np.sqrt(x)


def _fabs_twin(x):
    """Return ``|x|``."""
    return np.abs(x)


def _floor_twin(x):
    """Return the largest whole number that is not above ``x``."""
    return np.floor(x)


def _rint_twin(x):
    """Return the nearest whole number, ties to even."""
    return np.rint(x)


def _copysign_twin(x, y):
    """Return ``|x|`` with the sign of ``y``."""
    return np.copysign(x, y)


def _real_twin(like, value):
    """Return ``value`` in the floating type of ``like``: a bare literal would widen float32 to float64."""
    return np.asarray(like).dtype.type(value)


def _double_twin(value):
    """Return ``value`` as a float64: numba's ``float(x)`` stays float32, and so does NumPy's ``1.0 * x``."""
    return np.float64(value)


def _power_of_two_twin(n):
    """Return ``2**n`` for a whole number ``n`` (a float) within the range of normal numbers."""
    return np.ldexp(_real_twin(n, 1.0), np.int32(n))


def _power_above_twin(t):
    """Return ``2**n``, a normal number, for ``t = 1.5 * 2**23 + n`` (2**52 in float64), which ends in n."""
    kind, mantissa_bits, bias = (np.uint32, 23, 127) if isinstance(t, np.float32) else (np.uint64, 52, 1023)
    bits = np.array([t]).view(kind)  # of one element: what overflows here is cut off, and no scalar says so
    return ((bits << kind(mantissa_bits)) + kind(bias << mantissa_bits)).view(type(t))[0]


def _exponent_twin(x):
    """Return ``floor(log2(x))`` as a float, for a positive normal ``x``."""
    return _real_twin(x, np.frexp(x)[1] - 1)


def _significand_twin(x):
    """Return ``x / 2**exponent(x)``, in [1, 2), for a positive normal ``x``."""
    return np.frexp(x)[0] * _real_twin(x, 2.0)


def _build_real() -> Any:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def real(context, like, value):
        target = like if isinstance(like, types.Float) else like.dtype

        def code(cx, builder, signature, args):
            return cx.cast(builder, args[1], value, target)

        return target(like, value), code

    return real


def _build_double() -> Any:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def double(context, value):
        def code(cx, builder, signature, args):
            return cx.cast(builder, args[0], value, types.float64)

        return types.float64(value), code

    return double


def _bitwise(operation: Callable[[Any, Any, Any, int, int], Any]) -> Callable[[], Any]:
    """Return a builder for a unary operation on the bits of a float.

    ``operation(builder, value, integer_type, mantissa_bits, bias)`` returns the result's value.
    """

    def build() -> Any:
        from llvmlite import ir
        from numba import types
        from numba.extending import intrinsic

        @intrinsic
        def bitwise(context, x):
            width, mantissa_bits, bias = (32, 23, 127) if x == types.float32 else (64, 52, 1023)

            def code(cx, builder, signature, args):
                return operation(builder, args[0], ir.IntType(width), mantissa_bits, bias)

            return x(x), code

        return bitwise

    return build


def _emit_power_of_two(builder: Any, n: Any, integer: Any, mantissa_bits: int, bias: int) -> Any:
    biased = builder.add(builder.fptosi(n, integer), integer(bias))
    return builder.bitcast(builder.shl(biased, integer(mantissa_bits)), n.type)


def _emit_power_above(builder: Any, t: Any, integer: Any, mantissa_bits: int, bias: int) -> Any:
    shifted = builder.shl(builder.bitcast(t, integer), integer(mantissa_bits))
    return builder.bitcast(builder.add(shifted, integer(bias << mantissa_bits)), t.type)


def _emit_exponent(builder: Any, x: Any, integer: Any, mantissa_bits: int, bias: int) -> Any:
    biased = builder.lshr(builder.bitcast(x, integer), integer(mantissa_bits))
    return builder.sitofp(builder.sub(biased, integer(bias)), x.type)


def _emit_significand(builder: Any, x: Any, integer: Any, mantissa_bits: int, bias: int) -> Any:
    fraction = builder.and_(builder.bitcast(x, integer), integer((1 << mantissa_bits) - 1))
    return builder.bitcast(builder.or_(fraction, integer(bias << mantissa_bits)), x.type)


fma = Intrinsic(_llvm_function("fma", 3), _fma_twin)
sqrt = Intrinsic(_llvm_function("sqrt", 1), _sqrt_twin)
fabs = Intrinsic(_llvm_function("fabs", 1), _fabs_twin)
floor = Intrinsic(_llvm_function("floor", 1), _floor_twin)
rint = Intrinsic(_llvm_function("rint", 1), _rint_twin)
copysign = Intrinsic(_llvm_function("copysign", 2), _copysign_twin)
real = Intrinsic(_build_real, _real_twin)
double = Intrinsic(_build_double, _double_twin)
power_of_two = Intrinsic(_bitwise(_emit_power_of_two), _power_of_two_twin)
power_above = Intrinsic(_bitwise(_emit_power_above), _power_above_twin)
exponent = Intrinsic(_bitwise(_emit_exponent), _exponent_twin)
significand = Intrinsic(_bitwise(_emit_significand), _significand_twin)


class ByType(Lazy):
    """One function name for two kernels: float32 and float64 need other polynomials."""

    def __init__(self, single: Kernel, double: Kernel) -> None:
        self._single = single
        self._double = double
        self._stub: Any = None
        self.__doc__ = double.__doc__

    def compiled(self) -> Any:
        if self._stub is None:
            from numba import types
            from numba.extending import overload

            def stub(x):
                raise NotImplementedError

            single, double = (
                linked_function(one.function, one.bindings, compiled=True)
                for one in (self._single, self._double)
            )

            @overload(stub, jit_options={"error_model": "numpy"})
            def choose(x):
                return single if x == types.float32 else double

            self._stub = stub
        return self._stub

    def python(self) -> Any:
        single, double = self._single.python(), self._double.python()
        return lambda x: single(x) if isinstance(x, np.float32) else double(x)

    def __call__(self, x: Any) -> Any:
        return self.python()(x)


def _build_lanes_of() -> Any:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def lanes_of(context, array):
        lanes = 16 if array.dtype == types.float32 else 8

        def code(cx, builder, signature, args):
            return cx.get_constant(types.int64, lanes)

        return types.int64(array), code

    return lanes_of


def _lanes_of_twin(array):
    """Return how many values of the array's type fill a vector of 64 bytes, the unit of all fixed orders."""
    return 64 // array.dtype.itemsize


lanes_of = Intrinsic(_build_lanes_of, _lanes_of_twin)


def _build_flat() -> Any:
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array, populate_array

    @intrinsic
    def flat(context, array):
        result = types.Array(array.dtype, 1, "C")

        def code(cx, builder, signature, args):
            source = make_array(array)(cx, builder, args[0])
            target = make_array(result)(cx, builder)
            populate_array(
                target,
                data=source.data,
                shape=cgutils.pack_array(builder, [source.nitems]),
                strides=cgutils.pack_array(builder, [source.itemsize]),
                itemsize=source.itemsize,
                meminfo=None,
            )
            return target._getvalue()

        return result(array), code

    return flat


def _flat_twin(array):
    """Return a contiguous array as one vector. numba's reshape calls its runtime, which no pack has."""
    return array.reshape(-1)


flat = Intrinsic(_build_flat, _flat_twin)


def _build_copy_values() -> Any:
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array

    @intrinsic
    def copy_values(context, source, source_at, target, target_at, count):
        def code(cx, builder, signature, args):
            source_data = make_array(source)(cx, builder, args[0]).data
            target_array = make_array(target)(cx, builder, args[2])
            from_here, to_there = (
                builder.gep(source_data, [args[1]]),
                builder.gep(target_array.data, [args[3]]),
            )
            cgutils.raw_memcpy(builder, to_there, from_here, args[4], target_array.itemsize)
            return cx.get_dummy_value()

        return types.void(source, types.int64, target, types.int64, types.int64), code

    return copy_values


def _copy_values_twin(source, source_at, target, target_at, count):
    """Copy ``count`` values between contiguous arrays of one type, as memory: faster than a loop."""
    target.reshape(-1)[target_at : target_at + count] = source.reshape(-1)[source_at : source_at + count]


copy_values = Intrinsic(_build_copy_values, _copy_values_twin)
