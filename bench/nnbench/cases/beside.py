"""Modules beside a plug-in: ``import h`` in it finds the ``h.py`` of its own folder, and no other one.

Each folder is a package under a name of its own in ``sys.modules``, so that two plug-ins may each have an
``h.py``. Source is compiled afresh: Python's bytecode files take an edit within the same second for none.
"""

import builtins
import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module, invalidate_caches
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_PREFIX = "nnbench_beside_"
# What a module of the same name beside the plug-in cannot take the place of, and what is no plug-in's own:
# Python, nnkit, nnbench, and what these two install.
OWN = sys.stdlib_module_names | {
    *("nnkit", "nnbench", "numpy", "numba", "llvmlite", "typer", "rich", "pydantic", "jinja2"),
    *("platformdirs", "scipy", "matplotlib", "tomlkit"),
}


def file_beside(folder: Path, name: str) -> Path | None:
    """Return the file that ``import name`` reads in a plug-in of this folder; None if it is not beside it."""
    if name in OWN:
        return None
    places = (folder / name / "__init__.py", folder / f"{name}.py")
    return next((place for place in places if place.is_file()), None)


def module_in(folder: Path, stem: str, *, afresh: bool) -> ModuleType:
    """Return an empty module in which a plug-in of this folder is executed.

    ``afresh`` forgets the modules of the folder that an earlier plug-in brought in.
    """
    package = _PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    if afresh:
        for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
            del sys.modules[name]
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    invalidate_caches()
    home = ModuleType(package)
    home.__path__ = [str(folder)]
    sys.modules.setdefault(package, home)
    module = ModuleType(f"{package}.{stem}")
    module.__package__ = package
    _look_beside(module, folder, package)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    return module


def plain_name(name: str) -> str:
    """Return what a plug-in calls a module: of one beside it, its name without the folder's."""
    return name.partition(".")[2] if name.startswith(_PREFIX) else name


class _Finder(MetaPathFinder):
    """Finds modules below the package of a folder, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PREFIX):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        package = module.__name__.partition(".")[0]
        _look_beside(module, Path(sys.modules[package].__path__[0]), package)
        super().exec_module(module)


def _look_beside(module: ModuleType, folder: Path, package: str) -> None:
    """Let ``import`` in this module look into the folder first, also where a function of it imports later."""
    # Python takes a module's import from its __builtins__, which may be a dict of its own.
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _importing(folder, package)}


def _importing(folder: Path, package: str) -> Callable[..., ModuleType]:
    def import_beside(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        first = name.partition(".")[0]
        if level or file_beside(folder, first) is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        if fromlist:
            return builtins.__import__(f"{package}.{name}", globals, locals, fromlist)
        import_module(f"{package}.{name}")
        return sys.modules[f"{package}.{first}"]

    return import_beside
