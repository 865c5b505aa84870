"""Kernels that compile on first use, and entries: compiled functions that are called by address.

Importing this module does not import numba. A ``@kernel`` stays a plain Python function until it is
called; an entry compiles when its address is asked for. The object code of entries is kept on disk
(`nnkit.pack`), so that a later process loads it with llvmlite alone.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from nnkit import pack
from nnkit.errors import InvalidArgument, NnkitError

# One compilation at a time: numba holds a global lock anyway, and two threads that need the same
# entry must not both pay for it.
_lock = threading.RLock()

# error_model numpy: x / 0 is inf, as in the papers' formulas, and no branch in the inner loop.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


_interpreting = ContextVar("interpreting", default=False)


@contextmanager
def interpreted() -> Iterator[None]:
    """Run kernels that are called by hand in plain Python: for a few numbers nothing need be compiled."""
    before = _interpreting.set(True)
    try:
        yield
    finally:
        _interpreting.reset(before)


def is_disabled() -> bool:
    """True within `interpreted`, and where ``NUMBA_DISABLE_JIT`` asks for plain Python."""
    return _interpreting.get() or os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


def import_numba() -> Any:
    """Import numba, compiling for the same CPU as the rest of nnkit."""
    import numba

    # NUMBA_CPU_NAME alone leaves numba with this machine's features: the code would not be that CPU's.
    config: Any = numba.config
    config.CPU_NAME, config.CPU_FEATURES = pack.cpu()
    return numba


@contextmanager
def explained(where: str, *functions: Any) -> Iterator[None]:
    """Say in one line why numba cannot compile a plug-in's function; of nnkit's own, all is shown."""
    try:
        yield
    except Exception as error:
        if isinstance(error, NnkitError) or all(is_shipped(one) for one in functions):
            raise
        raise InvalidArgument(
            f"{where}: numba cannot compile it ({_reason(error)}). Use plain arithmetic, indexing, loops"
            " and math."
        ) from error


def _reason(error: Exception) -> str:
    """Return the first line of a message that says something: numba's first names its own stages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in lines if not line.startswith("Failed in ")), type(error).__name__)
    return said.partition(": %")[0]  # what follows is LLVM's text


class Lazy:
    """Something that kernels name as a global and that becomes a numba object on first compilation."""

    def compiled(self) -> Any:
        """Return what compiled code that names this object calls."""
        raise NotImplementedError

    def python(self) -> Any:
        """Return the plain Python twin, for runs without the JIT."""
        raise NotImplementedError

    def requires(self) -> list[Any]:
        """Return the assemblies whose functions compiled code of this object calls by name."""
        return []


class Kernel(Lazy):
    """A pure function over arrays and scalars, compiled by numba when first called."""

    def __init__(self, function: Callable[..., Any], bindings: dict[str, Any] | None = None) -> None:
        self.function = function
        self.bindings = bindings or {}
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", "kernel")
        self._nested: Any = None
        self._callable: Any = None

    def compiled(self) -> Any:
        with _lock:
            if self._nested is None:
                # Without the wrapper that Python would call, which costs as much as the function itself.
                self._nested = self._dispatcher(no_cpython_wrapper=True, no_cfunc_wrapper=True)
        return self._nested

    def callable(self) -> Any:
        """Return the compiled function that Python calls."""
        with _lock:
            if self._callable is None:
                self._callable = self._dispatcher(no_cfunc_wrapper=True)
        return self._callable

    def _dispatcher(self, **options: bool) -> Any:
        linked = linked_function(self.function, self.bindings, compiled=True)
        return import_numba().njit(**_OPTIONS, **options)(linked)

    def python(self) -> Any:
        return linked_function(self.function, self.bindings, compiled=False)

    def requires(self) -> list[Any]:
        return required_assemblies(self.function, self.bindings)

    def bind(self, **bindings: Any) -> "Kernel":
        """Return this kernel with some of its globals replaced: a template filled in."""
        return Kernel(self.function, {**self.bindings, **bindings})

    def __call__(self, *args: Any) -> Any:
        return (self.python() if is_disabled() else self.callable())(*args)


def kernel(function: Callable[..., Any]) -> Kernel:
    """Mark ``function`` as a kernel: no allocation, no exception, no print, no clock inside."""
    return Kernel(function)


class Intrinsic(Lazy):
    """An operation that only LLVM has, with a Python twin that says what it does."""

    def __init__(self, build: Callable[[], Any], twin: Callable[..., Any]) -> None:
        self._build = build
        self._twin = twin
        self._built: Any = None
        self.__doc__ = twin.__doc__

    def compiled(self) -> Any:
        with _lock:
            if self._built is None:
                self._built = self._build()
        return self._built

    def python(self) -> Any:
        return self._twin

    def __call__(self, *args: Any) -> Any:
        return self._twin(*args)


def linked_function(function: Any, bindings: dict[str, Any], *, compiled: bool) -> Any:
    """Return ``function`` with every lazy global it names replaced by what it stands for."""
    if not isinstance(function, FunctionType):
        return function
    scope = dict(function.__globals__)
    scope.update(bindings)
    for name in _names(function.__code__):
        value = scope.get(name)
        if isinstance(value, Lazy):
            scope[name] = value.compiled() if compiled else value.python()
    return FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
    )


def required_assemblies(function: Any, bindings: dict[str, Any]) -> list[Any]:
    """Return the assemblies that ``function`` reaches through the lazy globals it names."""
    if not isinstance(function, FunctionType):
        return []
    scope = {**function.__globals__, **bindings}
    named = (scope.get(name) for name in sorted(_names(function.__code__)))
    found = [assembly for value in named if isinstance(value, Lazy) for assembly in value.requires()]
    return list(dict.fromkeys(found))


def is_shipped(value: Any) -> bool:
    """Return whether a kernel, and every kernel that it reaches, belongs to nnkit's own sources."""
    if isinstance(value, Kernel):
        scope = {**value.function.__globals__, **value.bindings}
        reached = (scope.get(name) for name in _names(value.function.__code__))
        home = str(value.function.__globals__.get("__name__", ""))
        return home.startswith("nnkit.") and all(is_shipped(one) for one in reached if isinstance(one, Lazy))
    return (
        not isinstance(value, FunctionType) or not value.__module__ or value.__module__.startswith("nnkit.")
    )


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


class Entry:
    """A function ``void(base, args)`` that the driver calls by address.

    ``base`` is the start of a trial's arena, typed by the element it computes with; ``args`` points
    to the op's int64 arguments. Code with anything but nnkit's own kernels in it is not kept on disk: a
    plug-in's source is not part of the cache's key.
    """

    def __init__(self, name: str, function: Any, bindings: dict[str, Any]) -> None:
        self.name = name
        self._function = function
        self._bindings = bindings
        self._packed = all(is_shipped(one) for one in (function, *bindings.values()))
        self._addresses: dict[str, int] = {}
        self._keep_alive: list[Any] = []

    @property
    def home(self) -> str:
        """Return the module of the kernel that is called, e.g. ``nnkit.kernels.loss``; "" if none."""
        behind = self._bindings.get("compute")
        function = behind.function if isinstance(behind, Kernel) else self._function
        # A kernel in a text that was given to exec belongs to no module.
        return str(function.__globals__.get("__name__", ""))

    def is_ready(self, dtype: str) -> bool:
        """True where asking for the address costs no compilation."""
        return dtype in self._addresses or (self._packed and pack.contains(self._label(dtype)))

    def address(self, dtype: str) -> int:
        with _lock:
            if dtype not in self._addresses:
                self._addresses[dtype] = self._load(dtype) or self._compile(dtype)
        return self._addresses[dtype]

    def _label(self, dtype: str) -> str:
        return f"{self.name}.{dtype}"

    def _load(self, dtype: str) -> int | None:
        for assembly in required_assemblies(self._function, self._bindings):
            assembly.ensure(dtype)
        found = pack.load(self._label(dtype)) if self._packed else {}
        return next(iter(found.values()), None)

    def _compile(self, dtype: str) -> int:
        numba = import_numba()
        types: Any = numba.types
        element = types.float32 if np.dtype(dtype) == np.float32 else types.float64
        signature = types.void(types.CPointer(element), types.CPointer(types.int64))
        linked = linked_function(self._function, self._bindings, compiled=True)
        with explained(self.name, self._function, *self._bindings.values()):
            compiled = numba.cfunc(signature, error_model="numpy")(linked)
        self._keep_alive.append(compiled)
        if self._packed:
            strangers = pack.unknown_symbols(compiled._library.get_llvm_str())
            assert not strangers, f"{self.name}: machine code that is kept must not call {sorted(strangers)}"
            # Right after a fresh compilation is the only moment at which numba hands out object code.
            pack.save(self._label(dtype), [compiled._wrapper_name], compiled._library._get_compiled_object())
        return int(compiled.address)


@cache
def function_at(address: int) -> Callable[[int, int], None]:
    """Return the entry at an address as a function of (base, arguments), both addresses themselves."""
    # ctypes lets go of the GIL while a CFUNCTYPE function runs: this is what lets trials run in threads.
    return ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(address)
