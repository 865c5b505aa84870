"""Functions written as LLVM vector IR, compiled by llvmlite alone, and callable from kernels.

numba spends a tenth of a second on every function that LLVM compiles in three milliseconds, so the few
dozen register tiles of the matrix product and the convolution do not pass through numba. An `Assembly`
is one module of such functions; an `External` is one of its functions as kernels see it.
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from nnkit import pack
from nnkit.jit import Entry, Lazy

_lock = threading.RLock()


@cache
def vector_bytes() -> int:
    """Return the widest vector register, in bytes, that LLVM uses for the CPU compiled for: 64, 32 or 16."""
    import llvmlite.binding as llvm

    probe = """
    define void @probe(ptr %x) {
      %v = load <16 x float>, ptr %x, align 4
      %w = fadd <16 x float> %v, %v
      store <16 x float> %w, ptr %x, align 4
      ret void
    }"""
    # Not by a table of CPU names: LLVM uses shorter registers on some CPUs that have those of 64 bytes.
    text = pack.target_machine().emit_assembly(llvm.parse_assembly(probe))
    return 64 if "zmm" in text else 32 if "ymm" in text else 16


class Assembly:
    """One module of vector functions per element type.

    ``build(dtype)`` returns the module's text and the names of its functions, each ending in the dtype.
    """

    def __init__(self, name: str, build: Callable[[str], tuple[str, list[str]]]) -> None:
        self.name = name
        self._build = build
        self._addresses: dict[str, dict[str, int]] = {}

    def ensure(self, dtype: str) -> dict[str, int]:
        """Compile or load the module, make its functions known to the linker, and return their addresses."""
        with _lock:
            if dtype not in self._addresses:
                label = f"{self.name}.{dtype}"
                self._addresses[dtype] = pack.load(label) or self._compile(label, dtype)
                pack.publish(self._addresses[dtype])
        return self._addresses[dtype]

    def is_ready(self, dtype: str) -> bool:
        return dtype in self._addresses or pack.contains(f"{self.name}.{dtype}")

    def _compile(self, label: str, dtype: str) -> dict[str, int]:
        import llvmlite.binding as llvm

        text, symbols = self._build(dtype)
        pack.initialize()
        module = llvm.parse_assembly(text)
        module.verify()
        code = pack.target_machine().emit_object(module)
        pack.save(label, symbols, code)
        return pack.link(symbols, code)


class External(Lazy):
    """A function of an assembly, as a kernel calls it.

    ``parameters`` has one letter per parameter: ``p`` an array and an offset in elements (two arguments
    of the call), ``i`` an integer, ``r`` a real. The first array decides the element type. ``twin`` is
    the same function in readable Python, with the same arguments: the oracle, and the fallback.
    """

    def __init__(self, assembly: Assembly, name: str, parameters: str, twin: Callable[..., None]) -> None:
        self.assembly = assembly
        self.name = name
        self._parameters = parameters
        self._twin = twin
        self._intrinsic: Any = None
        self.__doc__ = twin.__doc__

    def requires(self) -> list[Assembly]:
        return [self.assembly]

    def python(self) -> Any:
        return self._twin

    def compiled(self) -> Any:
        with _lock:
            if self._intrinsic is None:
                self._intrinsic = self._make_intrinsic()
        return self._intrinsic

    def _make_intrinsic(self) -> Any:
        from llvmlite import ir
        from numba import types
        from numba.core import typing
        from numba.extending import intrinsic
        from numba.np.arrayobj import make_array

        def signature_of(arrays: tuple[Any, ...]) -> tuple[Any, list[Any]]:
            expected: list[Any] = []
            given = iter(arrays)
            element = next(kind.dtype for kind in arrays if isinstance(kind, types.Array))
            for letter in self._parameters:
                if letter == "p":
                    expected += [next(given), types.int64]
                    next(given)
                else:
                    expected.append(types.int64 if letter == "i" else element)
                    next(given)
            return element, expected

        @intrinsic
        def call(context, *arguments):
            # numba hands a variadic intrinsic its arguments as one tuple.
            kinds = tuple(arguments[0]) if len(arguments) == 1 else arguments
            element, expected = signature_of(kinds)
            self.assembly.ensure("float32" if element == types.float32 else "float64")
            symbol = f"{self.name}_{'float32' if element == types.float32 else 'float64'}"

            def code(cx, builder, signature, args):
                values = [builder.extract_value(args[0], i) for i in range(len(kinds))]
                values = [
                    value if isinstance(kind, types.Array) else cx.cast(builder, value, kind, target)
                    for value, kind, target in zip(values, kinds, expected, strict=True)
                ]
                operands = []
                position = 0
                for letter in self._parameters:
                    if letter == "p":
                        data = make_array(kinds[position])(cx, builder, values[position]).data
                        operands.append(builder.gep(data, [values[position + 1]]))
                        position += 2
                    else:
                        operands.append(values[position])
                        position += 1
                kind = ir.FunctionType(ir.VoidType(), [operand.type for operand in operands])
                function = builder.module.globals.get(symbol) or ir.Function(builder.module, kind, symbol)
                builder.call(function, operands)
                return cx.get_dummy_value()

            return typing.signature(types.void, types.StarArgTuple(kinds)), code

        return call


class AssembledEntry(Entry):
    """An entry that is itself a function of an assembly: numba has no part in it."""

    def __init__(self, name: str, label: str, build: Callable[[str, str], str]) -> None:
        self.name = name
        self._assembly = Assembly(label, self._text)
        self._build = build

    @property
    def home(self) -> str:
        return self._build.__module__

    def is_ready(self, dtype: str) -> bool:
        return self._assembly.is_ready(dtype)

    def address(self, dtype: str) -> int:
        return next(iter(self._assembly.ensure(dtype).values()))

    def _text(self, dtype: str) -> tuple[str, list[str]]:
        symbol = f"nnkit_{self._assembly.name}_{dtype}"
        return self._build(symbol, dtype), [symbol]
