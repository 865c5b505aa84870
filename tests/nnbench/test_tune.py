"""``nnbench tune``: equal budgets, no optimum on an edge, fresh seeds, and trials that are run once."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases.choices import Optimizer
from nnbench.errors import UsageError
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.store import Store
from nnbench.studies.search.plan import _check_optimizer
from tests.misspelt import NEAREST_OPTIMIZER, NO_OPTIMIZER
from tests.nnbench import fake_trial, rated_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.rated_trial import N_RATES, N_SEARCH, N_TUNING, OPTIMA, install

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


def test_the_rate_that_is_found_is_the_best_one(nnb: Callable[..., Result]) -> None:
    """Within an eighth of a decade, after two rounds of refining; and neither lies on an edge."""
    document = as_json(nnb(*TUNE, "--json"))

    assert document["schema"] == "nnbench.tune/1"
    for name, each in by_optimizer(document).items():
        assert abs(math.log10(each["learning_rate"] / OPTIMA[name])) <= 0.13
        assert (each["edge"], each["edge_side"]) == (False, None)
        assert each["n"] == each["tuned"]["n"] == each["default"]["n"] == 8


def test_every_configuration_has_the_same_budget_and_it_is_printed(nnb: Callable[..., Result]) -> None:
    """rmsprop needs further rounds to leave its edge: adam gets as many rates, between its own neighbours."""
    document = as_json(nnb("tune", "small.toml", "--optimizer", "adam,rmsprop", "--seeds", "6", "--json"))
    _, text, _ = nnb("report", "last")

    found = by_optimizer(document)
    rates = {name: [point["learning_rate"] for point in each["curve"]] for name, each in found.items()}
    assert len(rates["adam"]) == len(rates["rmsprop"]) == document["budget"]["rates"] > N_RATES
    assert min(rates["rmsprop"]) < 1e-7 < 1e-6 <= min(rates["adam"])
    assert not found["rmsprop"]["edge"]
    assert f"every configuration: {document['budget']['rates']} rates on 3 tuning seeds" in text


def test_an_optimum_on_an_edge_is_never_called_one(nnb: Callable[..., Result]) -> None:
    """lion gets better and better downwards: the search gives up after so many rounds, and says so."""
    document = as_json(nnb("tune", "small.toml", "--optimizer", "adam,lion", "--seeds", "6", "--json"))
    _, text, _ = nnb("report", "last")

    lion = by_optimizer(document)["lion"]
    assert (lion["edge"], lion["edge_side"]) == (True, "low")
    assert lion["learning_rate"] == min(point["learning_rate"] for point in lion["curve"])
    assert f"{lion['learning_rate']:g} (edge)" in text
    assert "The best rate of lion is an end of all 29 that were tried: it is no optimum." in " ".join(
        text.split()
    )


def test_tuning_seeds_and_reported_seeds_are_apart(nnb: Callable[..., Result], folder: Path) -> None:
    """Twenty from a million on choose, three of them at every rate; 0 to 7 are measured at two."""
    document = as_json(nnb(*TUNE, "--json"))

    with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
        trials = store.trials(store.run("last").trial_keys)
    tuning = [trial for trial in trials if trial.seed >= 1_000_000]
    fresh = [trial for trial in trials if trial.seed < 1_000_000]
    assert document["budget"]["tuning_seeds"] == [1_000_000, 1_000_001, 1_000_002]
    assert (len(tuning), len(fresh)) == (2 * N_SEARCH, 2 * 2 * 8)
    assert {trial.seed for trial in fresh} == set(range(8))
    for name, each in by_optimizer(document).items():
        rates = {
            float(t.axes.as_dict()["learning_rate"]) for t in fresh if t.axes.as_dict()["optimizer"] == name
        }
        assert rates == {each["learning_rate"], each["default_learning_rate"]}


def test_the_regret_of_the_default_is_measured_on_the_fresh_seeds(nnb: Callable[..., Result]) -> None:
    """adam's default of 0.001 is half a decade from the tuned 0.00316: 0.05, within the noise of 0.001."""
    adam = by_optimizer(as_json(nnb(*TUNE, "--json")))["adam"]

    low, high = adam["default_regret_interval"]
    assert adam["default_regret"] == pytest.approx(0.05, abs=0.002)
    assert low <= adam["default_regret"] <= high
    assert adam["gain"]["verdict"] == "better"
    assert adam["tuned"]["median"] - adam["default"]["median"] == pytest.approx(0.05, abs=0.002)


def test_regret_counts_more_as_worse_where_less_is_better(nnb: Callable[..., Result], folder: Path) -> None:
    """Judged by its loss, adam's default still falls short of the tuned rate by 0.05."""
    content = case_content()
    content["measure"] = {"metric": "loss", "target": 0.1, "noticeable": 0.01}
    write_case(folder / "small.toml", content)

    adam = by_optimizer(as_json(nnb(*TUNE, "--json")))["adam"]

    low, high = adam["default_regret_interval"]
    assert adam["gain"]["difference"] == pytest.approx(-0.05, abs=0.002)
    assert adam["default_regret"] == pytest.approx(0.05, abs=0.002)
    assert 0 < low <= adam["default_regret"] <= high
    assert abs(math.log10(adam["learning_rate"] / OPTIMA["adam"])) <= 0.13


def test_the_basin_is_as_wide_as_the_curve_says(nnb: Callable[..., Result]) -> None:
    """A tenth per decade and a tolerance of 0.01: 0.2 decades, or 0.45 where the best is an eighth off."""
    adam = by_optimizer(as_json(nnb(*TUNE, "--json")))["adam"]

    low, high = adam["basin_range"]
    assert 0.2 < adam["basin_width_decades"] < 0.45
    assert low <= adam["basin_width_decades"] <= high
    assert adam["basin_interval"] == [None, None]
    assert adam["basin"][0] < adam["learning_rate"] < adam["basin"][1]
    assert not adam["basin_open"]


def test_divergence_is_marked_and_never_best(nnb: Callable[..., Result]) -> None:
    sgd = by_optimizer(as_json(nnb(*TUNE, "--json")))["sgd"]

    lost = [point for point in sgd["curve"] if point["learning_rate"] > 1.0]
    assert lost
    assert all((point["diverged"], point["median"]) == (N_TUNING, None) for point in lost)
    assert sgd["learning_rate"] < 1.0


def test_a_configuration_that_always_diverges_has_no_rate(nnb: Callable[..., Result]) -> None:
    """Smaller and smaller rates are tried, as many as the others get; then that is said."""
    document = as_json(nnb("tune", "small.toml", "--optimizer", "adam,momentum", "--seeds", "6", "--json"))
    code, text, _ = nnb("report", "last")

    momentum = by_optimizer(document)["momentum"]
    assert (momentum["learning_rate"], momentum["edge"], momentum["tuned"]) == (None, True, None)
    assert min(point["learning_rate"] for point in momentum["curve"]) < 1e-9
    assert (code, "No rate left a score for momentum." in text) == (0, True)


def test_of_equally_good_rates_the_one_with_the_least_loss_is_chosen(nnb: Callable[..., Result]) -> None:
    """adagrad is right half of the time at any rate here, and its loss is least near 0.02."""
    document = as_json(nnb("tune", "small.toml", "--optimizer", "adagrad", "--seeds", "6", "--json"))

    (adagrad,) = document["configurations"]
    assert abs(math.log10(adagrad["learning_rate"] / 0.02)) <= 0.13
    assert not adagrad["edge"]
    assert adagrad["basin_open"]


def test_where_all_rates_tie_the_default_is_taken_and_no_grid_grows(nnb: Callable[..., Result]) -> None:
    """No rate of nesterov is better than another here, and none is an end where an optimum was missed."""
    document = as_json(nnb("tune", "small.toml", "--optimizer", "nesterov,adam", "--seeds", "6", "--json"))

    nesterov = by_optimizer(document)["nesterov"]
    rates = [point["learning_rate"] for point in nesterov["curve"]]
    assert nesterov["learning_rate"] == nesterov["default_learning_rate"]
    assert (nesterov["edge"], nesterov["default_regret"], nesterov["gain"]) == (False, 0.0, None)
    assert (document["budget"]["rates"], min(rates), max(rates)) == (N_RATES, 1e-5, 10.0)


def test_a_tie_of_all_points_leaves_the_default_too(nnb: Callable[..., Result]) -> None:
    """Over several hyper-parameters as along one."""
    command = ("tune", "small.toml", "--optimizer", "nesterov", "--over", "all", "--seeds", "6")
    (nesterov,) = as_json(nnb(*command, "--json"))["configurations"]

    assert nesterov["tuned_optimizer"] == "nesterov"
    assert nesterov["learning_rate"] == nesterov["default_learning_rate"]
    assert nesterov["edges"] == []


def test_a_tuned_rate_at_a_cliff_is_named(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """sgd is best just below where it diverges; adam loses a little on both sides of its best."""
    monkeypatch.setitem(OPTIMA, "sgd", 0.95)

    found = by_optimizer(as_json(nnb(*TUNE, "--json")))
    _, text, _ = nnb("report", "--format", "markdown")

    above = found["sgd"]["cliff"]["learning_rate"]
    assert found["sgd"]["learning_rate"] <= 1.0 < above
    assert (found["sgd"]["cliff"]["unstable"], found["adam"]["cliff"]) == (20, None)
    assert (
        f"The tuned rate of sgd stands at a cliff: 20 of 20 seeds fail at the next larger rate, {above:g};"
        " at the tuned rate and beside it 20 of 60." in text
    )
    assert found["sgd"]["failing_around"] == {"failed": 20, "n": 60, "share": 20 / 60}
    assert "0/20 / 0/20 / 20/20" in text
    assert "cliff" not in text.replace("The tuned rate of sgd stands at a cliff", "")


def test_seeds_that_fail_at_the_tuned_rate_itself_are_named(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of twenty tuning seeds diverges at every rate of adam."""
    plain = rated_trial.run_trial

    def run_trial(trial: TrialSpec, *, stop: Any = None) -> TrialRecord:
        record = plain(trial, stop=stop)
        is_lost = trial.seed == 1_000_002 and trial.axes.as_dict()["optimizer"] == "adam"
        return replace(record, status="diverged", final={}, best={}) if is_lost else record

    fake_trial.install(monkeypatch, run_trial=run_trial)
    nnb(*TUNE)
    _, text, _ = nnb("report", "--format", "markdown")

    assert "At the tuned rate of adam itself 1 of 20 tuning seeds fail." in text
    assert "rate of sgd itself" not in text


def test_the_default_may_be_the_best(nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is nothing to regret, and nothing to compare."""
    monkeypatch.setitem(OPTIMA, "adam", 0.001)

    document = as_json(nnb("tune", "small.toml", "--optimizer", "adam", "--seeds", "6", "--json"))
    _, text, _ = nnb("report")

    (adam,) = document["configurations"]
    assert adam["learning_rate"] == adam["default_learning_rate"] == 0.001
    assert (adam["default_regret"], adam["gain"]) == (0.0, None)
    assert document["new"] == N_SEARCH + 6
    assert "the default" in text


def test_the_same_search_again_trains_nothing_and_finds_the_same(nnb: Callable[..., Result]) -> None:
    first = as_json(nnb(*TUNE, "--json"))
    second = as_json(nnb(*TUNE, "--json"))

    assert first["new"] == 2 * N_SEARCH + 2 * 2 * 8
    assert (second["new"], second["cached"]) == (0, first["new"])
    assert second["configurations"] == first["configurations"]


def test_a_run_at_the_default_shares_its_trials_with_the_search(nnb: Callable[..., Result]) -> None:
    as_json(nnb(*TUNE, "--json"))

    document = as_json(nnb("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "8", "--json"))

    assert (document["new"], document["cached"]) == (0, 16)


def test_the_report_in_the_store_is_the_one_that_was_printed(
    nnb: Callable[..., Result], folder: Path
) -> None:
    """As text, as Markdown with its figure, as JSON; and the list of runs has it."""
    _, printed, _ = nnb(*TUNE)
    _, again, _ = nnb("report")
    document = as_json(nnb("report", "--json"))
    code, path, _ = nnb("report", "--format", "markdown", "--output", "out")
    listed = as_json(nnb("list", "runs", "--json"))["items"]

    assert again == printed
    assert document["schema"] == "nnbench.tune/1"
    assert (code, path.strip()) == (0, str(Path("out", "report.md")))
    assert "small-rates.svg" in (folder / "out" / "report.md").read_text()
    assert b"adam: 0.00" in (folder / "out" / "small-rates.svg").read_bytes()
    assert [item["name"] for item in listed] == [document["run"]]


def test_two_cases_are_searched_together(nnb: Callable[..., Result], folder: Path) -> None:
    content = case_content()
    content["name"] = "other"
    write_case(folder / "other.toml", content)

    document = as_json(
        nnb("tune", "small.toml", "other.toml", "--optimizer", "adam", "--seeds", "6", "--json")
    )

    assert [each["case"] for each in document["configurations"]] == ["small", "other"]
    assert document["new"] == 2 * (N_SEARCH + 2 * 6)


def test_a_dry_run_trains_nothing_and_counts(nnb: Callable[..., Result], folder: Path) -> None:
    code, text, _ = nnb(*TUNE, "--dry-run")

    assert code == 0
    assert "2 configurations: 17 rates on 3 tuning seeds each, 5 of them on 17 more, then" in text
    assert f"{2 * N_SEARCH + 2 * 2 * 8} trials at least: 0 in the store" in text
    assert not (folder / ".nnbench").exists()


@pytest.mark.parametrize(
    "more", [(), ("--over", "all", "--points", "8"), ("--points", "5", "--decades", "2")]
)
def test_a_dry_run_counts_what_is_then_trained(nnb: Callable[..., Result], more: tuple[str, ...]) -> None:
    """Before the search, where some of its trials are there, and after it."""
    nnb("run", "small.toml", "--optimizer", "adam", "--seeds", "5")
    before = as_json(nnb(*TUNE, *more, "--dry-run", "--json"))
    done = as_json(nnb(*TUNE, *more, "--json"))
    after = as_json(nnb(*TUNE, *more, "--dry-run", "--json"))

    assert (before["cached"], before["trials"] - before["cached"]) == (5, done["new"])
    assert (after["trials"], after["cached"]) == (done["new"] + 5, done["new"] + 5)
    assert after["estimated_s"] == 0.0 < before["estimated_s"]


def test_a_dry_run_after_a_search_that_had_to_grow_knows_its_rounds(nnb: Callable[..., Result]) -> None:
    """What the store has says which rates come next."""
    command = ("tune", "small.toml", "--optimizer", "adam,rmsprop", "--seeds", "6")
    before = as_json(nnb(*command, "--dry-run", "--json"))
    done = as_json(nnb(*command, "--json"))
    after = as_json(nnb(*command, "--seeds", "7", "--dry-run", "--json"))

    assert before["trials"] < done["new"]
    assert after["cached"] == done["new"]
    assert after["trials"] - after["cached"] == 2 * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--points", "2"), "--points: a search has 3 to 1000 points, found 2. Try 13."),
        (("--over", "all", "--points", "2"), "--points: a search has 3 to 1000 points, found 2. Try 32."),
        (("--decades", "0"), "--decades: a search is at most 20 decades wide and above 0, found 0. Try 6."),
        (("--tuning-seeds", "0-2"), "--tuning-seeds: seed 0 is also a reported seed of case 'small'."),
        (("--tuning-seeds", "none"), "--tuning-seeds: expected a number of seeds"),
        (("--optimizer", "adam(learning_rate=0.1)"), "adam has a learning rate of its own, 0.1;"),
        (
            ("--optimizer", NO_OPTIMIZER),
            f"--optimizer: no optimizer named {NO_OPTIMIZER!r}. Did you mean {NEAREST_OPTIMIZER!r}?",
        ),
    ],
)
def test_a_wrong_option_is_one_line(nnb: Callable[..., Result], options: tuple[str, ...], words: str) -> None:
    code, out, said = nnb("tune", "small.toml", *options)

    (line,) = said.splitlines()
    assert (code, out) == (2, "")
    assert line.startswith(f"nnbench: {words}")


def test_a_rate_from_the_environment_contradicts_the_search(
    nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNBENCH_LR", "0.1")

    code, _, said = nnb(*TUNE)

    assert (code, said.startswith("nnbench: NNBENCH_LR: tune searches the learning rates itself.")) == (
        2,
        True,
    )


def test_one_tuning_seed_bounds_no_curve(nnb: Callable[..., Result]) -> None:
    """And its intervals are absent, in JSON as in the table."""
    adam = by_optimizer(as_json(nnb(*TUNE, "--tuning-seeds", "1", "--json")))["adam"]
    _, text, _ = nnb("report")

    assert adam["basin_interval"] == [None, None]
    assert adam["n_tuning"] == 1
    assert "bootstrap over" not in text


@pytest.mark.parametrize("default", ["1e-300", "1e-20", "1e+20", "1e+300"])
def test_a_default_rate_at_which_nothing_can_train_is_refused(default: str) -> None:
    """A grid around it would have the rates 0 and infinity."""
    with pytest.raises(
        UsageError, match=r"mine: a search goes around its default rate of 1e.* 1e-20 to 1e\+20"
    ):
        _check_optimizer(Optimizer("mine", None, default), 6.0)
