"""The filters and maps of a first convolution are those of an independent convolution of the same weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit.execution.trial import Data, Trial
from nnkit.insight.filters import FirstConvolution, first_convolution
from nnkit.layers import (
    Activation,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    PReLU,
    Reshape,
    Residual,
)
from tests.reference.convolution import conv1d_forward, conv2d_forward

N, SHOWN = 40, 5
Array = NDArray[Any]


def trained(layers: list[Any], input_shape: tuple[int, ...], dtype: str = "float32") -> tuple[Trial, Data]:
    """Return a trial after some steps, and its first samples."""
    model = nnkit.Sequential([*layers, Flatten(), Dense(3)], input_shape=input_shape, seed=3, dtype=dtype)
    model.compile("adam(learning_rate=0.05)", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, *input_shape)).astype(dtype)
    model.fit(x, rng.integers(0, 3, N), batch_size=16, epochs=2)
    return model._trial_of(), Data(x[:SHOWN].copy(), np.zeros(SHOWN, np.int32))


def found_in(trial: Trial) -> FirstConvolution:
    found = first_convolution(trial.program)
    assert found is not None
    return found


def relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


IMAGES: list[tuple[list[Any], dict[str, Any], str, Callable[[Array], Array]]] = [
    ([Conv2D(4, 3, padding="same", activation="relu"), MaxPooling2D(2)], {"padding": "same"}, "relu", relu),
    ([Conv2D(4, 3), Activation("tanh")], {}, "tanh", np.tanh),
    ([Conv2D(4, (1, 3), strides=2)], {"strides": (2, 2)}, "", lambda z: z),
    ([Conv2D(6, 2, groups=3, activation="relu")], {"groups": 3}, "relu", relu),
    ([Conv2D(4, 3), MaxPooling2D(2), Activation("relu")], {}, "", lambda z: z),
    ([Dropout(0.5), Conv2D(4, 3), LeakyReLU(0.1)], {}, "leaky_relu", lambda z: np.where(z > 0, z, 0.1 * z)),
    ([Residual([Conv2D(3, 3, padding="same"), Activation("sigmoid")])], {"padding": "same"}, "sigmoid",
     lambda z: 1 / (1 + np.exp(-z))),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "arguments", "name", "activation"), IMAGES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_maps_are_those_of_the_textbook(
    layers: list[Any], arguments: dict[str, Any], name: str, activation: Callable[[Array], Array], dtype: str
) -> None:
    """Within a few units in the last place of values near 1; a wrong row would be off by about 1."""
    trial, samples = trained(layers, (7, 6, 3), dtype)
    found = found_in(trial)
    weights = {key.rpartition("/")[2]: value.astype(np.float64) for key, value in trial.parameters().items()
               if key.startswith(found.layer)}  # fmt: skip

    seen, maps = found.look(trial, samples)

    z = conv2d_forward(samples.x.astype(np.float64), weights["kernel"], weights["bias"], **arguments)
    assert found.activation == name
    np.testing.assert_array_equal(seen, samples.x)
    np.testing.assert_allclose(maps, activation(z), atol=1e-5 if dtype == "float32" else 1e-13)


def test_a_sequence_has_maps_along_its_axis() -> None:
    layers = [Reshape((20, 1)), Conv1D(5, 4, strides=2, padding=1, activation="relu")]
    trial, samples = trained(layers, (20,))
    found = found_in(trial)
    kernel, bias = (trial.parameters()[f"conv1d_0/{name}"].astype(np.float64) for name in ("kernel", "bias"))

    seen, maps = found.look(trial, samples)

    x = samples.x.astype(np.float64)[..., None]
    np.testing.assert_array_equal(seen, samples.x[..., None])
    np.testing.assert_allclose(maps, relu(conv1d_forward(x, kernel, bias, strides=2, padding=1)), atol=1e-5)


@pytest.mark.parametrize("layer", [BatchNormalization(momentum=0.5), LayerNormalization()])
def test_the_maps_lie_behind_a_normalisation_too(layer: Any) -> None:
    """What the second layer reads: the same model cut off there predicts it."""
    layers = [Conv2D(4, 3, padding="same"), layer, Activation("tanh")]
    trial, samples = trained(layers, (6, 6, 1))
    short = nnkit.Sequential([*layers, Flatten()], input_shape=(6, 6, 1))
    short.compile("sgd", "mean_squared_error")
    own = {name: array for name, array in trial.parameters().items() if not name.startswith("dense")}
    short.set_parameters(own)
    for name, buffer in trial.program.states.items():
        short.states[name][...] = trial.view(buffer)

    _, maps = found_in(trial).look(trial, samples)

    np.testing.assert_array_equal(maps.reshape(SHOWN, -1), short.predict(samples.x))


def test_prelu_is_an_activation() -> None:
    trial, samples = trained([Conv2D(4, 3), PReLU()], (6, 6, 1))
    found = found_in(trial)
    alpha = trial.parameters()["pre_lu_0/alpha"]

    _, maps = found.look(trial, samples)

    z = conv2d_forward(*(np.float64(array) for array in (
        samples.x, trial.parameters()["conv2d_0/kernel"], trial.parameters()["conv2d_0/bias"])))  # fmt: skip
    assert found.activation == "prelu"
    np.testing.assert_allclose(maps, np.where(z > 0, z, alpha * z), atol=1e-5)


def test_looking_changes_neither_weights_nor_states() -> None:
    trial, samples = trained([Conv2D(4, 3), BatchNormalization(), Activation("relu")], (6, 6, 1))
    before = trial.digest()

    found_in(trial).look(trial, samples)

    assert trial.digest() == before


def test_filters_are_a_copy_of_the_kernel() -> None:
    trial, _ = trained([Conv2D(4, 3)], (6, 6, 2))

    filters = found_in(trial).filters(trial)

    np.testing.assert_array_equal(filters, trial.parameters()["conv2d_0/kernel"])
    assert not np.shares_memory(filters, trial.arena)


@pytest.mark.parametrize("layers", [[], [Dense(4)], [BatchNormalization(), Reshape((6, 1)), Conv1D(4, 3)]])
def test_a_model_that_begins_otherwise_has_none(layers: list[Any]) -> None:
    trial, _ = trained(layers, (6,))

    assert first_convolution(trial.program) is None
