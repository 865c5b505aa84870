"""Experiments of claims: yardsticks by hand, identities, and the same numbers from the same seed."""

import math

import numpy as np
import pytest

from nnbench.studies.claims.experiments import activations, convolutions, deep, gradients, nets, normalisation
from nnkit import Sequential


@pytest.fixture(scope="module")
def parts() -> nets.Parts:
    return nets.digits(0)


def test_rows_are_split_once_and_by_the_seed(parts: nets.Parts) -> None:
    x = np.arange(100, dtype=np.float32).reshape(100, 1)
    found = nets.split(x, x[:, 0].astype(int), 3)
    assert [len(found.x), len(found.x_validation), len(found.x_test)] == [60, 15, 25]
    assert sorted(np.concatenate([found.y, found.y_validation, found.y_test])) == list(range(100))
    assert np.array_equal(found.x[:, 0], found.y)
    assert not np.array_equal(found.y, nets.split(x, x[:, 0].astype(int), 4).y)
    assert 0.0 <= parts.x.min() < parts.x.max() == 1.0


def test_the_best_rate_is_one_at_which_a_net_learns(parts: nets.Parts) -> None:
    few = parts.first(300)
    made = nets.dense(8, 1, "relu")
    assert nets.best_rate(lambda: made, few, 0, (1e-6, 0.1, 1e6), epochs=3) == 0.1


def test_a_net_that_diverged_knows_one_class(parts: nets.Parts) -> None:
    trained = nets.train(nets.dense(16, 3, "relu"), parts.first(200), 0, rate=1e9, epochs=2)
    assert not trained.finished
    assert trained.accuracy(np.zeros((4, 64)), np.array([1, 2, 2, 2])) == 0.75
    assert math.isnan(trained.loss(parts.x, parts.y))


def test_dead_is_a_unit_that_is_silent_for_every_row() -> None:
    outputs = np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    assert activations.dead_units(outputs).tolist() == [True, False, False]


def test_maxout_has_twice_the_weights_of_its_layer() -> None:
    counts = {}
    for name in ("relu", "maxout"):
        model = Sequential(activations.hidden(16, name), input_shape=(64,))
        model.compile("sgd", "mean_squared_error")
        counts[name] = sum(value.size for value in model.parameters.values())
    assert counts["maxout"] == 2 * counts["relu"]


def test_images_move_by_whole_pixels_and_lose_nothing() -> None:
    x = np.random.RandomState(0).random_sample((2, 64)).astype(np.float32)
    still, moved = convolutions.on_canvas(x), convolutions.on_canvas(x, (3, -2))
    assert moved.sum() == pytest.approx(still.sum())
    assert np.array_equal(moved[:, 6:14, 1:9, 0], x.reshape(2, 8, 8))


def test_slopes_far_out_are_those_of_the_closed_form() -> None:
    found = gradients.through_depth(0, depths=[1, 2], width=8)
    assert found["sigmoid_slope_at_10"] == pytest.approx(math.exp(-10) / (1 + math.exp(-10)) ** 2, rel=1e-6)
    assert found["tanh_slope_at_10"] == pytest.approx(1 / math.cosh(10) ** 2, rel=1e-3)


def test_numerical_and_backpropagated_gradients_agree() -> None:
    assert gradients._disagreement(0) < 1e-7


def test_decades_and_highest_rate_by_hand() -> None:
    xs, scores = [0.01, 0.1, 1.0, 10.0], [0.5, 0.96, 1.0, 0.2]
    assert normalisation._decades(xs, scores) == pytest.approx(2.0)
    assert normalisation._highest(xs, scores) == 1.0


def test_epochs_to_reach_counts_from_one_and_may_be_all() -> None:
    assert normalisation._epochs_to_reach([0.1, 0.5, 0.6], 0.5) == 2
    assert normalisation._epochs_to_reach([0.1, 0.5, 0.6], 0.9) == 3


def test_augmentation_moves_and_keeps_the_labels(parts: nets.Parts) -> None:
    few = parts.first(3)
    grown = deep._augmented(few, 1.0)
    assert len(grown.x) == 15
    assert grown.y.tolist() == few.y.tolist() * 5
    up = grown.x[3:6].reshape(3, 8, 8)
    assert np.array_equal(up[:, :-1], few.x.reshape(3, 8, 8)[:, 1:])
    assert not up[:, -1].any()


def test_relu_loses_half_its_variance_a_layer_under_glorot() -> None:
    found = deep.variances(0, width=128, depth=10, n_draws=4)
    assert found["relu_he"] == pytest.approx(0.0, abs=0.15)
    assert found["relu_glorot"] == pytest.approx(found["relu_he"] - 1.0, abs=1e-4)


def test_the_same_seed_measures_the_same() -> None:
    given = {"shares": [0.0, 0.5], "rates": [0.1], "target": 2.0, "epochs": 2}
    first = normalisation.slower_with_dropout(1, **given)
    assert normalisation.slower_with_dropout(1, **given) == first
    assert normalisation.slower_with_dropout(2, **given) != first
