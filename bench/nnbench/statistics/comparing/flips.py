"""Pairs of rows of scores under flips of the signs of seeds: z of any of them, under all patterns of signs.

Two ways to the same numbers. With few seeds the normalised differences of a block of pairs are multiplied
with the patterns. With many, the rows are: a pair's flipped sum is the difference of those of its two rows,
which costs the same with however many seeds, and no more than a few patterns need be held at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Up to here all 2^n patterns of signs are listed; beyond, so many are drawn.
EXACT_SEEDS = 12
N_DRAWS = 9_999
# From so many seeds on, sums of rows are faster than products of pairs: a product takes a step per seed.
_SEEDS_FOR_SUMS = 100
_MOST_SUMS = 2**24  # held at once, 128 MB
# Products so small are not shared out among threads, which on a busy machine wait for one another far longer
# than the product takes; several of them at once spare Python's share, and stay in the cache.
_PRODUCT, _BATCHES = 2**18, 8
_TWINS = 1e-7  # of the largest score
_RUN = 1_024  # patterns of one step through the sums
_SIGNS = 2**20  # drawn at once, where they are not kept

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Parts = Iterator[tuple[slice, Singles]]  # z of a block, (batches, rows, patterns), and which patterns


@dataclass(frozen=True, slots=True)
class Family:
    """Pairs of rows of a table of scores by seed, NaN where there is no trial."""

    table: Floats
    members: NDArray[np.intp]  # (pairs, 2)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def n_seeds(self) -> int:
        return int(self.table.shape[1])

    def differences(self, places: NDArray[np.intp]) -> Floats:
        """Return the differences of pairs, a row each; NaN where a seed makes no pair."""
        first, second = self.members[places].T
        return np.asarray(self.table[first] - self.table[second])


class Rows(Protocol):
    """Pairs that are ready to be flipped."""

    def z(self, here: slice) -> Parts:
        """Yield z of these of the pairs."""
        ...


class Flips(Protocol):
    """Patterns of signs. ``differences`` are those of the pairs at these places of the family."""

    n_patterns: int
    is_exact: bool  # all patterns that there are, but for mirror images

    def rows(self, places: NDArray[np.intp], differences: Floats) -> Rows: ...

    def residual_rows(self, places: NDArray[np.intp], differences: Floats, n_patterns: int) -> Rows:
        """Return what is left of each difference about its mean, under the first patterns."""
        ...


def flips_of(family: Family) -> Flips:
    """Return the patterns of signs for these pairs, in the way that is the faster one."""
    suits = family.n_seeds >= _SEEDS_FOR_SUMS and len(family.table) * N_DRAWS <= _MOST_SUMS
    if suits and not np.isnan(family.table).any() and not _has_near_twins(family):
        return _Sums(family)
    return _Products(family.n_seeds)


def _has_near_twins(family: Family) -> bool:
    """Return whether a pair differs by so little that the difference of two sums would be rounding."""
    least = _least_length(family.table)
    for start in range(0, len(family), _RUN):
        lengths = _length(family.differences(np.arange(start, min(start + _RUN, len(family)))))
        if ((lengths > 0.0) & (lengths < least)).any():
            return True
    return False


def _least_length(table: Floats) -> float:
    return _TWINS * float(np.abs(table).max(initial=0.0))


class _Products:
    """Normalised differences times patterns."""

    def __init__(self, n_seeds: int) -> None:
        self.is_exact = n_seeds <= EXACT_SEEDS
        self._flips = _all_flips(n_seeds) if self.is_exact else _drawn_flips(n_seeds)
        self.n_patterns = self._flips.shape[1]

    def rows(self, places: NDArray[np.intp], differences: Floats) -> Rows:
        return _Factors(normalised(differences).astype(np.float32), self._flips)

    def residual_rows(self, places: NDArray[np.intp], differences: Floats, n_patterns: int) -> Rows:
        rows = normalised(_residuals(differences)).astype(np.float32)
        return _Factors(rows, self._flips[:, :n_patterns])


@dataclass(frozen=True, slots=True)
class _Factors:
    rows: Singles
    flips: Singles

    def z(self, here: slice) -> Parts:
        return _multiplied(self.rows[here], self.flips)


class _Sums:
    """Flipped sums of the rows, in double precision: two rows may differ by little of what they are."""

    def __init__(self, family: Family) -> None:
        self.is_exact, self.n_patterns = False, N_DRAWS
        self._members, self._least = family.members, _least_length(family.table)
        self._sums = np.empty((len(family.table), N_DRAWS))
        self._signs = np.empty(N_DRAWS)  # the sum of each pattern
        for here, drawn in _draws(family.n_seeds):
            flips = (1 - 2 * drawn).astype(np.float64).T
            np.matmul(family.table, flips, out=self._sums[:, here])
            self._signs[here] = flips.sum(axis=0)

    def rows(self, places: NDArray[np.intp], differences: Floats) -> Rows:
        lengths = _length(differences)
        return self._terms(places, np.zeros_like(lengths), lengths, self.n_patterns)

    def residual_rows(self, places: NDArray[np.intp], differences: Floats, n_patterns: int) -> Rows:
        mean = differences.mean(axis=1, keepdims=True)
        return self._terms(places, mean, _length(_residuals(differences)), n_patterns)

    def _terms(self, places: NDArray[np.intp], mean: Floats, lengths: Floats, n_patterns: int) -> Rows:
        scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > self._least)
        return _Terms(self._sums[:, :n_patterns], self._signs, self._members[places], mean, scale)


@dataclass(frozen=True, slots=True)
class _Terms:
    sums: Floats
    signs: Floats
    members: NDArray[np.intp]
    mean: Floats  # what is taken off each difference
    scale: Floats

    def z(self, here: slice) -> Parts:
        (first, second), mean, scale = self.members[here].T, self.mean[here], self.scale[here]
        n_patterns = self.sums.shape[1]
        for start in range(0, n_patterns, _RUN):
            part = slice(start, min(start + _RUN, n_patterns))
            z = self.sums[first, part] - self.sums[second, part]
            if mean.any():
                z -= mean * self.signs[part]
            z *= scale
            yield part, z.astype(np.float32)[np.newaxis]


def _all_flips(n_seeds: int) -> Singles:
    """Return all patterns but mirror images, (seeds, patterns); the first one is what was observed."""
    bits = np.arange(2 ** max(0, n_seeds - 1)) >> np.arange(n_seeds)[:, np.newaxis] & 1
    return (1.0 - 2.0 * bits).astype(np.float32)


def _drawn_flips(n_seeds: int) -> Singles:
    flips = np.empty((n_seeds, N_DRAWS), dtype=np.float32)
    for here, drawn in _draws(n_seeds):
        flips[:, here] = (1 - 2 * drawn).T
    return flips


def _draws(n_seeds: int) -> Iterator[tuple[slice, NDArray[np.int8]]]:
    """Yield drawn patterns, 1 for a flipped seed, (patterns, seeds), and which of all they are."""
    generator = np.random.Generator(np.random.Philox(key=0))
    # Four values come of one word of the generator: in multiples of it the draws are those of one call.
    at_once = max(4, _SIGNS // n_seeds // 4 * 4)
    for start in range(0, N_DRAWS, at_once):
        here = slice(start, min(start + at_once, N_DRAWS))
        yield here, generator.integers(0, 2, (here.stop - start, n_seeds), dtype=np.int8)


def _multiplied(rows: Singles, flips: Singles) -> Parts:
    n_seeds, n_patterns = flips.shape
    width = max(8, _PRODUCT // (len(rows) * max(1, n_seeds)))
    start = 0
    while start < n_patterns:
        n_batches = min(_BATCHES, (n_patterns - start) // width)
        stop = start + n_batches * width if n_batches else n_patterns
        part = flips[:, start:stop].reshape(n_seeds, max(1, n_batches), -1)
        yield slice(start, stop), rows @ part.transpose(1, 0, 2)
        start = stop


def normalised(differences: Floats) -> Floats:
    """Return the rows over the root of their sum of squares, with 0 for NaN; a row of zeros stays one."""
    differences = np.nan_to_num(differences, nan=0.0)
    size = np.abs(differences).max(axis=1, initial=0.0, keepdims=True)
    scaled = differences / np.where(size > 0.0, size, 1.0)  # squares of tiny differences would be 0
    length = np.sqrt((scaled**2).sum(axis=1, keepdims=True))
    return np.asarray(scaled / np.where(length > 0.0, length, 1.0))


def _length(differences: Floats) -> Floats:
    """Return the root of the sum of squares of each row."""
    size = np.abs(differences).max(axis=1, initial=0.0, keepdims=True)
    scaled = differences / np.where(size > 0.0, size, 1.0)
    return np.asarray(size * np.sqrt((scaled**2).sum(axis=1, keepdims=True)))


def _residuals(differences: Floats) -> Floats:
    """Return what is left of each row about its mean, over the seeds that make pairs."""
    n_pairs = np.count_nonzero(~np.isnan(differences), axis=1, keepdims=True)
    mean = np.nansum(differences, axis=1, keepdims=True) / np.maximum(n_pairs, 1)
    return np.asarray(differences - mean)
