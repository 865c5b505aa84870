"""The source that a plug-in stands for: its own file, and every module that it brings in.

Modules are found in the text of the imports, also of those inside functions, and what is found is read for
its own imports. Of an installed package all of its Python files count, and what it imports itself does not.
Files of data, and modules that are named only while a trial runs, are not seen.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from nnbench.cases.beside import OWN, file_beside, plain_name

_INSTALLED = {"site-packages", "dist-packages"}
_IMPORTERS = ("import_module", "__import__")


class Sources:
    """The files of one plug-in, by the name that its imports give them."""

    def __init__(self, folder: Path | None) -> None:
        self.files: dict[Path, str] = {}
        self._folder = folder  # where modules are looked for first
        self._sha: dict[tuple[str, str], None] = {}

    def digest_with(self, content: bytes) -> str:
        """Return the sha256 of the plug-in and all that it brings in; of a file alone it is the file's."""
        sha = hashlib.sha256(content)
        for name, sha_of_file in sorted(self._sha):
            sha.update(f"\0{name}\0{sha_of_file}".encode())
        return sha.hexdigest()

    def follow(self, content: bytes, *, beside: bool = True) -> None:
        """Add what this source imports, and what that imports."""
        for name, is_relative in _imported(content):
            found = file_beside(self._folder, name) if self._folder is not None and beside else None
            if found is not None:
                self._add_module(name, found, beside=True)
            elif not is_relative:
                self.add(name)

    def add(self, name: str) -> None:
        """Add the module or package of this name, unless it is Python's or nnbench's own."""
        for place in () if name in OWN else _places_of(name):
            self._add_module(name, place, beside=False)

    def add_loaded(self, before: set[str]) -> None:
        """Add the modules that were imported since, by whatever name they were asked for."""
        for name in [name for name in sys.modules if name not in before]:
            place = getattr(sys.modules[name], "__file__", None)
            called = plain_name(name)
            if place is None or called.partition(".")[0] in OWN or _INSTALLED & set(Path(place).parts):
                continue
            if Path(place).is_file():
                self._add_file(called.replace(".", "/"), Path(place), beside=called != name)

    def _add_module(self, name: str, place: Path, *, beside: bool) -> None:
        """Add a module's file, or all those of the package whose folder or ``__init__.py`` this is."""
        if place.is_file() and place.name != "__init__.py":
            self._add_file(name, place, beside=beside)
            return
        folder = place if place.is_dir() else place.parent
        for file in sorted(folder.rglob("*.py")):
            inside = file.relative_to(folder).with_suffix("").as_posix()
            self._add_file(f"{name}/{inside}", file, beside=beside)

    def _add_file(self, name: str, file: Path, *, beside: bool) -> None:
        file = file.resolve()
        if file in self.files:
            return
        content = file.read_bytes()
        self.files[file] = name
        self._sha[name, hashlib.sha256(content).hexdigest()] = None
        if not _INSTALLED & set(file.parts):
            self.follow(content, beside=beside)


def _places_of(name: str) -> list[Path]:
    """Return where the module of this name is: a file, ``__init__.py``, or the folders of a namespace."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    if spec.origin is not None and spec.has_location:
        return [Path(spec.origin)]
    return [Path(place) for place in spec.submodule_search_locations or ()]


def _imported(content: bytes) -> Iterator[tuple[str, bool]]:
    """Yield the first name of every module that the text of a source imports, and if it is a relative one."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # no Python, or none that can be executed
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((name.partition(".")[0], node.level > 0) for name in names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in _IMPORTERS and isinstance(name := node.args[0].value, str):
                yield name.lstrip(".").partition(".")[0], name.startswith(".")
