"""An ablation with real training: what is off is off, to the bit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Result = tuple[int, str, str]
BUDGET = ("--epochs", "3", "--seeds", "6", "--lr", "0.01")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_json(result: Result) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


def test_an_optimizer_without_a_component_is_the_simpler_one(nnb: Callable[..., Result]) -> None:
    """Trained apart, adam and adamw without its decay end in the same weights; effects are those by hand."""
    document = as_json(nnb("ablate", "adamw(weight_decay=0.5)", "iris", *BUDGET, "--json"))
    apart = as_json(nnb("run", "iris", "--optimizer", "adam", *BUDGET, "--store", "apart", "--json"))

    trials = as_json(nnb("report", document["run"], "--json"))["trials"]
    whole = {each["seed"]: each for each in trials if each["axes"]["optimizer"] == "adamw(weight_decay=0.5)"}
    without = {each["seed"]: each for each in trials if each["axes"]["optimizer"] == "adam"}
    assert {seed: each["digest"] for seed, each in without.items()} == {
        each["seed"]: each["digest"] for each in apart["trials"]
    }
    assert all(without[seed]["digest"] != whole[seed]["digest"] for seed in whole)
    (decay,) = (each for each in document["components"] if each["component"] == "weight decay")
    differences = [without[seed]["final"]["accuracy"] - whole[seed]["final"]["accuracy"] for seed in whole]
    assert decay["effect"] == pytest.approx(sum(differences) / len(differences), abs=1e-12)
    assert len({each["digest"] for each in trials if each["seed"] == 0}) == 6
