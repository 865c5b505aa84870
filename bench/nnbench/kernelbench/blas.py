"""The matrix library behind NumPy: which one it is, and how to keep it on one core.

OpenBLAS chooses its kernels by the name of the CPU, and may take an AVX-512 one for an older; a ratio to
NumPy says little without that choice.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

# The names of OpenBLAS's functions carry a prefix and a suffix, which depend on who built it.
_SPELLINGS = ("scipy_openblas_{}64_", "openblas_{}64_", "scipy_openblas_{}", "openblas_{}")


def describe() -> str:
    """Return ``"NumPy 2.4.0, OpenBLAS for SkylakeX"``, as far as it can be found out."""
    core = openblas("get_corename", ctypes.c_char_p)
    known = f"OpenBLAS for {core().decode()}" if core else _configured()
    return f"NumPy {np.__version__}, {known}"


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenBLAS on the calling thread meanwhile; another library is left as it is."""
    get, put = openblas("get_num_threads", ctypes.c_int), openblas("set_num_threads", None)
    if get is None or put is None:
        yield
        return
    before = get()
    put(ctypes.c_int(1))
    try:
        yield
    finally:
        put(ctypes.c_int(before))


def openblas(function: str, result: Any) -> Any:
    """Return a function of the OpenBLAS that came with NumPy, or None."""
    for path in _libraries():
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for spelling in _SPELLINGS:
            found = getattr(library, spelling.format(function), None)
            if found is not None:
                found.restype = result
                return found
    return None


def _libraries() -> list[Path]:
    package = Path(np.__file__).parent
    folders = (package.with_name("numpy.libs"), package / ".dylibs", package / ".libs")
    return [path for folder in folders for path in sorted(folder.glob("*openblas*"))]


def _configured() -> str:
    """Return what NumPy says that it was built with."""
    try:
        found: Any = np.show_config(mode="dicts")
        return f"{found['Build Dependencies']['blas']['name']}"
    except (KeyError, TypeError):
        return "matrix library unknown"
