"""Where a path ended and why, on paths whose end is known."""

import numpy as np
import pytest

from nnbench.errors import UsageError
from nnbench.records.descent import Path
from nnbench.studies.descend.request import Wishes, descend
from nnkit.errors import UnknownName


def only_path(function: str, **wishes: object) -> Path:
    (path,) = descend(function, Wishes(**wishes), "").paths  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("function", "rate", "steps", "end"),
    [
        ("quadratic", "0.1", 30, "converged"),
        ("quadratic", "0.01", 30, "running"),
        ("quadratic", "0.5", 30, "diverged"),
        ("quadratic", "0.46", 100, "diverged"),  # just beyond the limit, 0.453 …
        ("quadratic", "0.44", 300, "converged"),  # … and just below it
        ("saddle", "0.1", 200, "saddle"),
        ("monkey_saddle", "0.03", 1000, "saddle"),
        ("himmelblau", "0.01", 200, "converged"),
        ("double_well", "0.05", 200, "local_minimum"),
        ("rosenbrock", "0.001", 20000, "converged"),
        ("rosenbrock", "0.1", 100, "diverged"),
        ("rastrigin", "0.001", 200, "local_minimum"),
        ("plateau", "0.01", 500, "running"),
    ],
)
def test_a_path_ends_as_it_must(function: str, rate: str, steps: int, end: str) -> None:
    assert only_path(function, rate=rate, n_steps=steps).end == end


def test_a_start_in_the_deeper_well_converges() -> None:
    assert only_path("double_well", rate="0.05", start="-0.5,1").end == "converged"


def test_a_start_beside_the_ridge_falls_without_end() -> None:
    path = only_path("saddle", rate="0.1", start="-1.5,0.001")

    assert path.end == "diverged"
    assert "no minimum" in path.why


def test_the_step_of_arrival_is_the_first_that_is_never_left_again() -> None:
    path = only_path("quadratic", rate="0.1")
    assert path.settled is not None

    away = np.linalg.norm(path.points - path.points[-1], axis=1)
    near = 2 * 12 / 200  # twice a two-hundredth of the picture
    assert away[path.settled - 1] > near
    assert (away[path.settled :] <= near).all()


@pytest.mark.parametrize(
    ("optimizer", "factor"),
    [("sgd", 2.0), ("momentum", 2 * 1.9), ("momentum(momentum=0.5)", 2 * 1.5), ("nesterov", 2 * 1.9 / 2.8)],
)
def test_the_limit_of_an_optimizer_parts_convergence_from_divergence(optimizer: str, factor: float) -> None:
    """One hundredth below it the way to the minimum shortens, one hundredth above it lengthens."""
    limit = only_path("ill_conditioned", optimizer=optimizer).limit

    assert limit == pytest.approx(factor / 100)
    below, above = (
        only_path("ill_conditioned", optimizer=optimizer, rate=repr(limit * share), n_steps=3000)
        for share in (0.99, 1.01)
    )
    assert abs(below.points[-1, 1]) < 1e-3
    assert abs(above.points[-1, 1]) > 1e3


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad", "lion", "sgd(weight_decay=0.1)"])
def test_no_limit_is_claimed_where_none_is_known(optimizer: str) -> None:
    assert only_path("quadratic", optimizer=optimizer).limit is None


def test_a_limit_of_the_whole_is_that_of_plain_descent() -> None:
    assert descend("quadratic", Wishes(), "").stability_limit == pytest.approx(0.45308, abs=5e-6)
    assert descend("saddle", Wishes(), "").stability_limit is None


def test_every_choice_is_crossed_with_every_other_and_no_path_is_walked_twice() -> None:
    wishes = Wishes("sgd,adam,sgd", "0.1,0.01", "constant,cosine_decay", None, noise=0.1, seeds=3)

    paths = descend("quadratic", wishes, "").paths
    assert len(paths) == 2 * 2 * 2 * 3
    assert len(descend("quadratic", Wishes("sgd,adam", "0.1", seeds=3), "").paths) == 2
    assert len(descend("iris", Wishes("sgd", "0.1", batch="150,1,15"), "").paths) == 3


def test_the_shadow_of_fifteen_dimensions_keeps_the_way_to_the_minimum() -> None:
    found = descend("iris", Wishes("sgd", "0.1", batch="150,1,15"), "")

    assert found.minima[0, 1] == pytest.approx(0, abs=1e-12)
    assert found.minima[0, 0] > 0
    for path in found.paths:
        assert path.points[0] == pytest.approx([0, 0], abs=1e-12)
        assert len(path.last) == 15
        assert np.linalg.norm(path.points[-1]) <= np.linalg.norm(path.last) + 1e-12


@pytest.mark.parametrize(
    ("function", "wishes", "words"),
    [
        (
            "quadratic",
            {"start": "1,2,3"},
            "--start 1,2,3: quadratic starts from 2 numbers. Try --start=-5,4.",
        ),
        ("quadratic", {"start": "a,b"}, "starts from 2 numbers"),
        ("iris", {"start": "1,2"}, "starts from 15 numbers. Leave it out."),
        ("quadratic", {"n_steps": 0}, "--steps 0: must be from 1 to 1,000,000. Try 30."),
        ("quadratic", {"noise": -1.0}, "--noise -1: must be a number of at least 0"),
        ("quadratic", {"batch": "5"}, "--batch 5: quadratic is no mean over samples"),
        ("iris", {"batch": "151"}, "--batch 151: iris has 150 samples"),
        ("quadratic", {"rate": "0"}, "--lr 0: the learning rate must be above 0"),
        ("quadratic", {"optimizer": "admm"}, "--optimizer: no optimizer named 'admm'"),
        ("quadratic", {"noise": 1.0, "seeds": 1000}, "these are 1000 paths"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(function: str, wishes: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        descend(function, Wishes(**wishes), "")  # type: ignore[arg-type]

    assert words in str(caught.value)


def test_a_function_that_is_misspelt_is_guessed() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'rosenbrock'"):
        descend("rosenbrok", Wishes(), "")
