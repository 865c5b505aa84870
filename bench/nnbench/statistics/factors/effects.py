"""Which factor matters: main effects, interactions, and shares of variance on a crossed matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.estimation.jackknife import Values, jackknife_intervals, jackknife_share_intervals
from nnbench.statistics.factors.sums_of_squares import (
    Columns,
    Factor,
    Term,
    code_factor,
    determined,
    fit,
    merged,
    rows_that_differ,
    shares_of_variance,
    sum_coded_design,
)

Cell = tuple[str, str]  # a level of each of two factors
_ROUNDING = 1e-12  # of the largest score: what is smaller is not known to differ from 0


@dataclass(frozen=True, slots=True)
class Measured:
    """A number over some of the trials; NaN where the trials that left a score do not determine it."""

    value: float
    interval: Interval  # leaves out one seed at a time; the whole line where nothing bounds the value
    n: int  # trials with a score


@dataclass(frozen=True, slots=True)
class TermShare:
    """What one factor, or one pair of factors, explains."""

    term: Term
    share: float  # of the variance of the scores
    interval: Interval
    # What as many degrees of freedom explain of what no term explains: seeds, and three factors together.
    # NaN where no degree of freedom is left: the spread is unknown then.
    share_by_chance: float
    dof: int

    @property
    def is_beyond_chance(self) -> bool:
        return self.interval[0] > self.share_by_chance


@dataclass(frozen=True, slots=True)
class Effects:
    """The analysis of one crossed matrix."""

    shares: tuple[TermShare, ...]  # factors in the order given, then pairs
    residual: Measured  # the share left to the seeds and to what three factors do together
    mean: Measured  # of all the levels, each weighing alike
    main: Mapping[str, Mapping[str, Measured]]  # by factor and level: the shift from the mean
    # By pair of factors and pair of levels; cells without a score are absent.
    interactions: Mapping[Term, Mapping[Cell, Measured]]  # what the two do beyond their own shifts
    cells: Mapping[Term, Mapping[Cell, Measured]]  # mean score
    is_balanced: bool  # every cell has as many scores
    n: int
    n_seeds: int
    n_without_score: int


def analyze_effects(
    levels: Mapping[str, Sequence[str]],
    scores: ArrayLike,
    seeds: Sequence[int],
    *,
    confidence: float = 0.95,
) -> Effects:
    """Return the effects of the factors on the scores; all three arguments have one entry per trial.

    A trial without a score (infinite) has no place in a sum of squares: it is left out and counted, and
    leaves the matrix unbalanced. Factors with one level explain nothing and are left out. For the intervals a
    seed is left out with all its trials, for they share its split; with one seed nothing bounds a share, and
    its interval is (0, 1).
    """
    score = np.asarray(scores, dtype=np.float64)
    kept = np.flatnonzero(np.isfinite(score))
    factors = _varying_factors(levels, kept)
    if not factors:
        raise ValueError("no factor has two levels with a score, so there is nothing to compare")
    matrix = _Matrix.of(factors, score[kept])
    seed_of = np.asarray(seeds)[kept]
    whole = matrix.estimate(np.full(kept.size, True))
    unique = np.unique(seed_of)
    without_one = [matrix.estimate(seed_of != seed) for seed in unique] if len(unique) > 1 else []
    found = _Measurements(matrix, whole, without_one, confidence)
    shares, dof = shares_of_variance(merged(matrix.design, matrix.score, matrix.same), matrix.score)
    intervals = dict(zip(matrix.terms, found.share_intervals(), strict=True))
    return Effects(
        shares=tuple(
            TermShare(
                term=term,
                share=shares[term],
                interval=intervals[term],
                share_by_chance=dof[term] * shares[()] / dof[()] if dof[()] else float("nan"),
                dof=dof[term],
            )
            for term in matrix.terms
            if term
        ),
        residual=Measured(shares[()], intervals[()], kept.size),
        mean=found.mean(),
        main=found.by_level(),
        interactions=found.by_cell("beyond"),
        cells=found.by_cell("means"),
        is_balanced=_is_balanced(factors),
        n=kept.size,
        n_seeds=len(unique),
        n_without_score=score.size - kept.size,
    )


def _varying_factors(levels: Mapping[str, Sequence[str]], kept: NDArray[np.intp]) -> dict[str, Factor]:
    factors = {name: code_factor([column[i] for i in kept]) for name, column in levels.items()}
    return {name: factor for name, factor in factors.items() if len(factor.levels) > 1}


@dataclass(frozen=True, slots=True)
class _Estimates:
    """What one set of trials says, in the order of the matrix's terms, levels and cells."""

    shares: Values
    shifts: Values  # the mean first, then every level's
    beyond: Values  # in every cell, what the shifts leave over
    means: Values  # of the scores in every cell


@dataclass(frozen=True, slots=True)
class _Matrix:
    """The scores, and which of them belong to which term, level and cell."""

    factors: Mapping[str, Factor]
    score: Values
    design: Mapping[Term, Columns]
    cells: tuple[tuple[Term, Cell], ...]  # those with a score
    places: NDArray[np.int64]  # a row for each pair of factors: in which of the cells every trial is
    same: NDArray[np.int64]  # a number for every trial, equal where all its levels are

    @classmethod
    def of(cls, factors: Mapping[str, Factor], score: Values) -> "_Matrix":
        cells: list[tuple[Term, Cell]] = []
        places = []
        for one, other in combinations(factors, 2):
            first, second = factors[one], factors[other]
            codes = first.codes * len(second.levels) + second.codes
            there, place = np.unique(codes, return_inverse=True)
            places.append(place + len(cells))
            for code in there.tolist():
                i, j = divmod(code, len(second.levels))
                cells.append(((one, other), (first.levels[i], second.levels[j])))
        return cls(
            factors,
            score,
            sum_coded_design(factors),
            tuple(cells),
            np.array(places, dtype=np.int64).reshape(-1, score.size),
            rows_that_differ(factors),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        """The residual first, where the design has the mean."""
        return tuple(self.design)

    def estimate(self, rows: NDArray[np.bool_]) -> _Estimates:
        """Return what these trials say; NaN is what they do not determine."""
        design = {term: columns[rows] for term, columns in self.design.items()}
        score, places = self.score[rows], self.places[:, rows]
        trials = merged(design, score, self.same[rows])
        shares, _ = shares_of_variance(trials, score)
        additive: list[Term] = [(), *((name,) for name in self.factors)]
        coefficients = fit(trials.design, additive, trials.score)
        residual = score - sum(design[term] @ coefficients[term] for term in additive)
        known = determined(trials.design, additive)
        shifts = [coefficients[()] if known[()] else np.array([np.nan])]
        for name, factor in self.factors.items():
            # The last level has no column of its own, since the shifts sum to zero.
            own = np.append(coefficients[(name,)], -coefficients[(name,)].sum())
            shifts.append(own if known[(name,)] else np.full(len(factor.levels), np.nan))
        return _Estimates(
            shares=np.array([shares[term] for term in self.terms]),
            shifts=np.concatenate(shifts),
            beyond=self._means(residual, places),
            means=self._means(score, places),
        )

    def counts(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many trials there are in each cell."""
        return np.bincount(places.ravel(), minlength=len(self.cells))

    def _means(self, values: Values, places: NDArray[np.int64]) -> Values:
        """Return the mean of the values in each cell; NaN where a cell has none."""
        counts = self.counts(places)
        sums = np.bincount(places.ravel(), np.tile(values, len(places)), len(self.cells))
        return np.asarray(np.where(counts, sums / np.maximum(counts, 1), np.nan))


@dataclass(frozen=True, slots=True)
class _Measurements:
    """The estimates with their intervals, by name."""

    matrix: _Matrix
    whole: _Estimates
    without_one: Sequence[_Estimates]  # seed; empty where there is one
    confidence: float

    def share_intervals(self) -> list[Interval]:
        if not self.without_one:
            return [(0.0, 1.0)] * len(self.whole.shares)
        without_one = np.array([each.shares for each in self.without_one])
        ends = jackknife_share_intervals(self.whole.shares, without_one, confidence=self.confidence)
        return [(float(low), float(high)) for low, high in ends]

    def mean(self) -> Measured:
        return self._shifts()[0]

    def by_level(self) -> dict[str, dict[str, Measured]]:
        shifts = iter(self._shifts()[1:])
        return {
            name: {level: next(shifts) for level in factor.levels}
            for name, factor in self.matrix.factors.items()
        }

    def by_cell(self, what: Literal["beyond", "means"]) -> dict[Term, dict[Cell, Measured]]:
        found: dict[Term, dict[Cell, Measured]] = {}
        measured = self._measured(what, self.matrix.counts(self.matrix.places))
        for (pair, cell), value in zip(self.matrix.cells, measured, strict=True):
            found.setdefault(pair, {})[cell] = value
        return found

    def _shifts(self) -> list[Measured]:
        n = [np.bincount(factor.codes) for factor in self.matrix.factors.values()]
        return self._measured("shifts", np.concatenate([[self.matrix.score.size], *n]))

    def _measured(self, what: Literal["shifts", "beyond", "means"], n: NDArray[np.int64]) -> list[Measured]:
        rounding = _ROUNDING * float(np.abs(self.matrix.score).max())
        values: Values = getattr(self.whole, what)
        values = np.where(np.abs(values) <= rounding, 0.0, values)
        without_one = np.array([getattr(each, what) for each in self.without_one])
        ends = jackknife_intervals(values, without_one, confidence=self.confidence, resolution=rounding)
        return [
            Measured(float(value), (float(low), float(high)), int(count))
            for value, (low, high), count in zip(values, ends, n, strict=True)
        ]


def _is_balanced(factors: Mapping[str, Factor]) -> bool:
    shape = tuple(len(factor.levels) for factor in factors.values())
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, tuple(factor.codes for factor in factors.values()), 1)
    return bool(np.all(counts == counts.flat[0]))
