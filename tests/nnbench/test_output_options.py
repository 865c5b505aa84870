"""``--format`` and ``--output``: the same for every verb that prints a table."""

import csv
import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from nnbench.errors import UsageError
from nnbench.studies import checkup
from nnbench.terminal.destination import ENDINGS, Destination, destination, with_report
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case

RUN = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "8")
# Verbs with arguments that need no training, once a run is recorded.
READING = {
    "report": ("report",),
    "compare": ("compare", "sgd", "adam"),
    "list": ("list", "optimizers"),
    "show part": ("show", "adam"),
    "show run": ("show", "last"),
    "doctor": ("doctor",),
    "descend": ("descend", "quadratic", "--lr", "0.1"),
    "data": ("data", "list"),
    "run": RUN,
}
START = {"text": "", "markdown": "# ", "html": "<!DOCTYPE html>", "json": "{", "csv": "", "latex": ""}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nnb: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    checks = [checkup.Check("cores", "ok", "2 can be used")]
    monkeypatch.setattr(checkup, "examine", lambda store: checks)
    write_case(tmp_path / "small.toml", case_content())
    nnb(*RUN)
    return tmp_path


@pytest.mark.parametrize("verb", READING)
@pytest.mark.parametrize("form", ENDINGS)
def test_every_verb_prints_every_format(nnb: Any, verb: str, form: str) -> None:
    code, shown, said = nnb(*READING[verb], "--format", form)

    assert code == 0, said
    assert shown.strip()
    assert shown.startswith(START[form])
    if form == "csv":
        header, *rows = csv.reader(io.StringIO(shown))
        assert rows
        assert all(len(row) == len(header) for row in rows)
    if form == "json":
        assert json.loads(shown)["schema"].startswith("nnbench.")
    if form == "latex":
        assert r"\begin{tabular}" in shown or r"\begin{longtable}" in shown


@pytest.mark.parametrize("verb", READING)
@pytest.mark.parametrize("form", ENDINGS)
def test_a_file_that_is_named_is_a_file_in_the_format_of_its_ending(
    nnb: Any, folder: Path, verb: str, form: str
) -> None:
    name = f"made/x{ENDINGS[form][0]}"  # type: ignore[index]

    _, shown, _ = nnb(*READING[verb], "-o", name)

    assert shown.strip() == name
    assert (folder / name).is_file()
    assert (folder / name).read_text(encoding="utf-8").startswith(START[form])


def test_a_csv_of_a_run_says_what_its_verdicts_rest_on(nnb: Any) -> None:
    _, shown, _ = nnb("report", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(shown)))
    assert {(row["metric"], row["direction"], row["noticeable"]) for row in rows} == {
        ("accuracy", "max", "0.01")
    }


def test_a_csv_of_a_comparison_has_a_row_for_each_verdict(nnb: Any) -> None:
    _, shown, _ = nnb("compare", "sgd", "adam", "--format", "csv")

    (row,) = csv.DictReader(io.StringIO(shown))
    assert (row["a_optimizer"], row["b_optimizer"], row["verdict"]) == ("sgd", "adam", "worse")
    assert float(row["interval_low"]) <= float(row["difference"]) <= float(row["interval_high"])


@pytest.mark.parametrize(
    ("form", "output", "as_json", "expected"),
    [
        (None, None, False, Destination("text")),
        (None, None, True, Destination("json")),
        ("csv", "-", False, Destination("csv")),
        (None, "x.csv", False, Destination("csv", Path("x.csv"))),
        (None, "a/X.HTM", False, Destination("html", Path("a/X.HTM"))),
        ("html", "page.html", False, Destination("html", Path("page.html"))),
        (None, "x.json", True, Destination("json", Path("x.json"))),
        ("text", "run.log", False, Destination("text", Path("run.log"))),
        (None, "there", False, Destination("text", Path("there"), is_folder=True)),
        ("csv", "there/", False, Destination("csv", Path("there"), is_folder=True)),
        (None, "x.csv/", False, Destination("text", Path("x.csv"), is_folder=True)),
        ("latex", "v1.2/", False, Destination("latex", Path("v1.2"), is_folder=True)),
    ],
)
def test_where_a_result_goes(form: Any, output: str | None, as_json: bool, expected: Destination) -> None:
    """A known ending names a file and its format; a slash, or no ending, names a folder."""
    assert destination(form, output, as_json=as_json) == expected


@pytest.mark.parametrize(
    ("form", "output", "as_json", "words"),
    [
        ("html", "x.csv", False, "--format html and --output x.csv contradict each other"),
        ("text", "x.md", False, "--format text and --output x.md contradict each other"),
        (None, "x.csv", True, "--json and --output x.csv contradict each other"),
        ("csv", None, True, "--json and --format csv contradict each other"),
        ("text", None, True, "--json and --format text contradict each other"),
        (None, "x.pdf", False, "no format has the ending '.pdf'"),
        (None, "", False, "expected a file or a folder"),
        (None, "small", False, "found a file without one"),
        (None, "folder.csv", False, "found a folder of that name"),
    ],
)
def test_contradictions_are_refused_in_words(
    folder: Path, form: Any, output: str | None, as_json: bool, words: str
) -> None:
    (folder / "small").write_text("kept", encoding="utf-8")
    (folder / "folder.csv").mkdir()

    with pytest.raises(UsageError, match=words.replace(".", r"\.")):
        destination(form, output, as_json=as_json)


@pytest.mark.parametrize("verb", READING)
def test_a_contradiction_ends_every_verb_before_it_begins(nnb: Any, folder: Path, verb: str) -> None:
    code, shown, said = nnb(*READING[verb], "--format", "html", "-o", "x.csv")

    assert (code, shown) == (2, "")
    assert "contradict each other" in said
    assert said.count("\n") == 1
    assert not (folder / "x.csv").exists()


def test_a_report_beside_the_result_takes_the_format() -> None:
    """--format is the report's where only the report is written; else each follows its own ending."""
    assert with_report("html", None, "out", as_json=False) == (
        Destination("text"),
        Destination("html", Path("out"), is_folder=True),
    )
    assert with_report(None, None, "out", as_json=True)[1] == Destination(
        "markdown", Path("out"), is_folder=True
    )
    assert with_report(None, "x.csv", "r.tex", as_json=False) == (
        Destination("csv", Path("x.csv")),
        Destination("latex", Path("r.tex")),
    )


def test_run_writes_its_report_as_it_is_named(nnb: Any, folder: Path) -> None:
    _, shown, said = nnb(*RUN, "--report", "made/page.html")

    assert "adam leads" in shown
    assert "wrote made/page.html" in said
    assert (folder / "made/page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_what_cannot_be_written_leaves_the_old_file(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is replaced as a whole, and a link goes on pointing at its file."""
    (folder / "old.md").write_text("old", encoding="utf-8")
    (folder / "link.md").symlink_to("old.md")

    assert nnb("report", "-o", "link.md")[0] == 0

    assert (folder / "link.md").is_symlink()
    assert (folder / "old.md").read_text(encoding="utf-8").startswith("# ")
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.[mt]*")}
    monkeypatch.setattr(os, "fsync", _no_room)
    code, _, said = nnb("report", "-o", "old.md")
    assert code == 4
    assert "cannot be written: No space left" in said
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.[mt]*")} == before


def _no_room(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_dry_run_is_text_or_json(nnb: Any) -> None:
    assert json.loads(nnb(*RUN, "--dry-run", "--format", "json")[1])["schema"] == "nnbench.plan/1"
    code, _, said = nnb(*RUN, "--dry-run", "-o", "x.csv")
    assert code == 2
    assert "--dry-run is printed" in said
