"""Schedules have the values of Keras's own tests."""

import math
from functools import partial

import pytest

from tests.reference import schedules


@pytest.mark.parametrize(("step", "expected"), [(0, 0.1), (2, 0.1), (3, 0.1 * 0.96), (100, 0.1 * 0.96**33)])
def test_exponential_staircase(step: int, expected: float) -> None:
    assert schedules.exponential_decay(step, 0.1, 3, 0.96, staircase=True) == pytest.approx(
        expected, rel=1e-14
    )


def test_exponential_without_staircase_is_continuous() -> None:
    assert schedules.exponential_decay(5, 0.05, 10, 0.96) == pytest.approx(0.05 * 0.96**0.5, rel=1e-14)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 1.0), (100, 1.0), (101, 0.1), (105, 0.1), (110, 0.1), (120, 0.01), (121, 0.001), (999, 0.001)],
)
def test_a_boundary_step_still_has_the_earlier_value(step: int, expected: float) -> None:
    assert schedules.piecewise_constant_decay(step, [100, 110, 120], [1.0, 0.1, 0.01, 0.001]) == expected


@pytest.mark.parametrize(
    ("step", "end", "power", "cycle", "expected"),
    [
        (5, 0.0, 1.0, False, 0.025),
        (10, 0.001, 1.0, False, 0.001),
        (5, 0.001, 1.0, False, 0.0255),
        (15, 0.001, 1.0, False, 0.001),
        (15, 0.001, 1.0, True, 0.049 * 0.25 + 0.001),
        (5, 0.001, 0.5, False, 0.049 * 0.5**0.5 + 0.001),
        (15, 0.001, 0.5, True, 0.049 * 0.5 + 0.001),
        (0, 0.0001, 1.0, True, 0.05),
        (10, 0.001, 1.0, True, 0.001),
    ],
)
def test_polynomial_decay(step: int, end: float, power: float, cycle: bool, expected: float) -> None:
    found = schedules.polynomial_decay(step, 0.05, 10, end_learning_rate=end, power=power, cycle=cycle)

    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("step", range(0, 31, 3))
def test_inverse_time_decay(step: int) -> None:
    smooth = schedules.inverse_time_decay(step, 0.1, 10, 0.96)
    stairs = schedules.inverse_time_decay(step, 0.1, 10, 0.96, staircase=True)

    assert smooth == pytest.approx(0.1 / (1 + step / 10 * 0.96), rel=1e-14)
    assert stairs == pytest.approx(0.1 / (1 + 0.96 * (step // 10)), rel=1e-14)


@pytest.mark.parametrize(
    ("step", "alpha", "expected"),
    [(0, 0.0, 1.0), (250, 0.0, 0.5 + math.sqrt(0.125)), (500, 0.1, 0.55), (1000, 0.1, 0.1), (1250, 0.1, 0.1)],
)
def test_cosine_decay(step: int, alpha: float, expected: float) -> None:
    assert schedules.cosine_decay(step, 1.0, 1000, alpha=alpha) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("step", "t_mul", "m_mul", "expected"),
    [
        (500, 2.0, 1.0, 0.5),
        (999.9999999, 2.0, 1.0, 0.0),
        (1000, 2.0, 1.0, 1.0),
        (2000, 2.0, 1.0, 0.5),
        (1000, 2.0, 0.9, 0.9),
        (1500, 1.0, 1.0, 0.5),
        (3500, 2.0, 0.5, 0.25 * 0.5 * (1 + math.cos(math.pi / 8))),
    ],
)
def test_cosine_restarts_longer_and_lower(step: int, t_mul: float, m_mul: float, expected: float) -> None:
    found = schedules.cosine_decay_restarts(step, 1.0, 1000, t_mul=t_mul, m_mul=m_mul)

    assert found == pytest.approx(expected, abs=1e-14)


def test_restarts_do_not_fall_below_alpha() -> None:
    found = [schedules.cosine_decay_restarts(step, 2.0, 1000, alpha=0.1) for step in (0, 500, 1000, 2000)]

    assert found == pytest.approx([2.0, 1.1, 2.0, 1.1], rel=1e-14)


def test_warmup_reaches_its_target_at_the_first_step_of_what_follows() -> None:
    after = partial(schedules.cosine_decay, initial_learning_rate=10.0, decay_steps=1000)

    rates = [schedules.linear_warmup(step, 2000, 10.0, after) for step in (0, 500, 1999, 2000, 2500, 3000)]

    assert rates == pytest.approx([0.0, 2.5, 9.995, 10.0, 5.0, 0.0], abs=1e-14)
    assert schedules.linear_warmup(1, 4, 3.0, after, start=1.0) == 1.5


def test_warmup_of_zero_steps_is_none() -> None:
    assert schedules.linear_warmup(0, 0, 0.1, lambda step: 0.1) == 0.1
    assert schedules.constant(7, 0.1) == 0.1
