"""Which factor matters: main effects, interactions, and shares of variance on a crossed matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.statistics.bootstrap import Interval, percentile_interval, resample_indices
from nnbench.statistics.sums_of_squares import (
    Columns,
    Factor,
    Term,
    code_factor,
    fit,
    shares_of_variance,
    sum_coded_design,
)


@dataclass(frozen=True, slots=True)
class TermShare:
    """What one factor, or one pair of factors, explains."""

    term: Term
    share: float  # of the variance of the scores
    interval: Interval  # bootstrap over seeds
    share_by_chance: float  # what as many degrees of freedom explain of pure noise
    dof: int


@dataclass(frozen=True, slots=True)
class Effects:
    """The analysis of one crossed matrix."""

    shares: tuple[TermShare, ...]  # factors in the order given, then pairs
    residual_share: float  # left to the seeds and to what three factors do together
    mean: float  # of all the levels, each weighing alike
    main: Mapping[str, Mapping[str, float]]  # by factor and level: the shift from the mean
    # By pair of factors and pair of levels: what the two do together beyond their own shifts. Cells without a
    # score are absent.
    interactions: Mapping[Term, Mapping[tuple[str, str], float]]
    is_balanced: bool  # every cell has as many scores
    n: int
    n_without_score: int


def analyze_effects(
    levels: Mapping[str, Sequence[str]],
    scores: ArrayLike,
    seeds: Sequence[int],
    *,
    confidence: float = 0.95,
    n_resamples: int = 200,
    seed: int = 0,
) -> Effects:
    """Return the effects of the factors on the scores; all three arguments have one entry per trial.

    A trial without a score (infinite) has no place in a sum of squares: it is left out and counted, and
    leaves the matrix unbalanced. Factors with one level explain nothing and are left out. With one seed
    nothing bounds a share, and its interval is (0, 1).
    """
    score = np.asarray(scores, dtype=np.float64)
    kept = np.flatnonzero(np.isfinite(score))
    factors = _varying_factors(levels, kept)
    if not factors:
        raise ValueError("no factor has two levels with a score, so there is nothing to compare")
    design, kept_scores = sum_coded_design(factors), score[kept]
    shares, dof = shares_of_variance(design, kept_scores)
    drawn = _drawn_shares(design, kept_scores, np.asarray(seeds)[kept], n_resamples=n_resamples, seed=seed)
    coefficients, residual = fit(design, [(), *((name,) for name in factors)], kept_scores)
    return Effects(
        shares=tuple(
            TermShare(
                term=term,
                share=shares[term],
                interval=percentile_interval([row[term] for row in drawn], confidence=confidence),
                share_by_chance=dof[term] / (kept.size - 1),
                dof=dof[term],
            )
            for term in design
            if term
        ),
        residual_share=shares[()],
        mean=float(coefficients[()][0]),
        main={name: _shifts(factor, coefficients[(name,)]) for name, factor in factors.items()},
        interactions={
            pair: _cell_means(factors[pair[0]], factors[pair[1]], residual)
            for pair in combinations(factors, 2)
        },
        is_balanced=_is_balanced(factors),
        n=kept.size,
        n_without_score=score.size - kept.size,
    )


def _varying_factors(levels: Mapping[str, Sequence[str]], kept: NDArray[np.intp]) -> dict[str, Factor]:
    factors = {name: code_factor([column[i] for i in kept]) for name, column in levels.items()}
    return {name: factor for name, factor in factors.items() if len(factor.levels) > 1}


def _drawn_shares(
    design: Mapping[Term, Columns],
    score: NDArray[np.float64],
    seed_of: NDArray[np.int64],
    *,
    n_resamples: int,
    seed: int,
) -> list[dict[Term, float]]:
    """Return the shares under drawn seeds; a seed is drawn with all its trials, for they share its split."""
    if np.all(seed_of == seed_of[0]):
        return [dict.fromkeys(design, 0.0), dict.fromkeys(design, 1.0)]
    rows_of = [np.flatnonzero(seed_of == value) for value in np.unique(seed_of)]
    drawn = []
    for indices in resample_indices(len(rows_of), n_resamples=n_resamples, seed=seed):
        rows = np.concatenate([rows_of[i] for i in indices])
        drawn.append(shares_of_variance({t: columns[rows] for t, columns in design.items()}, score[rows])[0])
    return drawn


def _shifts(factor: Factor, coefficients: NDArray[np.float64]) -> dict[str, float]:
    """Return each level's shift; the last one has no column of its own, since the shifts sum to zero."""
    shifts = [*(float(value) for value in coefficients), -float(coefficients.sum())]
    return dict(zip(factor.levels, shifts, strict=True))


def _cell_means(one: Factor, other: Factor, residual: NDArray[np.float64]) -> dict[tuple[str, str], float]:
    """Return the mean of what the main effects leave over, in every cell of two factors."""
    means = {}
    for i, level in enumerate(one.levels):
        for j, other_level in enumerate(other.levels):
            in_cell = (one.codes == i) & (other.codes == j)
            if in_cell.any():
                means[level, other_level] = float(residual[in_cell].mean())
    return means


def _is_balanced(factors: Mapping[str, Factor]) -> bool:
    shape = tuple(len(factor.levels) for factor in factors.values())
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, tuple(factor.codes for factor in factors.values()), 1)
    return bool(np.all(counts == counts.flat[0]))
