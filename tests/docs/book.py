"""The pages of docs/: their fenced blocks, in order, and what a page that is followed does."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not {"_build", "_beside"} & set(path.parts))
_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)
_FILE = re.compile(r"`([\w.]+\.(?:py|toml))`:\s*$")
# Seconds, and how many cores a machine has, are nobody's to promise.
_OF_THE_MACHINE = re.compile(r"about [\d.]+ (?:s|min|h)\b(?: with \d+ at a time)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Each command and each block prints this behind it, so that what they printed can be told apart.
_END = "\x1e"


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: what it is, its text without indent, and the file that the words before it name."""

    kind: str
    text: str
    file: str | None
    place: str

    @property
    def commands(self) -> list[str]:
        """The command lines of nnbench in a block of the shell."""
        lines = self.text.splitlines() if self.kind == "bash" else []
        return [line for line in lines if line.startswith("nnbench ")]


def fences(page: Path) -> list[Fence]:
    text = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        indent = len(match["indent"])
        body = "".join(line[indent:] for line in match["text"].splitlines(keepends=True))
        named = _FILE.search(text[: match.start()].rpartition("\n```")[2])
        line = text.count("\n", 0, match.start()) + 1
        place = f"{page.name}:{line}"
        found.append(Fence(match["kind"], body, named[1] if named else None, place))
    return found


def follow(page: Path, folder: Path) -> Iterator[tuple[Fence, list[str]]]:
    """Do what a page says, in an empty folder; yield each block of text with what was printed before it.

    A block behind words that end with a file's name is that file. Commands of nnbench run, all in one process
    with the page's Python, whose blocks share their names.
    """
    blocks = fences(page)
    printed = _printed(blocks, folder)
    for block in blocks:
        if block.kind in ("bash", "python") and not block.file:
            before = [next(printed) for _ in (block.commands if block.kind == "bash" else (block,))]
        elif block.kind == "text":
            yield block, before


def _printed(blocks: list[Fence], folder: Path) -> Iterator[str]:
    script = ["from nnbench.cli import main", "import shlex", "here = {'__name__': 'page'}"]
    for block in blocks:
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")
        elif block.kind == "python":
            script += [f"exec(compile({block.text!r}, {block.place!r}, 'exec'), here)", f"print({_END!r})"]
        for command in block.commands:
            words = f"shlex.split({command!r})[1:]"
            script += [f"assert main({words}) == 0, {block.place!r}", f"print({_END!r})"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'bench'}"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    yield from done.stdout.split(_END + "\n")


def comparable(text: str) -> str:
    """Return a text without what differs from one machine to the next."""
    return _OF_THE_MACHINE.sub("about …", text)


def renewed(shown: str, printed: str) -> str:
    """Return the lines of ``printed`` that are ``shown`` but for numbers, or ``shown`` if there are none."""
    wanted = [_NUMBER.sub("#", line) for line in shown.splitlines()]
    lines = printed.splitlines()
    masked = [_NUMBER.sub("#", line) for line in lines]
    for first in range(len(lines) - len(wanted) + 1):
        if masked[first : first + len(wanted)] == wanted:
            return "\n".join(lines[first : first + len(wanted)]) + "\n"
    return shown
