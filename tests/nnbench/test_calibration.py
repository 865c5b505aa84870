"""``nnbench calibrate``: the rule for the target, the noise, versions, and what is written."""

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.records.trials import Direction
from nnbench.studies.calibration import target_of
from tests.nnbench import fake_trial
from tests.nnbench.case_file import as_toml, case_content
from tests.nnbench.statistics.records_by_hand import facts


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    (tmp_path / "small.toml").write_text(in_sections(case_content()), encoding="utf-8")
    return tmp_path


def in_sections(content: dict[str, Any]) -> str:
    """Return the file with [measure] as a table of its own, and a comment in it."""
    measure = content.pop("measure")
    return f"{as_toml(content)}\n[measure]\n# chosen by eye\n{as_toml(measure)}"


def as_json(result: tuple[int, str, str]) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


@pytest.mark.parametrize(
    ("direction", "median", "sigma", "target"),
    [
        ("max", 0.9693, 0.0083, 0.961),
        ("max", 0.953, 0.01, 0.943),
        ("max", 1.0, 0.0, 1.0),
        ("min", 0.5123, 0.0311, 0.544),
        ("min", 0.5, 0.04, 0.54),
        ("min", 0.000123456, 0.0, 0.000124),
        ("min", 0.0, 0.0, 0.0),
    ],
)
def test_the_target_is_the_median_less_good_by_one_sigma(
    direction: Direction, median: float, sigma: float, target: float
) -> None:
    """Rounded to the easier side: down for an accuracy, up for a loss."""
    assert target_of(median, sigma, facts(direction=direction)) == target


def test_the_best_configuration_gives_target_and_noise(nnb: Any) -> None:
    document = as_json(nnb("calibrate", "small.toml", "--json"))

    run = as_json(nnb("report", "--json"))
    scores = [trial["final"]["accuracy"] for trial in run["trials"] if trial["axes"]["optimizer"] == "adam"]
    made = document["calibration"]
    assert len(scores) == made["n"] == 20
    assert made["sigma"] == pytest.approx(np.std(scores, ddof=1), rel=0.005)
    assert document["target"] == pytest.approx(np.median(scores) - np.std(scores, ddof=1), abs=0.001)
    assert document["target"] <= np.median(scores) - np.std(scores, ddof=1)
    assert (made["configuration"], made["seeds"]) == ("adam, learning_rate 0.001", "0-19")
    assert (made["suite_version"], made["run"]) == (1, run["run"])
    assert [(each["label"][:4], each["at_target"] > 10) for each in document["configurations"]] == [
        ("adam", True),
        ("sgd,", False),
    ]


def test_what_is_printed_is_toml_that_a_case_file_takes(nnb: Any, folder: Path) -> None:
    code, text, _ = nnb("calibrate", "small.toml")

    found = tomllib.loads(text)
    content = case_content()
    content["measure"] |= found["measure"]
    (folder / "other.toml").write_text(
        in_sections({**content, "calibration": found["calibration"]}), encoding="utf-8"
    )
    assert code == 0
    assert text.startswith(f"# small: target {found['measure']['target']} (before: 0.9).\n")
    assert nnb("run", "other.toml", "--seeds", "2")[0] == 0


def test_writing_keeps_the_comments_and_counts_versions(nnb: Any, folder: Path) -> None:
    """The version moves with the target, and stays where the same seeds give the same target."""
    write = ("calibrate", "small.toml", "--write", "small.toml")
    code, _, said = nnb(*write)
    once = tomllib.loads((folder / "small.toml").read_text(encoding="utf-8"))
    nnb(*write)
    twice = tomllib.loads((folder / "small.toml").read_text(encoding="utf-8"))
    nnb(*write, "--seeds", "40-79")
    moved = tomllib.loads((folder / "small.toml").read_text(encoding="utf-8"))

    assert code == 0
    assert "wrote small.toml" in said
    assert "# chosen by eye" in (folder / "small.toml").read_text(encoding="utf-8")
    assert once["calibration"]["suite_version"] == twice["calibration"]["suite_version"] == 1
    assert once["measure"]["target"] == twice["measure"]["target"] != moved["measure"]["target"]
    assert (moved["calibration"]["suite_version"], moved["calibration"]["seeds"]) == (2, "40-79")


def test_the_trials_that_made_it_are_kept_beside_the_case(nnb: Any, folder: Path) -> None:
    """A row for each, with the score in full and what its weights hash to."""
    _, _, said = nnb("calibrate", "small.toml", "--write", "small.toml")
    trials = as_json(nnb("report", "--json"))["trials"]

    with (folder / "calibration/small.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert f"wrote small.toml and {Path('calibration/small.csv')}" in said
    assert [(row["optimizer"], int(row["seed"]), float(row["accuracy"]), row["digest"]) for row in rows] == [
        (each["axes"]["optimizer"], each["seed"], each["final"]["accuracy"], each["digest"][:16])
        for each in trials
    ]


def test_a_calibration_crosses_what_the_case_does_whatever_settings_say(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNBENCH_OPTIMIZER", "lion")
    monkeypatch.setenv("NNBENCH_EPOCHS", "7")
    monkeypatch.setenv("NNBENCH_RACE", "1")

    document = as_json(nnb("calibrate", "small.toml", "--json"))

    assert {each["label"].partition(",")[0] for each in document["configurations"]} == {"adam", "sgd"}
    assert {each["n"] for each in document["configurations"]} == {20}


def test_results_of_different_versions_are_not_compared(nnb: Any, folder: Path) -> None:
    """One clear line, and the way out of it trains nothing."""
    run = ("run", "small.toml", "--seeds", "8", "--json")
    one = as_json(nnb(*run))["run"]
    nnb("calibrate", "small.toml", "--write", "small.toml")
    other = as_json(nnb(*run))

    code, _, said = nnb("compare", one, other["run"])

    assert code == 2
    assert len(said.splitlines()) == 1
    assert f"case 'small': run {one} is of suite version none, run {other['run']} of 1" in said
    assert other["cases"][0]["suite_version"] == 1
    assert other["new"] == 0
    assert "(suite version 1)" in " ".join(nnb("report")[1].split())


def test_a_report_says_when_the_case_has_moved_on(nnb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line beside the report, and none where the run is judged as the case is today."""
    nnb("run", "digits", "--seeds", "2")
    assert nnb("report")[2] == ""
    monkeypatch.setattr("nnbench.cases.versions._versions", lambda: {"digits_mlp": 7})

    code, text, said = nnb("report")

    assert code == 0
    assert text.startswith("digits_mlp: 6 configurations")
    assert said.startswith("nnbench: digits_mlp: this run is of suite version 1, the case is of 7 by now")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("small.toml", "--seeds", "19"), 2, "--seeds: a calibration needs at least 20 seeds."),
        (("small.toml", "--write", "gone.toml"), 2, "gone.toml: there is no such file."),
        (
            ("digits", "--write", "small.toml"),
            2,
            "--write small.toml: the file of case 'small', but",
        ),
        (("nothing",), 2, "no case named 'nothing'"),
        (("small.toml", "--tuned"), 2, "no search has tuned"),
    ],
)
def test_what_cannot_be_calibrated_is_said(
    nnb: Any, arguments: tuple[str, ...], code: int, words: str
) -> None:
    found, text, said = nnb("calibrate", *arguments)

    assert (found, text) == (code, "")
    assert words in said.splitlines()[-1]


def test_a_best_configuration_that_loses_scores_has_no_noise_to_measure(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = case_content()
    content["run"] = {"activation": ["selu", "relu"], "seeds": 2}
    (folder / "small.toml").write_text(in_sections(content), encoding="utf-8")
    plain = fake_trial.run_trial
    monkeypatch.setattr(
        fake_trial,
        "run_trial",
        lambda trial, stop=None: (
            fake_trial._record(trial, status="diverged") if trial.seed == 3 else plain(trial, stop=stop)
        ),
    )

    code, _, said = nnb("calibrate", "small.toml")

    assert code == 6
    assert "relu, learning_rate 0.001 left a score on 19 seeds, and σ needs 20 at least." in said


def test_a_dry_run_counts_and_measures_nothing(nnb: Any, folder: Path) -> None:
    """Of the case's own comparison, on at least 20 seeds; what an earlier run left is not run again."""
    code, text, _ = nnb("calibrate", "small.toml", "--dry-run")
    before = (folder / ".nnbench").exists()
    nnb("calibrate", "small.toml", "--seeds", "20", "--json")
    _, again, _ = nnb("calibrate", "small.toml", "--seeds", "25", "--dry-run")

    assert (code, before) == (0, False)
    assert "40 trials: 0 in the store, 40 to run" in text
    assert "50 trials: 40 in the store, 10 to run" in again


def test_the_exchange_rate_is_measured_kept(nnb: Any, folder: Path) -> None:
    """From the curves of the best: in the section, in the file, and in the facts of a run after it."""
    nnb("calibrate", "small.toml", "--write", "small.toml")
    made = tomllib.loads((folder / "small.toml").read_text(encoding="utf-8"))
    document = as_json(nnb("calibrate", "small.toml", "--json"))
    after = as_json(nnb("run", "small.toml", "--seeds", "2", "--json"))

    rate = made["calibration"]["exchange_rate"]
    # The last of four evaluations reaches the target: a twentieth of the score in ten steps.
    assert rate == pytest.approx(0.05 * 0.905 / 10, rel=0.01)
    assert document["calibration"]["exchange_rate"] == after["cases"][0]["exchange_rate"] == rate
    assert after["new"] == 0
