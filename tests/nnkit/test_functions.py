"""Functions to descend: derivatives against differences, and the points that their records name."""

import math

import numpy as np
import pytest

from nnkit import functions
from nnkit.errors import InvalidArgument
from nnkit.functions import Function
from nnkit.functions.of_samples import deep

FUNCTIONS = functions.records()
PLANAR = [each for each in FUNCTIONS if each.domain is not None]
each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.name)


def nearby(function: Function, n: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [function.start() + rng.normal(0, 0.4, function.start().shape) for _ in range(n)]


@pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if f.name != "quadratic_deep"], ids=lambda f: f.name
)
def test_the_gradient_is_that_of_the_value(function: Function) -> None:
    """Central differences; the value of quadratic_deep is its test loss, the gradient that of training."""
    for point in nearby(function):
        steps = 1e-6 * np.eye(point.size)
        measured = [(function.value(point + h) - function.value(point - h)) / 2e-6 for h in steps]

        assert function.gradient(point) == pytest.approx(measured, rel=1e-6, abs=1e-6)


@each_function
def test_the_hessian_is_that_of_the_gradient(function: Function) -> None:
    for point in nearby(function, 2):
        steps = 1e-6 * np.eye(point.size)
        measured = [(function.gradient(point + h) - function.gradient(point - h)) / 2e-6 for h in steps]

        assert np.allclose(function.curvature(point), measured, rtol=1e-5, atol=1e-5)


@each_function
def test_a_grid_of_points_gives_the_values_of_its_points(function: Function) -> None:
    points = np.stack(nearby(function)).reshape(2, 2, -1)

    assert function.value(points)[1, 0] == pytest.approx(function.value(points[1, 0]), rel=1e-12)
    assert function.gradient(points)[0, 1] == pytest.approx(
        function.gradient(points[0, 1]), rel=1e-9, abs=1e-12
    )


@each_function
def test_minima_are_minima_and_the_others_are_stationary_and_none(function: Function) -> None:
    for point in function.minima():
        assert np.linalg.norm(function.gradient(point)) < 1e-12 * max(
            1, np.abs(function.curvature(point)).max()
        )
        assert np.linalg.eigvalsh(function.curvature(point))[0] > 0
    for point in function.others():
        assert np.linalg.norm(function.gradient(point)) < 1e-13
        is_saddle = np.linalg.eigvalsh(function.curvature(point))[0] <= 1e-12
        least = function.value(function.minima()[0]) if len(function.minima()) else -math.inf
        assert is_saddle or function.value(point) > least + 0.1


@pytest.mark.parametrize("function", PLANAR, ids=lambda each: each.name)
def test_no_point_of_the_picture_lies_below_the_minimum(function: Function) -> None:
    left, right, bottom, top = function.domain
    grid = np.stack(np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200)), axis=-1)

    if len(function.minima()):
        assert function.value(grid).min() >= function.value(function.minima()[0]) - 1e-12
    else:
        assert function.value(grid).min() < function.value(function.others()[0]) - 1


def test_the_notes_quadratic_has_the_eigenvalues_that_set_its_limit() -> None:
    hessian = functions.get("quadratic").curvature(np.zeros(2))

    assert np.linalg.eigvalsh(hessian) == pytest.approx([3 - math.sqrt(2), 3 + math.sqrt(2)], abs=1e-14)


def test_quadratic_deep_is_deepobs_problem() -> None:
    """Trace, extreme eigenvalues, and the test loss at three points, as re-derived from DeepOBS."""
    function = functions.get("quadratic_deep")
    eigenvalues = np.linalg.eigvalsh(deep().hessian)

    assert eigenvalues.sum() == pytest.approx(477.612, abs=5e-4)
    assert eigenvalues[[0, -1]] == pytest.approx([0.005522, 53.129], abs=5e-4)
    at = [function.value(point) for point in (np.ones(100), function.minima()[0], np.zeros(100))]
    assert at == pytest.approx([353.447, 87.046, 86.926], abs=5e-4)


def test_batches_of_all_samples_give_the_whole_gradient() -> None:
    for name in ("iris", "quadratic_deep"):
        function = functions.get(name)
        assert function.samples is not None
        point = nearby(function, 1)[0]

        whole = function.samples.gradient(point, np.arange(function.samples.n))
        assert whole == pytest.approx(function.gradient(point), rel=1e-10, abs=1e-12)
        part = function.samples.gradient(point, np.arange(3))
        assert np.linalg.norm(part - whole) > 1e-3


def test_iris_has_one_minimum_from_anywhere() -> None:
    """Newton's method from another start, in the textbook's loss of softmax regression."""
    function = functions.get("iris")
    point = np.random.default_rng(0).normal(0, 0.3, 15)
    for _ in range(40):
        point = point - np.linalg.solve(function.curvature(point), function.gradient(point))

    assert point == pytest.approx(function.minima()[0], abs=1e-9)


def test_a_function_of_a_plug_in_is_held_against_its_own_values() -> None:
    def value(p: np.ndarray) -> np.ndarray:
        return p[..., 0] ** 2 + 3 * p[..., 1] ** 2

    def wrong(p: np.ndarray) -> np.ndarray:
        return np.stack([2 * p[..., 0], 3 * p[..., 1]], axis=-1)

    with pytest.raises(InvalidArgument, match="differences of its values"):
        functions.register("ellipse", value, wrong, start=(1.0, 1.0), domain=(-1, 1, -1, 1))
    assert "ellipse" not in functions.names()
