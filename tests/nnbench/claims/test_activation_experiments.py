"""Experiments on activations and convolutions, each against a closed form, an identity or a hand count."""

from types import SimpleNamespace

import numpy as np
import pytest

from nnbench.studies.claims.experiments import activations, convergence, convolutions, nets
from nnkit import Sequential


def test_the_steps_to_an_error_lie_on_the_line_between_the_middles_of_two_epochs() -> None:
    # Ten steps an epoch: 0.5 stands at step 5, 0.3 at step 15, so 0.4 is met at step 10.
    assert convergence.first_below([0.5, 0.3, 0.1], 0.4, 10) == pytest.approx(10.0)
    # From chance, 0.9 at step 0, to 0.5 at step 5: 0.7 is half way.
    assert convergence.first_below([0.5], 0.7, 10) == pytest.approx(2.5)


def test_an_error_that_is_never_reached_counts_with_all_steps() -> None:
    assert convergence.first_below([0.5, 0.4], 0.1, 10) == 20.0


def test_the_fastest_rate_is_found_whatever_the_order_of_the_grid() -> None:
    given = {"net": "mlp", "activations": ["relu"], "error": 0.2, "epochs": 6}
    there = convergence.on_digits(3, rates=[0.3, 0.003], **given)
    back = convergence.on_digits(3, rates=[0.003, 0.3], **given)

    assert there == back
    assert there["relu_rate"] == 0.3
    assert there["relu"] < 6 * 34


def test_activations_side_by_side() -> None:
    found = activations.side_by_side(0, activations=["relu", "prelu", "maxout"], depth=2, width=12, epochs=2)

    # 64 · 12 + 12 + 12 · 12 + 12 + 12 · 10 + 10; PReLU has a slope for each unit more, Maxout two pieces.
    assert found["relu_parameters"] == 1066
    assert found["prelu_parameters"] == 1066 + 24
    assert found["maxout_parameters"] == 1066 + 64 * 12 + 12 + 12 * 12 + 12
    assert found["maxout_dead"] == 0.0
    assert found["prelu_alpha_moved"] > 0.0
    assert found["relu_alpha"] == 0.0
    assert found["relu_accuracy"] > 0.5


def test_what_saturates_starts_as_glorot_has_it() -> None:
    names = ("tanh", "sigmoid", "relu", "elu")
    assert [activations.initializer(name) for name in names] == 2 * ["glorot_uniform"] + 2 * ["he_normal"]


def test_more_draws_choose_a_rate_by_their_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.3 wins on the first draw and fails on the second; 0.1 is good on both."""
    scores = {(0.3, 1): 1.0, (0.3, 2): 0.1, (0.1, 1): 0.9, (0.1, 2): 0.9}

    class Fixed:
        def __init__(self, score: float) -> None:
            self.score = score

        def accuracy(self, x: object, y: object) -> float:
            return self.score

        def loss(self, x: object, y: object) -> float:
            return 1.0 - self.score

    def train(made: object, parts: object, seed: int, *, rate: float) -> Fixed:
        return Fixed(scores[rate, seed // 1_000_000])

    monkeypatch.setattr(nets, "train", train)
    parts = nets.digits(0)

    assert nets.best_rate(list, parts, 0, (0.3, 0.1), draws=1) == 0.3
    assert nets.best_rate(list, parts, 0, (0.3, 0.1), draws=2) == 0.1


def test_a_convolution_alone_is_equivariant_to_the_bit() -> None:
    assert convolutions.equivariance_error(0, nets.digits(0).x_test[:5]) == 0.0


def test_accuracy_under_shift_begins_with_the_digits_as_they_were() -> None:
    found = convolutions.accuracy_under_shift(0, kinds=["max", "stride"], shifts=[0, 2], epochs=2)

    assert found["max"][0] > 0.5 > found["max"][1]
    assert found["stride"][0] > found["stride"][1]


@pytest.mark.parametrize(("filters", "inner"), [(3, 0), (8, 32)])
def test_the_count_of_parameters_is_that_of_the_net(filters: int, inner: int) -> None:
    model = Sequential(convolutions.with_dense(filters, inner), input_shape=(8, 8, 1))

    counted = sum(value.size for value in model.parameters.values())
    assert counted == convolutions.n_parameters(filters, inner)


def test_dense_layers_are_compared_at_equal_parameters() -> None:
    found = convolutions.dense_behind(0, filters=2, width=8, epochs=1)

    # 2 filters: 20 and 2 · 16 · 8 + 8 + 8 · 10 + 10; 2 · 10 + 32 · 10 + 10 without the hidden layer.
    assert (found["two_parameters"], found["bare_parameters"]) == (374, 350)
    assert abs(found["one_parameters"] - 374) <= 85  # a filter more has 170


def test_photographs_are_drawn_by_the_seed_and_lie_about_0(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    images = SimpleNamespace(x=x, y=np.arange(40))
    monkeypatch.setattr(convergence, "datasets", SimpleNamespace(load=lambda name: images))

    parts = convergence.photographs(1, 8)

    y = np.concatenate([parts.y, parts.y_validation, parts.y_test])
    assert [len(each) for each in (parts.x, parts.x_validation, parts.x_test)] == [8, 4, 4]
    assert len(set(y)) == 16
    assert parts.x[:, 0, 0, 0] == pytest.approx(parts.y / 255 - 0.5, abs=1e-6)
    assert not np.array_equal(parts.y, convergence.photographs(2, 8).y)
