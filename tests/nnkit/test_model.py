"""The promises of `Sequential`: names, shapes and meanings of everything a user touches."""

import hashlib

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.layers import Layer
from tests.nnkit.small_models import blobs, build, inputs_for, perceptron, spread_parameters

STACK = [
    layers.Dense(7, activation="relu"),
    layers.BatchNormalization(),
    layers.Dropout(0.5),
    layers.Dense(3),
]


def test_the_example_of_the_contract_runs() -> None:
    x, y = blobs(200, features=64, classes=10)
    model = nnkit.Sequential(
        [nnkit.layers.Dense(64, activation="relu", kernel_initializer="he_normal"), nnkit.layers.Dense(10)],
        input_shape=(64,), seed=0, dtype="float32",
    )  # fmt: skip
    model.compile(
        optimizer=nnkit.optimizers.Adam(learning_rate=1e-3), loss="sparse_categorical_crossentropy",
        metrics=("accuracy",),
    )  # fmt: skip
    history = model.fit(
        x, y, batch_size=32, epochs=3, validation_data=(x, y), shuffle=True, callbacks=()
    )  # fmt: skip

    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 3 for values in history.history.values())
    assert history.step_loss.shape == (3 * 7,)
    assert history.step_loss.dtype == np.float64
    assert history.status == "finished"
    assert set(model.evaluate(x, y)) == {"loss", "accuracy"}
    assert list(model.parameters) == ["dense_0/kernel", "dense_0/bias", "dense_1/kernel", "dense_1/bias"]
    assert [value.dtype for value in model.parameters.values()] == [np.float32] * 4


def test_names_count_layers_of_one_kind() -> None:
    model = build(
        [layers.Dense(4), layers.BatchNormalization(), layers.Dense(4), layers.BatchNormalization()], (2,)
    )

    assert list(model.parameters) == [
        "dense_0/kernel", "dense_0/bias", "batch_normalization_0/gamma", "batch_normalization_0/beta",
        "dense_1/kernel", "dense_1/bias", "batch_normalization_1/gamma", "batch_normalization_1/beta",
    ]  # fmt: skip
    assert list(model.states) == [
        f"batch_normalization_{i}/moving_{what}" for i in (0, 1) for what in ("mean", "variance")
    ]


def test_history_is_the_mean_over_samples_of_an_epoch() -> None:
    """Batches of 32, 32 and 26 weigh as many samples as they have; values are those before each update."""
    x, y = blobs(90)
    model = perceptron((4, 8, 3), metrics=("accuracy",))
    history = model.fit(x, y, epochs=2, validation_data=(x[:30], y[:30]))
    weights = [32, 32, 26]

    for epoch in (0, 1):
        losses = history.step_loss[3 * epoch : 3 * epoch + 3]
        assert history.history["loss"][epoch] == pytest.approx(np.average(losses, weights=weights), rel=1e-14)
    assert history.history["val_loss"][-1] == pytest.approx(model.evaluate(x[:30], y[:30])["loss"], rel=1e-14)
    assert history.history["val_accuracy"][-1] == model.evaluate(x[:30], y[:30])["accuracy"]


def test_accuracy_is_reported_where_it_is_asked_for() -> None:
    x, y = blobs()
    model = perceptron((4, 8, 3))
    history = model.fit(x, y, validation_data=(x, y))

    assert set(history.history) == {"loss", "val_loss"}
    assert set(model.evaluate(x, y)) == {"loss"}


def test_one_metric_may_come_without_a_list() -> None:
    x, y = blobs()
    model = nnkit.Sequential([layers.Dense(3)], input_shape=(4,))
    model.compile("sgd", metrics="accuracy")

    assert set(model.evaluate(x, y)) == {"loss", "accuracy"}


def test_evaluate_is_the_mean_over_all_rows_whatever_the_batches() -> None:
    """300 rows are three evaluation batches, the last one short."""
    x, y = blobs(300)
    model = perceptron((4, 8, 3), metrics=("accuracy",))
    logits = model.predict(x)
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(300), y]
    found = model.evaluate(x, y)

    assert found["loss"] == pytest.approx(losses.mean(), rel=1e-12)
    assert found["accuracy"] == np.mean(logits.argmax(axis=1) == y)


def test_predict_is_the_model_in_numpy() -> None:
    model = perceptron((4, 9, 3), activation="tanh")
    spread_parameters(model)
    x = inputs_for((4,), rows=300)
    w0, b0, w1, b1 = model.parameters.values()

    np.testing.assert_allclose(model.predict(x), np.tanh(x @ w0 + b0) @ w1 + b1, rtol=1e-12, atol=1e-13)
    assert np.array_equal(model.predict(x), model.forward(x))
    assert np.array_equal(model.predict(x[:1]), model.predict(x)[:1])


def test_forward_in_training_sees_batch_statistics_and_masks() -> None:
    model = build(STACK, (4,))
    x = inputs_for((4,), rows=20)
    before = model.digest()
    training = model.forward(x, training=True)

    assert training.shape == (20, 3)
    assert not np.allclose(training, model.forward(x))
    assert np.array_equal(training, model.forward(x, training=True))
    assert model.digest() == before


def test_the_learner_s_view_names_every_value_and_gradient() -> None:
    model = build(STACK, (4,))
    x, y = blobs(20)
    trace = model.trace(x, y)

    assert trace.values["x"].shape == (20, 4)
    assert np.array_equal(trace.values["x"], x)
    w, b = model.parameters["dense_0/kernel"], model.parameters["dense_0/bias"]
    np.testing.assert_allclose(trace.values["dense_0/output"], x @ w + b, rtol=1e-12, atol=1e-14)
    assert np.array_equal(trace.values["dense_0/relu"], np.maximum(trace.values["dense_0/output"], 0))
    assert {0.0, 2.0} == set(np.unique(trace.values["dropout_0/mask"]))
    assert list(trace.gradients) == list(model.parameters)
    assert np.array_equal(trace.gradients["dense_1/bias"], trace.values["d dense_1/bias"])


def test_looking_changes_nothing() -> None:
    model = build(STACK, (4,), metrics=("accuracy",))
    x, y = blobs(20)
    model.fit(x, y)
    before, states = model.digest(), {name: value.copy() for name, value in model.states.items()}
    for look in (model.evaluate, model.loss_and_gradients, model.trace):
        look(x, y)
    for see in (model.predict, model.forward):
        see(x)
    model.forward(x, training=True)

    assert model.digest() == before
    assert all(np.array_equal(model.states[name], value) for name, value in states.items())


def test_the_digest_is_the_sha256_of_all_parameters_in_order() -> None:
    model = perceptron((4, 5, 3))
    content = b"".join(value.tobytes() for value in model.parameters.values())

    assert model.digest() == hashlib.sha256(content).hexdigest()


def test_the_digest_of_a_model_with_states_sees_them() -> None:
    model = build([layers.Dense(3), layers.BatchNormalization()], (4,))
    before = model.digest()
    model.states["batch_normalization_0/moving_mean"][1] = 0.5

    assert model.digest() != before


@pytest.mark.parametrize("batch_size", [1, 8, 32, 64, 200])
def test_parameters_are_live_views(batch_size: int) -> None:
    """Taken before a fit, they show its updates; written into, they change the model."""
    x, y = blobs()
    model = perceptron((4, 8, 3))
    views = model.parameters
    before = views["dense_0/kernel"].copy()
    model.fit(x, y, batch_size=batch_size)
    changed = not np.array_equal(views["dense_0/kernel"], before)
    for view in views.values():
        view[...] = 0.0

    assert changed
    assert not model.predict(x).any()


def test_parameters_are_set_by_name_and_the_others_stay() -> None:
    model = perceptron((4, 5, 3))
    kernel = model.parameters["dense_0/kernel"].copy()
    model.set_parameters({"dense_1/bias": [1, 2, 3]})

    assert model.parameters["dense_1/bias"].tolist() == [1.0, 2.0, 3.0]
    assert np.array_equal(model.parameters["dense_0/kernel"], kernel)


def test_compiling_again_keeps_the_weights() -> None:
    """As in Keras: what is compiled is how to train, not what was learnt."""
    x, y = blobs()
    model = perceptron((4, 8, 3), optimizer="adam")
    model.fit(x, y, epochs=2)
    learnt = model.digest()
    model.compile("sgd(learning_rate=0.5)", "sparse_categorical_crossentropy", ("accuracy",))

    assert model.digest() == learnt
    assert set(model.evaluate(x, y)) == {"loss", "accuracy"}
    model.fit(x, y)
    assert model.digest() != learnt


@pytest.mark.parametrize("stack", [[], [layers.Activation("tanh")]], ids=["no layer", "no parameter"])
def test_a_model_without_parameters_runs(stack: list[Layer]) -> None:
    x, y = blobs(20)
    model = build(stack, (4,), optimizer="adam(global_clipnorm=1.0)")
    history = model.fit(x, y % 4)

    assert history.status == "finished"
    assert model.parameters == {}
    assert model.loss_and_gradients(x, y)[1] == {}
