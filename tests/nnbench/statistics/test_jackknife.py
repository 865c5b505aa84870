"""Intervals from leaving out one seed at a time: Student's own, the ends, the long run."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nnbench.statistics.estimation.jackknife import jackknife_intervals, jackknife_share_intervals


def without_one(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.delete(sample, i, axis=0).mean(axis=0) for i in range(len(sample))])


def test_of_a_mean_it_is_students_interval() -> None:
    """The pseudo-values of a mean are the values themselves."""
    sample = np.random.default_rng(0).normal(size=(7, 3))

    found = jackknife_intervals(sample.mean(axis=0), without_one(sample))

    expected = stats.t.interval(0.95, 6, sample.mean(axis=0), stats.sem(sample, axis=0))
    assert found == pytest.approx(np.stack(expected, axis=1), rel=1e-9)


def test_what_cannot_be_bounded_has_the_whole_line() -> None:
    """One seed shows no spread, and a value that needs every seed has none without it."""
    values = np.array([1.0, 2.0])

    assert jackknife_intervals(values, np.array([[1.0, 2.0]])).tolist() == [[-math.inf, math.inf]] * 2
    found = jackknife_intervals(values, np.array([[0.9, 2.0], [np.nan, 2.0], [1.1, 2.0]]))
    assert found.tolist() == [[-math.inf, math.inf], [2.0, 2.0]]


def test_rounding_is_no_width() -> None:
    """Values that differ in their last bit only are the same."""
    found = jackknife_intervals(np.array([0.3]), np.array([[0.3], [0.1 + 0.2]]), resolution=1e-12)

    assert found.tolist() == [[0.3, 0.3]]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_shares_that_never_change_are_exact(share: float) -> None:
    """The ends 0 and 1 are reached by a share that is exactly that, and by nothing else."""
    found = jackknife_share_intervals(np.array([share]), np.full((4, 1), share))

    assert found.tolist() == [[share, share]]


def test_shares_stay_within_0_and_1() -> None:
    """However far the seeds lie apart, and at the ends too."""
    shares = np.array([0.02, 0.98, 0.5, 0.0])
    moved = np.array([[0.001, 0.9999, 0.01, 0.0], [0.2, 0.9, 0.99, 0.0], [0.02, 0.98, 0.5, 0.1]])

    found = jackknife_share_intervals(shares, moved)

    assert np.all((found >= 0.0) & (found <= 1.0))
    assert np.all((found[:, 0] <= shares) & (shares <= found[:, 1]))


def test_the_interval_of_a_share_covers_it_as_often_as_it_says() -> None:
    """A factor explains 40 % in the long run: on four seeds about 95 % of 400 intervals say so."""
    rng = np.random.default_rng(4)
    shift = np.array([-1.0, 0.0, 1.0])[:, np.newaxis, np.newaxis]

    def share(score: NDArray[np.float64]) -> float:
        means = score.mean(axis=(1, 2))
        return float(
            score[0].size * np.sum((means - score.mean()) ** 2) / np.sum((score - score.mean()) ** 2)
        )

    n_covered = 0
    for _ in range(400):
        score = shift + rng.normal(size=(3, 4, 4))  # level, cell, seed
        left_out = np.array([[share(np.delete(score, seed, axis=2))] for seed in range(4)])
        ((low, high),) = jackknife_share_intervals(np.array([share(score)]), left_out)
        n_covered += low <= 0.4 <= high

    # Three standard errors of a share of 95 % are 13.
    assert n_covered >= 380 - 13
