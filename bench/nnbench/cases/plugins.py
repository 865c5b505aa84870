"""Plug-ins: Python files and installed packages that add parts, and the source that each of those has.

A plug-in is executed once, before anything is looked up by name. The sha256 of its source, with that of the
modules it brings in, becomes part of the identity of every trial that uses one of its parts: edit a file,
and those are trained again.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from traceback import walk_tb

from nnbench.cases.beside import module_in
from nnbench.cases.files import read_bytes
from nnbench.cases.sources import Sources
from nnbench.errors import UsageError
from nnbench.machine.foreign import contained
from nnbench.machine.stopping import Interrupted
from nnkit.errors import NnkitError

GROUP = "nnbench.plugins"
_KINDS = (
    *("optimizers", "activations", "initializers", "schedules", "losses", "layers", "datasets"),
    "functions",
)

# Beside nnkit's registries, which a plug-in adds to: like them, these live as long as the process.
_sources: dict[tuple[str, str], str] = {}  # sha256 by kind and name of a part
_executed: dict[str, str] = {}  # what to call a plug-in, by its file or its entry point
_places: dict[str, str] = {}  # what to call a file of a plug-in, by the name that tracebacks have

# In a choice: a name behind "(", or beside "+", that no "=" follows.
_INSIDE = re.compile(r"(?:(?<=\()|(?<=\+))\s*([A-Za-z_][\w.-]*)(?![\w.-]*\s*=)")

_LONGEST_LINE = 1000


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


def sources() -> dict[str, str]:
    """Return the sources of all parts that plug-ins have added, by kind and name."""
    return {f"{kind}/{name}": source for (kind, name), source in _sources.items()}


def files() -> list[str]:
    """Return the files that were executed, as they were named."""
    return [name for place, name in _executed.items() if Path(place).is_absolute()]


def place_of(error: BaseException) -> str:
    """Return ``"mine.py, line 3"``: the last line of a plug-in's source that led to the error, or nothing."""
    lines = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        lines.append((error.filename or "", error.lineno or 0))
    for file, line in reversed(lines):
        # Python names a module's file as its path is written, which may lead over a link.
        if place := _places.get(file) or _places.get(os.path.realpath(file)):
            return f"{place}, line {line}"
    return ""


def said_of(error: BaseException) -> str:
    """Return in one line what a plug-in raised, and where; its text may be anything, or no text at all."""
    try:
        line = " ".join(_what(error).split())[:_LONGEST_LINE]
    except Exception:
        line = type(error).__name__
    place = place_of(error)
    return f"{place}: {line}" if place else line


def _load_file(file: str) -> None:
    content = _read(file)
    path = Path(file).resolve()
    afresh = not any(Path(known).parent == path.parent for known in _executed)
    module = module_in(path.parent, path.stem, afresh=afresh)
    module.__file__ = str(path)
    sources = Sources(path.parent)
    sources.files[path] = path.stem
    sources.follow(content)

    def execute() -> None:
        exec(compile(content, file, "exec"), module.__dict__)

    _places[file] = file
    with _owning(sources, content, file):
        _run(execute, str(path), file)


def _load_installed(point: EntryPoint) -> None:
    package, version = (point.dist.name, point.dist.version) if point.dist else ("an installed package", "")
    where = f"plug-in {point.name!r} of {package}"
    sources = Sources(None)
    sources.add(point.module.partition(".")[0])

    def execute() -> None:
        found = point.load()
        # The entry point names a module, whose import registers its parts, or a function that does.
        if callable(found):
            found()

    with _owning(sources, f"{point.value} {version}".encode(), where):
        _run(execute, point.value, where)


def _run(execute: Callable[[], None], key: str, where: str) -> None:
    _executed[key] = where
    try:
        with contained():
            execute()
    except BaseException as error:
        del _executed[key]
        if isinstance(error, Interrupted):
            raise  # by the user, and not by the plug-in
        line = said_of(error)
        raise UsageError(line if place_of(error) else f"{where}: {line}") from error


def _what(error: BaseException) -> str:
    if isinstance(error, NnkitError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"not valid Python: {error.msg}."
    return f"{type(error).__name__}: {error}"


@contextmanager
def _owning(sources: Sources, content: bytes, where: str) -> Iterator[None]:
    """Note the sources for every part that is registered while the block runs."""
    before, modules = _parts(), set(sys.modules)
    _name_places(sources)
    try:
        yield
    finally:
        added = _parts() - before
        sources.add_loaded(modules)
        _name_places(sources)
        _sources.update(dict.fromkeys(added, sources.digest_with(content)))
    if not added:
        raise UsageError(
            f"{where}: this registers no part. Call nnkit.optimizers.register_numpy, or register of"
            " nnkit.activations, initializers or schedules in it; `nnbench init optimizer` writes one."
        )


def _name_places(sources: Sources) -> None:
    here = Path.cwd()
    for file in sources.files:
        _places.setdefault(str(file), str(file.relative_to(here) if file.is_relative_to(here) else file))


def _parts() -> set[tuple[str, str]]:
    return {(kind, name) for kind in _KINDS for name in import_module(f"nnkit.{kind}").names()}


def _read(file: str) -> bytes:
    try:
        return read_bytes(Path(file), what="a Python file")
    except UsageError as error:
        raise UsageError(f"--plugin {error}") from None


def names_in(values: Iterable[object]) -> Iterator[str]:
    """Yield every name inside nested lists and tables: of ``"cautious(mine, least=0.5)"`` both."""
    for value in values:
        if isinstance(value, str):
            yield value.partition("(")[0].strip()
            yield from _INSIDE.findall(value)
        elif isinstance(value, Mapping):
            yield from names_in(value.values())
        elif isinstance(value, list | tuple):
            yield from names_in(value)
