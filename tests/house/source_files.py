"""The project's own Python files, parsed once for the rules of the house."""

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("nnkit", "bench/nnbench")


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Return ``nnkit/model.py:31``, for messages."""
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt) else ""
    return path.relative_to(ROOT).as_posix() + line


Definition = ast.FunctionDef | ast.ClassDef


def definitions(path: Path) -> Iterator[tuple[Definition, str, ast.ClassDef | None]]:
    """Yield every function and class at the top or in a class: itself, its full name, the class it is in."""

    def inside(body: list[ast.stmt], prefix: str, owner: ast.ClassDef | None) -> Iterator[
        tuple[Definition, str, ast.ClassDef | None]
    ]:  # fmt: skip
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node, prefix + node.name, owner
            if isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.", node)

    yield from inside(tree(path).body, "", None)


def dotted(node: ast.expr) -> str:
    """Return ``np.random.normal`` for that expression, and nothing for what is no dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (behind := dotted(node.value)):
        return f"{behind}.{node.attr}"
    return ""


# -- modules and what they import ----------------------------------------------------------------------

_ROOTS = {"nnkit": ROOT, "nnbench": ROOT / "bench"}


def module_name(path: Path) -> str:
    """Return ``nnbench.store.rows`` for that file, and ``nnbench.store`` for its ``__init__``."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(inside[1:] if inside[0] == "bench" else inside).removesuffix(".__init__")


def modules(package: str) -> dict[str, Path]:
    folder = _ROOTS[package] / package
    return {module_name(path): path for path in sorted(folder.rglob("*.py"))}


def imported(path: Path, known: Collection[str], *, in_functions: bool) -> set[str]:
    """Return the modules of ``known`` that a file names in its imports, those for type checkers included."""
    statements = ast.walk(tree(path)) if in_functions else _outside_functions(tree(path))
    named = {name for node in statements for name in _names(node)}
    nearest = (name if name in known else name.rpartition(".")[0] for name in named)
    return {name for name in nearest if name in known} - {module_name(path)}


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
