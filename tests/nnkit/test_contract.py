"""The names and shapes that users were promised, as they were promised. Extend, never rename."""

import inspect

import numpy as np
import pytest

import nnkit
from tests.nnkit.child_process import output_of

KERAS_ARGUMENTS = {
    "Dense": ("units", "activation", "use_bias", "kernel_initializer", "bias_initializer"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias"),
    "Conv1D": ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "MaxPooling1D": ("pool_size", "strides", "padding"),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "AveragePooling1D": ("pool_size", "strides", "padding"),
    "GlobalAveragePooling2D": (),
    "GlobalMaxPooling2D": (),
    "Flatten": (),
    "Reshape": ("target_shape",),
    "Dropout": ("rate",),
    "GaussianNoise": ("stddev",),
    "BatchNormalization": ("momentum", "epsilon"),
    "LayerNormalization": ("epsilon",),
    "Activation": ("activation",),
    "LeakyReLU": ("negative_slope",),
    "PReLU": (),
    "ELU": ("alpha",),
    "Maxout": (),
    "Residual": ("layers",),
}
SIGNATURES = {
    "__init__": ("layers", "input_shape", "seed", "dtype"),
    "compile": ("optimizer", "loss", "metrics"),
    "fit": ("x", "y", "batch_size", "epochs", "validation_data", "shuffle", "callbacks"),
    "evaluate": ("x", "y"),
    "predict": ("x",),
    "forward": ("x", "training"),
    "loss_and_gradients": ("x", "y"),
    "set_parameters": ("values",),
    "digest": (),
    "save": ("path",),
}


@pytest.mark.parametrize("name", KERAS_ARGUMENTS)
def test_layers_have_keras_s_names_and_arguments(name: str) -> None:
    arguments = tuple(inspect.signature(getattr(nnkit.layers, name)).parameters)

    assert set(KERAS_ARGUMENTS[name]) <= set(arguments)
    assert arguments[: len(KERAS_ARGUMENTS[name])][:1] == KERAS_ARGUMENTS[name][:1]


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_model_s_verbs_take_what_they_promise(name: str) -> None:
    """In that order; what has a default is given by name."""
    parameters = inspect.signature(getattr(nnkit.Sequential, name)).parameters
    arguments = tuple(parameters)[1:]

    assert arguments[: len(SIGNATURES[name])] == SIGNATURES[name]


def test_defaults_are_the_promised_ones() -> None:
    batch_normalization, fit = nnkit.layers.BatchNormalization(), inspect.signature(nnkit.Sequential.fit)

    assert (batch_normalization.momentum, batch_normalization.epsilon) == (0.99, 1e-3)
    assert fit.parameters["shuffle"].default is True
    assert fit.parameters["callbacks"].default == ()


@pytest.mark.parametrize("kind", ["activations", "initializers", "schedules", "optimizers", "losses"])
def test_parts_are_found_by_name_and_listed(kind: str) -> None:
    part = getattr(nnkit, kind)

    assert len(part.names()) >= 3
    assert all(part.get(name) is not None for name in part.names() if name != "piecewise_constant")


def test_the_examples_of_parts_run() -> None:
    x = np.linspace(-2, 2, 7)
    activation = nnkit.activations.get("gelu")
    schedule = nnkit.schedules.get(
        "exponential_decay", initial_learning_rate=0.1, decay_steps=500, decay_rate=0.5, staircase=False
    )
    parameters, gradients = {"w": np.ones(3)}, {"w": np.full(3, 2.0)}
    adam = nnkit.optimizers.get("adam", learning_rate=1e-3)
    adam.apply(parameters, gradients)
    adam.apply(parameters, gradients)
    value, gradient = nnkit.losses.get("mean_squared_error").value_and_gradient(x[:, None], np.zeros((7, 1)))

    assert activation(x).shape == activation.gradient(x).shape == (7,)
    assert nnkit.initializers.get("he_normal")((3, 4), seed=0).shape == (3, 4)
    np.testing.assert_allclose(schedule.table(1001)[[0, 500, 1000]], [0.1, 0.05, 0.025], rtol=1e-14)
    np.testing.assert_allclose(parameters["w"], 1 - 2e-3, rtol=1e-6)
    assert value == pytest.approx(np.mean(x**2))
    np.testing.assert_allclose(gradient, 2 * x[:, None] / 7)


_PLUGINS = """
import numpy as np, nnkit

def update(params, grads, state, step, learning_rate):
    for name in params:
        params[name] -= learning_rate * grads[name]

nnkit.optimizers.register_numpy("mine", update, learning_rate=0.05)
nnkit.activations.register("mine", value=lambda x: x * x, slope=lambda x: 2 * x)
stack = [nnkit.layers.Dense(8, activation="mine"), nnkit.layers.Dense(1)]
model = nnkit.Sequential(stack, input_shape=(2,), seed=1)
model.compile("mine", "mean_squared_error")
x = np.random.default_rng(0).normal(size=(64, 2))
losses = model.fit(x, x[:, :1] * x[:, 1:], epochs=40).history["loss"]
print(losses[0], losses[-1])
"""


def test_the_examples_of_plugins_run_and_learn_a_product() -> None:
    first, last = map(float, output_of("-c", _PLUGINS).split())

    assert last < 0.2 * first


def test_everything_promised_is_at_the_top() -> None:
    parts = {"layers", "activations", "initializers", "schedules", "optimizers", "losses"}

    assert {"Sequential", "load_model", *parts} <= set(nnkit.__all__)
    assert all(hasattr(nnkit, name) for name in nnkit.__all__)
