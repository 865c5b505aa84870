"""What a run would do is told without its trials, and is what its trials say."""

from pathlib import Path
from typing import Any

import pytest

from nnbench.plan.matrix import TrialSpec
from nnbench.plan.request import Plan, plan_for, whole_case
from nnbench.plan.settings import from_options, read_settings
from nnbench.records.trials import TrialRecord
from nnbench.running import forecast as forecasting
from nnbench.running.forecast import forecast
from nnbench.running.probing import settled_keys
from nnbench.store import Store
from nnbench.training.program import estimate_s
from nnkit import optimizers


def _plan(store: Path, **options: object) -> Plan:
    given = {"optimizer": "adam,sgd", "activation": "relu,tanh", "jobs": "2", "store": str(store), **options}
    return plan_for([whole_case("xor")], read_settings(from_options(given)))


def _recorded(plan: Plan, store: Path, n: int) -> None:
    """Record the first trials of a plan as finished, and one as cancelled."""
    some = plan.trials()[: n + 1]
    with Store.open(store, create=True) as opened:
        for place, trial in enumerate(some):
            status = "finished" if place < n else "cancelled"
            record = TrialRecord(
                trial.key, trial.case.name, trial.axes, trial.seed, status, {}, {}, 1, None, 0.1, "00"
            )
            opened.put_trial(record)


@pytest.mark.parametrize("shard", [None, "1/3"])
def test_it_counts_what_looking_every_trial_up_would_count(tmp_path: Path, shard: str | None) -> None:
    """Counts and seconds are those of all trials one by one, with a store that has some of them."""
    store = tmp_path / "store.sqlite"
    _recorded(_plan(store, seeds="0-6"), store, 24)
    # The same configurations and seeds with other keys: these are not in the store.
    _recorded(_plan(store, seeds="0-6", epochs="3"), store, 5)
    plan = _plan(store, seeds="2-9", shard=shard)

    found = forecast(plan.lots(), plan.settings)

    trials = plan.trials()
    with Store.open(store, create=False) as opened:
        cached = settled_keys(opened, trials)
    seconds = sum(estimate_s(trial) for trial in trials if trial.key not in cached) / 2
    assert 0 < found.n_cached < found.n_trials
    assert (found.n_trials, found.n_cached) == (len(trials), len(cached))
    assert found.seconds == pytest.approx(seconds, rel=1e-9)


def test_trials_that_no_store_can_have_are_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of half a million trials four are made, one for each configuration, and nothing is looked up twice."""
    plan = _plan(tmp_path / "none.sqlite", seeds="125000")
    made = []
    original = forecasting.Lot.trials

    def counting(lot: forecasting.Lot):  # type: ignore[no-untyped-def]
        for trial in original(lot):
            made.append(trial.key)
            yield trial

    monkeypatch.setattr(forecasting.Lot, "trials", counting)

    found = forecast(plan.lots(), plan.settings)

    assert (found.n_trials, found.n_cached, len(made)) == (500_000, 0, 4)


def test_of_many_configurations_the_time_is_that_of_a_fair_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty programs are compiled of 160 configurations, and the time is about that of all of them."""
    rates = ",".join(f"{0.001 * place:g}" for place in range(1, 11))
    options = {"optimizer": "adam,sgd,lion,rmsprop", "width": "2,40", "activation": "relu,tanh", "lr": rates}
    plan = _plan(tmp_path / "none.sqlite", seeds="1000", **options)
    seconds = sum(1000 * estimate_s(next(lot.trials())) for lot in plan.lots()) / 2
    looks = []

    def counting(trial: TrialSpec) -> float:
        looks.append(trial.key)
        return estimate_s(trial)

    monkeypatch.setattr("nnbench.training.program.estimate_s", counting)

    found = forecast(plan.lots(), plan.settings)

    assert (found.n_trials, len(looks)) == (160_000, 30)
    assert found.seconds == pytest.approx(seconds, rel=0.25)


def test_the_steps_of_a_plugin_in_plain_python_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of its update is timed, by a clock that says half a second; of built-in optimizers none is."""
    known = optimizers._registry
    monkeypatch.setattr(known, "_parts", dict(known._parts))  # the plug-in is gone after the test
    monkeypatch.setattr("nnbench.training.program.Clock.elapsed_s", lambda clock: 0.5)
    optimizers.register_numpy("by_hand", _descend, learning_rate=0.05)

    built_in, by_hand = (
        estimate_s(
            plan_for([whole_case("xor")], read_settings(from_options({"optimizer": name}))).trials()[0]
        )
        for name in ("sgd", "by_hand")
    )

    assert built_in < 1.0
    assert by_hand == pytest.approx(800 * 0.5, rel=0.01)  # 80 epochs of 10 steps


def _descend(
    params: dict[str, Any], grads: dict[str, Any], state: dict[str, Any], step: int, learning_rate: float
) -> None:
    for name in params:
        params[name] -= learning_rate * grads[name]
