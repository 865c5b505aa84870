"""Type II sums of squares of factors and their pairs, by least squares on a sum-coded design.

A term is credited with what it explains beyond all the terms that do not contain it. Where every cell has as
many trials these are the classical sums of squares and add up; elsewhere they need not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Term = tuple[str, ...]  # nothing (the mean), one factor, or two that interact
Columns = NDArray[np.float64]
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Factor:
    """A column of the matrix: the names of its levels, and the level of every trial."""

    levels: tuple[str, ...]
    codes: NDArray[np.int64]


def code_factor(column: Sequence[str]) -> Factor:
    """Return the column with its levels numbered in order of first appearance."""
    position = {level: i for i, level in enumerate(dict.fromkeys(column))}
    return Factor(tuple(position), np.array([position[level] for level in column], dtype=np.int64))


def sum_coded_design(factors: Mapping[str, Factor]) -> dict[Term, Columns]:
    """Return the columns of the mean, of every factor, and of every pair of factors.

    Each factor's columns sum to zero over its levels, so a coefficient is a shift from the mean of them all.
    """
    n = len(next(iter(factors.values())).codes)
    design: dict[Term, Columns] = {(): np.ones((n, 1))}
    for name, factor in factors.items():
        n_levels = len(factor.levels)
        contrasts = np.vstack([np.eye(n_levels - 1), -np.ones(n_levels - 1)])
        design[(name,)] = contrasts[factor.codes]
    for one, other in combinations(factors, 2):
        products = design[(one,)][:, :, np.newaxis] * design[(other,)][:, np.newaxis, :]
        design[one, other] = products.reshape(n, -1)
    return design


def rows_that_differ(factors: Mapping[str, Factor]) -> NDArray[np.int64]:
    """Return a number for every trial: equal where two have the same level of every factor."""
    found = np.zeros(len(next(iter(factors.values())).codes), dtype=np.int64)
    for factor in factors.values():
        # Numbered anew after each factor: the product of many numbers of levels would not fit.
        found = np.unique(found * len(factor.levels) + factor.codes, return_inverse=True)[1]
    return found


@dataclass(frozen=True, slots=True)
class Merged:
    """Trials whose rows of the design are equal as one row each: as many columns, the same inner products.

    A row and the mean of its scores are weighed by the root of how many they are, so that least squares find
    the same coefficients; ``within`` is what the scores scatter about those means, which no model explains.
    """

    design: Mapping[Term, Columns]
    score: NDArray[np.float64]
    within: float


def merged(design: Mapping[Term, Columns], score: NDArray[np.float64], same: NDArray[np.int64]) -> Merged:
    """Return the trials merged where ``same`` has the same number: the more seeds, the more it saves."""
    numbers, first, place = np.unique(same, return_index=True, return_inverse=True)
    counts = np.bincount(place, minlength=numbers.size)
    means = np.bincount(place, score, numbers.size) / counts
    roots = np.sqrt(counts)
    rows = {term: columns[first] * roots[:, np.newaxis] for term, columns in design.items()}
    return Merged(rows, means * roots, float(np.sum((score - means[place]) ** 2)))


def shares_of_variance(
    trials: Merged, score: NDArray[np.float64]
) -> tuple[dict[Term, float], dict[Term, int]]:
    """Return the share of the variance and the degrees of freedom of every term; () is the residual.

    ``score`` has those of all the trials, unmerged. Scores without any variance leave every share 0.
    """
    n = score.size
    # Equal values first: their mean may differ from them in the last bit, and then so does the total from 0.
    total = 0.0 if np.all(score == score[0]) else float(np.sum((score - score.mean()) ** 2))
    design, score = _compressed(trials.design, trials.score)
    everything = set(design)
    left, full_rank = _residual(design, everything, score)
    parts: dict[Term, float] = {(): left + trials.within}
    dof: dict[Term, int] = {(): n - full_rank}
    for term in design:
        if not term:
            continue
        without = {other for other in everything if not set(term) <= set(other)}
        # A pair is contained in nothing but itself: then the model with it is the full one.
        is_full = len(without) == len(everything) - 1
        more, more_rank = (left, full_rank) if is_full else _residual(design, without | {term}, score)
        less, less_rank = _residual(design, without, score)
        parts[term], dof[term] = max(0.0, less - more), more_rank - less_rank
    return {term: _share(part, total) for term, part in parts.items()}, dof


def _share(part: float, total: float) -> float:
    """Return part / total, and exactly 0 or 1 where rounding alone keeps it from being that."""
    share = part / total if total > 0.0 else 0.0
    return float(round(share)) if min(share, abs(1.0 - share)) < _ROUNDING else share


def fit(
    design: Mapping[Term, Columns], terms: Sequence[Term], score: NDArray[np.float64]
) -> dict[Term, NDArray[np.float64]]:
    """Return the least-squares coefficients of each term."""
    matrix = np.hstack([design[term] for term in terms])
    coefficients = np.linalg.lstsq(matrix, score)[0]
    ends = np.cumsum([design[term].shape[1] for term in terms])
    return dict(zip(terms, np.split(coefficients, ends[:-1]), strict=True))


def determined(design: Mapping[Term, Columns], terms: Sequence[Term]) -> dict[Term, bool]:
    """Return for each term of a model whether the trials tell its coefficients from those of the others."""
    matrix = np.hstack([design[term] for term in terms])
    rank = _rank(matrix)
    if rank == matrix.shape[1]:
        return dict.fromkeys(terms, True)
    found = {}
    for term in terms:
        rest = [design[other] for other in terms if other != term]
        found[term] = rank - (_rank(np.hstack(rest)) if rest else 0) == design[term].shape[1]
    return found


def _rank(matrix: Columns) -> int:
    return int(np.linalg.matrix_rank(matrix)) if matrix.size else 0


def _compressed(
    design: Mapping[Term, Columns], score: NDArray[np.float64]
) -> tuple[dict[Term, Columns], NDArray[np.float64]]:
    """Return as few rows as there are columns, with the same inner products: the same residuals and ranks."""
    # A term is fitted with and without, so the many rows of a large matrix are better turned only once.
    triangle: Columns = np.asarray(np.linalg.qr(np.column_stack([*design.values(), score]), mode="r"))
    ends = np.cumsum([columns.shape[1] for columns in design.values()])
    parts = np.split(triangle[:, :-1], ends[:-1], axis=1)
    return dict(zip(design, parts, strict=True)), triangle[:, -1]


def _residual(
    design: Mapping[Term, Columns], terms: set[Term], score: NDArray[np.float64]
) -> tuple[float, int]:
    """Return the residual sum of squares of a model and the rank of its columns."""
    matrix = np.hstack([columns for term, columns in design.items() if term in terms])
    # Not lstsq's own residuals: it leaves them out where cells are empty and the rank is short.
    coefficients, _, rank, _ = np.linalg.lstsq(matrix, score)
    return float(np.sum((score - matrix @ coefficients) ** 2)), int(rank)
