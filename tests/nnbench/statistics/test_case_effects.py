"""Which axes of a case are factors, and which of its trials take part."""

from dataclasses import replace

import pytest

from nnbench.records.trials import Axes, TrialRecord
from nnbench.statistics.factors.case_effects import case_effects, crossed
from tests.nnbench.statistics.records_by_hand import facts, trial

VARYING = ("optimizer", "activation")


def matrix(n_seeds: int = 3) -> list[TrialRecord]:
    """Return two optimizers by two activations; sgd is worse, sigmoid is worse, sgd with sigmoid diverges."""
    return [
        trial(
            optimizer,
            seed,
            activation=activation,
            accuracy=0.9 - 0.1 * (optimizer == "sgd") - 0.02 * (activation == "sigmoid") + 0.001 * seed,
        )
        for optimizer in ("adam", "sgd")
        for activation in ("relu", "sigmoid")
        for seed in range(n_seeds)
    ]


def rated(each: TrialRecord, rate: str) -> TrialRecord:
    return replace(each, axes=Axes((*each.axes.values, ("learning_rate", rate))))


def test_the_axes_that_vary_are_factors() -> None:
    """What the trials were made of is found again, in units of the metric."""
    found = case_effects(matrix(), facts(), VARYING)

    assert found is not None
    assert found.effects is not None
    assert found.factors == VARYING
    assert found.effects.main["optimizer"]["sgd"].value == pytest.approx(-0.05)
    assert found.effects.main["activation"]["relu"].value == pytest.approx(0.01)
    assert found.effects.is_balanced


@pytest.mark.parametrize(
    "varying", [(), ("optimizer",), ("optimizer", "init")], ids=["none", "one", "one that trials have"]
)
def test_fewer_than_two_axes_have_nothing_to_share(varying: tuple[str, ...]) -> None:
    """One axis is seen in the table of verdicts."""
    assert case_effects(matrix(), facts(), varying) is None


def test_a_case_without_any_score_has_nothing_to_share() -> None:
    """Everything diverged: the headline says so."""
    lost = [replace(each, status="diverged", final={}) for each in matrix()]

    assert case_effects(lost, facts(), VARYING) is None


def test_trials_without_a_score_are_counted_by_choice_and_status() -> None:
    """A diverged and a failed trial have none; a cancelled one, and another case's, are not there at all."""
    trials = matrix()
    trials[-1] = replace(trials[-1], status="diverged", final={})
    trials[0] = replace(trials[0], status="failed", final={})
    trials[1] = replace(trials[1], status="cancelled", final={})
    other = trial("adam", 0, case="other")

    found = case_effects([*trials, other], facts(), VARYING)

    assert found is not None
    assert found.effects is not None
    assert dict(found.lost_by_status) == {"failed": 1, "diverged": 1}
    assert {axis: dict(lost) for axis, lost in found.lost.items()} == {
        "optimizer": {"adam": 1, "sgd": 1},
        "activation": {"relu": 1, "sigmoid": 1},
    }
    assert dict(found.trials["optimizer"]) == {"adam": 5, "sgd": 6}
    assert (found.effects.n, found.effects.n_without_score) == (9, 2)


def test_a_rate_that_goes_with_its_optimizer_is_no_factor() -> None:
    """Every optimizer at its own rate: what differs may as well be the rate's doing, and nobody can tell."""
    trials = [
        rated(each, {"adam": "0.001", "sgd": "0.1"}[dict(each.axes.values)["optimizer"]]) for each in matrix()
    ]

    found = case_effects(trials, facts(), (*VARYING, "learning_rate"))

    assert found is not None
    assert found.factors == VARYING
    assert found.left_out == {"learning_rate": "not crossed"}


def test_rates_of_their_own_within_each_optimizer_are_no_factor() -> None:
    """Two rates for each optimizer, none in common: nested, not crossed."""
    trials = [
        rated(each, rate)
        for each in matrix()
        for rate in {"adam": ("0.001", "0.01"), "sgd": ("0.1", "1")}[dict(each.axes.values)["optimizer"]]
    ]

    found = case_effects(trials, facts(), (*VARYING, "learning_rate"))

    assert found is not None
    assert found.left_out == {"learning_rate": "not crossed"}


def test_a_single_choice_that_left_scores_is_no_factor() -> None:
    """All of sgd diverged: one axis is left, and no effects."""
    trials = [
        replace(each, status="diverged", final={}) if dict(each.axes.values)["optimizer"] == "sgd" else each
        for each in matrix()
    ]

    found = case_effects(trials, facts(), VARYING)

    assert found is not None
    assert found.effects is None
    assert found.left_out == {"optimizer": "one choice"}


def test_of_axes_that_say_the_same_the_first_is_a_factor() -> None:
    """What repeats another axis is left out; what the pair of two decides still shifts by itself."""
    a, b = ["0", "0", "1", "1"], ["0", "1", "0", "1"]
    same = ["1", "0", "0", "1"]

    assert crossed({"a": a, "repeated": a, "b": b}) == (("a", "b"), {"repeated": "not crossed"})
    assert crossed({"a": a, "b": b, "c": same}) == (("a", "b", "c"), {})
    assert crossed({"e": ["0"] * 4, "b": b}) == (("b",), {"e": "one choice"})


def test_means_stay_where_the_metric_is() -> None:
    """No interval of an accuracy ends above 100 %, however few seeds there are."""
    trials = [replace(each, final={"accuracy": 1.0 - 0.05 * (each.seed == 0)}) for each in matrix()]

    found = case_effects(trials, facts(), VARYING)

    assert found is not None
    assert found.effects is not None
    assert found.effects.mean.interval[1] == 1.0
    assert found.effects.cells["optimizer", "activation"]["adam", "relu"].interval[1] == 1.0
