"""nnbench skill: what it tells coding agents is true of the commands, and it overwrites nobody's file."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from nnbench import errors, verbs
from nnbench.cases.resources import reports_folder

Run = Callable[..., tuple[int, str, str]]
TEXT = (reports_folder() / "skill" / "SKILL.md").read_text("utf-8")
LINES = [
    line for block in re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line
]
NEEDS_FILES = ("table.csv", "mine.toml", "mine.py", "results.csv")
RUNS = [line for line in LINES if re.match(r"nnbench (run|tune) ", line)]


def test_the_front_matter_is_what_agents_read() -> None:
    """A name like the folder's, and a description in one line of at most 1,024 letters."""
    head = TEXT.split("---\n")[1].splitlines()

    entries = dict(line.split(": ", 1) for line in head)
    assert list(entries) == ["name", "description"]
    assert entries["name"] == "nnbench"
    assert 200 < len(entries["description"]) <= 1024


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_parses(line: str) -> None:
    program, *arguments = shlex.split(line)
    group = typer.main.get_command(verbs.app)

    context = group.make_context(program, list(arguments))
    name, verb, rest = group.resolve_command(context, arguments)  # type: ignore[attr-defined]

    assert program == "nnbench"
    assert verb.make_context(name, rest, parent=context)


@pytest.mark.parametrize(
    "line", [line for line in RUNS if "tuned" not in line and not any(file in line for file in NEEDS_FILES)]
)
def test_every_run_is_one_that_can_be_planned(line: str, nnb: Run, tmp_path: Path) -> None:
    given = [word for word in shlex.split(line)[1:] if word not in ("--dry-run", "--json")]

    code, out, err = nnb(*given, "--dry-run", "--json", "--store", str(tmp_path))

    assert code == 0, err
    assert json.loads(out)


def test_the_words_of_a_report_are_those_that_stand_in_it(nnb: Run, tmp_path: Path) -> None:
    """Every `name[].word` of the text is looked up in a report of two configurations."""
    code, out, _ = nnb(
        *("run", "xor", "--optimizer", "sgd,adam", "--seeds", "6", "--epochs", "2"),
        *("--json", "--quiet", "--store", str(tmp_path)),
    )
    report = json.loads(out)
    named = re.findall(r"`(\w+)\[\]\.(\w+)`", TEXT)

    assert code == 0
    assert len(named) >= 7
    for section, word in named:
        assert word in report[section][0], (section, word)
    for word in ("difference", "interval", "seeds_needed"):
        assert word in report["verdicts"][0]
    assert "failures" in report["configurations"][0]


def test_the_exit_codes_are_those_of_the_errors() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}

    known = {kind.exit_code for kind in errors.NnbenchError.__subclasses__()}
    assert told == known | {0, 3, 130}


def test_the_verbs_that_it_sends_questions_to_are_there() -> None:
    named = set(re.findall(r"^\| [a-z].* \| `(\w+)", TEXT, re.MULTILINE))

    assert len(named) >= 6
    assert named <= set(verbs.VERBS)


def test_it_is_shown_as_it_is(nnb: Run) -> None:
    assert nnb("skill") == (0, TEXT, "")
    assert nnb("skill", "show") == (0, TEXT, "")


def test_it_is_installed_where_agents_look(nnb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".agents" / "skills" / "nnbench" / "SKILL.md"

    assert nnb("skill", "install") == (0, f"{file.relative_to(tmp_path)}\n", "")
    assert file.read_text("utf-8") == TEXT
    assert nnb("skill", "install")[0] == 0, "the same file again is no change"


def test_a_changed_file_stays_unless_forced(nnb: Run, tmp_path: Path) -> None:
    file = tmp_path / "SKILL.md"
    file.write_text("mine\n")

    code, out, err = nnb("skill", "install", "--to", str(tmp_path))

    assert (code, out) == (2, "")
    assert err == f"nnbench: {file}: this file says something else. Move it, or --force to replace it.\n"
    assert file.read_text() == "mine\n"
    assert nnb("skill", "install", "--to", str(tmp_path), "--force")[0] == 0
    assert file.read_text("utf-8") == TEXT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["instal"], "skill: there is no action 'instal'. Did you mean 'install'?"),
        (["install", "--to", ""], "--to '': expected a folder."),
        (["install", "--to", "/dev/null/x"], "cannot be made: Not a directory."),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], words: str, nnb: Run) -> None:
    code, out, err = nnb("skill", *arguments)

    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
