"""Trials that begin, train and end together: what they are alone, whatever becomes of one of them."""

from dataclasses import fields, replace
from typing import Any

from nnbench.machine.stopping import Stop
from nnbench.plan import request
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import from_options, read_settings
from nnbench.records.trials import TrialRecord
from nnbench.training.trial import run_together, run_trial
from nnkit.errors import InvalidArgument


def several() -> list[TrialSpec]:
    """Two cases, three optimizers, pictures and early stopping or not, in an order that mixes them."""
    given = [("iris", "sgd,adam"), ("wine", "rmsprop")]
    found = []
    for name, optimizers in given:
        options = from_options({"optimizer": optimizers, "seeds": "3", "epochs": "3"})
        found += request.plan_for([request.one_case(name)], read_settings(options)).trials()
    return sorted(found, key=lambda trial: trial.key)


def told(record: TrialRecord | BaseException) -> dict[str, Any]:
    """Return a record without its seconds, its curves as bytes."""
    assert isinstance(record, TrialRecord), record
    return {
        **{each.name: getattr(record, each.name) for each in fields(record) if each.name != "train_s"},
        "curves": {name: curve.tobytes() for name, curve in record.curves.items()},
    }


def test_trials_together_are_what_they_are_alone() -> None:
    each = several()

    assert list(map(told, run_together(each))) == [told(run_trial(trial)) for trial in each]


def test_a_trial_that_cannot_begin_takes_none_of_the_others_along() -> None:
    each = several()
    broken = replace(each[4], seed=-1)  # no split is drawn by it

    found = run_together([*each[:4], broken, *each[5:]])

    assert isinstance(found[4], InvalidArgument)
    assert [told(record)["status"] for place, record in enumerate(found) if place != 4] == ["finished"] * 8


def test_a_stop_cancels_all_that_are_trained_together() -> None:
    stop = Stop()
    stop.set()

    assert {told(record)["status"] for record in run_together(several(), stop=stop)} == {"cancelled"}
