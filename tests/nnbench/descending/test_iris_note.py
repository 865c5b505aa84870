"""The preset of the lecture note's own training call."""

import json
from typing import Any

import numpy as np
import pytest

from nnbench.cases import choices
from nnbench.cases.axis import own_choices
from nnbench.cases.catalogue import case_named
from nnkit import schedules
from nnkit.registry import parse_choice

KERAS_BOUNDARIES, KERAS_VALUES = (700, 900), (0.1, 0.05, 0.01)


def test_it_is_the_notes_call() -> None:
    """batch_size=15, epochs=1000, SGD(0.1, momentum=0.9), PiecewiseConstantDecay([700, 900], …)."""
    case = case_named("iris_note")
    own = own_choices(case)

    assert (case.training.batch_size, case.training.epochs, case.axes.learning_rate) == (15, 1000, 0.1)
    name, given = parse_choice(str(own["optimizer"]))
    assert (name, given) == ("momentum", {"rate_in_velocity": True})
    part = choices.part_of("optimizers", name)
    assert {hyper.name: hyper.default for hyper in part.hyperparameters}["momentum"] == 0.9


def test_its_rates_are_those_of_keras_to_the_step() -> None:
    """A step up to the boundary keeps the earlier value: step 700 is still at 0.1, step 701 at 0.05."""
    name, given = parse_choice(case_named("iris_note").axes.schedule)

    table = schedules.get(name, **given).relative(0.1, 8000)
    places = np.searchsorted(KERAS_BOUNDARIES, np.arange(8000), side="left")
    assert table == pytest.approx(np.array(KERAS_VALUES)[places], rel=1e-15)
    assert (table[700], table[701], table[900], table[901]) == pytest.approx((0.1, 0.05, 0.05, 0.01))


def test_an_epoch_makes_eight_updates(nnb: Any) -> None:
    """120 rows in batches of 15: the boundaries in updates are passed in epochs 88 and 113."""
    code, out, said = nnb("explain", "iris_note", "--json")
    assert code == 0, said
    assert json.loads(out)["schema"] == "nnbench.explain/1"

    case = case_named("iris_note")
    n = round(150 * (1 - case.data.validation))
    assert n / case.training.batch_size == 8
    assert [boundary // 8 + 1 for boundary in KERAS_BOUNDARIES] == [88, 113]
