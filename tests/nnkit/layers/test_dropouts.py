"""Spatial, Gaussian and alpha dropout: what is dropped, which moments stay, and the gradients."""

import numpy as np
import pytest

from nnkit import layers
from nnkit.errors import InvalidArgument
from tests.nnkit.layers.test_image_layers import differences
from tests.nnkit.small_models import build, inputs_for, spread_parameters, targets_for
from tests.nnkit.test_gradients import scales


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(layers.SpatialDropout2D(0.25), (3, 2, 17)), (layers.SpatialDropout1D(0.25), (6, 17))],
)
def test_whole_channels_are_dropped_sample_by_sample(layer: layers.Layer, shape: tuple[int, ...]) -> None:
    values = build([layer], shape).forward(np.ones((400, *shape)), training=True).reshape(400, 6, 17)

    assert set(np.unique(values)) == {0.0, 1 / 0.75}
    assert np.array_equal(values, np.broadcast_to(values[:, :1], values.shape))
    # 6,800 draws: three standard deviations of their mean are 0.021.
    assert abs(values.mean() - 1) < 0.021
    assert len(np.unique(values[:, 0], axis=0)) > 300


def test_alpha_dropout_keeps_mean_and_variance_and_drops_to_one_value() -> None:
    x = np.random.default_rng(0).standard_normal((300, 200))
    values = build([layers.AlphaDropout(0.3)], (200,)).forward(x, training=True)
    floor, counts = np.unique(values, return_counts=True)
    # In the paper's words: alpha' = -1.7581, a = (q + alpha'**2 q (1 - q))**-0.5, b = -a (1 - q) alpha'.
    q, lowest = 0.7, -1.7580993408473766
    a = (q + lowest**2 * q * (1 - q)) ** -0.5

    # 60,000 draws: three standard errors are 0.012 of the mean, and less than 0.03 of the variance.
    assert abs(values.mean()) < 0.012
    assert abs(values.var() - 1) < 0.03
    assert abs(counts.max() / values.size - 0.3) < 0.006
    np.testing.assert_allclose(floor[counts.argmax()], a * lowest - a * (1 - q) * lowest, rtol=1e-12)
    kept = values != floor[counts.argmax()]
    np.testing.assert_allclose(values[kept], a * x[kept] - a * (1 - q) * lowest, rtol=1e-12, atol=1e-12)


def test_gaussian_dropout_multiplies_by_noise_of_mean_1_and_the_variance_of_dropout() -> None:
    x = np.full((200, 99), -2.0)
    factors = build([layers.GaussianDropout(0.2)], (99,)).forward(x, training=True) / x

    # 19,800 draws of standard deviation 0.5: three standard errors of the mean are 0.011, of it 0.008.
    assert abs(factors.mean() - 1) < 0.011
    assert abs(factors.std() - 0.5) < 0.008


@pytest.mark.parametrize(
    "layer", [layers.SpatialDropout1D(0.5), layers.GaussianDropout(0.4), layers.AlphaDropout(0.4)], ids=str
)
def test_gradients_agree_with_differences_and_nothing_happens_at_test_time(layer: layers.Layer) -> None:
    model = build([layers.Dense(5, "tanh"), layer, layers.Flatten(), layers.Dense(3)], (2, 3))
    spread_parameters(model)
    x, y = inputs_for((2, 3)), targets_for("sparse_categorical_crossentropy", 3)
    _, gradients = model.loss_and_gradients(x, y)
    found, norms = differences(model, x, y), scales(gradients)
    alone = build([layer, layer], (2, 3), loss="mean_squared_error")
    first, second = (alone.trace(x, x).values[f"{layer_name(layer)}_{place}/output"] for place in (0, 1))

    assert all(np.linalg.norm(gradients[key] - found[key][1]) <= 1e-7 * norms[key] for key in gradients)
    assert np.array_equal(alone.predict(x), x)
    assert not np.allclose(first, second)


def layer_name(layer: layers.Layer) -> str:
    return layers.base.snake_case(layer.record.name)


def test_channels_of_rows_cannot_be_dropped() -> None:
    with pytest.raises(InvalidArgument, match=r"needs inputs of shape \(height, width, channels\)"):
        build([layers.SpatialDropout2D(0.5)], (6,)).predict(np.zeros((1, 6)))
