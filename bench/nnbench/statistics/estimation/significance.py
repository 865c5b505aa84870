"""The sign-flip permutation test on paired differences, what it can reach, and Holm's correction.

Under the hypothesis that two configurations are the same, each seed's difference could as well have had the
other sign. The test counts the sign patterns whose sum lies at least as far from zero as the observed one.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Up to here all 2^n patterns are counted, by halves; beyond, patterns are drawn.
EXACT_PAIRS = 24
N_DRAWS = 99_999
# Sums that are equal in exact arithmetic differ in their last bits; they are ties, and ties count.
_TIE = 1e-10
_DRAWS_AT_ONCE = 8_192


def sign_flip_p(differences: ArrayLike, *, n_draws: int = N_DRAWS, seed: int = 0) -> float:
    """Return the two-sided p value of one row of paired differences; see ``sign_flip_p_values``."""
    row = np.asarray(differences, dtype=np.float64)
    return float(sign_flip_p_values(row[np.newaxis, :], n_draws=n_draws, seed=seed)[0])


def sign_flip_p_values(
    differences: ArrayLike, *, n_draws: int = N_DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """Return the two-sided p value of every row: exact to 24 pairs, (k + 1) / (m + 1) of m draws beyond.

    An infinite difference (one side has no score) outweighs all the finite ones of its row together: this is
    the limit of the test as the penalty for having no score grows. No pair at all gives 1.
    """
    rows = with_stand_ins(differences)
    if rows.shape[1] == 0:
        return np.ones(rows.shape[0])
    # The bar is lowered by the rounding of the sums, in units of what was summed.
    bars = np.abs(rows.sum(axis=1)) - _TIE * np.abs(rows).sum(axis=1)
    if rows.shape[1] > EXACT_PAIRS:
        return _drawn_p_values(rows, bars, n_draws, seed)
    return _exact_p_values(rows, bars)


def with_stand_ins(differences: ArrayLike) -> NDArray[np.float64]:
    """Return the rows with every infinity replaced by twice the sum of the row's finite magnitudes.

    Any number above that sum gives the same order of the sign patterns, so the choice does not show.
    """
    rows = np.array(differences, dtype=np.float64)
    if np.isnan(rows).any():
        raise ValueError("a paired difference is NaN. Two sides without a score differ by 0.")
    infinite = np.isinf(rows)
    total = np.where(infinite, 0.0, np.abs(rows)).sum(axis=1, keepdims=True)
    stand_in = np.where(total > 0.0, 2.0 * total, 1.0)
    return np.where(infinite, np.sign(rows) * stand_in, rows)


def leaning(gains: ArrayLike) -> int:
    """Return the side that a row of differences favours in sum: 1, -1, or 0 where it balances to rounding."""
    row = with_stand_ins(np.asarray(gains, dtype=np.float64)[np.newaxis, :])[0]
    total = float(row.sum())
    return 0 if abs(total) <= _TIE * float(np.abs(row).sum()) else int(np.sign(total))


def smallest_p(n_pairs: int) -> float:
    """Return the smallest p value that this many pairs can reach: all the differences have one sign."""
    if n_pairs == 0:
        return 1.0
    return 2.0 / 2**n_pairs if n_pairs <= EXACT_PAIRS else 1.0 / (N_DRAWS + 1)


def pairs_to_reach(level: float, family: int = 1) -> int:
    """Return the fewest pairs whose smallest p value, times the size of the family, is at most the level."""
    return max(2, math.ceil(math.log2(2.0 * family / level) - 1e-9))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return Holm's step-down adjusted p values, in the order given.

    Source: Holm (1979), Scand. J. Statist. 6(2). The i-th smallest of m is multiplied by m − i + 1, never
    comes out below a smaller one, and never above 1.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def sign_flip_p_by_length(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the p value of every row where rows differ in length; rows of one length are tested together."""
    p_values = np.ones(len(rows))
    lengths = np.array([row.size for row in rows], dtype=np.int64)
    for length in np.unique(lengths):
        chosen = lengths == length
        p_values[chosen] = sign_flip_p_values(np.stack([row for row in rows if row.size == length]))
    return p_values


def _exact_p_values(rows: NDArray[np.float64], bars: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the sign patterns by halves: every sum is one of the left half plus one of the right half.

    2^(n/2) sums a side are sorted once and searched, where listing the patterns would take 2^n.
    """
    n_pairs = rows.shape[1]
    left = _signed_sums(rows[:, : n_pairs // 2])
    right = np.sort(_signed_sums(rows[:, n_pairs // 2 :]), axis=1)
    p_values = np.ones(rows.shape[0])
    for i in np.flatnonzero(bars > 0.0):
        n_below = int(np.searchsorted(right[i], bars[i] - left[i], side="left").sum())
        n_reaching = left.shape[1] * right.shape[1] - n_below
        # Patterns come in mirrored pairs, so the other side has as many.
        p_values[i] = 2.0 * n_reaching / 2**n_pairs
    return p_values


def _signed_sums(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for every row, the sums under all sign patterns: (rows, 2^n)."""
    sums = np.zeros((rows.shape[0], 1))
    for column in rows.T[:, :, np.newaxis]:
        sums = np.concatenate([sums + column, sums - column], axis=1)
    return sums


def _drawn_p_values(
    rows: NDArray[np.float64], bars: NDArray[np.float64], n_draws: int, seed: int
) -> NDArray[np.float64]:
    """Draw sign patterns, the same for every row, so that a p value does not depend on its company."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    reaching = np.zeros(rows.shape[0], dtype=np.int64)
    for start in range(0, n_draws, _DRAWS_AT_ONCE):
        n_now = min(_DRAWS_AT_ONCE, n_draws - start)
        bits = generator.integers(0, 2, (n_now, rows.shape[1]), dtype=np.int8)
        sums = (2.0 * bits - 1.0) @ rows.T
        reaching += np.count_nonzero(np.abs(sums) >= bars, axis=0)
    return np.asarray((reaching + 1) / (n_draws + 1), dtype=np.float64)
