"""What the packages import from outside is what an installation brings, and nothing is brought in vain."""

import ast
import re
import sys
import tomllib

from tests.house.source_files import PACKAGES, ROOT, files, tree

# What another dependency brings, and what is asked for only where somebody installed it.
BROUGHT = {"llvmlite": "numba", "markupsafe": "jinja2", "PIL": "matplotlib"}
ON_REQUEST = {"torch", "pyarrow", "distributed", "pytest", "mlflow", "sqlalchemy", "onnx", "safetensors"}


def imported() -> set[str]:
    """Return the top-level packages that any line of the two packages imports, inside functions too."""
    found: set[str] = set()
    for node in (node for path in files(*PACKAGES) for node in ast.walk(tree(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"nnkit", "nnbench"}


def test_every_dependency_is_imported_and_every_import_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=!~ ]", line)[0] for line in project["dependencies"]}

    assert {BROUGHT.get(name, name) for name in imported() - ON_REQUEST} == declared
