"""Group, instance and RMS normalisation: values, gradients, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit import layers
from nnkit.errors import InvalidArgument
from nnkit.layers import GroupNormalization, InstanceNormalization, Layer, RMSNormalization
from tests.nnkit.layers.test_image_layers import differences
from tests.nnkit.small_models import build, inputs_for, spread_parameters, targets_for
from tests.nnkit.test_gradients import scales
from tests.reference.normalization import group_normalization_forward, rms_normalization_forward

Array = NDArray[Any]
# Widths around the eight lanes of a sum, and samples of one row, of a sequence and of an image.
EACH = pytest.mark.parametrize(
    ("layer", "shape", "groups"),
    [
        (GroupNormalization(3), (33,), 3),
        (GroupNormalization(1, 0.1), (17,), 1),
        (GroupNormalization(4), (3, 16), 4),
        (GroupNormalization(-1), (3, 2, 5), 5),
        (InstanceNormalization(0.01), (3, 3, 1), 1),
        (InstanceNormalization(), (5, 17), 17),
        (RMSNormalization(), (33,), None),
        (RMSNormalization(0.2), (2, 3, 3), None),
    ],
    ids=str,
)


def expected(layer: Any, x: Array, gamma: Array, beta: Array | None, groups: int | None) -> Array:
    if groups is None:
        return rms_normalization_forward(x, gamma, epsilon=layer.epsilon)
    return group_normalization_forward(x, gamma, beta, groups, epsilon=layer.epsilon)


@EACH
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_are_the_formula_s_in_training_and_at_test_time(
    layer: Layer, shape: tuple[int, ...], groups: int | None, dtype: str
) -> None:
    model = build([layer], shape, loss="mean_squared_error", dtype=dtype)
    spread_parameters(model)
    x = (inputs_for(shape, rows=7) + 3.0).astype(dtype)
    gamma, *beta = (value.astype(float) for value in model.parameters.values())
    wanted = expected(layer, x.astype(float), gamma, *(beta or [None]), groups)
    tolerance = 1e-12 if dtype == "float64" else 2e-6

    np.testing.assert_allclose(model.predict(x), wanted, rtol=tolerance, atol=tolerance)
    assert np.array_equal(model.forward(x, training=True), model.predict(x))
    assert len(beta) == (groups is not None)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (GroupNormalization(2), (6,)),
        (GroupNormalization(2), (2, 2, 4)),
        (InstanceNormalization(), (3, 4)),
        (RMSNormalization(), (2, 5)),
    ],
    ids=str,
)
def test_gradients_agree_with_differences(layer: Layer, shape: tuple[int, ...]) -> None:
    stack = [layers.Dense(shape[-1], "tanh"), layer, layers.Flatten(), layers.Dense(3)]
    model = build(stack, shape)
    spread_parameters(model)
    x, y = inputs_for(shape), targets_for("sparse_categorical_crossentropy", 3)
    _, gradients = model.loss_and_gradients(x, y)
    found, norms = differences(model, x, y), scales(gradients)

    assert all(np.linalg.norm(gradients[key] - found[key][1]) <= 1e-7 * norms[key] for key in gradients)


def test_what_tells_them_apart() -> None:
    """A shift of the inputs leaves the centred ones as they are, and a factor all of them."""
    x = inputs_for((3, 8), rows=2)
    outputs = {}
    for layer in (GroupNormalization(2, 1e-30), InstanceNormalization(1e-30), RMSNormalization(1e-30)):
        model = build([layer], (3, 8), loss="mean_squared_error")
        outputs[layer.record.name] = [model.predict(given) for given in (x, x + 2.0, 5.0 * x)]

    for name, (plain, shifted, larger) in outputs.items():
        np.testing.assert_allclose(larger, plain, rtol=1e-12, atol=1e-12)
        assert np.allclose(shifted, plain) == (name != "RMSNormalization")
    group, instance, rms = (plain for plain, _, _ in outputs.values())
    np.testing.assert_allclose((rms**2).mean(axis=-1), 1.0)
    np.testing.assert_allclose(group.reshape(2, 3, 2, 4).mean(axis=(1, 3)), 0.0, atol=1e-12)
    np.testing.assert_allclose(group.reshape(2, 3, 2, 4).var(axis=(1, 3)), 1.0)
    np.testing.assert_allclose(instance.mean(axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (GroupNormalization(4), (2, 6), r"must divide the 6 channels, found 4. Try one of 1, 2, 3, 6"),
        (GroupNormalization(6), (6,), "a group of one value is its own mean"),
        (InstanceNormalization(), (6,), "needs several pixels of every channel"),
    ],
)
def test_what_cannot_be_normalised_is_refused(layer: Layer, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        build([layer, layers.Flatten(), layers.Dense(3)], shape).predict(np.zeros((1, *shape)))


def test_no_groups_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="groups must be at least 1, or -1, found 0"):
        GroupNormalization(0)


@EACH
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_keras_agrees(layer: Any, shape: tuple[int, ...], groups: int | None) -> None:
    keras = pytest.importorskip("keras", reason="keras is not installed")
    x = inputs_for(shape, rows=5)
    if groups is None:
        twin = keras.layers.RMSNormalization(epsilon=layer.epsilon, dtype="float64")
    else:
        twin = keras.layers.GroupNormalization(groups, epsilon=layer.epsilon, dtype="float64")
    found = build([layer], shape, loss="mean_squared_error").predict(x)

    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(twin(x)), rtol=1e-6, atol=1e-6)
