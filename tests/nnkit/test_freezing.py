"""Frozen layers stay to the bit, the others train as they would alone, and a new head starts anew."""

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.errors import InvalidArgument

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(60, 5)), RNG.integers(0, 3, 60)


def net(*, optimizer: str = "adam", norm: bool = False) -> nnkit.Sequential:
    middle = [layers.BatchNormalization()] if norm else []
    stack = [layers.Dense(7, activation="tanh"), *middle, layers.Dense(6, activation="relu"), layers.Dense(3)]
    model = nnkit.Sequential(stack, input_shape=(5,), seed=1, dtype="float64")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=("accuracy",))
    return model


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw(weight_decay=0.1)"])
@pytest.mark.parametrize("frozen", [(0,), (1,), (0, 1), (2,)])
def test_frozen_bits_stay_and_the_others_move(optimizer: str, frozen: tuple[int, ...]) -> None:
    """Neither the update nor the decay of weights reaches a frozen layer, wherever it stands."""
    model = net(optimizer=optimizer)
    model.fit(X, Y, batch_size=10)
    before = {name: value.copy() for name, value in model.parameters.items()}
    for index in frozen:
        model.layers[index].trainable = False

    model.fit(X, Y, batch_size=10, epochs=2)

    for name, value in model.parameters.items():
        stays = int(name[len("dense_")]) in frozen
        assert np.array_equal(value, before[name]) == stays, name


def test_the_layers_behind_frozen_ones_train_as_a_net_of_their_own() -> None:
    """Freezing the first layer equals training the rest on its outputs: SGD, the same batches, to the bit."""
    model = net(optimizer="sgd")
    hidden = np.tanh(X @ model.parameters["dense_0/kernel"] + model.parameters["dense_0/bias"])
    rest = nnkit.Sequential(
        [layers.Dense(6, activation="relu"), layers.Dense(3)], input_shape=(7,), seed=1, dtype="float64"
    )
    rest.compile("sgd", "sparse_categorical_crossentropy")
    rest.set_weights(model.get_weights()[2:])
    model.layers[0].trainable = False

    model.fit(X, Y, batch_size=10, epochs=3)
    rest.fit(hidden, Y, batch_size=10, epochs=3)

    for ours, alone in zip(model.get_weights()[2:], rest.get_weights(), strict=True):
        np.testing.assert_allclose(ours, alone, rtol=1e-12, atol=1e-14)


def test_no_op_is_spent_on_the_gradients_below_the_first_trained_layer() -> None:
    model = net()
    whole = len(model.program().sequences.train)
    model.layers[0].trainable = model.layers[1].trainable = False

    program = model.program()

    assert list(program.gradients) == ["dense_2/kernel", "dense_2/bias"]
    assert not any("d dense_0" in name or "d dense_1" in name for name in program.named)
    assert len(program.sequences.train) < whole


def test_a_frozen_layer_passes_the_gradient_on() -> None:
    """The gradients of the trained layers are the same with a frozen layer behind them."""
    model = net()
    _, every = model.loss_and_gradients(X, Y)
    model.layers[1].trainable = False

    _, some = model.loss_and_gradients(X, Y)

    assert set(every) - set(some) == {"dense_1/kernel", "dense_1/bias"}
    for name, gradient in some.items():
        np.testing.assert_array_equal(gradient, every[name])


def test_a_frozen_batch_normalisation_is_in_inference_mode() -> None:
    """Its statistics stay, training sees what prediction sees, and its gradient is that of differences."""
    model = net(norm=True)
    model.fit(X, Y, batch_size=10, epochs=3)
    model.layers[1].trainable = False
    before = {name: value.copy() for name, value in model.states.items()}
    _, gradients = model.loss_and_gradients(X, Y)

    np.testing.assert_allclose(model.forward(X, training=True), model.predict(X), rtol=1e-12)
    kernel = model.parameters["dense_0/kernel"]
    kept = kernel[1, 2]
    losses = []
    for step in (1e-6, -1e-6):
        kernel[1, 2] = kept + step
        losses.append(model.evaluate(X, Y)["loss"])
    kernel[1, 2] = kept
    assert gradients["dense_0/kernel"][1, 2] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5)
    model.fit(X, Y, batch_size=10)
    for name, value in model.states.items():
        np.testing.assert_array_equal(value, before[name])


def test_a_new_head_starts_anew_and_the_features_stay() -> None:
    model = net()
    model.fit(X, Y, batch_size=10, epochs=2)
    before = {name: value.copy() for name, value in model.parameters.items()}

    model.replace_head(layers.Dense(4))

    assert model.predict(X).shape == (60, 4)
    for name in ("dense_0/kernel", "dense_1/bias"):
        np.testing.assert_array_equal(model.parameters[name], before[name])
    model.replace_head(layers.Dense(3))
    np.testing.assert_array_equal(model.parameters["dense_2/kernel"], net().parameters["dense_2/kernel"])
    assert not np.array_equal(model.parameters["dense_2/kernel"], before["dense_2/kernel"])
    with pytest.raises(InvalidArgument, match=r"replace_head: expected a layer such as Dense\(10\), found 3"):
        model.replace_head(3)  # type: ignore[arg-type]


def test_freezing_and_thawing_leaves_the_digest() -> None:
    """The digest is of the weights, wherever they lie."""
    model = net(norm=True)
    digest = model.digest()
    model.layers[0].trainable = False
    assert model.digest() == digest
    model.layers[0].trainable = True
    assert model.digest() == digest


def test_only_trainable_changes_on_a_layer() -> None:
    with pytest.raises(InvalidArgument, match="Dense: trainable must be True or False, found 0"):
        net().layers[0].trainable = 0  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="units cannot change"):
        net().layers[0].units = 3  # type: ignore[attr-defined]


def test_weights_are_in_keras_s_order() -> None:
    """kernel, bias; gamma, beta, mean, variance; kernel, bias … as keras.Model.get_weights gives them."""
    model = net(norm=True)
    shapes = [value.shape for value in model.get_weights()]

    assert shapes == [(5, 7), (7,), (7,), (7,), (7,), (7,), (7, 6), (6,), (6, 3), (3,)]
    changed = [value + 1 for value in model.get_weights()]
    model.set_weights(changed)
    for ours, expected in zip(model.get_weights(), changed, strict=True):
        np.testing.assert_array_equal(ours, expected)
    with pytest.raises(InvalidArgument, match="expected 10 arrays in a list, found 9"):
        model.set_weights(changed[1:])
    with pytest.raises(InvalidArgument, match=r"dense_0/kernel must have shape \(5, 7\), found \(7,\)"):
        model.set_weights(changed[1:2] + changed[1:])


def test_the_summary_counts_layers_as_textbooks_do(capsys: pytest.CaptureFixture[str]) -> None:
    """3072-100-10 is a 2-layer net of 308,310 parameters; the activation in between is no layer of it."""
    stack = [layers.Dense(100), layers.Activation("relu"), layers.Dense(10)]
    model = nnkit.Sequential(stack, input_shape=(3072,))
    model.layers[0].trainable = False

    text = model.summary()

    assert capsys.readouterr().out == text + "\n"
    lines = text.splitlines()
    assert lines[0] == "a 2-layer net, counting the layers with weights"
    assert lines[3].split() == ["dense_0", "(Dense)", "(100,)", "307,300", "no"]
    assert lines[5].split() == ["dense_1", "(Dense)", "(10,)", "1,010", "yes"]
    assert lines[-1] == "308,310 parameters, 1,010 of them trained"
