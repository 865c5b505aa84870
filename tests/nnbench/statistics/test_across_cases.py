"""Normalised scores, their interquartile mean, and the probability of improvement over cases."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.records.trials import Direction
from nnbench.statistics.suite.across import (
    iqm_over_cases,
    normalize_scores,
    probability_of_improvement,
    score_profiles,
)
from tests.nnbench.statistics.records_by_hand import facts

MAX: Direction = "max"


def test_normalized_scores_run_from_chance_to_target() -> None:
    """0 is chance and 1 is the target, in either direction; without a score it is -inf."""
    of_loss = facts(metric="loss", direction="min", chance=2.0, target=0.5)

    assert normalize_scores([0.1, 0.5, 0.9, 0.98, -math.inf], facts()) == pytest.approx(
        [0, 0.5, 1, 1.1, -math.inf]
    )
    assert normalize_scores([2.0, 0.5, math.inf], of_loss) == pytest.approx([0, 1, -math.inf])


def test_a_case_without_a_target_has_no_scale() -> None:
    """The message says which case and what to do."""
    with pytest.raises(ValueError, match=r"case 'digits'.*that is None. Leave the case out"):
        normalize_scores([0.5], facts(target=None))


def test_iqm_pools_the_trials_of_all_cases() -> None:
    """The trimmed mean of all trials together, with their number and the cases'."""
    cases = [np.random.default_rng(i).normal(loc=i, size=10) for i in range(3)]

    found = iqm_over_cases(cases)

    assert found.value == pytest.approx(stats.trim_mean(np.concatenate(cases), 0.25))
    assert (found.n_cases, found.n_trials) == (3, 30)
    assert found.interval[0] < found.value < found.interval[1]


def test_iqm_of_one_trial_a_case_is_not_bounded() -> None:
    """There is nothing to draw from."""
    assert iqm_over_cases([[0.5], [0.7]]).interval == (-math.inf, math.inf)


def test_iqm_interval_covers() -> None:
    """Of 200 intervals over four cases of ten trials, 95 % nominal, at least 88 % hold the true value."""
    samples = np.random.default_rng(2).normal(size=(200, 4, 10))
    intervals = [iqm_over_cases(list(sample), n_resamples=500).interval for sample in samples]

    assert np.mean([low <= 0.0 <= high for low, high in intervals]) >= 0.88


@pytest.mark.parametrize("direction", ["max", "min"])
def test_probability_of_improvement_is_mann_whitney(direction: Direction) -> None:
    """Per case U / (n m), ties half, and the mean over cases; less is better where the case says so."""
    rng = np.random.default_rng(5)
    a = [np.round(rng.normal(loc=0.5, size=n), 1) for n in (6, 9)]
    b = [np.round(rng.normal(size=n), 1) for n in (8, 5)]
    shares = [stats.mannwhitneyu(x, y).statistic / (x.size * y.size) for x, y in zip(a, b, strict=True)]
    expected = np.mean(shares) if direction == "max" else 1.0 - np.mean(shares)

    found = probability_of_improvement(a, b, direction=[direction, direction])

    assert found.value == pytest.approx(expected)
    assert found.interval[0] < found.value < found.interval[1]
    assert (found.n_cases, found.n_trials) == (2, 28)


def test_probability_interval_is_that_of_drawn_samples() -> None:
    """Counting draws gives what drawing the samples and comparing them gives."""
    rng = np.random.default_rng(8)
    a, b = rng.normal(loc=0.3, size=12), rng.normal(size=12)
    drawn = [(rng.choice(a, 12)[:, None] > rng.choice(b, 12)).mean() for _ in range(4000)]

    found = probability_of_improvement([a], [b], direction=[MAX], n_resamples=4000)

    assert found.interval == pytest.approx(np.quantile(drawn, (0.025, 0.975)), abs=0.02)


def test_a_side_without_scores_never_improves() -> None:
    """-inf loses against every score and ties with its like."""
    lost = [-math.inf] * 4

    assert probability_of_improvement([lost], [[0.1] * 4], direction=[MAX]).value == 0.0
    assert probability_of_improvement([lost], [lost], direction=[MAX]).value == 0.5


def test_one_trial_a_side_bounds_nothing() -> None:
    """A probability of which one pair was seen lies between 0 and 1."""
    assert probability_of_improvement([[1.0]], [[0.0]], direction=[MAX]).interval == (0.0, 1.0)


def test_a_score_profile_is_the_mean_share_above_each_threshold() -> None:
    """Counted at every threshold; where cases have equally many seeds it is the share of all trials."""
    generator = np.random.default_rng(0)
    sizes, spread = ((5, 5, 5), (3, 8, 4)), 0.2
    own = [[generator.normal(0.8, spread, n) for n in of_cases] for of_cases in sizes]

    even, uneven = score_profiles(own)

    for threshold, share in zip(even.thresholds, even.share, strict=True):
        assert share == pytest.approx(np.mean(np.concatenate(own[0]) > threshold))
    for threshold, share in zip(uneven.thresholds, uneven.share, strict=True):
        assert share == pytest.approx(np.mean([np.mean(case > threshold) for case in own[1]]))
    pooled = np.sort(np.concatenate([case for each in own for case in each]))
    assert even.thresholds[-1] == max(1.0, pooled[-1])
    assert even.thresholds[0] == pooled[math.ceil(0.05 * pooled.size) - 1]


def test_the_band_of_a_score_profile_is_that_of_drawing_seeds_within_cases() -> None:
    """The quantiles of shares drawn here anew, to what 2,000 draws allow; it holds the share."""
    generator = np.random.default_rng(1)
    cases = [generator.normal(0.8, 0.2, 12), generator.normal(0.6, 0.3, 12)]

    (found,) = score_profiles([cases])

    drawn = []
    for _ in range(4_000):
        again = np.concatenate([generator.choice(case, 12) for case in cases])
        drawn.append((again[:, None] > found.thresholds).mean(axis=0))
    np.testing.assert_allclose(found.low, np.quantile(drawn, 0.025, axis=0), atol=0.05)
    np.testing.assert_allclose(found.high, np.quantile(drawn, 0.975, axis=0), atol=0.05)
    assert np.all((found.low <= found.share) & (found.share <= found.high))
    assert np.max(found.high - found.low) > 0.2


def test_a_trial_without_a_score_is_above_nothing_and_one_seed_bounds_nothing() -> None:
    gone, one = score_profiles([[[-math.inf, -math.inf]], [[0.5]]])

    assert not gone.share.any()
    assert not gone.high.any()
    assert (one.low.max(), one.high.min()) == (0.0, 1.0)
