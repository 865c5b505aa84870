"""Resamples are kept as counts: every number is the one that drawing the values gives, to the bit."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.statistics.estimation.bootstrap import (
    interquartile_mean,
    percentile_interval,
    resample_indices,
    stratified_interval,
)
from nnbench.statistics.suite.across import probability_of_improvement
from nnbench.statistics.suite.profile import performance_profiles, performance_ratios, profile_scores

_SAMPLES = {
    "many ties": lambda draws, n: np.round(draws.normal(0.9, 0.03, n) * 20) / 20,
    "no ties": lambda draws, n: draws.normal(0.9, 0.03, n),
    "some lost": lambda draws, n: np.where(draws.random(n) < 0.3, -math.inf, draws.normal(0.9, 0.03, n)),
}


def _cases(kind: str, seed: int) -> list[NDArray[np.float64]]:
    draws = np.random.Generator(np.random.Philox(key=seed))
    return [_SAMPLES[kind](draws, n) for n in (7, 1, 30)]


@pytest.mark.parametrize("kind", _SAMPLES)
def test_an_interquartile_mean_is_that_of_the_drawn_values(kind: str) -> None:
    samples = _cases(kind, seed=1)
    pooled = [
        sample[resample_indices(sample.size, n_resamples=2_000, seed=place)]
        for place, sample in enumerate(samples)
    ]
    expected = percentile_interval(interquartile_mean(np.concatenate(pooled, axis=1)))
    assert stratified_interval(samples, statistic=interquartile_mean) == expected


@pytest.mark.parametrize("kind", _SAMPLES)
def test_a_probability_of_improvement_is_that_of_all_pairs(kind: str) -> None:
    a, b = _cases(kind, seed=1), _cases(kind, seed=2)
    means = []
    for place, (one, other) in enumerate(zip(a, b, strict=True)):
        wins = 0.5 + 0.5 * np.sign(_ranks(one, other)[:, np.newaxis] - _ranks(other, one))
        drawn = [
            np.random.Generator(np.random.Philox(key=2 * place + side)).multinomial(
                n, np.full(n, 1.0 / n), 2_000
            )
            for side, n in enumerate(wins.shape)
        ]
        means.append(np.einsum("ri,ij,rj->r", drawn[0], wins, drawn[1]) / wins.size)
    found = probability_of_improvement(a, b, direction=["max"] * 3)
    assert found.interval == percentile_interval(np.mean(means, axis=0))
    # Turned round and judged the other way, the same pairs are won.
    turned = probability_of_improvement([-each for each in a], [-each for each in b], direction=["min"] * 3)
    assert turned == found


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_a_profile_has_the_medians_of_the_drawn_costs(n: int) -> None:
    draws = np.random.Generator(np.random.Philox(key=3))
    table = np.where(draws.random((3, n)) < 0.3, math.inf, 43.0 * draws.integers(1, 9, (3, n)))
    drawn = np.median(table[:, resample_indices(n, n_resamples=1_000, seed=0)], axis=2)
    scores = profile_scores(performance_ratios(drawn[np.newaxis]))
    expected = [percentile_interval(row) if n > 1 else (0.0, 1.0) for row in scores]
    assert [profile.score_interval for profile in performance_profiles([table])] == expected


def _ranks(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the places of the values among both: infinities have differences there."""
    return np.searchsorted(np.unique(np.concatenate([values, others])), values).astype(np.float64)
