"""A recipe of CONTRIBUTING.md as a machine follows it: the sentences that say what to write, and where.

Three sentences are understood, each on a line of its own:

    New file `path`:                        and the block below it is the file
    In `path`, behind `text`:               and the block goes below the first line with that text
    In `path`, at the end:                  and the block goes there
    In `path`, write `new` for `old`.       at the first place where the old text stands
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.source_files import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_COPIED = ("nnkit", "bench", "cases", "reports", "tests")
_STEP = re.compile(
    r"^(?:New file `(?P<new>[^`]+)`:"
    r"|In `(?P<behind>[^`]+)`, behind `(?P<anchor>[^`]+)`:"
    r"|In `(?P<end>[^`]+)`, at the end:"
    r"|In `(?P<changed>[^`]+)`, write `(?P<to>[^`]+)` for `(?P<old>[^`]+)`\.)"
    r"(?:\n\n```\w+\n(?P<block>.*?)```)?",
    re.MULTILINE | re.DOTALL,
)
_COUNT = re.compile(r"\*\*(\d+) files?\.\*\*")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One section of the recipes, by its heading."""

    heading: str
    text: str

    @property
    def n_files(self) -> int:
        """How many files it says that it touches."""
        found = _COUNT.search(self.text)
        assert found is not None, f"{self.heading}: expected **N files.** in the text"
        return int(found.group(1))

    def follow(self, folder: Path) -> set[str]:
        """Write what the recipe says into a copy of the project; return the files that it touched."""
        touched = set()
        for step in _STEP.finditer(self.text):
            path, before, after = _edit(folder, step)
            assert before != after, step.group(0)
            path.write_text(after, encoding="utf-8")
            touched.add(path.relative_to(folder).as_posix())
        return touched


def _edit(folder: Path, step: re.Match[str]) -> tuple[Path, str, str]:
    """Return the file that a step changes, its text before, and its text after."""
    said = step.groupdict()
    block = said["block"] or ""
    if said["new"]:
        path = folder / said["new"]
        assert not path.exists(), f"{path} exists already"
        return path, "", block
    path = folder / (said["behind"] or said["end"] or said["changed"])
    before = path.read_text(encoding="utf-8")
    if said["end"]:
        return path, before, f"{before}\n\n{block}"
    wanted = said["anchor"] or said["old"]
    assert wanted in before, f"{path} has no {wanted!r}"
    if said["changed"]:
        return path, before, before.replace(said["old"], said["to"], 1)
    end = before.index("\n", before.index(wanted)) + 1
    return path, before, before[:end] + block + before[end:]


def recipes() -> Iterator[Recipe]:
    """Yield every section under the heading Recipes."""
    section = re.search(r"^## Recipes\n(.*?)^## ", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    assert section is not None
    for part in re.split(r"^### ", section.group(1), flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        yield Recipe(heading.strip(), text)


def copy_project(folder: Path) -> Path:
    """Copy what a recipe may touch, without what was built."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "published")
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "CONTRIBUTING.md", "README.md"):
        shutil.copy2(ROOT / name, folder / name)
    return folder
