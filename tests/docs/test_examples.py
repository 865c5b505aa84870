"""What the pages of docs/ tell to do works, and what they say is printed is printed."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from nnbench.commands import VERBS
from nnbench.verbs import app
from tests.docs.book import DOCS, PAGES, comparable, fences, follow, renewed

# Pages whose commands are run as they stand, each in an empty folder. Others want a commit, a scheduler or
# a framework's model; their Python is run, and their commands are read by the command line.
FOLLOWED = (
    *("tutorial", "howto/optimizer", "howto/activation", "howto/table", "howto/notebook"),
    *("explanation/statistics", "explanation/many-trials", "explanation/program", "explanation/same-bits"),
)
_INLINE = re.compile(r"`(nnbench [^`]+)`")


def _commands(page: Path) -> list[str]:
    text = page.read_text("utf-8")
    fenced = [command for block in fences(page) for command in block.commands]
    return [*fenced, *(found.replace("\n", " ") for found in _INLINE.findall(text))]


def _read(command: str) -> None:
    """Let the command line read a command, without doing it; complaints of options are raised."""
    verb, *words = shlex.split(command.replace("\\|", "|"))[1:]
    if verb.startswith("-") or verb == "VERB":
        return
    assert verb in VERBS, command
    if not words:  # named in a sentence
        return
    group: Any = typer.main.get_command(app)
    group.get_command(None, verb).make_context(verb, [word for word in words if word != "--help"])


def _compare(page: Path, folder: Path) -> None:
    """Fail where a page shows what its commands and its Python do not print."""
    for block, printed in follow(page, folder):
        assert comparable(block.text) in comparable("".join(printed)), f"{block.place}: {block.text}"


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_can_be_followed(page: str, tmp_path: Path) -> None:
    """NNBENCH_UPDATE_GOLDEN=1 writes numbers anew."""
    path = DOCS / f"{page}.md"
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        for block, printed in follow(path, tmp_path):
            text = path.read_text("utf-8")
            path.write_text(text.replace(block.text, renewed(block.text, printed[-1])), "utf-8", newline="\n")
    else:
        _compare(path, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_command_is_one_that_the_command_line_reads(page: Path) -> None:
    for command in _commands(page):
        _read(command)


@pytest.mark.parametrize("wrong", ["nnbench rum digits", "nnbench run digits --optimiser adam"])
def test_the_check_of_commands_refuses_what_does_not_exist(wrong: str) -> None:
    with pytest.raises(Exception, match=r"rum|optimiser"):
        _read(wrong)


def test_python_stands_on_followed_pages_or_is_a_file() -> None:
    loose = [
        block.place
        for page in PAGES
        if page.relative_to(DOCS).as_posix().removesuffix(".md") not in FOLLOWED
        for block in fences(page)
        if block.kind == "python" and not block.file
    ]

    assert not loose


def test_a_subject_of_the_page_about_models_trains(tmp_path: Path) -> None:
    """Its first half needs a framework; the second is followed: the training, its case, the run."""
    page = (DOCS / "howto" / "model.md").read_text("utf-8")
    (tmp_path / "page.md").write_text("## Call\n" + page.partition("## Call\n")[2], "utf-8")

    assert list(follow(tmp_path / "page.md", tmp_path)) == []
    assert (tmp_path / ".nnbench" / "store.sqlite").is_file()


def test_the_two_tutorials_tell_to_do_the_same() -> None:
    english, korean = (
        [(block.kind, block.text) for block in fences(DOCS / name)]
        for name in ("tutorial.md", "tutorial.ko.md")
    )

    assert english == korean


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```python\nprint(2)\n```\n\n```text\n3\n```\n", "3"),
        ("```python\nraise SystemExit('no')\n```\n", "no"),
        ("```bash\nnnbench list optimisers\n```\n", "optimisers"),
    ],
    ids=["another result", "Python that fails", "a command that fails"],
)
def test_a_page_that_is_wrong_is_found(page: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(page, "utf-8")

    with pytest.raises(AssertionError, match=complaint):
        _compare(tmp_path / "page.md", tmp_path)
