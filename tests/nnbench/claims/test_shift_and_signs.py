"""Experiments on shared signs and on internal covariate shift: identities, and counts by hand."""

import math

import numpy as np
import pytest

from nnbench.studies.claims.experiments import nets, shift, signs, stepwise
from nnkit import Sequential, layers


def small_model(*made: layers.Layer, inputs: int = 3, dtype: str = "float64", seed: int = 0) -> Sequential:
    model = Sequential(made, input_shape=(inputs,), seed=seed, dtype=dtype)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def rows(n: int = 12, inputs: int = 3) -> tuple[nets.Array, nets.Array]:
    draw = np.random.RandomState(1)
    return draw.standard_normal((n, inputs)), draw.randint(2, size=n).astype(np.int32)


def test_signs_are_counted_unit_by_unit() -> None:
    """Three units: all positive, two of three negative, and one without any gradient."""
    gradient = np.array([[1.0, 2.0, 0.0], [3.0, -1.0, 0.0], [0.5, -1.0, 0.0]])

    assert signs.same_signs(gradient) == (pytest.approx((1 + 2 / 3) / 2), 0.5)


def test_with_positive_inputs_one_example_has_one_sign() -> None:
    x = np.random.RandomState(0).uniform(0.1, 1.0, (1, 5))
    model = small_model(layers.Dense(4, activation="sigmoid"), layers.Dense(2), inputs=5)
    _, found = model.loss_and_gradients(x, np.array([1], dtype=np.int32))

    assert signs.same_signs(found["dense_0/kernel"]) == (1.0, 1.0)
    assert signs.same_signs(model.loss_and_gradients(x - 0.5, np.array([1]))[1]["dense_0/kernel"])[1] < 1.0


def test_the_centred_sigmoid_is_the_sigmoid_less_one_half() -> None:
    x = np.linspace(-6.0, 6.0, 25)
    sigmoid = 1 / (1 + np.exp(-x))

    np.testing.assert_allclose(signs.centred_sigmoid()(x), sigmoid - 0.5, atol=1e-15)
    np.testing.assert_allclose(signs.centred_sigmoid().gradient(x), sigmoid * (1 - sigmoid), atol=1e-15)


def test_one_step_is_a_straight_line_and_more_are_longer() -> None:
    parts = signs.centred(nets.digits(0))
    assert np.abs(parts.x.mean(axis=0)).max() < 1e-6
    made = [layers.Dense(8, activation="sigmoid"), layers.Dense(8), layers.Dense(10)]
    one, many = (
        signs.walk(made, parts, 0, rate=1.0, target=0.0, most=most, batch_size=32) for most in (1, 30)
    )

    assert one["zigzag"] == pytest.approx(1.0, abs=1e-5)
    assert many["zigzag"] > 1.2
    assert (one["steps"], many["steps"]) == (1, 30)


def test_every_row_is_in_one_batch_of_an_epoch() -> None:
    found = list(stepwise.batches(10, 3, 7, 3))

    assert [len(each) for each in found] == [3] * 7
    for epoch in (found[:3], found[3:6]):
        assert len(set(np.concatenate(epoch))) == 9
    assert not np.array_equal(found[0], found[3])


def test_a_step_is_plain_gradient_descent() -> None:
    x, y = rows()
    model = small_model(layers.Dense(2))
    before = {name: value.copy() for name, value in model.parameters.items()}
    (step,) = stepwise.steps(model, x, y, 0, rate=0.5, n_steps=1, batch_size=12)

    for name, value in model.parameters.items():
        np.testing.assert_allclose(value, before[name] - 0.5 * step.gradients[name], rtol=1e-14)


def test_losses_are_smoothed_as_where_rates_are_chosen() -> None:
    losses = list(np.exp(-np.arange(60) / 10.0))
    means: list[float] = []
    for loss in losses:
        means.append(stepwise.smoothed(means[-1] if means else math.nan, loss))
    reached = next(n for n, mean in enumerate(means, 1) if mean < 0.3)

    assert reached == nets.first_below(losses, 0.3, len(losses))
    assert reached < len(losses)


def test_the_difference_of_gradients_is_an_angle_and_a_length() -> None:
    assert shift.difference([1.0, 0.0], [0.0, 1.0]) == (pytest.approx(1.0), pytest.approx(math.sqrt(2)))
    assert shift.difference([3.0, 4.0], [6.0, 8.0]) == (pytest.approx(0.0), pytest.approx(1.0))


def test_layers_that_do_not_move_shift_nothing() -> None:
    x, y = rows()
    model = small_model(layers.Dense(4, activation="tanh"), layers.Dense(4), layers.Dense(2))
    before = {name: value.copy() for name, value in model.parameters.items()}
    _, found = model.loss_and_gradients(x, y)

    def looked(rate: float) -> tuple[float, float]:
        return shift.internal_shift(model, x, y, rate, found, {}, lambda below: None)

    assert looked(0.0) == (pytest.approx(0.0, abs=1e-12), 0.0)
    assert min(looked(1.0)) > 1e-3
    for name, value in model.parameters.items():
        np.testing.assert_array_equal(value, before[name])


def test_the_shift_of_two_linear_layers_is_a_formula() -> None:
    """W2's gradient is hᵀδ with h = x W1 + b1: after a step of W1 alone both factors are computed by hand."""
    x, y = rows()
    model = small_model(layers.Dense(4), layers.Dense(2))
    _, found = model.loss_and_gradients(x, y)
    w1, b1, w2, b2 = (value.copy() for value in model.parameters.values())

    def by_hand(rate: float) -> nets.Array:
        h = x @ (w1 - rate * found["dense_0/kernel"]) + b1 - rate * found["dense_0/bias"]
        z = np.exp(h @ w2 + b2)
        return h.T @ (z / z.sum(axis=1, keepdims=True) - np.eye(2)[y]) / len(x)

    seen = shift.internal_shift(model, x, y, 0.5, found, {}, lambda below: None)
    assert seen == pytest.approx(shift.difference(by_hand(0.0), by_hand(0.5)), rel=1e-9)


def test_shaking_moves_normalisations_alone_and_says_where_they_were() -> None:
    model = small_model(layers.Dense(4), layers.BatchNormalization(), layers.Dense(2))
    before = {name: value.copy() for name, value in model.parameters.items()}
    resting = shift.shake(model.parameters, np.random.RandomState(0), (1.0, 0.5))

    assert set(resting) == {"batch_normalization_0/gamma", "batch_normalization_0/beta"}
    for name, value in model.parameters.items():
        assert np.array_equal(value, before[name]) == (name not in resting)
        np.testing.assert_array_equal(resting.get(name, before[name]), before[name])
    assert np.abs(model.parameters["batch_normalization_0/beta"]).max() <= 1.0
    assert model.parameters["batch_normalization_0/gamma"].min() >= 1.0
    assert shift.shake(model.parameters, np.random.RandomState(0), ()) == {}


def test_normalisation_is_compared_step_by_step() -> None:
    setting = {"width": 16, "depth": 2, "activation": "relu", "target": 1.0, "epochs": 6, "batch_size": 60}
    found = shift.with_and_without(0, rates=[0.1], noise=[1.0, 0.5], **setting)

    assert found["norm_steps"] < found["plain_steps"] <= 6 * (1078 // 60)
    assert found["noisy_turned"] > found["norm_turned"] > 0
