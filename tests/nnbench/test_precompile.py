"""Compiling in two processes gives what one gives, and a help that fails is no harm."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan import described, request
from nnbench.plan.settings import from_options, read_settings
from nnbench.training import precompile
from nnbench.training.program import needed_entries
from nnkit import pack


def iris_trials() -> list[Any]:
    given = {"optimizer": "sgd", "seeds": "1"}
    return request.plan_for([request.one_case("iris")], read_settings(from_options(given))).matrix.trials()


def test_the_other_process_fills_the_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its main function every kernel that is needed is in the pack."""
    trials = iris_trials()
    monkeypatch.setattr(sys, "stdin", io.StringIO(described.to_text(trials)))

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
