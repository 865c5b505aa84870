"""``nnbench tune``: equal budgets, no optimum on an edge, fresh seeds, and trials that are run once."""

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nnbench
from nnbench.cli import main
from nnbench.matrix import TrialSpec, configuration_key
from nnbench.records import TrialRecord
from nnbench.request import make_plan
from nnbench.store import Store
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case

Result = tuple[int, str, str]
# Where each optimizer is best in these tests; far below, for lion, what the search can reach.
OPTIMA = {"adam": 0.004, "sgd": 0.05, "lion": 1e-20, "rmsprop": 3e-9, "adagrad": 0.02}
N_RATES, N_TUNING = 13 + 2 * 2, 3


def run_trial(trial: TrialSpec, *, stop: Any = None) -> TrialRecord:
    """Lose a tenth (lion less) a decade away from the optimum; sgd diverges above 1, momentum at any rate."""
    record = fake_trial.run_trial(trial, stop=stop)
    name, rate = trial.axes.as_dict()["optimizer"], float(trial.axes.as_dict()["learning_rate"])
    if (name == "sgd" and rate > 1.0) or name == "momentum":
        return replace(record, status="diverged", final={}, best={})
    noise = int(trial.key[:4], 16) / 0xFFFF * 0.001
    slope = 0.03 if name == "lion" else 0.1
    accuracy = max(0.1, 0.95 - slope * abs(math.log10(rate / OPTIMA[name])) + noise)
    loss = 1.0 - accuracy
    if name == "adagrad":
        accuracy = 0.5
    return replace(record, final={"loss": loss, "accuracy": accuracy})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trials take no time, and their results depend on the rate as said above."""
    module = ModuleType("nnbench.trial")
    module.__dict__.update({**vars(fake_trial), "run_trial": run_trial})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "nnbench.trial", module)
    monkeypatch.setattr(nnbench, "trial", module, raising=False)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


@pytest.fixture
def nnb(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(arguments)
        return (code, *capsys.readouterr())

    return run


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
    """Three from a million on choose; 0 to 7 are measured at two rates and no other."""
    document = as_json(nnb(*TUNE, "--json"))

    with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
        trials = store.trials(store.run("last").trial_keys)
    tuning = [trial for trial in trials if trial.seed >= 1_000_000]
    fresh = [trial for trial in trials if trial.seed < 1_000_000]
    assert document["budget"]["tuning_seeds"] == [1_000_000, 1_000_001, 1_000_002]
    assert (len(tuning), len(fresh)) == (2 * N_RATES * N_TUNING, 2 * 2 * 8)
    assert {trial.seed for trial in fresh} == set(range(8))
    for name, each in by_optimizer(document).items():
        rates = {
            float(t.axes.as_dict()["learning_rate"]) for t in fresh if t.axes.as_dict()["optimizer"] == name
        }
        assert rates == {each["learning_rate"], each["default_learning_rate"]}


def test_the_regret_of_the_default_is_measured_on_the_fresh_seeds(nnb: Callable[..., Result]) -> None:
    """adam's default of 0.001 is 0.6 decades from its best: 0.06, within the noise of 0.001."""
    adam = by_optimizer(as_json(nnb(*TUNE, "--json")))["adam"]

    low, high = adam["default_regret_interval"]
    assert adam["default_regret"] == pytest.approx(0.06, abs=0.002)
    assert low <= adam["default_regret"] <= high
    assert adam["gain"]["verdict"] == "better"
    assert adam["tuned"]["median"] - adam["default"]["median"] == pytest.approx(0.06, abs=0.002)


def test_regret_counts_more_as_worse_where_less_is_better(nnb: Callable[..., Result], folder: Path) -> None:
    """Judged by its loss, adam's default still falls short of the tuned rate by 0.06."""
    content = case_content()
    content["measure"] = {"metric": "loss", "target": 0.1, "noticeable": 0.01}
    write_case(folder / "small.toml", content)

    adam = by_optimizer(as_json(nnb(*TUNE, "--json")))["adam"]

    low, high = adam["default_regret_interval"]
    assert adam["gain"]["difference"] == pytest.approx(-0.06, abs=0.002)
    assert adam["default_regret"] == pytest.approx(0.06, abs=0.002)
    assert 0 < low <= adam["default_regret"] <= high
    assert abs(math.log10(adam["learning_rate"] / OPTIMA["adam"])) <= 0.13


def test_the_basin_is_as_wide_as_the_curve_says(nnb: Callable[..., Result]) -> None:
    """A tenth per decade and a tolerance of 0.01 make 0.2 decades, less what the grid misses of the top."""
    adam = by_optimizer(as_json(nnb(*TUNE, "--json")))["adam"]

    low, high = adam["basin_interval"]
    assert 0.15 < adam["basin_width_decades"] < 0.32
    assert low <= adam["basin_width_decades"] <= high
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


def test_the_default_may_be_the_best(nnb: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is nothing to regret, and nothing to compare."""
    monkeypatch.setitem(OPTIMA, "adam", 0.001)

    document = as_json(nnb("tune", "small.toml", "--optimizer", "adam", "--seeds", "6", "--json"))
    _, text, _ = nnb("report")

    (adam,) = document["configurations"]
    assert adam["learning_rate"] == adam["default_learning_rate"] == 0.001
    assert (adam["default_regret"], adam["gain"]) == (0.0, None)
    assert document["new"] == N_RATES * N_TUNING + 6
    assert "the default" in text


def test_the_same_search_again_trains_nothing_and_finds_the_same(nnb: Callable[..., Result]) -> None:
    first = as_json(nnb(*TUNE, "--json"))
    second = as_json(nnb(*TUNE, "--json"))

    assert first["new"] == 2 * N_RATES * N_TUNING + 2 * 2 * 8
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
    assert document["new"] == 2 * (N_RATES * N_TUNING + 2 * 6)


def test_a_dry_run_trains_nothing_and_counts(nnb: Callable[..., Result], folder: Path) -> None:
    code, text, _ = nnb(*TUNE, "--dry-run")

    assert code == 0
    assert "2 configurations: 17 rates on 3 tuning seeds" in text
    assert f"{2 * N_RATES * N_TUNING + 2 * 2 * 8} trials at least" in text
    assert not (folder / ".nnbench").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--points", "2"), "--points: a grid has 3 to 1000 rates, found 2. Try 13."),
        (("--decades", "0"), "--decades: a grid is at most 20 decades wide and above 0, found 0. Try 6."),
        (("--tuning-seeds", "0-2"), "--tuning-seeds: seed 0 is also a reported seed of case 'small'."),
        (("--tuning-seeds", "none"), "--tuning-seeds: expected a number of seeds"),
        (("--optimizer", "adam(learning_rate=0.1)"), "adam has a learning rate of its own, 0.1;"),
        (("--optimizer", "adma"), "--optimizer: no optimizer named 'adma'. Did you mean 'adam'?"),
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


# -- run --tuned ---------------------------------------------------------------------------------------------


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
    assert f"tuned first: {N_RATES * N_TUNING + 2 * 8} trials run" in said
    assert len(json.loads(out)["tuned_by"]) == 2
    assert json.loads(out)["trials"] == as_json(nnb(*RUN, "--json"))["trials"]


def test_a_rate_on_an_edge_is_used_and_said(nnb: Callable[..., Result]) -> None:
    nnb("tune", "small.toml", "--optimizer", "lion", "--seeds", "6")

    code, _, said = nnb("run", "small.toml", "--optimizer", "lion", "--seeds", "6", "--tuned")

    assert code == 0
    assert "the tuned rate of (only configuration) on small is an end of those that were tried" in said


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
