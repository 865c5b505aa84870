"""Plug-ins: Python files and installed packages that add parts, and the source that each of those has.

A plug-in is executed once, before anything is looked up by name. The sha256 of its source becomes part of
the identity of every trial that uses one of its parts: edit the file, and those are trained again.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from nnbench.errors import UsageError
from nnkit.errors import NnkitError

GROUP = "nnbench.plugins"
_KINDS = ("optimizers", "activations", "initializers", "schedules", "losses", "layers", "datasets")

# Beside nnkit's registries, which a plug-in adds to: like them, these live as long as the process.
_sources: dict[tuple[str, str], str] = {}  # sha256 by kind and name of a part
_executed: dict[str, str] = {}  # what to call a plug-in, by its file or its entry point


def load(files: Iterable[str] = ()) -> None:
    """Execute the installed plug-ins and then these files, each once, or raise UsageError with one line."""
    for point in entry_points(group=GROUP):
        if point.value not in _executed:
            _load_installed(point)
    for file in files:
        if str(Path(file).resolve()) not in _executed:
            _load_file(file)


def sources_among(names: Iterable[str]) -> dict[str, str]:
    """Return the sources of those plug-in parts that have one of these names, by kind and name."""
    used = set(names)
    return {f"{kind}/{name}": source for (kind, name), source in _sources.items() if name in used}


def files() -> list[str]:
    """Return the files that were executed, as they were named."""
    return [name for place, name in _executed.items() if Path(place).is_absolute()]


def place_of(error: BaseException) -> str:
    """Return ``"mine.py, line 3"``: the last line of a plug-in file that led to the error, or nothing."""
    files = set(_executed.values())
    lines = [(frame.filename, frame.lineno) for frame in extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        lines.append((error.filename or "", error.lineno))
    found = [f"{file}, line {line}" for file, line in lines if file in files]
    return found[-1] if found else ""


def _load_file(file: str) -> None:
    content = _read(file)
    path = Path(file).resolve()
    digest = hashlib.sha256(content).hexdigest()
    # Not imported by its name: that would write bytecode beside it, and two files may have the same one.
    module = ModuleType(f"nnbench_plugin_{digest[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up there

    def execute() -> None:
        exec(compile(content, file, "exec"), module.__dict__)

    with _owning(digest, file):
        _run(execute, str(path), file)


def _load_installed(point: EntryPoint) -> None:
    where = f"plug-in {point.name!r} of {point.dist.name if point.dist else 'an installed package'}"

    def execute() -> None:
        found = point.load()
        # The entry point names a module, whose import registers its parts, or a function that does.
        if callable(found):
            found()

    with _owning(_digest_of_module(point.module), where):
        _run(execute, point.value, where)


def _run(execute: Callable[[], None], key: str, where: str) -> None:
    _executed[key] = where
    try:
        execute()
    except (Exception, SystemExit) as error:
        line = f"{place_of(error) or where}: {_what(error)}"
        del _executed[key]
        raise UsageError(line) from error


def _what(error: BaseException) -> str:
    if isinstance(error, NnkitError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"not valid Python: {error.msg}."
    return f"{type(error).__name__}: {error}"


@contextmanager
def _owning(digest: str, where: str) -> Iterator[None]:
    """Note this source for every part that is registered while the block runs."""
    before = _parts()
    try:
        yield
    finally:
        added = _parts() - before
        _sources.update(dict.fromkeys(added, digest))
    if not added:
        raise UsageError(
            f"{where}: this registers no part. Call nnkit.optimizers.register_numpy, register_kernel or"
            " nnkit.activations.register in it."
        )


def _parts() -> set[tuple[str, str]]:
    return {(kind, name) for kind in _KINDS for name in import_module(f"nnkit.{kind}").names()}


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"--plugin {file}: there is no such file.") from None
    except IsADirectoryError:
        raise UsageError(f"--plugin {file}: this is a folder. Name a Python file in it.") from None
    except OSError as error:
        raise UsageError(f"--plugin {file}: cannot be read: {error.strerror}.") from None


def _digest_of_module(name: str) -> str:
    """Return the sha256 of a module's file, or of all Python files of the package that it stands for."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        return hashlib.sha256(name.encode()).hexdigest()  # loading it will say what is missing
    origin = Path(spec.origin)
    files = [origin] if spec.submodule_search_locations is None else sorted(origin.parent.rglob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(origin.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def names_in(values: Iterable[object]) -> Iterator[str]:
    """Yield every name inside nested lists and tables: of ``"mine(beta=0.5)"`` it is ``mine``."""
    for value in values:
        if isinstance(value, str):
            yield value.partition("(")[0].strip()
        elif isinstance(value, Mapping):
            yield from names_in(value.values())
        elif isinstance(value, list | tuple):
            yield from names_in(value)
