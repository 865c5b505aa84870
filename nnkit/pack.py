"""The kernel pack: object code on disk, loaded by llvmlite alone.

A folder per (kernel sources, versions, CPU, platform); a file per entry. numba's own cache does not see
edits in other modules and crashes on a damaged file, so it is not used. Every file starts with its
checksum: damaged, foreign or missing code is compiled again, after one warning at most.
"""

import ctypes
import hashlib
import os
import platform
import re
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

_DIGEST_BYTES = 32
# Code from a fresh compilation names these functions of numba's runtime, on paths that no kernel reaches:
# a kernel raises nothing and allocates nothing.
_RUNTIME_SYMBOLS = (
    "NRT_Free",
    "NRT_MemInfo_call_dtor",
    "numba_do_raise",
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_runtime_build_excinfo_struct",
    "numba_unpickle",
)
_DECLARED = re.compile(r'^declare [^@]*@"?([^"(]+)', re.MULTILINE)
_ABANDONED_AFTER_S = 600.0
_GENERATION = re.compile(r"[0-9a-f]{24}")
_KEPT_GENERATIONS = 16  # every version, CPU and edit of a kernel is one
_warned: set[str] = set()
_engines: list[Any] = []  # compiled code lives as long as its engine


def folder() -> Path:
    """Return where this machine's object code is kept: ``$NNKIT_CACHE_DIR`` or the user's cache folder."""
    root = os.environ.get("NNKIT_CACHE_DIR")
    if root:
        return Path(root) / _fingerprint()
    from platformdirs import user_cache_path

    return user_cache_path("nnkit-bench", appauthor=False) / "kernels" / _fingerprint()


def contains(label: str) -> bool:
    return (folder() / f"{label}.o").is_file()


def load(label: str) -> dict[str, int]:
    """Return the addresses of the functions kept under ``label``; empty where it must be compiled."""
    path = folder() / f"{label}.o"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        _warn_once(f"the kernel cache {path.parent} cannot be read ({error.strerror}); compiling instead")
        return {}
    body = content[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != content[:_DIGEST_BYTES]:
        _warn_once(f"the kernel cache file {path} is damaged; compiling that kernel again")
        return {}
    names, _, code = body.partition(b"\0")
    return link(names.decode().split("\n"), code)


def save(label: str, symbols: list[str], code: bytes) -> None:
    """Keep ``code`` for the next process. A cache that cannot be written slows the next start, no more."""
    body = "\n".join(symbols).encode() + b"\0" + code
    path = folder() / f"{label}.o"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: a process killed here leaves no half-written file.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(hashlib.sha256(body).digest() + body)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _tidy(path.parent)
    except OSError as error:
        _warn_once(
            f"the kernel cache {path.parent} cannot be written ({error.strerror}); each start will compile"
        )


@cache
def _tidy(current: Path) -> None:
    """Once per process: remove what killed processes were writing, and all but the newest generations."""
    with suppress(OSError):  # another process may be tidying too
        for path in current.glob(".writing-*"):
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                path.unlink(missing_ok=True)
        # The folder may be shared with other things: only what this module named is touched.
        ours = [one for one in current.parent.iterdir() if _GENERATION.fullmatch(one.name)]
        for folder in sorted(ours, key=lambda one: one.stat().st_mtime)[:-_KEPT_GENERATIONS]:
            for path in folder.glob("*.o"):
                path.unlink(missing_ok=True)
            folder.rmdir()


def unknown_symbols(llvm_text: str) -> set[str]:
    """Return the functions of numba's runtime that code calls and a process without numba cannot offer."""
    declared = set(_DECLARED.findall(llvm_text))
    return {name for name in declared if name.startswith(("numba_", "NRT_")) and name not in _RUNTIME_SYMBOLS}


def _warn_once(text: str) -> None:
    if not _warned:
        warnings.warn(f"nnkit: {text}", RuntimeWarning, stacklevel=4)
    _warned.add(text)


@cache
def _fingerprint() -> str:
    """Return the name of the cache folder: a hash of everything that decides what the code is."""
    digest = hashlib.sha256()
    home = Path(__file__).parent
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    facts = (
        sys.version,
        platform.platform(),
        version("numba"),
        version("llvmlite"),
        version("numpy"),
        *cpu(),
    )
    digest.update("\0".join(facts).encode())
    return digest.hexdigest()[:24]


@cache
def cpu() -> tuple[str, str]:
    """Return the name and the features of the CPU that kernels are compiled for.

    ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` choose another one, as for numba itself.
    """
    import llvmlite.binding as llvm

    name = os.environ.get("NUMBA_CPU_NAME", "")
    features = os.environ.get("NUMBA_CPU_FEATURES", "")
    if features:
        return name or "generic", features
    if not name:
        name, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    if llvm.get_default_triple().startswith(("x86_64", "amd64")):
        # LLVM keeps loops for Intel's AVX-512 in half of its registers: sigmoid .38 ns a value, not .29.
        features = f"{features},-prefer-256-bit".lstrip(",")
    return name, features


@cache
def initialize() -> None:
    """Prepare LLVM once per process; stand in for numba's runtime where numba itself is not loaded."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    # Not asked by sys.modules: numba that was imported, and has compiled nothing yet, offers none of them.
    missing = [symbol for symbol in _RUNTIME_SYMBOLS if not llvm.address_of_symbol(symbol)]
    if missing:
        unreachable = ctypes.CFUNCTYPE(None)(lambda: None)
        _engines.append(unreachable)
        publish(dict.fromkeys(missing, ctypes.cast(unreachable, ctypes.c_void_p).value or 0))


def target_machine() -> Any:
    """Return an LLVM target machine for the CPU that kernels are compiled for."""
    import llvmlite.binding as llvm

    initialize()
    name, features = cpu()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, jit=True
    )


def publish(addresses: dict[str, int]) -> None:
    """Let code that is linked later find these functions by name."""
    import llvmlite.binding as llvm

    for symbol, address in addresses.items():
        llvm.add_symbol(symbol, address)


def link(symbols: list[str], code: bytes) -> dict[str, int]:
    """Load object code into this process and return the addresses of ``symbols``."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return {symbol: engine.get_function_address(symbol) for symbol in symbols}
