"""Budgets: what is read as a time, and that no trial begins which cannot end in time."""

import threading
from collections.abc import Iterator, Mapping

import pytest

from nnbench.errors import UsageError
from nnbench.plan.durations import read_budget
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.running.budget import Budget
from nnbench.running.engines import ThreadEngine
from nnbench.running.runner import run_trials
from tests.nnbench import fake_trial
from tests.nnbench.test_matrix import crossed
from tests.nnbench.test_progress import SetClock


@pytest.fixture(autouse=True)
def estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trial is estimated at half a second."""
    monkeypatch.setattr("nnbench.running.budget._estimate_s", fake_trial.estimate_s)


def run(
    trials: list[TrialSpec], budget: Budget, clock: SetClock, seconds: Mapping[str, float | Iterator[float]]
) -> list[float]:
    """Run trials that take so long by optimizer, one after the other; return when each one ended."""
    ended = []

    def execute(trial: TrialSpec) -> TrialRecord:
        taken_s = seconds[trial.axes.as_dict()["optimizer"]]
        clock.now_s += taken_s if isinstance(taken_s, float) else next(taken_s)
        ended.append(clock.now_s)
        return fake_trial.run_trial(trial)

    engine = ThreadEngine(1)
    run_trials(
        budget.lasting(trials),
        execute=budget.watching(execute),
        engine=engine,
        keep=lambda records: None,
        stop=threading.Event(),
    )
    engine.close()
    return ended


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h", 3600), ("1h30m", 5400), ("0.5min", 30), (" 2 m 10 s", 130)],
)
def test_a_time_is_a_number_with_its_unit(text: str, seconds: float) -> None:
    assert read_budget(text, "--budget") == seconds


@pytest.mark.parametrize("text", ["5", "", "m", "5 minutes", "-5m", "5m,3s", "1e3s", "5ms"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"--budget: expected a time with its unit, found .* Try 90s, 5m"):
        read_budget(text, "--budget")


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="must be above 0, found '0s'"):
        read_budget("0s", "--budget")


def test_trials_begin_as_long_as_they_end_in_time() -> None:
    """Ten seconds hold three trials of three seconds: the fourth would end in the twelfth."""
    clock = SetClock()

    ended = run(crossed(optimizer="adam", seeds="9").trials(), Budget(10.0, clock), clock, {"adam": 3.0})

    assert ended == [3.0, 6.0, 9.0]


def test_a_trial_that_ends_with_the_budget_is_run() -> None:
    clock = SetClock()

    ended = run(crossed(optimizer="adam", seeds="9").trials(), Budget(9.0, clock), clock, {"adam": 3.0})

    assert ended == [3.0, 6.0, 9.0]


def test_the_fast_are_not_favoured_at_the_end() -> None:
    """Once a slow trial does not fit, a fast one behind it is not begun either."""
    clock, budget = SetClock(), None
    trials = crossed(optimizer="adam|sgd", seeds="4").trials()
    trials = [trial for pair in zip(trials[:4], trials[4:], strict=True) for trial in pair]
    budget = Budget(12.0, clock)

    ended = run(trials, budget, clock, {"adam": 4.0, "sgd": 1.0})

    assert ended == [4.0, 5.0, 9.0, 10.0]
    assert budget.is_used_up


def test_what_was_not_run_yet_is_expected_at_the_slowest_pace_so_far() -> None:
    """adam takes 8 times its estimate of half a second, so sgd is expected to take 4 seconds as well."""
    clock = SetClock()
    trials = crossed(optimizer="adam|sgd", seeds="1").trials()

    assert run(trials, Budget(7.9, clock), clock, {"adam": 4.0, "sgd": 1.0}) == [4.0]


@pytest.mark.parametrize(("budget_s", "ended_s"), [(8.5, [4.0, 5.0]), (9.0, [4.0, 5.0, 6.0])])
def test_a_fast_trial_does_not_hide_that_a_slow_one_was_slow(budget_s: float, ended_s: list[float]) -> None:
    """adam at 8 times its estimate, then sgd at twice it: momentum is expected to take 4 seconds, not 1."""
    clock, seconds = SetClock(), {"adam": 4.0, "sgd": 1.0, "momentum": 1.0}
    trials = crossed(optimizer="adam|sgd|momentum", seeds="1").trials()

    assert run(trials, Budget(budget_s, clock), clock, seconds) == ended_s


def test_a_configuration_is_expected_to_take_as_long_as_its_slowest_trial() -> None:
    """4 seconds, then 1: the third trial does not fit into the 3.9 that are left."""
    clock = SetClock()
    trials = crossed(optimizer="adam", seeds="3").trials()

    assert run(trials, Budget(8.9, clock), clock, {"adam": iter([4.0, 1.0, 1.0])}) == [4.0, 5.0]


def test_one_fast_trial_makes_no_estimate_shorter() -> None:
    """adam takes a fifth of its half second; sgd still is expected to take all of it."""
    clock = SetClock()
    trials = crossed(optimizer="adam|sgd", seeds="1").trials()

    assert run(trials, Budget(0.55, clock), clock, {"adam": 0.1, "sgd": 0.1}) == [0.1]


def test_the_first_trial_is_begun_by_its_estimate() -> None:
    """Less than the estimated half second is too little to begin with."""
    clock = SetClock()
    trials = crossed(optimizer="adam", seeds="1").trials()

    assert run(trials, Budget(0.4, clock), clock, {"adam": 0.1}) == []


def test_time_passes_also_where_nothing_runs() -> None:
    clock = SetClock()
    budget = Budget(5.0, clock)

    assert not budget.is_over()
    clock.now_s = 5.0
    assert budget.is_over()
