"""Compiling in two processes gives what one gives, and a help that fails is no harm."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnbench.training import precompile
from nnbench.training.program import needed_entries
from nnkit import pack


def iris_trials() -> list[Any]:
    given = {"optimizer": "sgd", "seeds": "1"}
    return request.plan_for([request.one_case("iris")], read_settings(from_options(given))).matrix.trials()


def test_a_trial_survives_the_way_to_the_other_process() -> None:
    """Both processes need the same kernels."""
    trials = iris_trials()
    described = json.loads(json.dumps([precompile._described(trial) for trial in trials]))

    arrived = [precompile._read(one) for one in described]

    assert [e.name for e, _ in needed_entries(arrived)] == [e.name for e, _ in needed_entries(trials)]


def test_the_other_process_fills_the_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its main function every kernel that is needed is in the pack."""
    trials = iris_trials()
    asked = json.dumps([precompile._described(trial) for trial in trials])
    monkeypatch.setattr(sys, "stdin", io.StringIO(asked))

    precompile.main()

    assert all(entry.is_ready(dtype) for entry, dtype in needed_entries(trials))
    assert any(path.suffix == ".o" for path in pack.folder().iterdir())


def test_a_help_that_cannot_start_is_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything is compiled here, and progress ends at the total."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    monkeypatch.setattr(precompile, "_WORTH_A_PROCESS", 0)
    trials = iris_trials()
    needed = needed_entries(trials)
    said: list[tuple[int, int]] = []

    precompile.compile_all(needed, trials, lambda done, total, _: said.append((done, total)))

    assert said[-1] == (len(needed), len(needed))
    assert all(entry.address(dtype) for entry, dtype in needed)


def test_a_case_with_files_survives_the_way_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are found from the folder that the other process starts in."""
    (tmp_path / "t.csv").write_text(
        "a,y\n" + "".join(f"{7 * i % 13},{i % 2}\n" for i in range(40)), encoding="utf-8"
    )
    case = (
        'name = "own"\nsummary = "a table"\n[data]\nfile = "t.csv"\ntarget = "y"\ntask = "classification"\n'
        '[model]\nlayers = [{ type = "Dense", units = 2 }]\n[training]\nepochs = 1\n'
        'loss = "sparse_categorical_crossentropy"\n[measure]\nnoticeable = 0.01\n'
    )
    (tmp_path / "own.toml").write_text(case, encoding="utf-8")
    own = request.one_case(str(tmp_path / "own.toml"))
    trials = request.plan_for([own], read_settings()).matrix.trials()
    described = json.loads(json.dumps([precompile._described(trial) for trial in trials]))
    monkeypatch.chdir("/")

    arrived = [precompile._read(one) for one in described]

    assert arrived[0].case.identity == trials[0].case.identity
