"""What only machine code can do: call a function by its address, and read what lies at one."""

from collections.abc import Callable
from typing import Any

from nnkit.jit import Intrinsic


def _signature_builder(
    result: str, arguments: tuple[str, ...], emit: Callable[..., Any]
) -> Callable[[], Any]:
    """Return a builder for an intrinsic of one to three int64 (or pointer) arguments.

    ``emit(builder, cx, args, result_type)`` returns the value, or None for no result.
    """

    def build() -> Any:
        from numba import types
        from numba.extending import intrinsic

        named = {
            "void": types.void,
            "int64": types.int64,
            **{f"{t}*": types.CPointer(getattr(types, t)) for t in ("int64", "float64", "int32", "uint32")},
        }

        def code(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = emit(builder, cx, args, cx.get_value_type(signature.return_type))
            return cx.get_dummy_value() if value is None else value

        if len(arguments) == 1:

            @intrinsic
            def unary(context, a):
                return named[result](a), code

            return unary

        @intrinsic
        def ternary(context, a, b, c):
            return named[result](types.int64, types.int64, types.int64), code

        return ternary

    return build


def _emit_call(returns: bool) -> Callable[..., None]:
    def emit(builder: Any, cx: Any, args: Any, _: Any) -> None:
        from llvmlite import ir

        word = ir.IntType(64)
        kind = ir.FunctionType(ir.IntType(32) if returns else ir.VoidType(), [word, word])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1], args[2]])

    return emit


def _emit_pointer(builder: Any, cx: Any, args: Any, result: Any) -> Any:
    return builder.inttoptr(args[0], result)


def _emit_address(builder: Any, cx: Any, args: Any, result: Any) -> Any:
    return builder.ptrtoint(args[0], result)


def _carray() -> Any:
    import numba

    compiled_only: Any = numba
    return compiled_only.carray


def _compiled_only(*_: Any) -> Any:
    raise NotImplementedError("the driver calls machine code by address; without the JIT there is none")


def _intrinsic(result: str, arguments: tuple[str, ...], emit: Callable[..., Any]) -> Intrinsic:
    return Intrinsic(_signature_builder(result, arguments, emit), _compiled_only)


call_op = _intrinsic("void", ("address", "base", "arguments"), _emit_call(returns=False))
call_clock = _intrinsic("void", ("address", "first", "second"), _emit_call(returns=True))
address_of = _intrinsic("int64", ("pointer",), _emit_address)
integers_at = _intrinsic("int64*", ("address",), _emit_pointer)
reals_at = _intrinsic("float64*", ("address",), _emit_pointer)
indices_at = _intrinsic("int32*", ("address",), _emit_pointer)
words_at = _intrinsic("uint32*", ("address",), _emit_pointer)
carray = Intrinsic(_carray, _compiled_only)
