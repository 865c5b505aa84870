"""How machine code of the driver rounds: to the nearest, and 0 for what is smaller than a normal number.

Intel and AMD take some hundred cycles for an operation on a subnormal number, and the moments of dead units
are subnormal for thousands of steps: the same step took 2 to 5 times as long late in a training. So the
driver sets the thread's mode when it is entered and puts the caller's back when it returns. The mode is set
whole: the rounding direction and the traps of the caller do not reach a trial's bits either.

x86 rounds first and then asks whether a result is subnormal, ARM asks first. They differ in what lies less
than half a unit in the last place below the smallest normal number N: N on x86, 0 on ARM. A weight is
changed by what is added to it, so N is lost beside any weight above N * 2**25, and beside 0 it is divided
by an epsilon or multiplied by a rate before. Only a sign turns N into a whole step: `lion_update` takes N
itself for 0, in the sign and in the mean that it keeps.
"""

from typing import Any

from nnkit.jit import Intrinsic

# MXCSR: all exceptions masked (bits 7 to 12), flush to zero (15), subnormal operands are zero (6).
_X86_MODE = 0x1F80 | 1 << 15 | 1 << 6
_ARM_MODE = 1 << 24  # FPCR: FZ, which holds for operands and results


def architecture() -> str:
    """Return ``"x86"`` or ``"arm"``, whose modes are known, or ``""``: there the mode stays as it is."""
    import llvmlite.binding as llvm

    machine = llvm.get_default_triple().partition("-")[0]
    return {"x86_64": "x86", "amd64": "x86", "aarch64": "arm", "arm64": "arm"}.get(machine, "")


def emit_read(builder: Any, machine: str) -> Any:
    """Emit code that reads the thread's mode; return it as an int64."""
    from llvmlite import ir

    word = ir.IntType(64)
    if machine == "arm":
        return _emit_assembly(builder, "mrs $0, fpcr", "=r,~{memory}", [], word)
    if machine == "x86":
        place = _x86_place(builder)
        _emit_assembly(builder, "stmxcsr ($0)", "r,~{memory}", [place])
        return builder.zext(builder.load(place), word)
    return word(0)


def emit_write(builder: Any, machine: str, mode: Any) -> None:
    """Emit code that sets the thread's mode. Nothing that reads or writes memory moves across it."""
    from llvmlite import ir

    if machine == "arm":
        _emit_assembly(builder, "msr fpcr, $0", "r,~{memory}", [mode])
    if machine == "x86":
        place = _x86_place(builder)
        builder.store(builder.trunc(mode, ir.IntType(32)), place)
        _emit_assembly(builder, "ldmxcsr ($0)", "r,~{memory}", [place])


def _x86_place(builder: Any) -> Any:
    from llvmlite import ir

    with builder.goto_entry_block():
        return builder.alloca(ir.IntType(32))


def _emit_assembly(
    builder: Any, text: str, constraints: str, arguments: list[Any], result: Any = None
) -> Any:
    import llvmlite.binding as llvm
    from llvmlite import ir

    llvm.initialize_native_asmparser()  # numba prepares LLVM without it
    kind = ir.FunctionType(result or ir.VoidType(), [argument.type for argument in arguments])
    return builder.asm(kind, text, constraints, arguments, True)


def _build_enter() -> Any:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def enter(context: Any) -> Any:
        def code(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
            machine = architecture()
            before = emit_read(builder, machine)
            emit_write(builder, machine, before.type(_ARM_MODE if machine == "arm" else _X86_MODE))
            return before

        return types.int64(), code

    return enter


def _build_leave() -> Any:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def leave(context: Any, mode: Any) -> Any:
        def code(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit_write(builder, architecture(), args[0])
            return cx.get_dummy_value()

        return types.void(types.int64), code

    return leave


def _enter_twin() -> int:
    """Set the thread's mode to the driver's; return the mode that it had."""
    return 0


def _leave_twin(mode: int) -> None:
    """Set the thread's mode to ``mode``."""


enter_mode = Intrinsic(_build_enter, _enter_twin)
leave_mode = Intrinsic(_build_leave, _leave_twin)
