"""Average ranks over many cases: Friedman's test and Nemenyi's critical difference.

Source: Demšar (2006), J. Mach. Learn. Res. 7, sections 3.2.2 and 3.2.3.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.estimation.distributions import chi_square_survival, studentized_range_quantile


@dataclass(frozen=True, slots=True)
class Friedman:
    """Friedman's test over cases. Two average ranks further apart than the critical difference differ."""

    average_ranks: tuple[float, ...]  # 1 is best
    statistic: float
    p: float
    critical_difference: float
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


def friedman(scores: ArrayLike, *, direction: Direction, level: float = 0.05) -> Friedman:
    """Test whether the configurations (columns) rank alike over the cases (rows).

    The statistic is corrected for ties. Where all configurations tie in every case it is 0 and p is 1.
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
    return Friedman(
        average_ranks=tuple(float(rank) for rank in average),
        statistic=statistic,
        p=chi_square_survival(statistic, n_configurations - 1),
        critical_difference=critical_difference(n_configurations, n_cases, level=level),
        n_cases=n_cases,
    )


def critical_difference(n_configurations: int, n_cases: int, *, level: float = 0.05) -> float:
    """Return Nemenyi's critical difference of two average ranks."""
    quantile = studentized_range_quantile(1.0 - level, n_configurations)
    return quantile / math.sqrt(2.0) * math.sqrt(n_configurations * (n_configurations + 1) / (6.0 * n_cases))
