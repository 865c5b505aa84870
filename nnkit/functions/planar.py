"""Functions of two numbers, each with what is hard about it."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from nnkit.functions.record import Function, Vector

_CONDITION = 100.0  # of the bowl: its curvatures are 1 and this
_TILT = 0.3  # of the double well: its left well is the deeper one
_BEALE = ((1, 1.5), (2, 2.25), (3, 2.625))  # the power and the constant of each of its three terms


def _xy(p: Vector) -> tuple[Vector, Vector]:
    return p[..., 0], p[..., 1]


def _pair(dx: Vector, dy: Vector) -> Vector:
    return np.stack(np.broadcast_arrays(dx, dy), axis=-1)


def _matrix(xx: float, xy: float, yy: float) -> Vector:
    return np.array([[xx, xy], [xy, yy]], dtype=np.float64)


def _points(*points: Sequence[float]) -> Callable[[], Vector]:
    return lambda: np.array(points, dtype=np.float64)


def _start(x: float, y: float) -> Callable[[], Vector]:
    return lambda: np.array([x, y])


def _quadratic(p: Vector) -> Vector:
    x, y = _xy(p)
    return x * x + 2 * y * y - x * y


def _quadratic_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    return _pair(2 * x - y, 4 * y - x)


def _bowl(p: Vector) -> Vector:
    x, y = _xy(p)
    return (x * x + _CONDITION * y * y) / 2


def _bowl_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    return _pair(x, _CONDITION * y)


def _saddle(p: Vector) -> Vector:
    x, y = _xy(p)
    return x * x - y * y


def _saddle_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    return _pair(2 * x, -2 * y)


def _monkey(p: Vector) -> Vector:
    x, y = _xy(p)
    return x * (x * x - 3 * y * y)


def _monkey_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    return _pair(3 * (x * x - y * y), -6 * x * y)


def _himmelblau(p: Vector) -> Vector:
    x, y = _xy(p)
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


def _himmelblau_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    a, b = x * x + y - 11, x + y * y - 7
    return _pair(4 * x * a + 2 * b, 2 * a + 4 * y * b)


def _double_well(p: Vector) -> Vector:
    x, y = _xy(p)
    return (x * x - 1) ** 2 + _TILT * x + y * y


def _double_well_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    return _pair(4 * x * (x * x - 1) + _TILT, 2 * y)


def _rosenbrock(p: Vector) -> Vector:
    x, y = _xy(p)
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def _rosenbrock_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    return _pair(2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x))


def _beale(p: Vector) -> Vector:
    x, y = _xy(p)
    return np.asarray(sum((c - x + x * y**k) ** 2 for k, c in _BEALE))


def _beale_gradient(p: Vector) -> Vector:
    x, y = _xy(p)
    terms = [(k, c - x + x * y**k) for k, c in _BEALE]
    return _pair(
        np.asarray(sum(2 * t * (y**k - 1) for k, t in terms)),
        np.asarray(sum(2 * t * x * k * y ** (k - 1) for k, t in terms)),
    )


def _rastrigin(p: Vector) -> Vector:
    return np.asarray((p * p - 10 * np.cos(2 * math.pi * p) + 10).sum(axis=-1))


def _rastrigin_gradient(p: Vector) -> Vector:
    return 2 * p + 20 * math.pi * np.sin(2 * math.pi * p)


def _plateau(p: Vector) -> Vector:
    return np.asarray(1 - np.exp(-(p * p).sum(axis=-1) / 2))


def _plateau_gradient(p: Vector) -> Vector:
    return np.asarray(p * np.exp(-(p * p).sum(axis=-1, keepdims=True) / 2))


PLANAR = (
    Function(
        name="quadratic",
        summary="The lecture note's bowl: gradient descent at 0.1 arrives, at 0.01 is slow, at 0.5 diverges.",
        formula="J = x**2 + 2 y**2 - x y",
        source="the lecture note on optimisation; its Hessian's eigenvalues are 3 - sqrt(2) and 3 + sqrt(2)",
        value=_quadratic,
        gradient=_quadratic_gradient,
        hessian=lambda p: _matrix(2, -1, 4),
        start=_start(-5, 4),
        domain=(-6, 6, -5, 5),
        minima=_points((0, 0)),
        n_steps=30,
    ),
    Function(
        name="ill_conditioned",
        aliases=("bowl", "ill_conditioned_bowl"),
        summary="A bowl that is 100 times steeper across than along: the steps zigzag.",
        formula="f = (x**2 + 100 y**2) / 2",
        source="Polyak (1964), USSR Comput. Math. Math. Phys. 4(5)",
        value=_bowl,
        gradient=_bowl_gradient,
        hessian=lambda p: _matrix(1, 0, _CONDITION),
        start=_start(-10, 1),
        domain=(-11, 3, -2, 2),
        minima=_points((0, 0)),
    ),
    Function(
        name="saddle",
        summary="Falls without end along y, and the start lies on the ridge where that cannot be felt.",
        formula="f = x**2 - y**2",
        source="Dauphin et al. (2014), arXiv:1406.2572",
        value=_saddle,
        gradient=_saddle_gradient,
        hessian=lambda p: _matrix(2, 0, -2),
        start=_start(-1.5, 0),
        domain=(-2, 2, -2, 2),
        others=_points((0, 0)),
    ),
    Function(
        name="monkey_saddle",
        summary="A saddle for two legs and a tail: at its centre gradient and curvature are both 0.",
        formula="f = x**3 - 3 x y**2",
        source="Hilbert and Cohn-Vossen (1932), Anschauliche Geometrie, section 29",
        value=_monkey,
        gradient=_monkey_gradient,
        hessian=lambda p: _matrix(6 * p[0], -6 * p[1], -6 * p[0]),
        start=_start(1.5, 0),
        domain=(-2, 2, -2, 2),
        others=_points((0, 0)),
        n_steps=1000,
    ),
    Function(
        name="himmelblau",
        summary="Four minima, all of value 0: which one is found depends on the start and on the steps.",
        formula="f = (x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        source="Himmelblau (1972), Applied Nonlinear Programming",
        value=_himmelblau,
        gradient=_himmelblau_gradient,
        hessian=lambda p: _matrix(
            12 * p[0] ** 2 + 4 * p[1] - 42, 4 * (p[0] + p[1]), 12 * p[1] ** 2 + 4 * p[0] - 26
        ),
        start=_start(0, 0),
        domain=(-5.5, 5.5, -5.5, 5.5),
        minima=_points(
            (3, 2),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.2831859912861696),
            (3.5844283403304917, -1.8481265269644034),
        ),
        others=_points(
            (0.08667750455539634, 2.884254701174776),
            (3.385154183607021, 0.07385187983774928),
            (-3.0730257507643897, -0.08135304428796751),
            (-0.12796134673068005, -1.9537149802445766),
        ),
    ),
    Function(
        name="double_well",
        summary="Two wells of unequal depth: from the right, descent ends in the shallower one.",
        formula="f = (x**2 - 1)**2 + 0.3 x + y**2",
        source="Kramers (1940), Physica 7(4), in two dimensions; the tilt is ours",
        value=_double_well,
        gradient=_double_well_gradient,
        hessian=lambda p: _matrix(12 * p[0] ** 2 - 4, 0, 2),
        start=_start(1.5, 1),
        domain=(-2, 2, -1.5, 1.5),
        minima=_points((-1.0355787140888537, 0)),
        others=_points((0.9601495555191055, 0), (0.07542915856974822, 0)),
    ),
    Function(
        name="rosenbrock",
        summary="A curved valley: easy to enter, hard to follow to its end.",
        formula="f = (1 - x)**2 + 100 (y - x**2)**2",
        source="Rosenbrock (1960), The Computer Journal 3(3)",
        value=_rosenbrock,
        gradient=_rosenbrock_gradient,
        hessian=lambda p: _matrix(2 - 400 * p[1] + 1200 * p[0] ** 2, -400 * p[0], 200),
        start=_start(-1.2, 1),
        domain=(-2, 2, -1, 3),
        minima=_points((1, 1)),
        n_steps=1000,
    ),
    Function(
        name="beale",
        summary="Flat near its minimum and very steep at the corners.",
        formula="f = (1.5 - x + x y)**2 + (2.25 - x + x y**2)**2 + (2.625 - x + x y**3)**2",
        source="Beale (1958), Princeton Statistical Techniques Research Group, report 25",
        value=_beale,
        gradient=_beale_gradient,
        start=_start(1, 1),
        domain=(-1, 4.5, -1.5, 1.5),
        minima=_points((3, 0.5)),
        others=_points((0, 1)),
        n_steps=1000,
    ),
    Function(
        name="rastrigin",
        summary="A wide bowl full of dents, each of them a local minimum.",
        formula="f = 20 + x**2 + y**2 - 10 cos(2 pi x) - 10 cos(2 pi y)",
        source="Rastrigin (1974), Systems of Extremal Control",
        value=_rastrigin,
        gradient=_rastrigin_gradient,
        hessian=lambda p: np.diag(2 + 40 * math.pi**2 * np.cos(2 * math.pi * p)),
        start=_start(-3.2, 2.3),
        domain=(-5.12, 5.12, -5.12, 5.12),
        minima=_points((0, 0)),
    ),
    Function(
        name="plateau",
        summary="Almost flat far out: where the gradient is next to nothing, its length says nothing.",
        formula="f = 1 - exp(-(x**2 + y**2) / 2)",
        source="an inverted Gaussian bump",
        value=_plateau,
        gradient=_plateau_gradient,
        hessian=lambda p: (np.eye(2) - np.outer(p, p)) * math.exp(-float(p @ p) / 2),
        start=_start(-3, 1.5),
        domain=(-5, 5, -3.5, 3.5),
        minima=_points((0, 0)),
        n_steps=1000,
    ),
)
