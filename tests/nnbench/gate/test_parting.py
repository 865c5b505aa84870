"""Where two trainings part: the step, the tensor, the share of the update, and what kind of change it is."""

import numpy as np
import pytest

from nnbench.studies.gate.learning.parting import Moment, find_parting

START = np.linspace(-0.5, 0.5, 40).reshape(8, 5)
UPDATE = 0.01 * np.sin(np.arange(40.0) + 0.5).reshape(8, 5)


def course(*updates: np.ndarray, dtype: str = "float64") -> list[Moment]:
    weights, moments = START, [at(0, START, dtype)]
    for step, update in enumerate(updates, start=1):
        weights = weights + update
        moments.append(at(step, weights, dtype))
    return moments


def at(step: int, kernel: np.ndarray, dtype: str) -> Moment:
    weights = {"dense/kernel": kernel.astype(dtype), "dense/bias": np.zeros(5, dtype)}
    return Moment(step, {"loss": 1.0 / (1 + step)}, weights)


def test_equal_trainings_do_not_part() -> None:
    assert find_parting(course(UPDATE, UPDATE), course(UPDATE, UPDATE)) is None


def test_the_first_step_and_tensor_are_named() -> None:
    found = find_parting(course(UPDATE, UPDATE), course(UPDATE, 1.5 * UPDATE))

    assert found is not None
    assert (found.step, found.name, found.kind) == (2, "dense/kernel", "rule")
    assert found.relative == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("factor", "words"),
    [(-1.0, "opposite sign"), (3.1623, "3.162 times as long"), (0.0, "the head does not move here")],
)
def test_a_factor_is_said_in_words(factor: float, words: str) -> None:
    found = find_parting(course(UPDATE), course(factor * UPDATE))

    assert found is not None
    assert words in found.told()


def test_an_epsilon_elsewhere_moves_small_updates_more() -> None:
    moved = UPDATE * np.abs(UPDATE) / (np.abs(UPDATE) + 1e-4)

    found = find_parting(course(UPDATE), course(moved))

    assert found is not None
    assert found.kind == "rule"
    assert "small updates changed by" in found.factor


@pytest.mark.parametrize(
    ("dtype", "change", "kind"),
    [
        ("float32", 1e-6, "rounding"),
        ("float32", 1e-4, "rule"),
        ("float64", 1e-6, "rule"),
        ("float64", 1e-13, "rounding"),
    ],
)
def test_another_order_of_sums_is_rounding_by_the_type(dtype: str, change: float, kind: str) -> None:
    found = find_parting(course(UPDATE, dtype=dtype), course(UPDATE * (1 + change), dtype=dtype))

    assert found is not None
    assert found.kind == kind


def test_what_is_logged_counts_where_there_are_no_weights() -> None:
    base = [Moment(1, {"loss": 1.0}, {}), Moment(2, {"loss": 0.8}, {})]
    head = [Moment(1, {"loss": 1.0}, {}), Moment(2, {"loss": 0.9}, {})]

    found = find_parting(base, head)

    assert found is not None
    assert (found.step, found.name) == (2, "loss")
    assert found.relative == pytest.approx(0.5)


def test_a_tensor_of_another_shape_is_named() -> None:
    head = [Moment(0, {}, {"dense/kernel": np.zeros((8, 6)), "dense/bias": np.zeros(5)})]

    found = find_parting(course(UPDATE), head)

    assert found is not None
    assert "its shape changed" in found.told()


def test_nan_on_both_sides_is_the_same() -> None:
    broken = [Moment(1, {"loss": float("nan")}, {"w": np.array([np.nan, 1.0])})]

    assert find_parting(broken, broken) is None


def test_a_training_that_is_cut_short_parts_where_it_ends() -> None:
    found = find_parting(course(UPDATE, UPDATE), course(UPDATE))

    assert found is not None
    assert "number of steps" in found.name
