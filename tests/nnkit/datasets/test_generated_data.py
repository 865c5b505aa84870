"""Points in the plane follow their formulas, and the same seed draws the same bits."""

import numpy as np
import pytest

from nnkit import datasets


def test_xor_is_the_four_corners() -> None:
    """Without noise the data are the truth table of exclusive or."""
    data = datasets.load("xor")

    assert data.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.y.tolist() == [0, 1, 1, 0]


def test_noisy_xor_scatters_around_its_corners() -> None:
    """Each corner is repeated, and the scatter has the standard deviation that was asked for."""
    data = datasets.load("xor", repeat=500, noise=0.1)
    scatter = data.x - np.tile(datasets.load("xor").x, (500, 1))

    assert len(data) == 2000
    assert data.y.tolist() == [0, 1, 1, 0] * 500
    # 4000 draws estimate a standard deviation to 1.1 %, so 5 % is more than four errors.
    assert scatter.std() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("name", ["moons", "circles"])
@pytest.mark.parametrize("n_samples", [40, 41])
def test_noiseless_shapes_equal_those_of_scikit_learn(name: str, n_samples: int) -> None:
    """Without noise, moons and circles are the points of scikit-learn's functions, to 5 decimals."""
    sources = pytest.importorskip("sklearn.datasets")
    options = {"factor": 0.3} if name == "circles" else {}
    x, y = getattr(sources, f"make_{name}")(n_samples, shuffle=False, **options)
    data = datasets.load(name, n_samples=n_samples, noise=0.0, **options)

    np.testing.assert_allclose(data.x, x, rtol=0, atol=6e-6)  # half of the last decimal, and float32
    np.testing.assert_array_equal(data.y, y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_spiral_arms_are_turned_copies_of_each_other(n_classes: int) -> None:
    """Without noise, arm k is arm 0 turned by k / n_classes of a circle, and ends at radius 1."""
    data = datasets.load("spirals", n_samples=30 * n_classes, n_classes=n_classes, noise=0.0)
    arms = [data.x[data.y == arm].astype(np.float64) @ [1, 1j] for arm in range(n_classes)]

    assert data.n_classes == n_classes
    np.testing.assert_allclose(np.abs(arms[0]), np.arange(1, 31) / 30, atol=1e-5)
    for arm in range(n_classes):
        turned = arms[0] * np.exp(2j * np.pi * arm / n_classes)
        np.testing.assert_allclose(arms[arm], turned, atol=2e-5)


def test_spiral_winds_as_often_as_asked() -> None:
    """The angle grows by ``turns`` full circles from the origin to the rim."""
    arm = datasets.load("spirals", n_samples=600, n_classes=3, turns=2.0, noise=0.0).x[:200] @ [1, 1j]
    angle = np.unwrap(np.angle(arm))

    assert (angle[-1] - angle[0]) / (2 * np.pi) == pytest.approx(2.0 * 199 / 200, abs=1e-3)


def test_spiral_noise_keeps_the_radius() -> None:
    """The noise moves a point along its circle, with the standard deviation asked for."""
    calm = datasets.load("spirals", n_samples=3000, noise=0.0).x @ [1, 1j]
    noisy = datasets.load("spirals", n_samples=3000, noise=0.2).x @ [1, 1j]
    outer = np.abs(calm) > 0.1  # nearer to the origin the 5 decimals blur the angle

    np.testing.assert_allclose(np.abs(noisy), np.abs(calm), atol=2e-5)
    assert np.angle(noisy[outer] / calm[outer]).std() == pytest.approx(0.2, rel=0.06)


@pytest.mark.parametrize("name", ["moons", "circles", "spirals"])
@pytest.mark.parametrize("n_samples", [4, 5, 100, 101])
def test_classes_are_as_even_as_can_be(name: str, n_samples: int) -> None:
    """All samples asked for are there, and the largest class has at most one more than the smallest."""
    counts = np.bincount(datasets.load(name, n_samples=n_samples).y)

    assert counts.sum() == n_samples
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", ["moons", "circles", "spirals"])
def test_seed_decides_the_noise(name: str) -> None:
    """Another seed draws other points with the same labels."""
    first, second = datasets.load(name, seed=1), datasets.load(name, seed=2)

    assert first.digest != second.digest
    np.testing.assert_array_equal(first.y, second.y)


@pytest.mark.parametrize("name", ["moons", "circles", "spirals", "mnist1d"])
def test_values_are_rounded_to_five_decimals(name: str) -> None:
    """Every value is the float32 nearest to a number of 5 decimals, so math libraries cannot differ."""
    x = datasets.load(name).x

    np.testing.assert_array_equal(x, np.round(x.astype(np.float64), 5).astype(np.float32))


GOLDEN = {
    "xor": "23b0c281833e3fba256bbebf3b10c29794ca50eb333fbe96e243658456a6a19c",
    "moons": "741e2b9913a3fbb9c7e05e081b55b863bf24d98705325a1a87b7c8fbb8b94117",
    "circles": "74d4f74c53b359a002b040f5f3a3e05fc7472a48446628ba6fa31d1716588878",
    "spirals": "da333442323dfac8c538ef75de98021deb34522eccd029dc6832deb0918e9b4a",
    "mnist1d": "a44c3950606022cb93897a3f63f57da12cf05e991b5a1f11164ee6e5fcd48b6b",
    "mnist1d_shuffled": "b1687523f62ec6d9300edc3fbd895bcf8e120ade11dae71f390308ceda368a0d",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_generated_bits_never_change(name: str) -> None:
    """The digest is the one of every earlier version and machine: stored trials rest on it."""
    assert datasets.load(name).digest == GOLDEN[name]
