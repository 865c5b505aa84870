"""What is read of a run: the curves that reports show, and how each trial failed, told once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnbench.evidence import findings
from nnbench.evidence.reading import recorded
from nnbench.records.trials import Axes, CaseFacts, Direction, RunRecord, TrialRecord
from nnbench.statistics.trials.failures import failure_kind, how_it_failed
from nnbench.store import Store

FACTS = CaseFacts(
    metric="accuracy", direction="max", name="made", summary="", target=0.9, noticeable=0.01, chance=0.1,
    n_train=100, n_validation=50, n_parameters=10, epochs=4, batch_size=10, steps=40,
)  # fmt: skip


def _trial(seed: int, final: float, losses: tuple[float, float]) -> TrialRecord:
    values = np.linspace(0.1, final, 4)
    curves = {
        "step_loss": np.linspace(*losses, 40),
        "eval_step": np.array([10, 20, 30, 40]),
        "val_loss": 2 - values,
        "val_accuracy": values,
        "dead_units": np.zeros(2),
    }
    return TrialRecord(
        key=f"{seed:064x}", case="made", axes=Axes((("optimizer", "adam"),)), seed=seed, status="finished",
        final={"loss": 2 - final, "accuracy": final},
        best={"loss": 2 - final, "accuracy": final, "step": 40.0},
        steps=40, steps_to_target=None, train_s=0.1, digest="00",
        curves={name: curve.astype(np.float32) for name, curve in curves.items()},
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store of a run with a trial that went well, one at chance, and one whose loss rose."""
    trials = [_trial(0, 0.95, (2.0, 0.1)), _trial(1, 0.11, (2.0, 1.0)), _trial(2, 0.5, (1.0, 30.0))]
    store = Store.open(tmp_path / "store.sqlite", create=True)
    store.put_trials(trials)
    keys = tuple(trial.key for trial in trials)
    store.put_run(RunRecord("run", "2026", "", (FACTS,), (), None, keys, {}, 0.0, 3, 0))
    return store


def test_the_loss_of_every_step_is_kept_only_where_it_is_asked_for(store: Store) -> None:
    """A report shows curves of the metric and what probes saw; ``--curves`` writes all of them."""
    with store:
        few, every = (findings.find(store, store.run("run"), with_all_curves=all_) for all_ in (False, True))

    assert [set(trial.curves) for trial in few.trials] == [{"eval_step", "val_accuracy", "dead_units"}] * 3
    assert {"step_loss", "val_loss"} < set(every.trials[0].curves)
    held = few.trials[0].curves["val_accuracy"].base
    assert held is not None
    assert held.size == 3 * 4, "a view of all that was read would hold the loss of every step"
    assert few.trials[0].curves["eval_step"] is few.trials[2].curves["eval_step"]
    assert few.summaries == every.summaries


def test_how_a_trial_failed_is_told_from_all_of_its_curves(store: Store) -> None:
    """The kind is that of the whole record, though the curve that shows it is no longer there."""
    with store:
        found = findings.find(store, store.run("run"))
        whole = store.trials(found.run.trial_keys, with_curves=True)

    kinds = [how_it_failed(trial, FACTS) for trial in found.trials]
    assert kinds == [failure_kind(trial, FACTS) for trial in whole] == [None, "chance", "blown_up"]
    assert [trial.failure for trial in found.trials] == [None] * 3, "what was recorded stays as it is"


def _odd_trials() -> list[TrialRecord]:
    """Return trials that end in every way, with curves that leap, rise, stay flat or are no numbers."""
    draws = np.random.Generator(np.random.Philox(key=5))
    found = []
    for seed in range(240):
        trial = _trial(seed, float(draws.choice([0.1, 0.12, 0.5, 0.89, 0.95])), (2.0, 0.1))
        curves = {name: curve.copy() for name, curve in trial.curves.items()}
        loss, validation, accuracy = (curves[name] for name in ("step_loss", "val_loss", "val_accuracy"))
        match seed % 8:
            case 1:
                loss[draws.integers(40) :] *= np.float32(draws.choice([4.0, 60.0]))
            case 2:
                validation[-1] += np.float32(draws.uniform(0.0, 3.0))
            case 3:
                loss[20:], validation[3] = loss[19], 4.0
            case 4:
                accuracy[draws.integers(4)] = np.nan
            case 5:
                loss[draws.integers(20, 40)] = np.float32(draws.choice([np.nan, 50.0]))
                validation[-1] *= 2
        changes: dict[str, object] = {"curves": curves}
        if seed % 11 == 1:
            changes |= {"status": "diverged", "final": {}, "failure": "diverged"}
        if seed % 13 == 1:
            changes |= {"final": {"loss": 1.0, "accuracy": np.nan}}
        if seed % 17 == 1:
            changes |= {"best": {**trial.best, "step": 20.0}}
        if seed % 19 == 1:
            changes |= {"status": "failed", "final": {}, "best": {}, "error": "it broke"}
        if seed % 23 == 1:
            changes |= {"curves": {}, "final": {"loss": 1.0}}
        found.append(replace(trial, **changes))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("target", [None, 0.9, 0.5])
def test_trials_that_are_judged_together_are_judged_as_each_alone(
    tmp_path: Path, target: float | None, direction: Direction
) -> None:
    """With all of their curves, each is looked at alone."""
    case = replace(FACTS, target=target, direction=direction)
    trials = _odd_trials()
    keys = [trial.key for trial in trials]
    with Store.open(tmp_path / "store.sqlite", create=True) as store:
        store.put_trials(trials)
        together, alone = (
            recorded(store, keys, [case], with_all_curves=with_all) for with_all in (False, True)
        )

    assert len(together) == len(alone) > 200
    assert len({trial.kind for trial in alone}) >= 5, "the trials end in too few ways to tell"
    for one, other in zip(together, alone, strict=True):
        assert repr(replace(one, curves={})) == repr(replace(other, curves={}))
        for name, curve in one.curves.items():
            np.testing.assert_array_equal(curve, other.curves[name])
