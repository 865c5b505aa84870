"""Layers as their records promise: arguments and their errors, starts, and what differs in training."""

import dataclasses
from typing import Any

import numpy as np
import pytest

import nnkit
from nnkit import initializers, layers
from nnkit.errors import InvalidArgument, UnknownName
from nnkit.layers import Layer
from tests.misspelt import NEAREST_ACTIVATION, NEAREST_INITIALIZER, NO_ACTIVATION, NO_INITIALIZER
from tests.nnkit.small_models import blobs, build, inputs_for, spread_parameters
from tests.reference import normalization as reference


@pytest.mark.parametrize("name", layers.names())
def test_every_layer_is_a_record_and_a_frozen_dataclass(name: str) -> None:
    record = layers.record(name)

    assert record.make.__name__ == record.name == name
    assert getattr(layers, name) is record.make
    assert record.make.record is record
    assert all((record.summary, record.formula, record.source, record.make.__doc__))
    assert dataclasses.is_dataclass(record.make)
    assert vars(record.make)["__dataclass_params__"].frozen


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Dense", {"units": 0}, "Dense: units must be at least 1, found 0"),
        ("Dense", {"units": 2.5}, "Dense: units must be a whole number, found 2.5"),
        ("Dense", {"units": "64"}, "Dense: units must be a number, found '64'"),
        ("Dense", {"units": 3, "kernel_l2": -1}, "l2 must be at least 0, found -1"),
        ("Dense", {"units": 3, "activation": NO_ACTIVATION}, f"Did you mean {NEAREST_ACTIVATION!r}"),
        ("Dense", {"units": 3, "activation": "elu(alpha=-1)"}, "alpha must be at least 0, found -1"),
        ("Dense", {"units": 3, "kernel_initializer": "he"}, "no initializer named 'he'"),
        ("Dense", {"units": 3, "bias_initializer": NO_INITIALIZER}, f"Did you mean {NEAREST_INITIALIZER!r}"),
        ("Dropout", {"rate": 1.0}, "rate must be at least 0 and below 1, found 1.0"),
        ("Dropout", {"rate": -0.1}, "rate must be at least 0 and below 1, found -0.1"),
        ("BatchNormalization", {"momentum": 1.0}, "momentum must be at least 0 and below 1, found 1.0"),
        ("BatchNormalization", {"epsilon": 0.0}, "epsilon must be above 0, found 0.0"),
        ("Activation", {"activation": "softmaxx"}, "no activation named 'softmaxx'"),
        ("LeakyReLU", {"negative_slope": -0.1}, "negative_slope must be at least 0, found -0.1"),
        ("ELU", {"alpha": -1.0}, "alpha must be at least 0, found -1.0"),
        ("Reshape", {"target_shape": (2, 0)}, r"hold sizes of at least 1, .* found \(2, 0\)"),
        ("Reshape", {"target_shape": (-1, -1)}, r"-1 at most once, found \(-1, -1\)"),
        ("Reshape", {"target_shape": 4}, "Reshape: target_shape must hold sizes .* found 4"),
    ],
)
def test_a_wrong_argument_is_refused_when_the_layer_is_made(
    name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises((InvalidArgument, UnknownName), match=message):
        layers.record(name).make(**arguments)


@pytest.mark.parametrize("shape", [(3, 2), (3, -1)])
def test_a_shape_with_other_values_is_refused_with_the_layer_s_name(shape: tuple[int, int]) -> None:
    model = build([layers.Reshape(shape), layers.Flatten(), layers.Dense(3)], (4,))

    with pytest.raises(InvalidArgument, match=r"reshape_0: \(4,\) has another number of values than \(3, "):
        model.predict(np.zeros((1, 4)))


def test_a_number_may_be_numpy_s_and_a_whole_number_a_float() -> None:
    units: Any = np.array([3, 7]).max()
    rate: Any = np.float32(0.25)
    model = build([layers.Dense(units), layers.Dropout(rate), layers.Dense(3)], (4,))

    assert model.parameters["dense_0/kernel"].shape == (4, 7)
    assert [type(layers.Dense(given).units) for given in (units, rate * 28)] == [int, int]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", initializers.names())
def test_weights_start_as_the_initializer_draws_them(name: str, dtype: str) -> None:
    """The stream is the parameter's place in the model, so that two layers do not start alike."""
    stack = [layers.Dense(5, kernel_initializer=name), layers.Dense(5, kernel_initializer=name)]
    model = nnkit.Sequential(stack, input_shape=(5,), seed=11, dtype=dtype)
    initializer = initializers.get(name)

    for stream, (key, value) in enumerate(model.parameters.items()):
        if key.endswith("bias") and initializer.record.draws_bias:
            assert 0.0 < np.abs(value).max() <= 5**-0.5, key
            continue
        drawn = initializer if key.endswith("kernel") else initializers.get("zeros")
        assert np.array_equal(value, drawn(value.shape, seed=11, stream=stream, dtype=dtype)), key


def test_optimizer_slots_start_at_their_value() -> None:
    """Adagrad's accumulator starts at 0.1: the first step of a gradient g is rate · g / sqrt(0.1 + g²)."""
    model = build([layers.Dense(2)], (3,), loss="mean_squared_error", optimizer="adagrad(epsilon=1e-30)")
    x = inputs_for((3,))
    _, gradients = model.loss_and_gradients(x, x[:, :2])
    before = {name: value.copy() for name, value in model.parameters.items()}
    model.fit(x, x[:, :2], shuffle=False)

    for name, g in gradients.items():
        np.testing.assert_allclose(
            model.parameters[name], before[name] - 0.001 * g / np.sqrt(0.1 + g * g), rtol=1e-12
        )


# -- dropout --------------------------------------------------------------------------------------------


def test_dropout_keeps_the_expectation_and_does_nothing_at_test_time() -> None:
    model = build([layers.Dropout(0.25)], (1000,))
    x = np.ones((20, 1000))
    values = model.forward(x, training=True)

    assert np.array_equal(model.predict(x), x)
    assert set(np.unique(values)) == {0.0, 1 / 0.75}
    # 20,000 draws: three standard deviations of their mean are 0.012.
    assert abs(values.mean() - 1) < 0.012


def test_dropout_of_nothing_is_no_layer() -> None:
    plain, dropped = (
        build([layers.Dense(5), *extra, layers.Dense(3)], (4,)) for extra in ([], [layers.Dropout(0.0)])
    )
    x, y = blobs()
    plain.fit(x, y)
    dropped.fit(x, y)

    assert plain.digest() == dropped.digest()


def test_masks_differ_by_layer_step_and_seed() -> None:
    """Two layers of one model, two steps of one fit, two seeds; the learner's view is that of step 0."""
    x = np.ones((4, 50))
    stack: list[Layer] = [layers.Dropout(0.5), layers.Dropout(0.5)]
    models = [build(stack, (50,), seed=seed, loss="mean_squared_error") for seed in (0, 1)]
    traces = [model.trace(x, x).values for model in models]
    first, second, other = (
        traces[0]["dropout_0/mask"],
        traces[0]["dropout_1/mask"],
        traces[1]["dropout_0/mask"],
    )

    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert np.array_equal(first, models[0].trace(x, x).values["dropout_0/mask"])
    losses = models[0].fit(x, x, batch_size=1, epochs=2, shuffle=False).step_loss
    assert len(set(losses.tolist())) > 4


# -- batch normalisation --------------------------------------------------------------------------------


def test_running_statistics_follow_the_batches() -> None:
    """Keras's rule, over every batch of a fit, the short one too; test time uses them."""
    x = inputs_for((3,), rows=50) * [1.0, 2.0, 3.0] + [0.0, 1.0, -1.0]
    model = build(
        [layers.BatchNormalization(momentum=0.7, epsilon=0.01)], (3,), optimizer="sgd(learning_rate=1e-30)"
    )
    model.fit(x, np.arange(50) % 3, batch_size=16, shuffle=False, epochs=2)
    mean, variance = np.zeros(3), np.ones(3)
    for start in (*range(0, 50, 16), *range(0, 50, 16)):
        batch_mean, batch_variance = reference.batch_moments(x[start : start + 16])
        mean = reference.update_running(mean, batch_mean, momentum=0.7)
        variance = reference.update_running(variance, batch_variance, momentum=0.7)

    np.testing.assert_allclose(model.states["batch_normalization_0/moving_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(model.states["batch_normalization_0/moving_variance"], variance, rtol=1e-12)
    expected = reference.batch_normalization_eval_forward(
        x, np.ones(3), np.zeros(3), mean, variance, epsilon=0.01
    )
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-10, atol=1e-12)


def test_training_sees_the_batch_s_own_statistics() -> None:
    model = build([layers.Dense(4), layers.BatchNormalization()], (3,))
    spread_parameters(model)
    x = inputs_for((3,), rows=30)
    gamma, beta = (model.parameters[f"batch_normalization_0/{name}"] for name in ("gamma", "beta"))
    hidden = x @ model.parameters["dense_0/kernel"] + model.parameters["dense_0/bias"]
    expected, _, _ = reference.batch_normalization_train_forward(hidden, gamma, beta)

    np.testing.assert_allclose(model.forward(x, training=True), expected, rtol=1e-11, atol=1e-12)


def test_dense_works_on_the_last_axis() -> None:
    """One product for all rows of a sample, as in Keras."""
    model = build([layers.Dense(4), layers.Flatten()], (2, 5, 3))
    spread_parameters(model)
    x = inputs_for((2, 5, 3), rows=7)
    expected = x @ model.parameters["dense_0/kernel"] + model.parameters["dense_0/bias"]

    assert model.parameters["dense_0/kernel"].shape == (3, 4)
    np.testing.assert_allclose(model.predict(x), expected.reshape(7, 40), rtol=1e-12, atol=1e-13)


def test_flatten_and_reshape_keep_row_major_order() -> None:
    x = inputs_for((2, 3, 4))

    assert np.array_equal(build([layers.Flatten()], (2, 3, 4)).predict(x), x.reshape(6, 24))
    assert np.array_equal(
        build([layers.Reshape((4, -1)), layers.Flatten()], (2, 3, 4)).predict(x), x.reshape(6, 24)
    )
