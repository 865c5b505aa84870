"""``nnbench run --tuned``: each configuration at the rate that a search found, or what is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.plan.matrix import configuration_key
from nnbench.plan.request import make_plan
from tests.nnbench.rated_trial import N_SEARCH, install

Result = tuple[int, str, str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path, monkeypatch)
    return tmp_path


def as_json(result: Result) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


def by_optimizer(document: Any) -> dict[str, Any]:
    return {each["axes"]["optimizer"]: each for each in document["configurations"]}


TUNE = ("tune", "small.toml", "--optimizer", "sgd,adam", "--seeds", "8")
RUN = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "8", "--tuned")


def test_a_run_uses_the_rates_that_were_found(nnb: Callable[..., Result]) -> None:
    """Each trial at its configuration's own, which the report shows; the search trained them all."""
    search = as_json(nnb(*TUNE, "--json"))
    rates = {name: each["learning_rate"] for name, each in by_optimizer(search).items()}

    document = as_json(nnb(*RUN, "--json"))
    _, text, _ = nnb("report")

    used = {
        (trial["axes"]["optimizer"], float(trial["axes"]["learning_rate"])) for trial in document["trials"]
    }
    assert used == set(rates.items())
    assert (document["new"], document["cached"]) == (0, 16)
    assert document["varying"] == ["optimizer"]
    assert document["tuned_by"] == [search["run"]]
    assert f"tuned by {search['run']}" in text
    assert all(f"{rate:g}" in text for rate in rates.values())


def test_a_missing_rate_is_one_line_with_the_command_to_run(nnb: Callable[..., Result]) -> None:
    """And that command, pasted, is all that it takes."""
    nnb("tune", "small.toml", "--optimizer", "sgd", "--epochs", "3", "--seeds", "8")

    code, out, said = nnb(*RUN, "--epochs", "3")

    (line,) = said.splitlines()
    assert (code, out) == (2, "")
    command = "nnbench tune small.toml --optimizer adam --epochs 3"
    assert (
        line == f"nnbench: --tuned: no search has tuned adam on small. Run: {command}; or add --tune-missing."
    )
    assert nnb(*command.split()[1:])[0] == 0
    assert nnb(*RUN, "--epochs", "3")[0] == 0


def test_what_is_tuned_is_known_without_its_rate(folder: Path) -> None:
    """A configuration is the same at any rate, and another with any other choice."""
    plan = make_plan(["small.toml"], {"optimizer": "sgd,adam"}, environment={}, folder=folder)
    (part, sgd), (_, adam) = plan.matrix.configurations()

    assert configuration_key(part, sgd.at("learning_rate", "0.3")) == configuration_key(part, sgd)
    assert configuration_key(part, sgd) != configuration_key(part, adam)


def test_a_rate_belongs_to_its_budget(nnb: Callable[..., Result]) -> None:
    """What was tuned for two epochs is not tuned for three, nor in double precision."""
    nnb(*TUNE)

    assert [nnb(*RUN, *more)[0] for more in ((), ("--epochs", "3"), ("--dtype", "float64"))] == [0, 2, 2]


def test_missing_rates_can_be_searched_first(nnb: Callable[..., Result]) -> None:
    """Only those that are missing; then the run goes on as if they had been there."""
    as_json(nnb("tune", "small.toml", "--optimizer", "sgd", "--seeds", "8", "--json"))

    code, out, said = nnb(*RUN, "--tune-missing", "--json")

    assert code == 0
    assert f"tuned first: {N_SEARCH + 2 * 8} trials run" in said
    assert len(json.loads(out)["tuned_by"]) == 2
    assert json.loads(out)["trials"] == as_json(nnb(*RUN, "--json"))["trials"]


def test_a_rate_on_an_edge_is_used_and_said(nnb: Callable[..., Result]) -> None:
    nnb("tune", "small.toml", "--optimizer", "lion", "--seeds", "6")

    code, _, said = nnb("run", "small.toml", "--optimizer", "lion", "--seeds", "6", "--tuned")

    assert code == 0
    assert "what was tuned of (only configuration) on small is an end of what was tried" in said


def test_a_configuration_without_any_rate_is_refused(nnb: Callable[..., Result]) -> None:
    nnb("tune", "small.toml", "--optimizer", "adam,momentum", "--seeds", "6")

    code, _, said = nnb("run", "small.toml", "--optimizer", "adam,momentum", "--seeds", "6", "--tuned")

    assert code == 2
    assert "found no rate at which momentum on small works. Leave it out." in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--lr", "0.1"), "--tuned and --lr contradict each other."),
        (("--optimizer", "adam(learning_rate=0.1)"), "--tuned: adam has a learning rate of its own, 0.1."),
    ],
)
def test_tuned_and_given_rates_contradict(
    nnb: Callable[..., Result], options: tuple[str, ...], words: str
) -> None:
    code, _, said = nnb("run", "small.toml", "--tuned", *options)

    assert (code, said.startswith(f"nnbench: {words}")) == (2, True)


def test_tuned_may_stand_in_the_environment(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNBENCH_TUNED", "true")

    code, _, said = nnb("run", "small.toml", "--optimizer", "adam")

    assert (code, said.startswith("nnbench: NNBENCH_TUNED: no search has tuned")) == (2, True)


@pytest.mark.parametrize("more", [(), ("--race", "--seeds", "40")])
def test_a_dry_run_counts_the_search_that_goes_first(
    nnb: Callable[..., Result], more: tuple[str, ...]
) -> None:
    """The search's trials, and those of the run that it leaves; sgd is tuned already."""
    as_json(nnb("tune", "small.toml", "--optimizer", "sgd", "--seeds", "8", "--json"))
    run = (*RUN, "--tune-missing", *more)

    foreseen = as_json(nnb(*run, "--dry-run", "--json"))
    _, text, _ = nnb(*run, "--dry-run")
    document = as_json(nnb(*run, "--json"))
    searched = as_json(nnb("report", document["tuned_by"][1], "--json"))

    n_seeds = 40 if more else 8
    n_search = N_SEARCH + 2 * n_seeds
    assert searched["new"] == n_search
    assert foreseen["search"] == {"trials": n_search, "leaves": n_seeds}
    assert foreseen["trials"] == n_search + 2 * n_seeds
    assert foreseen["cached"] == 8
    assert f"first a search, {n_search} trials at least; 1 configuration: 17 rates on 3 tuning seeds" in text
    assert (
        f"{n_search + 2 * n_seeds} trials at least: 8 in the store, {n_search + n_seeds - 8} to run" in text
    )


def test_a_dry_run_where_nothing_is_missing_is_that_of_the_run(nnb: Callable[..., Result]) -> None:
    nnb(*TUNE)

    assert nnb(*RUN, "--tune-missing", "--dry-run") == nnb(*RUN, "--dry-run")
    assert "16 trials: 16 in the store, 0 to run." in nnb(*RUN, "--dry-run")[1]


def test_a_dry_run_of_a_search_changes_nothing(nnb: Callable[..., Result], folder: Path) -> None:
    code, text, said = nnb(*RUN, "--tune-missing", "--dry-run")

    assert (code, said) == (0, "")
    assert f"first a search, {2 * N_SEARCH + 4 * 8} trials at least; 2 configurations" in text
    assert "16 that the search leaves" in text
    assert not (folder / ".nnbench").exists()
