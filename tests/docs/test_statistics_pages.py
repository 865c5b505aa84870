"""Every statistic of nnbench is explained on a page, or is said not to be printed."""

import ast
import os
import re
from pathlib import Path

from tests.docs.book import DOCS, ROOT

STATISTICS = ROOT / "bench" / "nnbench" / "statistics"
LIST = DOCS / "reference" / "statistics.md"
_ROW = re.compile(r"^\| `(?P<module>[\w/]+)` \| (?P<names>.*) \| (?P<place>.*) \|$", re.M)
_PLACE = re.compile(r"^(?:\[[^\]]+\]\(\.\./explanation/[\w-]+\.md#[\w-]+\)|not printed: .+)$")


def _functions(path: Path) -> list[str]:
    """Return the names of the functions of a module that others call."""
    body = ast.parse(path.read_text("utf-8")).body
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def _listed(page: str) -> dict[str, list[str]]:
    return {row["module"]: re.findall(r"`(\w+)`", row["names"]) for row in _ROW.finditer(page)}


def _computed() -> dict[str, list[str]]:
    paths = sorted(path for path in STATISTICS.rglob("*.py") if path.name != "__init__.py")
    return {path.relative_to(STATISTICS).with_suffix("").as_posix(): _functions(path) for path in paths}


def _renewed(page: str) -> str:
    """Return the page with today's names of functions; where a module is explained is said by hand."""

    def row(found: re.Match[str]) -> str:
        names = ", ".join(f"`{name}`" for name in _computed().get(found["module"], []))
        return f"| `{found['module']}` | {names} | {found['place']} |"

    return _ROW.sub(row, page)


def test_the_list_has_every_statistic_and_no_other() -> None:
    """NNBENCH_UPDATE_GOLDEN=1 writes the names anew; a new module wants a row, with the section it is in."""
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        LIST.write_text(_renewed(LIST.read_text("utf-8")), "utf-8", newline="\n")

    assert _listed(LIST.read_text("utf-8")) == _computed()


def test_every_module_is_explained_or_not_printed() -> None:
    """That a link leads to its heading is held by the test of links."""
    rows = list(_ROW.finditer(LIST.read_text("utf-8")))

    assert rows
    assert not [row["module"] for row in rows if not _PLACE.match(row["place"])]


def test_every_section_of_both_pages_prints_something() -> None:
    """A section without a simulation has its reason in words of its own: there is none today."""
    for name in ("statistics", "many-trials"):
        _, *sections = (DOCS / "explanation" / f"{name}.md").read_text("utf-8").split("\n## ")

        assert not [each.splitlines()[0] for each in sections if "```python" not in each]
