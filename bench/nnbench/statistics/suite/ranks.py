"""Average ranks over many cases: Friedman's test by permutation, and Nemenyi's critical difference.

Sources: Friedman (1937), J. Amer. Statist. Assoc. 32(200); Demšar (2006), J. Mach. Learn. Res. 7, sections
3.2.2 and 3.2.3.
"""

import math
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.estimation.distributions import studentized_range_quantile

# Below this many cases no pair is called: the critical difference rests on a normal limit, and the posterior
# over cases on its prior.
FEWEST_CASES = 6
_MOST_SUMS = 200_000  # that are held at once for an exact p; beyond, arrangements are drawn
_N_DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class Friedman:
    """Friedman's test over cases. Two average ranks further apart than the critical difference differ."""

    average_ranks: tuple[float, ...]  # 1 is best
    statistic: float
    p: float
    is_exact: bool  # over all arrangements of the ranks, not over drawn ones
    critical_difference: float | None  # None: too few cases to tell pairs apart
    n_cases: int


def ranks(scores: ArrayLike, *, direction: Direction) -> NDArray[np.float64]:
    """Return the ranks within each row (case) of a (cases, configurations) table; 1 is best, ties share.

    Infinities rank as values: a configuration without a score ranks last.
    """
    table = np.asarray(scores, dtype=np.float64)
    if np.isnan(table).any():
        raise ValueError("a score is NaN and has no rank. Give a trial without a score the worst value.")
    cost = -table if direction == "max" else table
    ahead = (cost[:, np.newaxis, :] < cost[:, :, np.newaxis]).sum(axis=2)
    level = (cost[:, np.newaxis, :] == cost[:, :, np.newaxis]).sum(axis=2)
    return np.asarray(ahead + 0.5 * (level + 1.0), dtype=np.float64)


def friedman(scores: ArrayLike, *, direction: Direction) -> Friedman:
    """Test whether the configurations (columns) rank alike over the cases (rows).

    If they do, the ranks of a case could as well have been in any other order: p is the share of all
    (k!)^n arrangements of the ranks within cases whose statistic is at least the observed one, ties kept as
    they are. Where these are too many to count, p = (1 + hits) / (1 + draws) of 9,999 drawn ones. The
    statistic is corrected for ties; where all configurations tie in every case it is 0 and p is 1.
    """
    table = ranks(scores, direction=direction)
    n_cases, n_configurations = table.shape
    if n_cases < 1 or n_configurations < 2:
        raise ValueError(f"Friedman's test needs at least 1 case and 2 configurations, not {table.shape}")
    average = table.mean(axis=0)
    middle = 0.5 * (n_configurations + 1)
    # Dividing by the spread these ranks have, not by that of ranks without ties, corrects for ties.
    spread = float(np.sum((table - middle) ** 2)) / (n_cases * (n_configurations - 1))
    statistic = 0.0 if spread == 0.0 else n_cases * float(np.sum((average - middle) ** 2)) / spread
    doubled = np.rint(2.0 * table).astype(np.int64)  # whole numbers, so that equal statistics are equal
    p = _exact_p(doubled)
    enough = n_cases >= FEWEST_CASES
    return Friedman(
        average_ranks=tuple(float(rank) for rank in average),
        statistic=statistic,
        p=_drawn_p(doubled) if p is None else p,
        is_exact=p is not None,
        critical_difference=critical_difference(n_configurations, n_cases) if enough else None,
        n_cases=n_cases,
    )


def _exact_p(doubled: NDArray[np.int64]) -> float | None:
    """Return the exact p; None where more sums than may be held would have to be.

    Case by case, the distinct sums of ranks are kept with how many arrangements lead to each. The columns of
    a sum may be sorted: the statistic does not tell them apart, nor does what the next case adds.
    """
    n_cases, n_columns = doubled.shape
    base = 2 * n_columns * n_cases + 1
    if math.factorial(n_columns) > _MOST_SUMS or n_columns * math.log2(base) > 62:
        return None
    orders = np.array(list(permutations(range(n_columns))))
    powers = base ** np.arange(n_columns, dtype=np.int64)
    sums, shares = np.zeros((1, n_columns), dtype=np.int64), np.ones(1)
    for row in doubled:
        added = np.unique(row[orders] @ powers)  # each as often as any other, with ties too
        if len(sums) * len(added) > _MOST_SUMS:
            return None
        reached = sums[:, np.newaxis] + added[:, np.newaxis] // powers % base
        sorted_ = np.sort(reached.reshape(-1, n_columns), axis=1)
        codes, where = np.unique(sorted_ @ powers, return_inverse=True)
        shares = np.asarray(np.bincount(where, np.repeat(shares, len(added)) / len(added)), np.float64)
        sums = codes[:, np.newaxis] // powers % base
    return min(1.0, float(shares[_squares(sums) >= _squares(doubled.sum(axis=0))].sum()))


def _drawn_p(doubled: NDArray[np.int64]) -> float:
    generator = np.random.Generator(np.random.Philox(key=0))
    sums = np.zeros((_N_DRAWS, doubled.shape[1]), dtype=np.int64)
    for row in doubled:
        sums += generator.permuted(np.tile(row, (_N_DRAWS, 1)), axis=1)
    hits = np.count_nonzero(_squares(sums) >= _squares(doubled.sum(axis=0)))
    return (1 + hits) / (1 + _N_DRAWS)


def _squares(sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what Friedman's statistic grows with, where the ranks of each case are given."""
    return np.asarray((sums**2).sum(axis=-1), dtype=np.int64)


def critical_difference(n_configurations: int, n_cases: int, *, level: float = 0.05) -> float:
    """Return Nemenyi's critical difference of two average ranks."""
    quantile = studentized_range_quantile(1.0 - level, n_configurations)
    return quantile / math.sqrt(2.0) * math.sqrt(n_configurations * (n_configurations + 1) / (6.0 * n_cases))
