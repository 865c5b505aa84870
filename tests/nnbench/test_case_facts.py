"""What a report must know of a case: chance, sizes, parameters and steps."""

import math

import pytest

from nnbench.cases.spec import CaseSpec
from nnbench.training.facts import facts
from tests.nnbench.trial_cases import case_of


def shipped(dataset: str, loss: str, metric: str, units: int, scale: str = "none") -> CaseSpec:
    return case_of(
        dataset,
        layers=[{"type": "Dense", "units": units}],
        training={"loss": loss, "epochs": 7, "batch_size": 32},
        measure={"metric": metric, "target": 0.5, "noticeable": 0.01},
        data={"validation": 0.25, "scale": scale},
    )


WINE = (59, 71, 48)  # wines of each cultivar (Forina et al. 1991)


@pytest.mark.parametrize(
    ("metric", "chance"),
    [("accuracy", 71 / 178), ("loss", -sum(n / 178 * math.log(n / 178) for n in WINE))],
)
def test_chance_is_the_commonest_class_or_the_entropy_of_the_classes_in_nats(
    metric: str, chance: float
) -> None:
    found = facts(shipped("wine", "sparse_categorical_crossentropy", metric, 3))

    assert found.chance == pytest.approx(chance, rel=1e-12)
    assert found.direction == ("max" if metric == "accuracy" else "min")


def test_chance_of_a_regression_on_standardised_targets_is_1() -> None:
    case = shipped("diabetes", "mean_squared_error", "loss", 1, "standardize")

    assert facts(case).chance == pytest.approx(1.0, rel=1e-6)


def test_the_facts_count_samples_parameters_and_steps() -> None:
    """A quarter of 150 irises, rounded up, validates; 4 inputs, 3 outputs; 112 samples are 4 batches."""
    found = facts(shipped("iris", "sparse_categorical_crossentropy", "accuracy", 3))

    assert (found.n_train, found.n_validation) == (112, 38)
    assert found.n_parameters == 4 * 3 + 3
    assert (found.epochs, found.batch_size, found.steps) == (7, 32, 7 * 4)
    assert (found.metric, found.target, found.noticeable) == ("accuracy", 0.5, 0.01)
    assert found.suite_version is None
