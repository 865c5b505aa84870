"""``--curves``: every value of every curve in CSV and JSON, and judged as the run itself."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cli import main
from nnbench.evidence import findings
from nnbench.evidence.case import Findings
from nnbench.machine.writing import write_files
from nnbench.records.trials import TrialRecord
from nnbench.reporting.json import run as run_json
from nnbench.reporting.render import curves
from nnbench.store import Store
from nnbench.studies.judged.columns import Named
from nnbench.studies.judged.findings import Wishes, judge
from tests.nnbench.case_file import case_content, write_case

RUN = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "7", "--quiet")
STORE = Path(".nnbench/store.sqlite")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    measure = {"metric": "f1", "also": ["train_accuracy"], "target": 0.7, "noticeable": 0.02}
    write_case(tmp_path / "small.toml", {**case_content(), "measure": measure})
    return tmp_path


@pytest.fixture
def nnb(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(list(arguments)) == code
        captured = capsys.readouterr()
        return captured.err if code else captured.out

    return run


def recorded() -> Findings:
    with Store.open(STORE, create=False) as store:
        return findings.find(store, store.run("last"), with_all_curves=True)


def by_curve(rows: list[dict[str, str]]) -> dict[tuple[str, str, str], list[tuple[int, str]]]:
    found: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for row in rows:
        place = (row["optimizer"], row["seed"], row["metric"])
        found.setdefault(place, []).append((int(row["step"]), row["value"]))
    return found


def test_csv_has_every_value_of_every_curve(nnb: Any) -> None:
    """To its last bit, at its step; nothing but the metric of the case says which way is better."""
    nnb(*RUN)
    rows = list(csv.DictReader(io.StringIO(nnb("report", "--format", "csv", "--curves"))))
    found = by_curve(rows)
    names = ("step_loss", "val_loss", "val_accuracy", "val_f1", "train_accuracy")

    assert len(found) == 14 * len(names)
    for trial in recorded().trials:
        for name in names:
            values = found[trial.axes.as_dict()["optimizer"], str(trial.seed), name]
            steps = range(1, trial.steps + 1) if name == "step_loss" else trial.curves["eval_step"]
            assert [step for step, _ in values] == list(steps)
            read = np.array([float(value) for _, value in values]).astype(np.float32)
            assert read.tobytes() == trial.curves[name].tobytes()
    said = {(row["metric"], row["direction"], row["noticeable"]) for row in rows}
    assert said == {(name, *(("max", "0.02") if name == "val_f1" else ("", ""))) for name in names}


def test_json_has_the_curves_of_every_trial(nnb: Any) -> None:
    """Of `run` and of `report`, to their last bit; without --curves there are none."""
    from_run = json.loads(nnb(*RUN, "--json", "--curves"))
    from_report = json.loads(nnb("report", "--json", "--curves"))
    without = json.loads(nnb("report", "--json"))

    assert from_run["trials"] == from_report["trials"]
    assert not any("curves" in trial for trial in without["trials"])
    for trial, record in zip(from_run["trials"], recorded().trials, strict=True):
        assert trial["curves"].keys() == record.curves.keys()
        assert trial["curves"].pop("eval_step") == [7, 14]
        for name, values in trial["curves"].items():
            assert np.array(values).astype(np.float32).tobytes() == record.curves[name].tobytes()


def test_json_differs_by_nothing_but_the_curves(nnb: Any) -> None:
    nnb(*RUN)
    plain, curved = (json.loads(nnb("report", "--json", *more)) for more in ((), ("--curves",)))

    for trial in curved["trials"]:
        del trial["curves"]
    assert plain == curved


@pytest.mark.parametrize("metric", [None, "train_accuracy", "val_loss", "loss"])
def test_judge_reads_the_curves_as_the_run_reads_its_trials(nnb: Any, metric: str | None) -> None:
    """The same configurations, verdicts and steps: by the case's metric, or by any other that has a curve."""
    nnb(*RUN)
    nnb("report", "--curves", "-o", "curves.csv")
    wanted = {"val_loss": "loss", None: "f1"}.get(metric, metric)
    assert wanted is not None
    write_case(
        Path("small.toml"),
        {**case_content(), "measure": {"metric": wanted, "target": 0.7, "noticeable": 0.02}},
    )
    expected = json.loads(nnb(*RUN, "--json"))

    direction = "min" if wanted == "loss" else "max"
    wishes = Wishes(Named(metric=metric), direction=direction, noticeable=0.02, target=0.7)
    found, _ = judge("curves.csv", wishes)

    assert [each.verdict for each in found.comparisons] == [each["verdict"] for each in expected["verdicts"]]
    for mine, other in zip(found.comparisons, expected["verdicts"], strict=True):
        assert mine.difference == pytest.approx(other["difference"], abs=1e-6)
    assert [trial.steps_to_target for trial in sorted(found.trials, key=place)] == [
        trial["steps_to_target"]
        for trial in sorted(expected["trials"], key=lambda each: (each["axes"]["optimizer"], each["seed"]))
    ]


def place(trial: TrialRecord) -> tuple[str, int]:
    return trial.axes.as_dict()["config"], trial.seed


def test_judge_says_which_curves_there_are(nnb: Any) -> None:
    nnb(*RUN)
    nnb("report", "--curves", "-o", "curves.csv")

    line = nnb("judge", "curves.csv", "--metric", "train_acuracy", code=2)
    assert line == (
        "nnbench: --metric train_acuracy: curves.csv has no such curve. Did you mean 'train_accuracy'?\n"
    )


def ended(found: Findings, seed: int, **changes: Any) -> Findings:
    """Return findings in which the trials of one seed ended otherwise."""
    trials = tuple(replace(trial, **changes) if trial.seed == seed else trial for trial in found.trials)
    return replace(found, trials=trials)


def test_a_trial_that_left_no_value_has_a_row_all_the_same(nnb: Any) -> None:
    """Diverged, failed, or without a value of its metric: judged elsewhere it must not vanish."""
    nnb(*RUN)
    found = recorded()
    nothing = {"val_f1": np.full(2, np.nan, np.float32), "eval_step": np.array([7, 14], np.float32)}
    early = {name: curve[:3] for name, curve in found.trials[0].curves.items() if name == "step_loss"}
    found = ended(found, 1, status="diverged", final={}, curves=early, steps=3)
    found = ended(found, 2, status="failed", final={}, curves={}, steps=0)
    found = ended(found, 3, final={"loss": 1.0, "f1": np.nan}, curves=nothing)
    Path("curves.csv").write_text("".join(curves.render(found)))

    rows = list(csv.DictReader(io.StringIO(Path("curves.csv").read_text())))
    of_metric = [row for row in rows if row["metric"] == "val_f1"]
    ends = Counter(
        (row["seed"], row["status"], row["step"], row["value"]) for row in of_metric if not row["value"]
    )
    assert ends == {
        ("1", "diverged", "3", ""): 2, ("2", "failed", "0", ""): 2,
        ("3", "finished", "7", ""): 2, ("3", "finished", "14", ""): 2,
    }  # fmt: skip
    judged, _ = judge("curves.csv", Wishes(Named()))
    by_status = Counter(trial.status for trial in judged.trials)
    # What finished without a value is no evidence, as a trial that failed is none.
    assert by_status == {"finished": 8, "diverged": 2, "failed": 4}
    assert {row.n for row in judged.summaries} == {5}


def test_what_is_not_finite_is_null_and_empty(nnb: Any) -> None:
    nnb(*RUN)
    found = recorded()
    odd = {**found.trials[0].curves, "step_loss": np.array([1.5, np.inf, -np.inf, np.nan], np.float32)}
    found = replace(found, trials=(replace(found.trials[0], curves=odd),))

    rows = by_curve(list(csv.DictReader(io.StringIO("".join(curves.render(found))))))
    document = json.loads("".join(run_json.render(found, curves=True)))
    ((_, losses),) = [each for each in rows.items() if each[0][2] == "step_loss"]
    assert losses == [(1, "1.5"), (2, ""), (3, ""), (4, "")]
    assert document["trials"][0]["curves"]["step_loss"] == [1.5, None, None, None]


def test_curves_are_written_trial_by_trial(nnb: Any) -> None:
    """The rows of a trial are made once those of the one before it are taken; nothing else is held."""
    nnb(*RUN)
    found = recorded()
    unread = replace(found.trials[1], curves=None)
    pieces = curves.render(replace(found, trials=(found.trials[0], unread)))

    assert next(pieces).startswith("run,case,")
    assert next(pieces).count("\n") == found.trials[0].steps + 4 * 2
    with pytest.raises(AttributeError):
        next(pieces)


def test_a_file_takes_its_pieces_one_by_one(tmp_path: Path) -> None:
    """When a piece is asked for, those before it are on the disk but for a buffer."""
    sizes = []

    def pieces() -> Iterator[str]:
        for _ in range(3):
            yield "x" * 1_000_000
            (half,) = tmp_path.glob(".*.new")
            sizes.append(half.stat().st_size)

    write_files({tmp_path / "long.csv": pieces()})
    assert sizes == pytest.approx([1e6, 2e6, 3e6], rel=0.01)
    assert (tmp_path / "long.csv").stat().st_size == 3_000_000


@pytest.mark.parametrize("form", [(), ("--format", "markdown"), ("-o", "report.html")])
def test_curves_where_they_have_no_numbers_are_refused_before_anything_runs(nnb: Any, form: Any) -> None:
    for verb in (RUN, ("report",)):
        line = nnb(*verb, "--curves", *form, code=2)
        assert line.startswith("nnbench: --curves: csv and json have the numbers of curves, ")
        assert line.count("\n") == 1
    assert not STORE.exists()


def test_the_json_of_a_search_has_no_curves_and_its_csv_has(nnb: Any) -> None:
    nnb("tune", "small.toml", "--optimizer", "sgd", "--points", "5", "--seeds", "1", "--quiet")

    assert "the JSON of a search has no trials" in nnb("report", "--json", "--curves", code=2)
    assert "train_accuracy" in nnb("report", "--format", "csv", "--curves")
