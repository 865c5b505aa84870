"""Augmentation: what is moved and added, when, and by which draws."""

import numpy as np
import pytest

from nnkit import layers
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import build


def moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return the image moved on a canvas of zeros, and cut."""
    room = np.pad(image, ((9, 9), (9, 9), (0, 0)))
    height, width = image.shape[:2]
    return room[9 - down : 9 - down + height, 9 - right : 9 - right + width]


def test_every_image_is_one_of_its_moves_and_every_move_is_as_likely() -> None:
    image = np.random.default_rng(0).integers(1, 100, (4, 5, 2)).astype(float)
    model = build([layers.RandomShift(2)], image.shape, loss="mean_squared_error")
    images = model.forward(np.broadcast_to(image, (5_000, *image.shape)), training=True)

    moves = {(a, b): moved(image, a, b) for a in range(-2, 3) for b in range(-2, 3)}
    counts = [sum(np.array_equal(found, move) for found in images) for move in moves.values()]

    assert sum(counts) == 5_000
    # Of 25 moves each has 200 on average, with a standard deviation of 14.
    assert min(counts) > 130
    assert max(counts) < 270


def test_noise_has_its_standard_deviation_and_float32_draws_the_same() -> None:
    x = np.zeros((200, 99))
    noise, single = (
        build([layers.GaussianNoise(0.5)], (99,), dtype=dtype).forward(x, training=True)
        for dtype in ("float64", "float32")
    )

    # 19,800 draws: three standard errors of their standard deviation are 0.008, of their mean 0.011.
    assert abs(noise.std() - 0.5) < 0.008
    assert abs(noise.mean()) < 0.011
    np.testing.assert_array_equal(single, noise.astype(np.float32))


@pytest.mark.parametrize("layer", [layers.RandomShift(1), layers.GaussianNoise(0.5)])
def test_draws_differ_by_seed_layer_and_step_and_none_are_made_at_test_time(layer: layers.Layer) -> None:
    x = np.random.default_rng(0).standard_normal((6, 16))
    models = [build([layer, layer], (16,), seed=seed, loss="mean_squared_error") for seed in (0, 1)]
    name = "random_shift" if isinstance(layer, layers.RandomShift) else "gaussian_noise"
    first, other = (model.trace(x, x).values for model in models)
    step = [first[f"{name}_{place}/output"] for place in (0, 1)]
    losses = models[0].fit(x[:1], x[:1], batch_size=1, epochs=6).step_loss

    assert np.array_equal(models[0].predict(x), x)
    assert not np.array_equal(step[0], other[f"{name}_0/output"])
    assert not np.array_equal(step[1] - step[0], step[0] - x)
    assert len(set(losses.tolist())) > 2


def test_what_is_no_image_cannot_be_moved() -> None:
    with pytest.raises(InvalidArgument, match=r"rows of n \* n values, found \(13,\)"):
        build([layers.RandomShift(1), layers.Dense(2)], (13,)).predict(np.zeros((1, 13)))
