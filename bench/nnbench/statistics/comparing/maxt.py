"""One test for a whole table: the step-down maximum of studentised mean differences, under flips of seeds.

Where two configurations are the same, the difference of a seed could as well have had the other sign. Signs
are flipped by seed, for all pairs at once, so that what the pairs have in common is kept: the p value of the
largest statistic is the share of flips under which any pair reaches it, that of the next the share under
which any of the pairs still in question does (Westfall and Young 1993, Resampling-based multiple testing,
algorithm 2.8). With n seeds the smallest p value is 2 / 2^n for a family of any size.

The statistic of a pair is z = Σ d / √(Σ d²) over its seeds. Flips do not change Σ d², so among pairs with
equally many seeds z orders the flips as Student's t does: t² = (n − 1) z² / (n − z²). It is at most √n,
and so a pair that shares few seeds cannot swamp the others.

A trial without a score takes part twice, under the same flips: in the scores as ``beyond_worst`` says, and in
a second statistic of the pair, the mean difference of its failures.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnbench.statistics.comparing.flips import Family, Flips, Floats, Parts, Singles, flips_of, normalised
from nnbench.statistics.comparing.looks import LEVEL
from nnbench.statistics.estimation.distributions import t_quantile

# Enough for the quantile of an interval, where a p value needs more.
_DRAWS_OF_RESIDUALS = 1_999
# Beyond so many pairs Bonferroni's bound, which is then hardly wider, spares a fifth of the time.
_MOST_RESIDUALS = 10_000
# Sums that are equal in exact arithmetic differ in their last bits; they are ties, and ties count. Flipped,
# z is summed in single precision, which is good to 1e-6 and takes half the time.
_TIE = 1e-5
# So many pairs at a time stay in the cache, with however many seeds.
_ROWS_AT_ONCE, _ROWS_FOR_Z, _VALUES_FOR_Z = 64, 1024, 2**18


@dataclass(frozen=True, slots=True)
class Tested:
    """What the test says of one pair of rows: of the first against the second."""

    p: float  # adjusted for the whole family; the smaller one of scores and failures
    by_scores: int  # 1: significant, the first has the larger scores; -1: the smaller ones; 0: neither
    by_failures: int  # 1: significant, the first fails less often; -1: more often; 0: neither

    @property
    def side(self) -> int:
        """1: the first is the better one; -1: the second; 0: not told, or scores and failures disagree."""
        return 0 if self.by_scores == -self.by_failures else self.by_scores or self.by_failures

    def turned(self) -> "Tested":
        """Return what it says of the second against the first."""
        return Tested(self.p, -self.by_scores, -self.by_failures)


@dataclass(frozen=True, slots=True)
class Judged:
    """A family of pairs of rows, tested."""

    members: NDArray[np.intp]  # (pairs, 2)
    p: Floats
    by_scores: NDArray[np.int8]
    by_failures: NDArray[np.int8]
    level: float
    interval_level: float
    residual: float  # the interval's quantile of the largest z of residuals; infinite where not looked at

    def __len__(self) -> int:
        return len(self.members)

    def tested(self, place: int) -> Tested:
        return Tested(float(self.p[place]), int(self.by_scores[place]), int(self.by_failures[place]))

    def behind(self) -> set[int]:
        """Return the rows that are shown behind another."""
        side = np.sign(self.by_scores + self.by_failures)
        return {*self.members[side > 0, 1].tolist(), *self.members[side < 0, 0].tolist()}

    def against(self, reference: int) -> dict[int, Tested]:
        """Return what the test says of each row against this one."""
        found = {}
        for place in np.flatnonzero((self.members == reference).any(axis=1)).tolist():
            first, second = self.members[place].tolist()
            tested = self.tested(place)
            found[first if second == reference else second] = (
                tested if second == reference else tested.turned()
            )
        return found

    def critical_t(self, n: int) -> float:
        """Return how many standard errors a simultaneous interval reaches, for a pair of n seeds.

        Of two bounds the smaller: the maximum over the family of studentised residuals under the flips, and
        Student's t at the level over all pairs (Bonferroni), which for one pair alone is Student's interval.
        Simulated, that covers 95 to 97 % of normal, t3, lognormal and binomial scores, and 88 % at 10 seeds
        where one side alone is lognormal and three times as wide as the other.
        """
        if n < 2:
            return math.inf
        by_student = t_quantile(1.0 - 0.5 * self.interval_level / len(self), n - 1)
        return by_student if len(self) == 1 else min(by_student, _as_t(self.residual, n))


def all_pairs(n_rows: int) -> NDArray[np.intp]:
    return np.stack(np.triu_indices(n_rows, 1), axis=1)


def beyond_worst(scores: Floats, lost: NDArray[np.bool_], noticeable: float) -> Floats:
    """Return the scores (larger is better) with every lost one a noticeable difference below the worst.

    Where nobody scored, all that is lost is equal. A ``noticeable`` of 0 still sets it below, by rounding.
    """
    known = scores[~lost & ~np.isnan(scores)]
    worst = float(known.min()) if known.size else 0.0
    below = min(worst - noticeable, float(np.nextafter(worst, -math.inf)))
    return np.where(lost, below, scores)


def judge(
    filled: Floats,
    lost: NDArray[np.bool_],
    members: NDArray[np.intp],
    *,
    level: float,
    interval_level: float = LEVEL,
) -> Judged:
    """Test pairs of rows of scores, (configurations, seeds): larger is better, NaN is no trial.

    ``lost`` marks the trials that left no score, in whose place ``filled`` has what ``beyond_worst`` says.
    """
    failed = np.where(np.isnan(filled), np.nan, -lost.astype(np.float64))
    is_failing = (lost[members[:, 0]] != lost[members[:, 1]]).any(axis=1)
    family = Family(filled, members)
    if is_failing.any():
        family = Family(
            np.concatenate([filled, failed]), np.concatenate([members, members[is_failing] + len(filled)])
        )
    z, p, residual = _stepped_down(family, level, interval_level)
    side = np.where(p <= level, np.sign(z), 0.0).astype(np.int8)
    n = len(members)
    p_pairs, by_failures = p[:n].copy(), np.zeros(n, dtype=np.int8)
    p_pairs[is_failing] = np.minimum(p_pairs[is_failing], p[n:])
    by_failures[is_failing] = side[n:]
    return Judged(members, p_pairs, side[:n], by_failures, level, interval_level, residual)


def _observed(family: Family) -> tuple[Floats, NDArray[np.bool_]]:
    """Return z of every pair, and which pairs do not differ on any seed."""
    z, is_flat = np.zeros(len(family)), np.zeros(len(family), dtype=np.bool_)
    for block in _in_blocks(np.arange(len(family), dtype=np.intp), rows=_rows_at_a_time(family)):
        rows = normalised(family.differences(block))
        z[block], is_flat[block] = rows.sum(axis=1), ~rows.any(axis=1)
    return z, is_flat


def _stepped_down(family: Family, level: float, interval_level: float) -> tuple[Floats, Floats, float]:
    """Return z and the adjusted p of every pair, and the quantile of the largest residual z."""
    z, is_flat = _observed(family)
    if not z.size or not family.n_seeds:
        return z, np.ones(z.size), 0.0
    flipped = flips_of(family)
    order = np.argsort(-np.abs(z), kind="stable")
    # Pairs that never differ lie last and as far out under every flip: nothing is lost without them.
    moving = order[~is_flat[order]]
    reached = (np.abs(z) - _TIE).astype(np.float32)
    n = flipped.n_patterns
    hits, largest = np.full(z.size, float(n)), np.zeros(n, dtype=np.float32)
    largest_residual = largest[: None if flipped.is_exact else _DRAWS_OF_RESIDUALS].copy()
    has_residuals = z.size <= _MOST_RESIDUALS
    # From the smallest up: the maximum is over what is not yet called.
    for chunk in _in_blocks(moving[::-1], rows=_rows_at_a_time(family)):
        rows = flipped.rows(chunk, differences := family.differences(chunk))
        if has_residuals:
            found = _residual_maximum(flipped, chunk, differences, largest_residual.size)
            np.maximum(largest_residual, found, out=largest_residual)
        for here in _slices(chunk.size):
            block = chunk[here]
            grown = np.maximum(largest, _largest(rows.z(here), n))
            if np.count_nonzero(largest >= reached[block[-1]]) > level * n:
                # Not even the last of the block can be called: one maximum serves them all.
                hits[block] = grown.size - np.searchsorted(np.sort(grown), reached[block])
            else:
                hits[block] = _hits(rows.z(here), reached[block], largest)
            largest = grown
    p = hits / n if flipped.is_exact else (hits + 1.0) / (n + 1.0)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order])
    residual = _quantile(largest_residual, interval_level) if has_residuals else math.inf
    return z, adjusted, residual


def _residual_maximum(flipped: Flips, places: NDArray[np.intp], differences: Floats, n: int) -> Singles:
    """Return the largest |z| of the residuals of some pairs under each of the first n patterns."""
    rows = flipped.residual_rows(places, differences, n)
    return np.asarray(np.maximum.reduce([_largest(rows.z(here), n) for here in _slices(places.size)]))


def _rows_at_a_time(family: Family) -> int:
    """Return how many pairs are prepared at once: whole blocks, whose ends decide about bounds of p."""
    n = min(_ROWS_FOR_Z, _VALUES_FOR_Z // max(1, family.n_seeds))
    return max(1, n // _ROWS_AT_ONCE) * _ROWS_AT_ONCE


def _slices(n: int) -> Iterator[slice]:
    for start in range(0, n, _ROWS_AT_ONCE):
        yield slice(start, min(start + _ROWS_AT_ONCE, n))


def _in_blocks(places: NDArray[np.intp], *, rows: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, places.size, rows):
        yield places[start : start + rows]


def _largest(parts: Parts, n_patterns: int) -> Singles:
    """Return the largest |z| of the rows under every pattern."""
    found = np.empty(n_patterns, dtype=np.float32)
    for here, z in parts:
        np.abs(z, out=z)
        n = z.shape[1]
        while n > 1:  # folded in halves: a reduction over rows this short takes three times as long
            half = n // 2
            np.maximum(z[:, :half], z[:, n - half : n], out=z[:, :half])
            n -= half
        found[here] = z[:, 0].ravel()
    return found


def _hits(parts: Parts, reached: Singles, largest: Singles) -> Floats:
    """Return under how many patterns each row, or one before it, lies as far out as this row was found."""
    found, table = np.empty(reached.size), np.empty((reached.size, largest.size), dtype=np.float32)
    for here, z in parts:
        table[:, here] = np.abs(z).transpose(1, 0, 2).reshape(reached.size, -1)
    so_far = largest.copy()
    for place, row in enumerate(table):
        np.maximum(so_far, row, out=so_far)
        found[place] = np.count_nonzero(so_far >= reached[place])
    return found


def _quantile(largest: Singles, level: float) -> float:
    """Return the value that at most this share of the largest statistics exceeds."""
    place = math.ceil((1.0 - level) * largest.size) - 1
    return float(np.partition(largest, place)[place])


def _as_t(z: float, n: int) -> float:
    return math.sqrt((n - 1) * z * z / (n - z * z)) if z * z < n else math.inf
