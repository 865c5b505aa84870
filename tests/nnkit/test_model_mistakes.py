"""Mistakes with a model are refused in one line that says what to do, and change nothing."""

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.errors import InvalidArgument, UnknownName
from nnkit.layers import Layer
from tests.misspelt import NEAREST_OPTIMIZER, NO_OPTIMIZER
from tests.nnkit.small_models import blobs, perceptron


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dense_2/bias": [0.0]}, "no parameter named 'dense_2/bias'. There are: dense_0/kernel"),
        ({"dense_1/bias": [0.0, 1.0]}, r"dense_1/bias must have shape \(3,\), found \(2,\)"),
        ({"dense_1/bias": 1.0}, r"dense_1/bias must have shape \(3,\), found \(\)"),
        ({"dense_1/bias": ["a", "b", "c"]}, "dense_1/bias must hold real numbers, found <U1"),
    ],
)
def test_wrong_parameters_are_refused_and_none_is_changed(
    values: dict[str, list[float]], message: str
) -> None:
    model = perceptron((4, 5, 3))
    before = model.digest()

    with pytest.raises(InvalidArgument, match=message):
        model.set_parameters({"dense_0/bias": np.ones(5), **values})
    assert model.digest() == before


@pytest.mark.parametrize("verb", ["fit", "evaluate", "loss_and_gradients", "trace"])
def test_what_needs_a_loss_needs_compile(verb: str) -> None:
    x, y = blobs()
    model = nnkit.Sequential([layers.Dense(3)], input_shape=(4,))

    with pytest.raises(InvalidArgument, match=f"{verb}: the model has no loss yet. Call compile"):
        getattr(model, verb)(x, y)
    assert model.predict(x).shape == (90, 3)
    assert model.forward(x, training=True).shape == (90, 3)


@pytest.mark.parametrize(
    ("layers_", "arguments", "message"),
    [
        ([layers.Dense(3)], {"input_shape": 4}, r"must be a tuple of sizes such as \(64,\), found 4"),
        ([layers.Dense(3)], {"input_shape": ()}, "input_shape must hold sizes of at least 1"),
        ([layers.Dense(3)], {"input_shape": (0,)}, "input_shape must hold sizes of at least 1"),
        ([layers.Dense(3)], {"dtype": "float16"}, "dtype must be 'float32' or 'float64', found 'float16'"),
        ([layers.Dense(3)], {"seed": 1.5}, "seed must be a whole number of 64 bits, found 1.5"),
        ([layers.Dense(3)], {"seed": 2**63}, "seed must be a whole number of 64 bits"),
        (["Dense"], {}, "layer 0 must be a layer such as Dense, found 'Dense'"),
        (layers.Dense(3), {}, "layers must be a list"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_is_refused(
    layers_: list[Layer], arguments: dict[str, object], message: str
) -> None:
    given = {"input_shape": (4,), **arguments}

    with pytest.raises(InvalidArgument, match=message):
        nnkit.Sequential(layers_, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": NO_OPTIMIZER}, f"Did you mean {NEAREST_OPTIMIZER!r}"),
        ({"loss": "crossentropy"}, "no loss named 'crossentropy'"),
        ({"metrics": ("auc",)}, "no metric named 'auc'. There is 'accuracy'"),
        (
            {"metrics": ("accuracy",), "loss": "mse"},
            "accuracy needs labels, and loss mean_squared_error has none",
        ),
        ({"optimizer": "sgd(learning_rate=0)"}, "learning_rate must be above 0"),
    ],
)
def test_compile_names_what_it_does_not_know(arguments: dict[str, str], message: str) -> None:
    model = nnkit.Sequential([layers.Dense(3)], input_shape=(4,))

    with pytest.raises((InvalidArgument, UnknownName), match=message):
        model.compile(**arguments)
