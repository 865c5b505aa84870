"""``nnbench claims`` from a file of one's own to the report: what is missing is measured, and then judged."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from nnbench import cli
from nnbench.store import Store

CLAIM = """
id = "MY1"
note = "mine"
title.en = "The first is larger"
title.ko = "첫째가 크다"
sentence.en = "The first is larger than the second, by two."
sentence.ko = "첫째가 둘째보다 2만큼 크다."
method.en = "Both are drawn."

[experiment.pair]
call = "pair.py:pair"
with = { gap = 2.0 }

[[quantity]]
name.en = "first less second"
name.ko = "첫째 − 둘째"
value = "pair.first - pair.second"
holds = "> 0"
size = 2

[[quantity]]
name.en = "second alone"
value = "pair.second"
holds = "> 5"
counts = false

[picture]
kind = "lines"
x.values = [1, 2, 4]
x.label.en = "place"
lines = [{ label.en = "series", values = "pair.series" }]
"""
FUNCTION = """
def pair(seed, *, gap):
    with open(__file__ + ".calls", "a") as calls:
        calls.write(f"{seed}\\n")
    return {"first": seed % 3 + gap, "second": seed % 2, "series": [seed, 2 * seed, 3 * seed]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(CLAIM, encoding="utf-8")
    (tmp_path / "pair.py").write_text(FUNCTION, encoding="utf-8")
    return tmp_path


def calls(folder: Path) -> list[str]:
    path = folder / "pair.py.calls"
    return path.read_text().split() if path.exists() else []


def claims(*arguments: str) -> int:
    return cli.main(["claims", *arguments, "--jobs", "1"])


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert claims(*arguments, "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_claim_of_ones_own_is_measured_and_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = as_json(capsys, "mine.toml", "--seeds", "6")
    assert document["schema"] == "nnbench.claims/1"
    (claim,) = document["claims"]
    # by hand: seed % 3 + 2 - seed % 2 over seeds 0-5 is 2, 2, 4, 1, 3, 3
    assert claim["effect"] == pytest.approx(2.5)
    assert (claim["id"], claim["verdict"], claim["n"]) == ("MY1", "supported", 6)
    assert claim["interval"] == pytest.approx(
        [2.5 - 1.100657, 2.5 + 1.100657], abs=1e-6
    )  # 2.570582 * sqrt(1.1 / 6)
    assert claim["quantities"][0]["by_seed"] == [2, 2, 4, 1, 3, 3]


def test_what_was_measured_is_taken_from_the_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = as_json(capsys, "mine.toml", "--seeds", "4")
    assert as_json(capsys, "mine.toml", "--seeds", "4") == first
    assert calls(folder) == ["0", "1", "2", "3"]
    as_json(capsys, "mine.toml", "--seeds", "6")
    assert calls(folder) == ["0", "1", "2", "3", "4", "5"]


def test_other_arguments_and_another_source_are_measured_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_json(capsys, "mine.toml", "--seeds", "2")
    (folder / "mine.toml").write_text(CLAIM.replace("gap = 2.0", "gap = 3.0"), encoding="utf-8")
    as_json(capsys, "mine.toml", "--seeds", "2")
    (folder / "pair.py").write_text(FUNCTION + "\n# another\n", encoding="utf-8")
    as_json(capsys, "mine.toml", "--seeds", "2")
    assert len(calls(folder)) == 6


def test_processes_measure_the_same_as_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = as_json(capsys, "mine.toml", "--seeds", "4", "--store", "one")
    assert cli.main(["claims", "mine.toml", "--seeds", "4", "--store", "two", "--jobs", "2", "--json"]) == 0
    two = json.loads(capsys.readouterr().out)
    for document in (one, two):
        document["claims"][0].pop("seconds")
    assert one == two


def test_the_report_speaks_both_languages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert claims("mine.toml", "--seeds", "6") == 0
    english = capsys.readouterr().out
    assert "Supported. first less second: 2.5 [1.4, 3.6], n = 6." in english
    assert "place:  a series" in english
    assert claims("mine.toml", "--seeds", "6", "--lang", "ko") == 0
    korean = capsys.readouterr().out
    assert "지지됨. 첫째 − 둘째: 2.5 [1.4, 3.6], n = 6." in korean
    assert "첫째가 둘째보다 2만큼 크다." in korean


def test_markdown_has_its_picture_beside_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert claims("mine.toml", "--seeds", "6", "--output", "out/claims.md") == 0
    text = (folder / "out" / "claims.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"\]\((.*\.svg)\)", text)
    assert (folder / "out" / picture).read_text(encoding="utf-8").startswith("<?xml")


def test_an_experiment_that_raises_keeps_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = (
        FUNCTION
        + "\nwhole = pair\ndef pair(seed, **given):\n    return whole(seed, **given) if seed else 1 / 0\n"
    )
    (folder / "pair.py").write_text(broken, encoding="utf-8")
    assert claims("mine.toml", "--seeds", "6", "--json") == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["claims"][0]["n"] == 5
    assert "pair.py:pair, seed 0: ZeroDivisionError: division by zero" in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "pair.first - pair.second",
            "pair.frist - pair.second",
            "pair has no 'frist'; it has first",
        ),
        ("pair.first - pair.second", "other.first", "'other' is no matrix and no experiment of this claim"),
        ("pair.first - pair.second", "import os", "this is no expression"),
        ("pair.first - pair.second", "pair.series", "this is a list"),
        ('holds = "> 0"', 'holds = "about 0"', "a rule is written '> 0', '<= 0.5' or 'in -0.01..0.01'"),
        ('id = "MY1"', 'id = "mine"', "id must be capital letters and a number"),
        ("note =", "nota =", "there is no such key. Did you mean 'note'?"),
        ("counts = false", 'counts = false\nunless = "more"', "there is no such experiment"),
        ('call = "pair.py:pair"', 'call = "pair.py"', "call must be 'module:function' or 'file.py:function'"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    (folder / "mine.toml").write_text(CLAIM.replace(old, new, 1), encoding="utf-8")
    assert claims("mine.toml", "--seeds", "2") == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_asked_of_claims_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert claims("B999") == 2
    assert "there is no claim 'B999'" in capsys.readouterr().err
    assert claims("mine.toml", "--lang", "kr") == 2
    assert "There are en and ko." in capsys.readouterr().err
    assert claims("mine.toml", "--dry-run", "--json") == 2
    assert "--json asks for a document. Leave one out." in capsys.readouterr().err


def test_trials_and_measurements_stand_in_one_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mixed = CLAIM.replace(
        "[[quantity]]",
        '[matrix.main]\ncases = ["iris"]\nactivation = ["relu"]\nepochs = 2\n\n[[quantity]]',
        1,
    ).replace("pair.first - pair.second", "main.accuracy() + 0 * pair.first")
    (folder / "mine.toml").write_text(mixed, encoding="utf-8")
    document = as_json(capsys, "mine.toml", "--seeds", "3")
    with Store.open(".nnbench/store.sqlite", create=False) as store:
        run = store.run("last")
        accuracies = [trial.final["accuracy"] for trial in store.trials(run.trial_keys)]
    assert sorted(document["claims"][0]["quantities"][0]["by_seed"]) == pytest.approx(sorted(accuracies))
    as_json(capsys, "mine.toml", "--seeds", "3")
    with Store.open(".nnbench/store.sqlite", create=False) as store:
        assert len(store.runs()) == 1  # nothing was trained, so nothing was recorded


@pytest.mark.filterwarnings("default::UserWarning")
def test_a_damaged_measurement_is_made_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    as_json(capsys, "mine.toml", "--seeds", "2")
    with sqlite3.connect(folder / ".nnbench" / "store.sqlite") as connection:
        connection.execute("UPDATE measurement SET seconds = 99 WHERE seed = 1")
    connection.close()
    assert claims("mine.toml", "--seeds", "2", "--json") == 0
    assert "damaged and left out: 1 of the measurements; they are made again" in capsys.readouterr().err
    assert calls(folder) == ["0", "1", "1"]


def test_a_line_stands_in_for_one_whose_data_are_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its own name, though the one before it is not drawn."""
    lines = """[experiment.large]
call = "pair.py:pair"
needs = "mnist"
with = { gap = 2.0 }

[picture]
kind = "lines"
x.values = [1, 2, 4]
x.label.en = "place"
lines = [
  { label.en = "large data", values = "large.series", x = "large.series" },
  { label.en = "small data", values = "pair.series", unless = "large" },
]
"""
    (folder / "mine.toml").write_text(CLAIM.partition("[picture]")[0] + lines, encoding="utf-8")

    assert claims("mine.toml", "--seeds", "3", "--embedded") == 0

    shown = capsys.readouterr().out
    assert "place:  a small data" in shown
    assert "large data" not in shown
