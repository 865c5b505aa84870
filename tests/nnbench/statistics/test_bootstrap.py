"""The bootstrap intervals: against scipy's, on degenerate samples, and by coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.estimation.bootstrap import (
    UNBOUNDED,
    interquartile_mean,
    percentile_interval,
    stratified_interval,
)


def test_nan_is_refused_with_what_to_do() -> None:
    """A NaN is a missing score that someone forgot to turn into the worst value."""
    with pytest.raises(ValueError, match=r"value 1 of the sample is NaN.*worst value"):
        stratified_interval([[1.0, math.nan]], statistic=np.mean)


def test_resamples_are_repeatable() -> None:
    """Two calls agree in every bit; another seed does not."""
    strata = [np.random.default_rng(0).normal(size=15)]

    found = stratified_interval(strata, statistic=np.mean)

    assert found == stratified_interval(strata, statistic=np.mean)
    assert found != stratified_interval(strata, statistic=np.mean, seed=1)


def test_one_value_in_every_stratum_is_unbounded() -> None:
    """One value says nothing of the spread."""
    assert stratified_interval([[3.0], [4.0]], statistic=np.mean) == UNBOUNDED


@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 17])
def test_interquartile_mean_is_the_trimmed_mean(n: int) -> None:
    """A quarter from each end, rounded down, as scipy trims."""
    sample = np.random.default_rng(n).normal(size=(3, n))

    np.testing.assert_allclose(
        interquartile_mean(sample, axis=1), stats.trim_mean(sample, 0.25, axis=1), rtol=1e-13
    )


def test_interquartile_mean_bears_a_quarter_of_diverged_trials() -> None:
    """One score of -inf in four is cut away; two are not."""
    assert interquartile_mean([-math.inf, 0.2, 0.4, 0.9]) == pytest.approx(0.3)
    assert interquartile_mean([-math.inf, -math.inf, 0.4, 0.9]) == -math.inf


def test_stratified_interval_never_mixes_cases() -> None:
    """Two cases without any spread inside give an interval of no width, however far apart they lie."""
    low, high = stratified_interval([[0.0] * 4, [1.0] * 4], statistic=interquartile_mean)

    assert (low, high) == (0.5, 0.5)


def test_stratified_interval_of_the_mean_has_the_width_of_the_strata() -> None:
    """Its width is that of a normal interval with the spread within the strata, to 5 %."""
    rng = np.random.default_rng(3)
    strata = [rng.normal(loc=10.0 * i, size=50) for i in range(4)]
    error = math.sqrt(sum(stratum.var() / stratum.size for stratum in strata)) / 4

    low, high = stratified_interval(strata, statistic=np.mean, n_resamples=4000)

    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_percentiles_stand_between_infinities() -> None:
    """Ranks are taken as they are: no NaN where a bound falls beside an infinity."""
    assert percentile_interval([-math.inf] * 30 + [1.0] * 970) == (-math.inf, 1.0)
