"""A search with real training: the same rates and the same bits, however many workers there are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from tests.nnbench.case_file import case_content, write_case


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    content = case_content()
    content["training"]["epochs"] = 10
    write_case(tmp_path / "small.toml", content)
    return tmp_path


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        capsys.readouterr()
        code = main([*arguments, "--json"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return run


TUNE = (
    "tune",
    "small.toml",
    "--optimizer",
    "sgd,adam",
    "--points",
    "7",
    "--tuning-seeds",
    "2",
    "--seeds",
    "6",
)
TIMES = ("train_s",)


def untimed(value: Any) -> Any:
    """Return the document's content without what a clock measured."""
    if isinstance(value, dict):
        return {name: untimed(inner) for name, inner in value.items() if name not in TIMES}
    return [untimed(inner) for inner in value] if isinstance(value, list) else value


def test_workers_change_nothing(document: Callable[..., Any]) -> None:
    one = document(*TUNE, "--jobs", "1", "--store", "one")
    many = document(*TUNE, "--jobs", "4", "--store", "many")

    assert untimed(one["configurations"]) == untimed(many["configurations"])
    assert one["new"] == many["new"]


def test_a_tuned_rate_beats_the_default_on_fresh_seeds(document: Callable[..., Any]) -> None:
    """Ten epochs at sgd's 0.01 leave iris half learnt; a rate found on other seeds does better on these."""
    found = {each["axes"]["optimizer"]: each for each in document(*TUNE)["configurations"]}

    sgd = found["sgd"]
    assert not sgd["edge"]
    assert sgd["learning_rate"] > sgd["default_learning_rate"]
    assert sgd["tuned"]["median"] > sgd["default"]["median"]
    assert sgd["default_regret"] > 0


def test_a_run_at_the_tuned_rates_has_the_digests_of_a_run_that_names_them(
    document: Callable[..., Any],
) -> None:
    """``--tuned`` changes where a rate comes from, not what is trained."""
    rate = {each["axes"]["optimizer"]: each["learning_rate"] for each in document(*TUNE)["configurations"]}
    run = ("run", "small.toml", "--optimizer", "sgd", "--seeds", "3")

    tuned = document(*run, "--tuned")
    named = document(*run, "--lr", str(rate["sgd"]), "--store", "other")

    assert [trial["digest"] for trial in tuned["trials"]] == [trial["digest"] for trial in named["trials"]]
    assert [trial["key"] for trial in tuned["trials"]] == [trial["key"] for trial in named["trials"]]
