"""What ``nnbench judge`` cannot understand is one line: where, what was expected and found, what to do."""

from pathlib import Path
from typing import Any

import pytest

from tests.nnbench.judging.judge_samples import twelve

_HEADER = "config,seed,accuracy\n"
_REFUSED = {
    "": "empty. Expected a header such as config,seed,accuracy, and rows below.",
    "\n \n": "empty. Expected a header such as config,seed,accuracy, and rows below.",
    "hello\nworld\n": "expected columns divided by commas, semicolons or tabs, found one: 'hello'.",
    "a\0b,c\n": "not text but binary (or UTF-16). Expected a CSV file, saved as UTF-8.",
    _HEADER + 'a,0,"0.9\nb,0,1\n': "line 3: not CSV: unexpected end of data.",
    _HEADER + "a,0\n": "line 2: expected 3 cells as in the header, found 2.",
    _HEADER + "a,0,0,9\n": "line 2: expected 3 cells as in the header, found 4.",
    "config,config,accuracy\na,0,1\n": "two columns are called 'config'. Rename one of them.",
    "config,accuracy\na,0.9\n": "no column of seeds among config, accuracy.",
    "seed,accuracy\n0,0.9\n": "which columns name the configuration?",
    "config,seed,note\na,0,good\n": "which column is the metric? None of config, seed, note has numbers.",
    "config,seed,accuracy,loss\na,0,0.9,1\n": "It may be accuracy, loss. Name it: --metric COLUMN.",
    "config,seed,neg_loss\na,0,-1\n": "Say --direction max or --direction min.",
    "config,seed,speed\na,0,3\n": "Say --direction max or --direction min.",
    _HEADER + "\na,0,0.9\na,1,o.9\na,2,0.9\n": "line 4, column accuracy: found 'o.9', expected a number.",
    _HEADER + "a,first,0.9\n": "line 2, column seed: found 'first', expected a seed, a whole number.",
    _HEADER + "a,0.5,0.9\n": "line 2, column seed: found '0.5', expected a seed, a whole number.",
    _HEADER + ",0,0.9\n": "line 2, column config: found nothing, expected a configuration's name.",
    _HEADER + "a,0,0.9\nb,0,0.9\na,0,0.8\n": "lines 2 and 4: both are config a, seed 0. Remove one of them",
    "config,lr,seed,accuracy\na,1,0,0.9\na,2,0,0.8\n": "if that is a choice: --config config,lr.",
    "config,seed,step,accuracy\na,0,1,0.9\na,0,1,0.8\n": "lines 2 and 3: both are config a, seed 0, step 1.",
    "config,summary\n{1},{2}\n": "line 2, column config: found '{1}', expected a dictionary",
    "config,seed,status,accuracy\na,0,pruned,0.9\n": "found '0.9' of a pruned trial.",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(nnb: Any, *arguments: str) -> str:
    code, shown, said = nnb("judge", *arguments)
    assert (code, shown) == (2, "")
    (line,) = said.splitlines()
    assert isinstance(line, str)
    return line


@pytest.mark.parametrize("text", _REFUSED)
def test_a_file_that_cannot_be_understood_is_refused_in_one_line(nnb: Any, folder: Path, text: str) -> None:
    (folder / "x.csv").write_text(text, encoding="utf-8")

    line = refusal(nnb, "x.csv")

    assert line.startswith("nnbench: x.csv")
    assert _REFUSED[text] in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--against", "adm"), "--against adm: x.csv has no such configuration. Did you mean 'adam'?"),
        (("--metric", "acuracy"), "--metric acuracy: x.csv has no such column. Did you mean 'accuracy'?"),
        (("--config", "config,optimzer"), "--config optimzer: x.csv has no such column."),
        (("--noticeable", "-1"), "--noticeable -1: must be a number from 0 on."),
        (("--noticeable", "nan"), "--noticeable nan: must be a number from 0 on."),
        (("--target", "0.9"), "--target: x.csv has no column of steps. Name it: --step COLUMN."),
    ],
)
def test_a_wish_that_the_file_cannot_fulfil_is_refused(
    nnb: Any, folder: Path, options: tuple[str, ...], words: str
) -> None:
    twelve(folder / "x.csv")

    assert words in refusal(nnb, "x.csv", *options)


def test_what_is_no_file_is_refused(nnb: Any, folder: Path) -> None:
    (folder / "latin.csv").write_bytes(_HEADER.encode() + b"\xe4,0,1\n")

    assert "there is no such file" in refusal(nnb, "none.csv")
    assert "this is a folder. Name a CSV file in it." in refusal(nnb, ".")
    assert "not UTF-8 text (see byte 21)" in refusal(nnb, "latin.csv")


def test_a_header_alone_measured_nothing(nnb: Any, folder: Path) -> None:
    (folder / "x.csv").write_text(_HEADER)

    code, _, said = nnb("judge", "x.csv")

    assert code == 6
    assert said == "nnbench: x.csv: a header without rows, so there is nothing to judge.\n"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a,0,0.9\na,1,0.8\n", "a has a median accuracy of 85 %"),
        ("a,0,0.9\nb,0,0.8\n", "cannot decide anything"),
        ("a,0,0.9\nb,1,0.8\n", "cannot be told"),
        ("a,0,\na,1,\nb,0,\nb,1,\n", "no median score"),
        ("a,0,running\nb,0,running\n", "Nothing was measured on x."),
    ],
    ids=["one configuration", "one seed", "no seed in common", "no score at all", "none at its end"],
)
def test_too_little_is_no_mistake_but_no_verdict_either(
    nnb: Any, folder: Path, rows: str, words: str
) -> None:
    (folder / "x.csv").write_text(_HEADER + rows)

    code, shown, said = nnb("judge", "x.csv", "--metric", "accuracy")

    assert code == 0, said
    assert words in " ".join(shown.split())
