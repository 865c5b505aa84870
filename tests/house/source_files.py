"""The project's own Python files, parsed once for the rules of the house."""

import ast
from collections.abc import Iterator
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
