"""Configurations over many cases: normalised scores, their profiles, and the probability of improvement.

Source: Agarwal et al. (2021), Deep RL at the edge of the statistical precipice, NeurIPS 34. Average ranks
over cases are in ``ranks``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import CaseFacts, Direction
from nnbench.statistics.estimation.bootstrap import (
    Interval,
    as_sample,
    interquartile_mean,
    middle_mean,
    packed,
    percentile_interval,
    stratified_interval,
)
from nnbench.statistics.suite.profile import pointwise_band

_N_RESAMPLES = 2_000
_N_THRESHOLDS = 51
_PROFILES_AT_ONCE = 16  # the drawn shares of one take 0.8 MB


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number over many cases with its bootstrap interval."""

    value: float
    interval: Interval
    n_cases: int
    n_trials: int


@dataclass(frozen=True, slots=True)
class ScoreProfile:
    """One configuration's share of trials whose normalised score is above each threshold."""

    thresholds: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]  # pointwise bootstrap band over seeds
    high: NDArray[np.float64]


def normalize_scores(scores: ArrayLike, facts: CaseFacts) -> NDArray[np.float64]:
    """Return the scores on the scale where 0 is chance and 1 is the case's target; more is better.

    Nothing is clipped: a score above the target counts above 1, and a trial without a score is -inf.
    """
    if facts.target is None or not abs(facts.target - facts.chance) > 0.0:
        raise ValueError(
            f"case {facts.name!r}: scores are normalised between chance ({facts.chance!r}) and target, but"
            f" that is {facts.target!r}. Leave the case out, or give it another target."
        )
    return (as_sample(scores) - facts.chance) / (facts.target - facts.chance)


def iqm_over_cases(normalized: Sequence[ArrayLike], *, n_resamples: int = _N_RESAMPLES) -> Estimate:
    """Return the interquartile mean of all trials of all cases, with a bootstrap stratified by case."""
    pooled = np.concatenate([as_sample(of_case) for of_case in normalized])
    interval = stratified_interval(normalized, statistic=middle_mean, n_resamples=n_resamples)
    return Estimate(float(interquartile_mean(pooled)), interval, len(normalized), pooled.size)


def score_profiles(normalized: Sequence[Sequence[ArrayLike]]) -> list[ScoreProfile]:
    """Return the profile of every configuration, from its normalised scores case by case.

    A share is the mean over cases of the share of a case's trials; its 95 % band draws the seeds of each case
    again. The thresholds run from where a twentieth of all scores lies below, or chance, to the best score.
    One trial everywhere bounds nothing, and the band is 0 to 1.
    """
    samples = [[as_sample(of_case) for of_case in own] for own in normalized]
    pooled = np.concatenate([of_case for own in samples for of_case in own])
    low, high = np.quantile(pooled, (0.05, 1.0), method="inverted_cdf")
    thresholds = np.linspace(max(0.0, min(low, 1.0)), max(1.0, high), _N_THRESHOLDS)
    return [
        profile
        for start in range(0, len(samples), _PROFILES_AT_ONCE)
        for profile in _score_profiles(samples[start : start + _PROFILES_AT_ONCE], thresholds)
    ]


def _score_profiles(
    samples: Sequence[Sequence[NDArray[np.float64]]], thresholds: NDArray[np.float64]
) -> list[ScoreProfile]:
    """Return the profiles of some configurations, case by case: what is drawn of one serves all of them."""
    drawn_shares = np.zeros((len(samples), _N_RESAMPLES, len(thresholds)))
    shares: list[list[NDArray[np.float64]]] = [[] for _ in samples]
    for place, of_case in enumerate(zip(*samples, strict=True)):
        drawn = {n: _drawn_shares(n, seed=place) for n in {case.size for case in of_case}}
        for case, share, drawn_share in zip(of_case, shares, drawn_shares, strict=True):
            above = (case[:, np.newaxis] > thresholds).astype(np.float64)
            share.append(above.mean(axis=0))
            drawn_share += drawn[case.size] @ above
    drawn_shares /= len(samples[0])
    return [
        ScoreProfile(
            thresholds,
            np.mean(share, axis=0),
            *pointwise_band(drawn_share, is_bounded=any(case.size > 1 for case in own)),
        )
        for own, share, drawn_share in zip(samples, shares, drawn_shares, strict=True)
    ]


def _drawn_shares(n: int, *, seed: int) -> NDArray[np.float64]:
    """Return the share of each of n trials in each resample, a row each."""
    return np.ascontiguousarray(_draw_counts(n, n_resamples=_N_RESAMPLES, seed=seed).T) / n


def probability_of_improvement(
    a_scores: Sequence[ArrayLike],
    b_scores: Sequence[ArrayLike],
    *,
    direction: Sequence[Direction],
    n_resamples: int = _N_RESAMPLES,
) -> Estimate:
    """Return the probability that a trial of a beats a trial of b, ties half, averaged over the cases.

    Any trial of the one meets any of the other (the Mann-Whitney statistic), so the seeds need not match, and
    the two sides are drawn again independently. Each case has its own direction.
    """
    values, drawn, n_trials = [], [], 0
    for position, (a, b, way) in enumerate(zip(a_scores, b_scores, direction, strict=True)):
        sign = 1.0 if way == "max" else -1.0
        ours, others = sign * as_sample(a), sign * as_sample(b)
        n_pairs = ours.size * others.size
        once = [np.ones((side.size, 1), dtype=np.uint8) for side in (ours, others)]
        values.append(_wins(ours, others, *once).item() / n_pairs)
        rows = _draw_counts(ours.size, n_resamples=n_resamples, seed=2 * position)
        columns = _draw_counts(others.size, n_resamples=n_resamples, seed=2 * position + 1)
        drawn.append(_wins(ours, others, rows, columns) / n_pairs)
        n_trials += ours.size + others.size
    is_bounded = n_trials > 2 * len(values)  # one trial a side in every case leaves nothing to draw from
    interval = percentile_interval(np.mean(drawn, axis=0)) if is_bounded else (0.0, 1.0)
    return Estimate(float(np.mean(values)), interval, len(values), n_trials)


def _wins(
    a: NDArray[np.float64], b: NDArray[np.float64], n_a: NDArray[Any], n_b: NDArray[Any]
) -> NDArray[np.float64]:
    """Return how many pairs a trial of a wins, ties half, where trials count as ``n_a`` and ``n_b`` say.

    The counts have the trials along their first axis. All sums are of whole numbers, exact in any order:
    those of b that are below a level of a, and up to it, are counted once for all trials at it.
    """
    levels, at_level = _by_level(a, n_a)
    others, at_other = _by_level(b, n_b)
    up_to = np.zeros((others.size + 1, *n_b.shape[1:]), dtype=np.uint32)
    for row, before, own in zip(up_to[1:], up_to, at_other, strict=False):  # faster than np.cumsum
        np.add(before, own, out=row)
    beaten = sum(up_to[np.searchsorted(others, levels, side)] for side in ("left", "right"))
    return np.asarray(0.5 * np.einsum("k...,k...->...", at_level.astype(np.float64), beaten))


def _by_level(
    values: NDArray[np.float64], counts: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
    """Return the distinct values, the least first, and how often each counts."""
    order = np.argsort(values)
    levels, first = np.unique(values[order], return_index=True)
    return levels, np.add.reduceat(counts[order], first, axis=0, dtype=np.uint32)


@lru_cache(maxsize=64)  # every configuration is drawn with the same counts
def _draw_counts(n: int, *, n_resamples: int, seed: int) -> NDArray[np.unsignedinteger[Any]]:
    """Return how often each of n trials (rows) was drawn in each resample (columns)."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    return packed(generator.multinomial(n, np.full(n, 1.0 / n), n_resamples))
