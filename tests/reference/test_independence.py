"""The reference shares no code with what it checks."""

import ast
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
MODULES = [path for path in sorted(FOLDER.rglob("*.py")) if not path.name.startswith("test_")]


def imported(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def is_allowed(name: str) -> bool:
    root = name.split(".")[0]
    return (
        root == "numpy"
        or name == "scipy.special"
        or name == "tests.reference"
        or name.startswith("tests.reference.")
        or root in sys.stdlib_module_names
    )


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(FOLDER).as_posix() for path in MODULES])
def test_the_reference_imports_numpy_scipy_special_and_itself_only(path: Path) -> None:
    assert {name for name in imported(path) if not is_allowed(name)} == set()


@pytest.mark.parametrize(
    "name", ["nnkit", "nnkit.kernels", "numba", "nnbench.records.trials", "scipy.stats", ".layers"]
)
def test_the_rule_rejects_the_project_and_numba(name: str) -> None:
    assert not is_allowed(name)
