"""Mistakes with a model are refused in one line that says what to do, and change nothing."""

from typing import Any

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.errors import InvalidArgument, NnkitError, UnknownName
from nnkit.layers import Layer
from tests.misspelt import NEAREST_OPTIMIZER, NO_OPTIMIZER
from tests.nnkit.small_models import blobs, inputs_for, perceptron


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
        ({"metrics": ("auk",)}, "no metric named 'auk'. Did you mean 'auc'?"),
        ({"metrics": ("train_f1",)}, "a model evaluates the data that it is given. Write 'f1'"),
        (
            {"metrics": ("accuracy",), "loss": "mse"},
            "accuracy needs labels, and loss 'mean_squared_error' has none. There are: loss, rmse, mae, r2",
        ),
        ({"metrics": ("r2",)}, "r2 needs numbers as targets, and loss 'sparse_.*' has labels"),
        ({"optimizer": "sgd(learning_rate=0)"}, "learning_rate must be above 0"),
        ({"optimizer": nnkit.optimizers.Adam}, r"made by a call such as optimizers.Adam"),
        ({"optimizer": 0.1}, "optimizer must be a name such as 'adam' .*found 0.1"),
        ({"optimizer": None}, "optimizer must be a name such as 'adam' .*found None"),
        ({"optimizer": ""}, "there is no optimizer"),
        ({"loss": None}, "loss must be a name such as 'mse', found None"),
        ({"loss": nnkit.losses}, "loss must be a name such as 'mse', found <module"),
        ({"metrics": 3}, r"metrics must be a list such as \['accuracy'\], found 3"),
        ({"metrics": ["accuracy", 3]}, "expected its name, found 3. Write it as text"),
    ],
)
def test_compile_names_what_it_does_not_know(arguments: dict[str, Any], message: str) -> None:
    model = nnkit.Sequential([layers.Dense(3)], input_shape=(4,))

    with pytest.raises((InvalidArgument, UnknownName), match=message):
        model.compile(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"callbacks": None}, r"callbacks must be a list such as \[EarlyStopping\(\)\], found None"),
        ({"callbacks": nnkit.EarlyStopping()}, "callbacks must be a list"),
        ({"callbacks": [nnkit.EarlyStopping]}, "is no callback. Write an object"),
        ({"callbacks": [print]}, "is no callback"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, found 0"),
        ({"batch_size": "32"}, "batch_size must be a whole number"),
        ({"epochs": None}, "epochs must be a whole number"),
        ({"epochs": 10**12}, "n_steps must be at least 0 and at most 50,000,000, found 3000000000000"),
        ({"epochs": 10**400}, "n_steps must be at least 0 and at most 50,000,000"),
        ({"shuffle": "no"}, "shuffle must be True or False, found 'no'"),
        ({"validation_data": 3}, r"validation_data must be a pair \(x, y\), found int"),
        ({"validation_data": np.ones((2, 4))}, "validation_data must be a pair .*, found ndarray"),
        ({"validation_data": (1, 2, 3, 4)}, "validation_data must be a pair .*, found 4 values"),
    ],
)
def test_fit_names_what_it_cannot_take_and_trains_nothing(arguments: dict[str, Any], message: str) -> None:
    x, y = blobs()
    model = perceptron((4, 3))
    before = model.digest()

    with pytest.raises(InvalidArgument, match=message):
        model.fit(x, y, **arguments)
    assert model.digest() == before


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda model: model.set_parameters([1.0]), "values must be arrays by name"),
        (
            lambda model: model.set_parameters({"dense_0/bias": [[1], [1, 2]]}),
            "dense_0/bias: expected an array",
        ),
        (lambda model: model.program(batch_size=0), "batch_size must be a whole number of at least 1"),
        (lambda model: model.predict(None), "x: expected numbers, found object"),
        (lambda model: model.evaluate(np.ones((2, 4)), None), "y: expected 2 labels"),
    ],
)
def test_the_other_verbs_say_what_they_cannot_take(use: Any, message: str) -> None:
    with pytest.raises(NnkitError, match=message):
        use(perceptron((4, 3)))


ENDINGS: dict[str, list[Layer]] = {
    "in the layer": [layers.Dense(3, activation="sigmoid")],
    "a layer of its own": [layers.Dense(3), layers.Activation("hard_sigmoid")],
    "in a residual": [layers.Dense(3), layers.Residual([layers.Dense(3, activation="sigmoid")])],
    "before a linear one": [layers.Dense(3, activation="sigmoid"), layers.Activation("linear")],
    "before what only moves values": [
        layers.Dense(3, activation="sigmoid"), layers.Dropout(0.1), layers.Reshape((3,)), layers.Flatten(),
    ],
    "before pooling": [
        layers.Reshape((2, 2, 1)), layers.Conv2D(3, 1, activation="sigmoid"), layers.MaxPooling2D(),
        layers.GlobalAveragePooling2D(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "binary_crossentropy"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_probabilities_before_a_loss_that_takes_logits_are_refused(ending: str, loss: str) -> None:
    """At compile, wherever in the last layers the activation stands."""
    model = nnkit.Sequential(ENDINGS[ending], input_shape=(4,))

    with pytest.raises(InvalidArgument, match="sigmoid, and the loss takes logits: leave the activation out"):
        model.compile(loss=loss)


def test_probabilities_elsewhere_are_allowed() -> None:
    """Inside, and before mean squared error: only what is certainly wrong is refused."""
    x, y = blobs()
    inside = nnkit.Sequential([layers.Dense(3, activation="sigmoid"), layers.Dense(3)], input_shape=(4,))
    inside.compile()
    bounded = nnkit.Sequential([layers.Dense(3, activation="sigmoid")], input_shape=(4,))
    bounded.compile(loss="mse")
    positive = nnkit.Sequential([layers.Dense(3, activation="relu")], input_shape=(4,))
    positive.compile()

    assert inside.fit(x, y).status == positive.fit(x, y).status == "finished"
    assert bounded.fit(x, np.eye(3)[y]).status == "finished"


@pytest.mark.parametrize(
    ("stack", "shape", "message"),
    [
        ([layers.Dense(10**6)] * 2, (10,), "the model needs 8.* GB .* dense_1/kernel alone takes"),
        ([layers.Dense(3)], (10**13,), "the model needs .* GB .* at most 8.59 GB"),
        ([layers.Conv2D(3, 3, padding=10**9)], (8, 8, 1), "conv2d_0/output alone takes"),
        ([layers.Dense(2)] * 2000, (2,), "at most 1000 layers, found 2000"),
    ],
)
def test_an_absurd_model_is_refused_before_memory_is_asked_for(
    stack: list[Layer], shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        nnkit.Sequential(stack, input_shape=shape).digest()


@pytest.mark.parametrize("size", [10**9, 10**400, 1e300, np.inf, 10**6000], ids=lambda n: f"{n % 1000}")
@pytest.mark.parametrize(("make", "name"), [(layers.Dense, "units"), (layers.Maxout, "units")])
def test_an_absurd_layer_is_refused_when_it_is_made(make: Any, name: str, size: Any) -> None:
    with pytest.raises(InvalidArgument, match=f"{name} must be ") as caught:
        make(size)
    assert len(str(caught.value)) < 200


def test_a_batch_larger_than_the_data_is_the_data() -> None:
    x, y = blobs()
    large, whole = perceptron((4, 3)), perceptron((4, 3))
    large.fit(x, y, batch_size=10**9, epochs=3)
    whole.fit(x, y, batch_size=len(x), epochs=3)

    assert large.digest() == whole.digest()


def test_without_compile_a_model_needs_no_loss() -> None:
    """Whatever the shape of its outputs."""
    x = inputs_for((6, 6, 2))
    model = nnkit.Sequential([layers.Conv2D(3, 3)], input_shape=(6, 6, 2))

    assert model.predict(x).shape == model.forward(x, training=True).shape == (6, 4, 4, 3)
    assert list(model.parameters) == ["conv2d_0/kernel", "conv2d_0/bias"]
    assert len(model.digest()) == 64


def test_images_are_regressed_on_images() -> None:
    """A convolutional autoencoder: the loss is the mean over all values, and its gradient is the loss's."""
    x = inputs_for((6, 6, 2))
    stack = [layers.Conv2D(4, 3, padding="same", activation="tanh"), layers.Conv2D(2, 3, padding="same")]
    model = nnkit.Sequential(stack, input_shape=(6, 6, 2), dtype="float64")
    model.compile("adam(learning_rate=0.01)", "mse")
    loss, gradients = model.loss_and_gradients(x, x)
    bias, epsilon = model.parameters["conv2d_1/bias"], 1e-6
    bias[0] += epsilon
    above = model.evaluate(x, x)["loss"]
    bias[0] -= epsilon
    history = model.fit(x, x, epochs=40, validation_data=(x, x)).history

    assert loss == pytest.approx(float(np.mean((model_start(stack, x) - x) ** 2)), rel=1e-12)
    assert gradients["conv2d_1/bias"][0] == pytest.approx((above - loss) / epsilon, rel=1e-4)
    assert history["val_loss"][-1] == pytest.approx(float(np.mean((model.predict(x) - x) ** 2)), rel=1e-12)
    assert history["val_loss"][-1] < 0.5 * history["val_loss"][0]
    with pytest.raises(NnkitError, match=r"y: expected shape \(6, 6, 6, 2\), found \(6, 6, 6, 1\)"):
        model.fit(x, x[..., :1])


def model_start(stack: list[Layer], x: Any) -> Any:
    """Return what the untrained model gives."""
    return nnkit.Sequential(stack, input_shape=x.shape[1:], dtype="float64").predict(x)
