"""``nnbench run --probes``: more is seen, nothing else changes."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.records.probes import NAMES, summary_of
from nnbench.store import Store
from tests.nnbench.case_file import case_content, write_case

RUN = ("run", "small.toml", "--activation", "relu,tanh", "--seeds", "2")
STORE = Path(".nnbench/store.sqlite")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Any:
        capsys.readouterr()
        code = main([*arguments, "--json", "--quiet"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return run


@pytest.fixture
def store() -> Callable[[], Store]:
    return lambda: Store.open(STORE, create=True)


def without_probes(trial: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in trial.items() if name != "probes"}


def test_trials_in_the_store_run_again_for_their_probes_and_come_out_the_same(document: Any) -> None:
    plain = document(*RUN)
    probed = document(*RUN, "--probes")

    assert (plain["new"], plain["cached"]) == (4, 0)
    assert (probed["new"], probed["cached"]) == (4, 0)
    assert plain["trials"] == [without_probes(trial) for trial in probed["trials"]]
    assert all("probes" in trial for trial in probed["trials"])


def test_probes_once_recorded_are_not_looked_for_again(document: Any) -> None:
    first = document(*RUN, "--probes")
    again, without = document(*RUN, "--probes"), document(*RUN)

    assert (again["new"], without["new"]) == (0, 0)
    assert first["trials"] == again["trials"] == without["trials"]


def test_a_dry_run_counts_the_trials_whose_probes_are_missing(document: Any) -> None:
    document(*RUN)

    assert document(*RUN, "--dry-run")["cached"] == 4
    assert document(*RUN, "--probes", "--dry-run")["cached"] == 0


def test_every_layer_has_its_number(document: Any) -> None:
    (trial,) = document("run", "small.toml", "--seeds", "1", "--optimizer", "adam", "--probes")["trials"]

    assert len(trial["probes"]["dead"]) == 1
    assert len(trial["probes"]["gradient_norm"]) == 2


def test_a_race_records_probes_too(document: Any) -> None:
    race = ("run", "small.toml", "--activation", "relu,tanh", "--seeds", "12", "--race")
    plain, probed = document(*race), document(*race, "--probes")

    assert probed["new"] == len(probed["trials"]) == len(plain["trials"])
    assert all("probes" in trial for trial in probed["trials"])


def test_the_environment_and_a_matrix_file_may_ask_for_probes(
    document: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "matrix.toml").write_text('cases = ["small.toml"]\nseeds = 1\nprobes = true\n')

    from_file = document("run", "matrix.toml")
    monkeypatch.setenv("NNBENCH_PROBES", "1")
    from_environment = document("run", "small.toml", "--seeds", "1", "--store", "other")

    assert "probes" in from_file["trials"][0]
    assert "probes" in from_environment["trials"][0]


def test_weights_that_came_out_otherwise_are_reported_and_not_recorded(
    document: Any, store: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = document(*RUN)["trials"]
    with store() as opened:
        (trial,) = opened.trials([recorded[0]["key"]], with_curves=True)
        opened.put_trial(replace(trial, digest="0" * 64))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main([*RUN, "--probes", "--quiet", "--json"]) == 0
    captured = capsys.readouterr()

    (line,) = captured.err.splitlines()
    assert "small, seed 0: trained again with probes, the weights came out as" in line
    after = json.loads(captured.out)["trials"]
    assert after[0]["digest"] == "0" * 64
    assert "probes" not in after[0]
    assert all("probes" in trial for trial in after[1:])


def test_the_seconds_are_those_of_the_first_run(document: Any) -> None:
    plain, probed = document(*RUN)["trials"], document(*RUN, "--probes")["trials"]

    assert [trial["train_s"] for trial in plain] == [trial["train_s"] for trial in probed]


def test_a_diverged_trial_has_probes_of_its_start(document: Any, store: Any) -> None:
    wild = ("run", "small.toml", "--optimizer", "sgd", "--lr", "1e30", "--seeds", "1", "--probes")
    trial = document(*wild)["trials"][0]

    assert trial["status"] == "diverged"
    assert trial["probes"]["gradient_norm"] == [None, None]
    assert document(*wild)["trials"][0] == trial


def test_a_layer_without_a_living_unit_is_a_failure_of_its_own(document: Any, folder: Path) -> None:
    content = case_content()
    content["name"] = "lifeless"
    content["model"]["layers"][0]["bias_initializer"] = "constant(value=-1000)"
    write_case(folder / "lifeless.toml", content)

    run = ("run", "lifeless.toml", "--activation", "relu", "--seeds", "1")
    assert [document(*run, *probes)["trials"][0]["failure"] for probes in ((), ("--probes",))] == [
        "chance",
        "dead",
    ]


def test_the_report_shows_what_the_probes_saw_only_where_they_looked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = []
    for probes in ([], ["--probes"]):
        assert main([*RUN, *probes, "--quiet"]) == 0
        said.append(capsys.readouterr().out)

    assert "What the probes saw" not in said[0]
    assert "What the probes saw" in said[1]
    assert "gradient, first /" in said[1]


def test_a_record_without_all_curves_has_no_summary(document: Any, store: Any) -> None:
    key = document(*RUN, "--probes")["trials"][0]["key"]
    with store() as opened:
        assert opened.keys_with_curves([key], NAMES) == {key}
        assert opened.keys_with_curves([key], ["no such curve"]) == set()
        (trial,) = opened.trials([key], with_curves=True)

    assert summary_of(trial) is not None
    assert summary_of(replace(trial, curves={NAMES[0]: trial.curves[NAMES[0]]})) is None
