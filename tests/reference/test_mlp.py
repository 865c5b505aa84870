"""The training loop's gradients agree with differences, and whole runs with published ones."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference import mlp, optimizers, schedules
from tests.reference.numeric import numeric_gradient, relative_error

Array = NDArray[np.float64]


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def weights_of(units: list[int]) -> list[Array]:
    return [array for n_in, n_out in pairwise(units) for array in (draw(n_in, n_out), draw(n_out))]


@pytest.mark.parametrize("activation", ["tanh", "gelu", "sigmoid", "relu", "mish"])
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "mean_squared_error"])
def test_every_parameters_gradient_agrees_with_differences(activation: str, loss: str) -> None:
    network = mlp.build(weights_of([3, 5, 4, 2]), activation=activation, loss=loss, l1=0.01, l2=0.02)
    x = draw(6, 3)
    y = np.array([0, 1, 1, 0, 1, 0]) if loss.startswith("sparse") else draw(6, 2, seed=1)

    _, gradients = mlp.loss_and_gradients(network, x, y)

    for i, parameter in enumerate(network.parameters):
        expected = numeric_gradient(partial(_loss_with, network, i, x, y), parameter, step=1e-4)
        assert relative_error(gradients[i], expected) <= 1e-7, i


def _loss_with(network: mlp.Network, i: int, x: Array, y: NDArray[np.generic], moved: Array) -> float:
    parameters = [*network.parameters[:i], moved, *network.parameters[i + 1 :]]
    changed = mlp.Network(parameters, network.activation, network.loss, network.l1, network.l2)
    return mlp.loss_and_gradients(changed, x, y)[0]


def test_three_epochs_of_adam_with_decay_have_the_losses_that_keras_publishes() -> None:
    # keras-team/keras (Apache 2.0), learning_rate_schedule_test.py, test_fit_lr_correctness: one dense
    # layer of ones, batches of 4 in order; the loss of an epoch is the mean over its steps.
    x = np.arange(32.0).reshape(16, 2)
    network = mlp.build([np.ones((2, 2)), np.ones(2)], activation="linear", loss="mean_squared_error")
    rates = [schedules.exponential_decay(step, 0.05, 1, 0.9) for step in range(12)]
    adam = partial(optimizers.adam, epsilon_hat=True)

    outcome = mlp.train(network, x, x, mlp.split_into_batches(np.arange(16), 4) * 3, adam, rates)

    epoch_loss = outcome.step_loss.reshape(3, 4).mean(axis=1)
    np.testing.assert_allclose(epoch_loss, [230.79457, 128.30319, 79.336487], rtol=5e-5)


def test_gradient_descent_on_a_linear_net_is_the_closed_form() -> None:
    x, y = draw(20, 3), draw(20, 1, seed=1)
    network = mlp.build([np.zeros((3, 1)), np.zeros(1)], activation="linear", loss="mean_squared_error")
    everything = [np.arange(20)] * 100

    outcome = mlp.train(network, x, y, everything, optimizers.sgd, 0.1)

    # w_t = w* - (I - 2 lr H)**t w*, with H the matrix of second moments.
    extended = np.hstack([x, np.ones((20, 1))])
    best = np.linalg.lstsq(extended, y, rcond=None)[0]
    shrink = np.linalg.matrix_power(np.eye(4) - 0.2 * extended.T @ extended / 20, 100)
    found = np.vstack([outcome.parameters[0], outcome.parameters[1][None]])
    np.testing.assert_allclose(found, best - shrink @ best, atol=1e-12)


def test_a_trained_net_solves_xor_and_the_loss_of_a_step_precedes_its_update() -> None:
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    network = mlp.build(weights_of([2, 8, 2]), activation="tanh", loss="sparse_categorical_crossentropy")
    batches = [np.array([0, 1]), np.array([3, 2])] * 200

    outcome = mlp.train(network, x, y, batches, optimizers.adam, 0.05)

    first, _ = mlp.loss_and_gradients(network, x[:2], y[:2])
    trained = mlp.Network(outcome.parameters, network.activation, network.loss)
    assert outcome.step_loss[0] == first
    assert mlp.forward(trained, x)[1][-1].argmax(axis=1).tolist() == y.tolist()


def test_training_leaves_the_weights_it_was_given_alone() -> None:
    given = weights_of([2, 2])
    before = [array.copy() for array in given]
    network = mlp.build(given, activation="relu", loss="mean_squared_error")

    mlp.train(network, draw(4, 2), draw(4, 2, seed=1), [np.arange(4)], optimizers.momentum, 0.1)

    for kept, array in zip(before, given, strict=True):
        np.testing.assert_array_equal(kept, array)


def test_clipping_shortens_the_whole_gradient_to_the_given_norm() -> None:
    network = mlp.build(weights_of([3, 4, 2]), activation="tanh", loss="mean_squared_error")
    x, y = draw(5, 3), 10 * draw(5, 2)

    outcome = mlp.train(network, x, y, [np.arange(5)], optimizers.sgd, 1.0, global_clipnorm=0.5)

    moves = [a - b for a, b in zip(outcome.parameters, network.parameters, strict=True)]
    assert np.sqrt(sum(np.sum(move**2) for move in moves)) == pytest.approx(0.5, rel=1e-12)
