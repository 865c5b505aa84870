"""Generated points in the plane: the small problems that pictures of decision boundaries are made of."""

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.dataset import Arrays, DatasetRecord, round_off
from nnkit.registry import Hyper

_OWN = "MIT (computed by nnkit, nothing is copied)"


def xor(*, repeat: int, noise: float, seed: int) -> Arrays:
    """Return the four corners of the unit square, each ``repeat`` times, labelled ``a != b``."""
    corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=np.float64)
    x = np.tile(corners, (repeat, 1))
    labels = np.tile(np.array([0, 1, 1, 0], dtype=np.int32), repeat)
    return _scatter(x, noise, seed), labels


def moons(*, n_samples: int, noise: float, seed: int) -> Arrays:
    """Return two half circles of radius 1 that reach into each other."""
    n_upper = n_samples // 2
    upper = np.linspace(0.0, np.pi, n_upper)
    lower = np.linspace(0.0, np.pi, n_samples - n_upper)
    x = np.concatenate([_polar(1.0, upper), np.array([1.0, 0.5]) - _polar(1.0, lower)])
    return _scatter(x, noise, seed), _labels([n_upper, n_samples - n_upper])


def circles(*, n_samples: int, noise: float, factor: float, seed: int) -> Arrays:
    """Return a circle of radius 1 (class 0) around one of radius ``factor`` (class 1)."""
    n_outer = n_samples // 2
    outer = np.linspace(0.0, 2 * np.pi, n_outer, endpoint=False)
    inner = np.linspace(0.0, 2 * np.pi, n_samples - n_outer, endpoint=False)
    x = np.concatenate([_polar(1.0, outer), _polar(factor, inner)])
    return _scatter(x, noise, seed), _labels([n_outer, n_samples - n_outer])


def spirals(*, n_samples: int, n_classes: int, turns: float, noise: float, seed: int) -> Arrays:
    """Return arms that wind outwards from the origin; the noise moves points along their circle."""
    sizes = [n_samples // n_classes + (arm < n_samples % n_classes) for arm in range(n_classes)]
    # Radii start one step away from 0, where the points of all arms would be the same point.
    radius = np.concatenate([np.arange(1, size + 1) / size for size in sizes])
    labels = _labels(sizes)
    angle = 2 * np.pi * (turns * radius + labels / n_classes)
    angle += noise * _stream(seed).standard_normal(n_samples)
    return round_off(_polar(radius, angle)), labels


def _polar(radius: float | NDArray[np.float64], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _labels(sizes: list[int]) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)


def _scatter(x: NDArray[np.float64], noise: float, seed: int) -> NDArray[np.float64]:
    return round_off(x + noise * _stream(seed).standard_normal(x.shape))


def _stream(seed: int) -> np.random.RandomState:
    # RandomState is frozen for good (NEP 19); a Generator's normal stream may change with numpy.
    return np.random.RandomState(seed)


_SEED = Hyper("seed", 0, "the draw of the noise", at_least=0, at_most=2**32 - 1, integer=True)


def _n_samples(default: int) -> Hyper:
    return Hyper("n_samples", default, "points in all", at_least=4, at_most=100_000, integer=True)


def _noise(default: float, summary: str = "standard deviation added to each coordinate") -> Hyper:
    return Hyper("noise", default, summary, at_least=0.0, at_most=10.0)


XOR = DatasetRecord(
    name="xor",
    summary="Exclusive or on the corners of the unit square, the problem that no linear model solves.",
    formula="x = (a, b) + noise * N(0, 1), a and b in {0, 1};  y = (a != b)",
    source="Minsky and Papert (1969), Perceptrons",
    hyperparameters=(
        Hyper("repeat", 1, "points per corner", at_least=1, at_most=25_000, integer=True),
        _noise(0.0),
        _SEED,
    ),
    licence=_OWN,
    task="binary",
    n_samples=4,
    input_shape=(2,),
    n_classes=2,
    build=xor,
)

MOONS = DatasetRecord(
    name="moons",
    summary="Two half circles that reach into each other.",
    formula="x = (cos t, sin t) or (1 - cos t, 0.5 - sin t), t in [0, pi], + noise * N(0, 1)",
    source="Pedregosa et al. (2011), JMLR 12, make_moons",
    hyperparameters=(_n_samples(400), _noise(0.1), _SEED),
    licence=_OWN,
    task="binary",
    n_samples=400,
    input_shape=(2,),
    n_classes=2,
    build=moons,
)

CIRCLES = DatasetRecord(
    name="circles",
    summary="A circle inside a circle.",
    formula="x = r (cos t, sin t) + noise * N(0, 1), r = 1 or factor, t in [0, 2 pi)",
    source="Pedregosa et al. (2011), JMLR 12, make_circles",
    hyperparameters=(
        _n_samples(400),
        _noise(0.1),
        Hyper("factor", 0.5, "radius of the inner circle", above=0.0, below=1.0),
        _SEED,
    ),
    licence=_OWN,
    task="binary",
    n_samples=400,
    input_shape=(2,),
    n_classes=2,
    build=circles,
)

SPIRALS = DatasetRecord(
    name="spirals",
    summary="Two or three arms that wind around each other.",
    formula="x = r (cos t, sin t), r in (0, 1], t = 2 pi (turns * r + class / n_classes) + noise * N(0, 1)",
    source="after Lang and Witbrock (1988), Connectionist Models; noise on the angle as in CS231n's notes",
    hyperparameters=(
        _n_samples(600),
        Hyper("n_classes", 3, "arms", at_least=2, at_most=3, integer=True),
        Hyper("turns", 0.75, "windings of each arm", above=0.0, at_most=5.0),
        _noise(0.2, "standard deviation added to the angle, in radians"),
        _SEED,
    ),
    licence=_OWN,
    task="classification",
    n_samples=600,
    input_shape=(2,),
    n_classes=3,
    build=spirals,
)

PLANAR = (XOR, MOONS, CIRCLES, SPIRALS)
