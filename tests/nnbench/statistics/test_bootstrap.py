"""The bootstrap intervals: against scipy's, on degenerate samples, and by coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.statistics.estimation.bootstrap import (
    UNBOUNDED,
    bca_interval,
    interquartile_mean,
    percentile_interval,
    stratified_interval,
)


@pytest.mark.parametrize("statistic", [np.mean, np.median], ids=["mean", "median"])
@pytest.mark.parametrize("n", [10, 25])
def test_bca_is_scipys(statistic: object, n: int) -> None:
    """With the same stream of resamples the BCa interval of a skewed sample is scipy's to rounding."""
    sample = np.random.default_rng(n).exponential(size=n)
    expected = stats.bootstrap(
        (sample,),
        statistic,
        n_resamples=2000,
        method="BCa",
        rng=np.random.Generator(np.random.Philox(key=7)),
    ).confidence_interval

    found = bca_interval(sample, statistic=statistic, n_resamples=2000, seed=7)  # type: ignore[arg-type]

    assert found == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_bca_of_fewer_than_two_values_is_unbounded() -> None:
    """One value says nothing of the spread."""
    assert bca_interval([3.0]) == UNBOUNDED
    assert bca_interval([]) == UNBOUNDED


def test_bca_of_equal_values_has_no_width() -> None:
    """Values that are all the same leave nothing to resample."""
    assert bca_interval([0.1] * 12) == pytest.approx((0.1, 0.1), rel=1e-15)


def test_bca_with_an_infinite_value_is_unbounded() -> None:
    """No resample bounds a mean that is infinite."""
    assert bca_interval([1.0, 2.0, math.inf] * 4) == UNBOUNDED


def test_bca_survives_a_statistic_on_the_edge_of_its_resamples() -> None:
    """The maximum is never exceeded by a resample; the interval is finite all the same."""
    low, high = bca_interval(np.arange(12.0), statistic=np.max)

    assert 0.0 <= low <= high <= 11.0


def test_nan_is_refused_with_what_to_do() -> None:
    """A NaN is a missing score that someone forgot to turn into the worst value."""
    with pytest.raises(ValueError, match=r"value 1 of the sample is NaN.*worst value"):
        bca_interval([1.0, math.nan])


def test_resamples_are_repeatable() -> None:
    """Two calls agree in every bit; another seed does not."""
    sample = np.random.default_rng(0).normal(size=15)

    assert bca_interval(sample) == bca_interval(sample)
    assert bca_interval(sample) != bca_interval(sample, seed=1)


def test_bca_covers_the_mean_of_a_skewed_distribution() -> None:
    """Of 400 intervals of 40 exponential values, 95 % nominal, 91 to 97.5 % hold the mean of 1.

    BCa is known to fall a little short at this size; the wide band is three binomial errors around 94 %.
    """
    samples = np.random.default_rng(5).exponential(size=(400, 40))
    intervals = np.array([bca_interval(sample, n_resamples=1000) for sample in samples])

    covered = np.mean((intervals[:, 0] <= 1.0) & (intervals[:, 1] >= 1.0))

    assert 0.905 <= covered <= 0.975


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
