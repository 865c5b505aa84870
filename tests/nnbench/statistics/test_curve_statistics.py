"""Areas, steps to target and bands of curves."""

import math

import numpy as np
import pytest
from scipy import integrate

from nnbench.statistics.trials.curves import (
    area_in_log_steps,
    curve_band,
    exchange_rate,
    is_kept,
    steps_to_target,
)


def test_area_is_the_trapezoid_over_log_steps() -> None:
    """Against scipy's trapezoid, divided by the width: in units of the metric."""
    steps = np.array([1, 10, 20, 300, 1000])
    values = np.array([0.1, 0.5, 0.4, 0.8, 0.9])
    expected = integrate.trapezoid(values, np.log(steps)) / math.log(1000)

    assert area_in_log_steps(steps, values) == pytest.approx(expected, rel=1e-14)


def test_area_weighs_decades_alike() -> None:
    """A line in log steps has the mean of its ends, whatever the steps."""
    steps = np.array([1, 7, 50, 100])

    assert area_in_log_steps(steps, np.log10(steps)) == pytest.approx(1.0)


def test_area_leaves_step_zero_out() -> None:
    """Step 0 has no logarithm; a curve with nothing else has no area."""
    assert area_in_log_steps([0, 5, 50], [9.0, 1.0, 1.0]) == 1.0
    assert area_in_log_steps([0, 5], [9.0, 2.0]) == 2.0
    with pytest.raises(ValueError, match="no evaluation after step 0"):
        area_in_log_steps([0], [9.0])


def test_steps_to_target_is_the_first_evaluated_step_that_reaches_it() -> None:
    """Reaching is at least (at most), the first time counts, and nothing is interpolated."""
    steps, values = [10, 20, 30, 40], [0.2, 0.9, 0.7, 0.95]

    assert steps_to_target(steps, values, 0.9, direction="max") == 20
    assert steps_to_target(steps, values, 0.91, direction="max") == 40
    assert steps_to_target(steps, values, 0.2, direction="min") == 10
    assert steps_to_target(steps, values, 0.96, direction="max") == math.inf
    assert steps_to_target(steps, [math.nan] * 4, 0.5, direction="max") == math.inf


def test_kept_looks_at_the_end_only() -> None:
    """Reached and lost again is not kept."""
    assert not is_kept([0.2, 0.9, 0.7], 0.8, direction="max")
    assert is_kept([0.2, 0.7, 0.9], 0.8, direction="max")
    assert not is_kept([0.9, math.nan], 0.8, direction="max")
    assert not is_kept([], 0.8, direction="max")


def test_curves_must_be_curves() -> None:
    """One value per step, and steps that go forward."""
    with pytest.raises(ValueError, match="one value per step"):
        area_in_log_steps([1, 2], [1.0])
    with pytest.raises(ValueError, match="must increase"):
        area_in_log_steps([2, 1], [1.0, 1.0])


def test_band_of_five_curves() -> None:
    """Of the levels 1 to 5: the median 3 between 2 and 4, at every step."""
    band = curve_band([10, 20], [[level, 10 * level] for level in (3, 1, 5, 2, 4)], direction="min")

    assert (band.low.tolist(), band.median.tolist(), band.high.tolist()) == ([2, 20], [3, 30], [4, 40])
    assert band.n == 5


def test_quartiles_between_two_curves_are_rounded_outwards() -> None:
    """Of the levels 1 to 4 and of 1 to 3 the quartiles lie between two curves: the outer one is taken."""
    four = curve_band([10], [[level] for level in (3, 1, 2, 4)], direction="max")
    three = curve_band([10], [[level] for level in (3, 1, 2)], direction="max")

    assert (four.low.tolist(), four.median.tolist(), four.high.tolist()) == ([1], [2.5], [4])
    assert (three.low.tolist(), three.median.tolist(), three.high.tolist()) == ([1], [2], [3])


def test_diverged_curves_stay_in_the_band_as_the_worst() -> None:
    """From its first value that is not finite, or its early end, a curve is infinitely bad, for good."""
    curves = [[1.0, 1.0, 1.0], [2.0, math.nan, 0.5], [3.0]]

    band = curve_band([1, 2, 3], curves, direction="min")

    assert band.median.tolist() == [2.0, math.inf, math.inf]
    assert band.low.tolist() == [1.0, 1.0, 1.0]
    assert curve_band([1], [[math.nan]], direction="max").median.tolist() == [-math.inf]


def test_a_curve_longer_than_its_steps_is_refused() -> None:
    """Values without a step belong nowhere."""
    with pytest.raises(ValueError, match="3 values for 2 steps"):
        curve_band([1, 2], [[1.0, 2.0, 3.0]], direction="min")


def test_the_exchange_rate_is_the_slope_where_the_target_is_reached() -> None:
    """Exact on a line, for a metric that grows and one that falls; numpy's fit of seven points on a bend."""
    steps = np.arange(10, 210, 10)
    line = 0.5 + 0.002 * steps
    bend = 1.0 - np.exp(-steps / 50.0)

    assert exchange_rate(steps, [line] * 4, 0.7, direction="max") == pytest.approx(0.002)
    assert exchange_rate(steps, [1.0 - line] * 4, 0.3, direction="min") == pytest.approx(0.002)
    place = int(np.flatnonzero(bend >= 0.8)[0])
    near = slice(place - 3, place + 4)
    expected = np.polyfit(steps[near], bend[near], 1)[0]
    assert exchange_rate(steps, [bend], 0.8, direction="max") == pytest.approx(expected)


def test_a_stuck_seed_does_not_bend_the_rate() -> None:
    """One of four is cut from either end, at every step."""
    steps = np.arange(10, 210, 10)
    line = 0.5 + 0.002 * steps

    found = exchange_rate(steps, [line, line, line, np.full(20, 0.1)], 0.7, direction="max")

    assert found == pytest.approx(0.002)


@pytest.mark.parametrize("reached", [0, 1, 18, 19])
def test_near_an_end_fewer_evaluations_are_taken(reached: int) -> None:
    """Equally many on either side: the curve before the target must not weigh more than that behind it."""
    steps = np.arange(10, 210, 10)
    curve = np.log(steps)
    half = max(1, min(3, reached, 19 - reached))
    near = slice(max(0, reached - half), reached + half + 1)

    found = exchange_rate(steps, [curve], curve[reached], direction="max")

    assert found == pytest.approx(np.polyfit(steps[near], curve[near], 1)[0])


@pytest.mark.parametrize("curve", [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7], [0.9, 0.9, 0.9], [0.9]])
def test_without_a_way_up_to_the_target_there_is_no_rate(curve: list[float]) -> None:
    """It never gets there, or falls, or stands still, or is one evaluation."""
    steps = np.arange(len(curve)) + 1

    assert exchange_rate(steps, [curve], 0.5, direction="max") is None
