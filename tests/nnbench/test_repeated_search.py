"""``nnbench tune --searches``, and the seeds that the last few rates get."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.records.trials import RunRecord, TrialRecord
from nnbench.store import Store
from tests.nnbench.rated_trial import N_RATES, N_SEARCH, OPTIMA, install

Result = tuple[int, str, str]
TUNE = ("tune", "small.toml", "--optimizer", "sgd,adam", "--seeds", "9")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path, monkeypatch)
    return tmp_path


def as_json(result: Result) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


def last(folder: Path) -> tuple[RunRecord, list[TrialRecord]]:
    with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
        run = store.run("last")
        return run, store.trials(run.trial_keys)


def of_optimizer(trials: list[TrialRecord], name: str) -> list[TrialRecord]:
    return [trial for trial in trials if trial.axes.as_dict()["optimizer"] == name]


def test_five_rates_of_every_configuration_get_twenty_seeds_in_all(
    nnb: Callable[..., Result], folder: Path
) -> None:
    """The other twelve have three; the tuned one is of the five; and the budget is printed."""
    document = as_json(nnb(*TUNE, "--json"))
    _, text, _ = nnb("report")

    _, trials = last(folder)
    for name in ("sgd", "adam"):
        tuning = [trial for trial in of_optimizer(trials, name) if trial.seed >= 1_000_000]
        seeds = Counter(trial.axes.as_dict()["learning_rate"] for trial in tuning)
        assert sorted(seeds.values()) == [3] * (N_RATES - 5) + [20] * 5
        (found,) = [each for each in document["configurations"] if each["axes"]["optimizer"] == name]
        assert seeds[f"{found['learning_rate']:g}"] == 20
    assert document["budget"]["final_seeds"] == list(range(1_000_003, 1_000_020))
    assert (document["budget"]["finalists"], document["budget"]["trials"]) == (5, N_SEARCH)
    assert f"then 5 of them on 17 more (1000003–1000019), {N_SEARCH} trials" in " ".join(text.split())


@pytest.mark.parametrize(
    ("asked", "n"), [("1", N_RATES + 5 * 19), ("20", 20 * N_RATES), ("30", 30 * N_RATES)]
)
def test_as_many_seeds_as_the_last_rates_would_get_leave_none_to_add(
    nnb: Callable[..., Result], asked: str, n: int
) -> None:
    """From twenty on every rate has them."""
    document = as_json(nnb("tune", "small.toml", "--optimizer", "adam", "--tuning-seeds", asked, "--json"))

    assert document["budget"]["trials"] == n
    assert len(document["budget"]["final_seeds"]) == max(0, 20 - int(asked))


def test_further_tuning_seeds_are_never_reported_ones(nnb: Callable[..., Result]) -> None:
    """Behind 0 to 2 stand those that are reported, and are passed over."""
    document = as_json(
        nnb("tune", "small.toml", "--optimizer", "adam", "--tuning-seeds", "0-2", "--seeds", "5-9", "--json")
    )

    assert document["budget"]["final_seeds"] == [3, 4, *range(10, 25)]


def test_a_list_of_seeds_that_has_no_further_ones_is_refused(nnb: Callable[..., Result]) -> None:
    code, _, said = nnb("tune", "small.toml", "--tuning-seeds", "4294967290-4294967295")

    assert code == 2
    assert said.startswith("nnbench: --tuning-seeds: the last rates get further seeds, up to 4294967309,")


def test_every_search_has_tuning_seeds_and_fresh_seeds_of_its_own(
    nnb: Callable[..., Result], folder: Path
) -> None:
    """Three searches: no seed is of two of them, and nine fresh seeds are trained at one tuned rate each."""
    document = as_json(nnb(*TUNE, "--searches", "3", "--json"))

    run, trials = last(folder)
    tuning = run.tuning
    assert tuning is not None
    own = [{*each.tuning_seeds, *each.final_seeds} for each in (tuning, *tuning.repeats)]
    assert [len(seeds) for seeds in own] == [20] * 3
    assert len(set().union(*own)) == 60
    for searches in tuning.of_configurations:
        for place, search in enumerate(searches):
            assert search.best is not None
            at = search.at(search.best)
            measured = {trial.seed for trial in trials if trial.axes == at and trial.seed < 1_000_000}
            assert set(range(place, 9, 3)) <= measured
    fresh = [trial for trial in trials if trial.seed < 1_000_000]
    assert len(fresh) == 2 * 2 * 9
    assert document["new"] == 2 * (3 * N_SEARCH + 2 * 9)


def test_the_rates_of_all_searches_are_told_and_the_first_is_used(nnb: Callable[..., Result]) -> None:
    """In JSON as a list, in text as a note; ``run --tuned`` takes the first one's."""
    document = as_json(nnb(*TUNE, "--searches", "3", "--json"))
    _, text, _ = nnb("report")
    used = as_json(nnb("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "9", "--tuned", "--json"))

    for found in document["configurations"]:
        assert len(found["learning_rates"]) == 3
        assert found["learning_rates"][0] == found["learning_rate"]
    rates = {each["axes"]["optimizer"]: each["learning_rate"] for each in document["configurations"]}
    assert {
        trial["axes"]["optimizer"]: float(trial["axes"]["learning_rate"]) for trial in used["trials"]
    } == rates
    words = " ".join(text.split())
    assert "Verdicts carry what differs between the 3 searches." in words
    assert "one search found" not in words
    assert "Student's t over 3 searches" in words


def test_one_search_is_said_to_be_one(nnb: Callable[..., Result]) -> None:
    nnb(*TUNE)
    _, text, _ = nnb("report")

    assert "Each stands at the rate that one search found" in " ".join(text.split())


def test_verdicts_over_searches_have_one_sample_for_each(nnb: Callable[..., Result]) -> None:
    """adam and sgd are best alike here, and their optima are known."""
    document = as_json(nnb(*TUNE, "--searches", "3", "--json"))

    (verdict,) = document["verdicts"]
    assert verdict["n"] == 9
    assert verdict["verdict"] in ("equivalent", "cannot_tell")
    adam = next(each for each in document["configurations"] if each["axes"]["optimizer"] == "adam")
    assert adam["gain"]["verdict"] == "better"
    assert adam["learning_rate"] == pytest.approx(OPTIMA["adam"], rel=0.35)


def test_repeated_searches_again_train_nothing(nnb: Callable[..., Result], folder: Path) -> None:
    """Two searches more take the first one's trials from the store; and a dry run knows them all."""
    nnb(*TUNE)
    before = as_json(nnb(*TUNE, "--searches", "3", "--dry-run", "--json"))
    done = as_json(nnb(*TUNE, "--searches", "3", "--json"))
    first = last(folder)[0].tuning
    after = as_json(nnb(*TUNE, "--searches", "3", "--dry-run", "--json"))
    again = as_json(nnb(*TUNE, "--searches", "3", "--json"))

    assert before["trials"] == done["new"] + done["cached"] == after["cached"]
    assert done["cached"] >= 2 * N_SEARCH
    assert again["new"] == 0
    assert last(folder)[0].tuning == first


@pytest.mark.parametrize("n", ["0", "10"])
def test_more_searches_than_fresh_seeds_are_refused(nnb: Callable[..., Result], n: str) -> None:
    code, _, said = nnb(*TUNE, "--searches", n)

    assert code == 2
    assert f"for 9 seeds, 1 to 9 searches, found {n}. Try 3." in said


def test_searches_over_several_hyper_parameters_repeat_too(nnb: Callable[..., Result]) -> None:
    command = ("tune", "small.toml", "--optimizer", "adam", "--over", "beta_1", "--searches", "2")
    (adam,) = as_json(nnb(*command, "--seeds", "6", "--json"))["configurations"]

    assert len(adam["learning_rates"]) == 2
    assert adam["tuned"]["n"] == 6


def test_a_run_at_tuned_rates_names_the_cliff(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """sgd is best just below where every trial diverges; adam is not near one."""
    monkeypatch.setitem(OPTIMA, "sgd", 0.95)
    nnb(*TUNE)

    code, _, said = nnb("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "9", "--tuned")

    told = (
        "nnbench: the tuned rate of sgd on small stands at a cliff: at it and beside it 20 of 60 tuning seeds"
    )
    assert code == 0
    assert [line for line in said.splitlines() if "cliff" in line] == [f"{told} failed."]


def test_the_tuning_debt_is_what_tuning_brings_the_others(nnb: Callable[..., Result]) -> None:
    """sgd leads by a hair; of adam's 0.05 per half a decade to its default all is debt."""
    document = as_json(nnb(*TUNE, "--json"))
    _, text, _ = nnb("report")

    (debt,) = document["tuning_debt"]
    gain = {each["axes"]["optimizer"]: each["gain"] for each in document["configurations"]}[
        debt["b"]["optimizer"]
    ]
    assert debt["debt"]["difference"] == pytest.approx(gain["difference"])
    assert debt["debt"]["difference"] == pytest.approx(
        debt["over_default"]["difference"] - debt["over_tuned"]["difference"]
    )
    assert debt["n"] == 9
    assert "each was given 17 rates" in " ".join(text.split())
