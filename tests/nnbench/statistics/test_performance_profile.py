"""Performance profiles: their ratios, the score that is their area, and their bands."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.statistics.suite.profile import performance_profiles, performance_ratios, profile_scores

COSTS = st.integers(1, 1000) | st.just(math.inf)


def test_ratios_by_hand() -> None:
    """Each cost over the best of its case; what nobody solved is infinite for all."""
    ratios = performance_ratios(np.array([[100, 200, math.inf], [50, 25, 25], [math.inf] * 3]))

    assert ratios.tolist() == [[1, 2, math.inf], [2, 1, 1], [math.inf] * 3]


def test_a_cost_of_zero_is_refused() -> None:
    """A ratio to nothing is none; NaN is no cost either."""
    with pytest.raises(ValueError, match="above 0"):
        performance_ratios([[0.0, 1.0]])
    with pytest.raises(ValueError, match="above 0"):
        performance_ratios([[math.nan, 1.0]])


def test_score_by_hand() -> None:
    """Best scores 1, twice the best (4 − 2) / 3, four times and worse 0; averaged over cases."""
    assert profile_scores([[1.0, 2.0, 4.0, 9.0, math.inf]]) == pytest.approx([1, 2 / 3, 0, 0, 0])
    assert profile_scores([[1.0], [2.0]]) == pytest.approx([5 / 6])


@given(st.lists(COSTS, min_size=1, max_size=8))
def test_score_is_the_area_under_the_profile(costs: list[float]) -> None:
    """The sum of ρ(x) dx over a fine grid comes to the closed form within the width of a cell."""
    ratios = performance_ratios([[cost, 100] for cost in costs])
    x = np.linspace(1.0, 4.0, 6001)
    area = np.mean(ratios[:, :1] <= x)

    assert profile_scores(ratios)[0] == pytest.approx(area, abs=1e-3)


def test_profiles_of_two_configurations() -> None:
    """a is best in case one and never reaches case two, where b is; ratios come from medians over seeds."""
    costs = np.array([[[100, 100, 900], [150, 160, 150]], [[math.inf, math.inf, 80], [40, 40, 40]]])

    a, b = performance_profiles(list(costs), n_factors=4)

    assert a.factors.tolist() == [1, 2, 3, 4]
    assert a.share.tolist() == [0.5, 0.5, 0.5, 0.5]
    assert b.share.tolist() == [0.5, 1, 1, 1]
    assert (a.score, b.score) == pytest.approx((0.5, (1 + 2.5 / 3) / 2))
    assert a.n_cases == 2


def test_bands_hold_the_profile_and_shrink_with_seeds() -> None:
    """Fifty seeds give a narrower band than five; the drawn profiles lie around the observed one."""
    rng = np.random.default_rng(0)
    costs = np.exp(rng.normal(loc=5.0, scale=0.5, size=(6, 3, 50)))

    few = performance_profiles(list(costs[:, :, :5]))[0]
    many = performance_profiles(list(costs))[0]

    assert np.all((many.low <= many.share) & (many.share <= many.high))
    assert many.score_interval[0] <= many.score <= many.score_interval[1]
    assert np.mean(many.high - many.low) < 0.6 * np.mean(few.high - few.low)


def test_bands_draw_seeds_for_all_configurations_at_once() -> None:
    """Where one is twice the other on every seed, the ratio is 2 in every draw, and the band has no width."""
    seeds = np.random.default_rng(1).uniform(50, 500, size=9)

    slow = performance_profiles([np.stack([seeds, 2 * seeds])])[1]

    assert slow.score_interval == pytest.approx((2 / 3, 2 / 3))


def test_one_seed_bounds_nothing() -> None:
    """The band is 0 to 1 and not a line of no width."""
    profile = performance_profiles([[[10.0], [20.0]]])[0]

    assert profile.score_interval == (0.0, 1.0)
    assert (profile.low.max(), profile.high.min()) == (0.0, 1.0)


def test_cases_must_have_the_same_configurations() -> None:
    """A case with another set of configurations has other ratios."""
    with pytest.raises(ValueError, match=r"same configurations, but they number \[1, 2\]"):
        performance_profiles([[[1.0]], [[1.0], [2.0]]])
