"""MNIST-1D is the published dataset: checked against a plain loop over the published steps."""

from collections.abc import Iterator

import numpy as np
import pytest

from nnkit import datasets
from nnkit.datasets import mnist1d

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # curve, correlated noise, white noise minus shear
Published = tuple[list[Sample], np.ndarray, np.ndarray]

# The curves are typed again here, so that a slip in the module shows.
CURVES = """
5 6 6.5 6.75 7 7 7 7 6.75 6.5 6 5
5 3 3 3.4 3.8 4.2 4.6 5 5.4 5.8 5 5
5 6 6.5 6.5 6 5.25 4.75 4 3.5 3.5 4 5
5 6 6.5 6.5 6 5 5 6 6.5 6.5 6 5
5 4.4 3.8 3.2 2.6 2.6 5 5 5 5 5 5
5 3 3 3 3 5 6 6.5 6.5 6 4.5 5
5 4 3.5 3.25 3 3 3 3 3.25 3.5 4 5
5 7 7 6.6 6.2 5.8 5.4 5 4.6 4.2 5 5
5 4 3.5 3.5 4 5 5 4 3.5 3.5 4 5
5 4 3.5 3.5 4 5 5 5 5 4.7 4.3 5
"""


def resample(signal: np.ndarray, n: int) -> np.ndarray:
    return np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(signal)), signal)


def smooth(noise: np.ndarray) -> np.ndarray:
    """Gaussian filter of sigma 2, cut at 8, ends mirrored: value by value."""
    weights = {k: np.exp(-k * k / 8.0) for k in range(-8, 9)}
    period = np.concatenate([noise, noise[::-1]])
    total = sum(weights.values())
    return np.array(
        [
            sum(w * period[(i + k) % len(period)] for k, w in weights.items()) / total
            for i in range(len(noise))
        ]
    )


def published_samples(stream: np.random.RandomState) -> Iterator[Sample]:
    for line in CURVES.split("\n")[1:-1]:
        curve = np.array([float(word) for word in line.split()])
        curve = (curve - curve.mean()) / curve.std()
        curve = (curve - curve[0]) / 6
        for _ in range(500):
            yield published_sample(curve, stream)


def published_sample(curve: np.ndarray, stream: np.random.RandomState) -> Sample:
    padding = 36 + int(stream.rand() * 25)
    signal = resample(np.concatenate([curve + 1e-8, np.zeros(padding)]), 72)
    signal = signal * (1 + 0.4 * (stream.rand() - 0.5))
    signal = np.roll(signal, stream.choice(48))
    correlated, white = 0.25 * stream.randn(72), 0.02 * stream.randn(72)
    shear = 0.75 * (stream.rand() - 0.5) * np.linspace(-0.5, 0.5, 72)
    return signal, correlated, white - shear


def finish(signal: np.ndarray, correlated: np.ndarray, rest: np.ndarray) -> np.ndarray:
    is_curve = signal != 0
    return resample(np.where(is_curve, signal, smooth(correlated)) + rest, 40)


@pytest.fixture(scope="module")
def published() -> Published:
    """Parts of all 5000 samples in the order they were drawn, the order of rows and that of positions."""
    stream = np.random.RandomState(42)
    samples = list(published_samples(stream))
    return samples, stream.permutation(5000), stream.permutation(40)


def test_rows_are_the_published_rows(published: Published) -> None:
    """Every 25th row equals the plain loop's, up to one shift and scale for all and 5 decimals."""
    samples, order, _ = published
    rows = np.arange(0, 5000, 25)
    plain = np.stack([finish(*samples[order[row]]) for row in rows])
    x = datasets.load("mnist1d").x[rows].astype(np.float64)
    gain, offset = np.polyfit(plain.ravel(), x.ravel(), 1)

    # Rounding moves a value by 5e-6 at most; a wrong draw moves it by 0.1 and more.
    np.testing.assert_allclose(gain * plain + offset, x, atol=1e-5, rtol=0)


def test_labels_are_the_published_labels(published: Published) -> None:
    """The label of a row is the digit of the 500 samples it was drawn among."""
    np.testing.assert_array_equal(datasets.load("mnist1d").y, published[1] // 500)


def test_whole_array_is_standardised() -> None:
    """One mean and one standard deviation for everything, before the split."""
    x = datasets.load("mnist1d").x.astype(np.float64)

    assert x.mean() == pytest.approx(0, abs=1e-6)
    assert x.std() == pytest.approx(1, abs=1e-6)


def test_official_parts_are_4000_and_1000_with_every_digit() -> None:
    """The training part has 4000 rows; digits are even over all rows, not within a part."""
    data = datasets.load("mnist1d")
    assert data.n_official_train == 4000

    assert np.bincount(data.y).tolist() == [500] * 10
    assert np.bincount(data.y[4000:], minlength=10).min() > 70


def test_shuffled_is_one_permutation_of_the_positions(published: Published) -> None:
    """All rows are permuted alike, by the permutation that the published stream draws next."""
    plain, shuffled = datasets.load("mnist1d"), datasets.load("mnist1d_shuffled")

    np.testing.assert_array_equal(shuffled.x, plain.x[:, published[2]])
    np.testing.assert_array_equal(shuffled.y, plain.y)


def test_smoothing_agrees_with_scipy() -> None:
    """The filter is scipy's gaussian_filter with its defaults, which the publication used."""
    ndimage = pytest.importorskip("scipy.ndimage")
    noise = np.random.RandomState(0).standard_normal((3, 72))

    expected = np.stack([ndimage.gaussian_filter(row, 2) for row in noise])
    np.testing.assert_allclose(mnist1d._smoothed(noise), expected, atol=1e-14)


def test_logistic_regression_reaches_the_published_accuracy() -> None:
    """Multinomial logistic regression, trained to the end, gets the published 32 % of the test part."""
    data = datasets.load("mnist1d")
    x = np.hstack([data.x, np.ones((5000, 1), dtype=np.float32)])
    train, one_hot = x[:4000], np.eye(10, dtype=np.float32)[data.y[:4000]]
    weights, velocity = np.zeros((41, 10), dtype=np.float32), np.zeros((41, 10), dtype=np.float32)
    for _ in range(300):
        odds = np.exp(train @ weights)
        slope = train.T @ (odds / odds.sum(axis=1, keepdims=True) - one_hot) / 4000
        velocity = 0.9 * velocity - 0.2 * slope
        weights += velocity
    accuracy = np.mean((x[4000:] @ weights).argmax(axis=1) == data.y[4000:])

    # 1000 test samples give a standard error of 1.5 points.
    assert accuracy == pytest.approx(0.32, abs=0.03)
