"""Every layer's gradient, with every activation and every loss, against central differences in float64.

Errors are relative to the norm of the gradient; the differences themselves are good to about 1e-11.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import activations, layers
from nnkit.layers import BatchNormalization, Dense, Dropout, Flatten, Layer, Reshape
from tests.nnkit.small_models import (
    LOSSES,
    build,
    inputs_for,
    n_outputs_for,
    spread_parameters,
    targets_for,
)
from tests.reference.numeric import numeric_gradient

Array = NDArray[np.float64]
_STEP = 1e-3
_TOLERANCE = 1e-7
# Moving one parameter by two steps moves a value by less than this: kinks are kept farther away.
_MARGIN = 0.02

STACKS: dict[str, tuple[Sequence[int], list[Layer]]] = {
    "dense": ((3,), [Dense(4)]),
    "dense without bias": ((3,), [Dense(4, use_bias=False)]),
    "dense over rows": ((2, 3), [Dense(4), Flatten()]),
    "dense over images": ((2, 2, 3), [Dense(2), Flatten()]),
    "two dense": ((3,), [Dense(4), Dense(5)]),
    "l1 and l2": ((3,), [Dense(4, kernel_l1=0.03, kernel_l2=0.05), Dense(4, kernel_l2=0.1)]),
    "flatten": ((2, 3), [Flatten(), Dense(4)]),
    "reshape": ((6,), [Reshape((2, 3)), Dense(2), Reshape((4,))]),
    "reshape behind dense": ((3,), [Dense(4), Reshape((2, 2)), Dense(3), Flatten()]),
    "batch normalization": ((3,), [Dense(4), BatchNormalization()]),
    "batch normalization of data": ((3,), [BatchNormalization(momentum=0.5, epsilon=0.01), Dense(4)]),
    "batch normalization over rows": ((2, 3), [Dense(2), BatchNormalization(), Flatten()]),
    # A dense layer behind it: the zeros of the mask would lie on the kink of a ReLU.
    "dropout": ((3,), [Dense(5), Dropout(0.4), Dropout(0.2), Dense(4)]),
    "dropout of data": ((3,), [Dropout(0.5), Dense(4)]),
    "noise": ((3,), [layers.GaussianNoise(0.3), Dense(4), layers.GaussianNoise(), Dense(3)]),
    "moved images": ((3, 3, 2), [Dense(2), layers.RandomShift(1), Flatten(), Dense(3)]),
    "leaky relu": ((3,), [Dense(4), layers.LeakyReLU(0.2)]),
    "elu": ((3,), [Dense(4), layers.ELU(0.7)]),
    "activation": ((3,), [Dense(4), layers.Activation("tanh")]),
}  # fmt: skip

# One stack of each layer, for the whole cross with activations and losses.
CROSSED = (
    "dense", "dense over rows", "l1 and l2", "flatten", "reshape", "batch normalization", "dropout",
    "leaky relu", "elu",
)  # fmt: skip
# One activation of each way to be an op: of nothing, fused, by its output or input, with a hyper-parameter,
# with kinks, with learned numbers, with drawn slopes, of rows, of halves.
WAYS = (
    "linear", "relu", "tanh", "gelu", "elu", "hard_tanh", "prelu", "dyt", "rrelu", "softmax", "swiglu",
)  # fmt: skip


def with_head(stack: list[Layer], activation: str, loss: str) -> list[Layer]:
    """Return a model: the layers in question, an activation, and outputs for the loss."""
    return [*stack, layers.Activation(activation), layers.Dense(n_outputs_for(loss))]


def kinks_of(model: nnkit.Sequential) -> list[tuple[str, tuple[float, ...]]]:
    """Return every value that an activation with kinks reads, and where the kinks are."""
    found = []
    for op in model.program(keep_values=True).sequences.train:
        name = {"draw_leaks": "rrelu", "reglu": "relu"}.get(op.kind.name, op.kind.name)
        name = name.removesuffix("_learned").removesuffix("_fixed")
        record = activations.record(name) if name in activations.names() else None
        if isinstance(record, activations.Activation):
            # The slope of a square has a kink where the square has none.
            kinks = (0.0,) if name in ("relu2", "starrelu") else activations.get(name).kinks
            found += [(op.buffer("x").name, kinks)] if kinks else []
    return found


def smooth_case(model: nnkit.Sequential, shape: Sequence[int], loss: str) -> tuple[Array, Array]:
    """Return data, and give the model weights, such that no value lies near a kink of its activation."""
    kinks = kinks_of(model)
    y = targets_for(loss, n_outputs_for(loss))
    for seed in range(200):
        x = inputs_for(shape, seed=seed)
        spread_parameters(model, seed=seed)
        values = model.trace(x, y).values if kinks else {}
        if all(np.abs(values[name][..., None] - places).min() > _MARGIN for name, places in kinks):
            return x, y
    raise AssertionError("no draw keeps its distance from the kinks")


def loss_of(model: nnkit.Sequential, name: str, x: Array, y: Array) -> Callable[[Array], float]:
    def loss(moved: Array) -> float:
        kept = model.parameters[name].copy()
        model.set_parameters({name: moved})
        value = model.loss_and_gradients(x, y)[0]
        model.set_parameters({name: kept})
        return value

    return loss


def scales(gradients: dict[str, Array]) -> dict[str, float]:
    """Return what each parameter's error is relative to: the norm of its gradient.

    A bias in front of a batch normalisation has the gradient 0: the others' norm then says what is small.
    """
    norms = {name: float(np.linalg.norm(gradient)) for name, gradient in gradients.items()}
    return {name: max(norm, 1e-4 * max(norms.values())) for name, norm in norms.items()}


def errors_by_coordinate(model: nnkit.Sequential, x: Array, y: Array) -> dict[str, float]:
    """Return each parameter's error against differences in every coordinate."""
    _, gradients = model.loss_and_gradients(x, y)
    errors = {}
    for name, scale in scales(gradients).items():
        start = model.parameters[name].copy()
        expected = numeric_gradient(loss_of(model, name, x, y), start, _STEP)
        errors[name] = float(np.linalg.norm(gradients[name] - expected)) / scale
    return errors


def along(loss: Callable[[Array], float], start: Array, direction: Array) -> Callable[[Array], float]:
    return lambda distance: loss(start + distance * direction)


def errors_along_a_line(model: nnkit.Sequential, x: Array, y: Array) -> dict[str, float]:
    """Return each parameter's error in one random direction that no coordinate is left out of."""
    _, gradients = model.loss_and_gradients(x, y)
    rng, errors = np.random.default_rng(5), {}
    for name, scale in scales(gradients).items():
        start = model.parameters[name].copy()
        direction = rng.choice([-1.0, 1.0], size=start.shape) * rng.uniform(0.5, 1.0, start.shape)
        direction /= np.linalg.norm(direction)
        loss = along(loss_of(model, name, x, y), start, direction)
        slope = numeric_gradient(loss, np.zeros(()), _STEP)
        errors[name] = abs(float(np.sum(gradients[name] * direction)) - float(slope)) / scale
    return errors


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", STACKS)
def test_every_layer_s_gradient_agrees_with_differences(name: str, loss: str) -> None:
    shape, stack = STACKS[name]
    model = build(with_head(stack, "tanh", loss), shape, loss=loss)
    x, y = smooth_case(model, shape, loss)

    assert max(errors_by_coordinate(model, x, y).values()) <= _TOLERANCE


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", activations.names())
def test_every_activation_s_gradient_agrees_with_differences(activation: str, loss: str) -> None:
    """As an argument of Dense, where ReLU is fused outside the learner's view, and as a layer."""
    stack = [layers.Dense(4, activation=activation), layers.Dense(4), layers.Activation(activation)]
    model = build([*stack, layers.Dense(n_outputs_for(loss))], (3,), loss=loss)
    x, y = smooth_case(model, (3,), loss)

    assert max(errors_by_coordinate(model, x, y).values()) <= _TOLERANCE


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", CROSSED)
def test_every_layer_goes_with_every_activation(name: str, loss: str) -> None:
    shape, stack = STACKS[name]
    for activation in WAYS:
        model = build(with_head(stack, activation, loss), shape, loss=loss)
        x, y = smooth_case(model, shape, loss)

        assert max(errors_along_a_line(model, x, y).values()) <= _TOLERANCE, activation


@pytest.mark.parametrize("measure", [errors_by_coordinate, errors_along_a_line])
def test_the_gradient_test_rejects_a_wrong_twin(
    measure: Callable[[nnkit.Sequential, Array, Array], dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entry of one gradient, wrong by a thousandth, is seen."""
    shape, stack = STACKS["two dense"]
    model = build(with_head(stack, "tanh", LOSSES[0]), shape)
    x, y = smooth_case(model, shape, LOSSES[0])
    right = type(model).loss_and_gradients

    def wrong(self: nnkit.Sequential, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        loss, gradients = right(self, x, y)
        gradients["dense_1/kernel"][2, 3] *= 1.001
        return loss, gradients

    monkeypatch.setattr(type(model), "loss_and_gradients", wrong)

    assert max(measure(model, x, y).values()) > 10 * _TOLERANCE


def test_a_step_of_gradient_descent_is_the_learner_s_gradient() -> None:
    """The program of training, where ReLU is fused, moves the weights by what the learner sees."""
    descent = nnkit.optimizers.get("sgd", learning_rate=0.5)
    model = build([layers.Dense(20, activation="relu"), layers.Dense(3)], (5,), optimizer=descent)
    x, y = inputs_for((5,), rows=16), targets_for(LOSSES[0], 3, rows=16)
    loss, gradients = model.loss_and_gradients(x, y)
    expected = {name: value.copy() for name, value in model.parameters.items()}
    descent.apply(expected, gradients)
    history = model.fit(x, y, batch_size=16, shuffle=False)

    assert history.step_loss[0] == loss
    assert all(np.array_equal(model.parameters[name], expected[name]) for name in expected)


def test_gradients_are_those_of_the_loss_and_not_clipped() -> None:
    x, y = inputs_for((3,)), targets_for(LOSSES[0], 3)
    free = build([layers.Dense(3)], (3,), optimizer="sgd")
    clipped = build([layers.Dense(3)], (3,), optimizer="sgd(clipvalue=0.001, global_clipnorm=0.001)")

    for name, gradient in free.loss_and_gradients(x, y)[1].items():
        assert np.array_equal(clipped.loss_and_gradients(x, y)[1][name], gradient)
