"""Where a chain of ratios changed: each link has its own error, and a slow drift adds up over many links.

A link is the log ratio of one commit to the one before, with its standard error; where nothing changed it is
normal around 0. The statistic is the largest |sum| / sqrt(sum of squared errors) over all segments of the
chain, a scan statistic (Glaz, Naus and Wallenstein 2001, Scan Statistics); its p value is the share of chains
drawn without any change that reach as far. The segment that does best is taken out and both sides are looked
at again, as in binary segmentation (Vostrikova 1981, Sov. Math. Dokl. 24).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.01
N_DRAWN = 1_999


@dataclass(frozen=True, slots=True)
class Change:
    """Links ``first`` to ``last``, both included, which together moved the chain by ``total``."""

    first: int
    last: int
    total: float  # sum of the links
    error: float  # its standard error
    p: float


def find_changes(links: Sequence[float], errors: Sequence[float]) -> list[Change]:
    """Return the segments that moved the chain, in their order."""
    values, spread = np.asarray(links, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if not np.all(spread > 0.0):
        raise ValueError("every link needs a standard error above 0")
    return sorted(_changes(values, spread, 0), key=lambda change: change.first)


def _changes(values: NDArray[np.float64], spread: NDArray[np.float64], offset: int) -> list[Change]:
    if not values.size:
        return []
    scores, places = _scan(values[None], spread)
    first, last = places[0]
    draws = np.random.Generator(np.random.Philox(offset))
    drawn, _ = _scan(draws.standard_normal((N_DRAWN, values.size)) * spread, spread)
    p = float((1 + np.sum(drawn >= scores[0] - 1e-12)) / (1 + N_DRAWN))
    if p > LEVEL:
        return []
    moved = slice(first, last + 1)
    total, error = float(values[moved].sum()), math.sqrt(float(np.sum(spread[moved] ** 2)))
    return [
        *_changes(values[:first], spread[:first], offset),
        Change(offset + first, offset + last, total, error, p),
        *_changes(values[last + 1 :], spread[last + 1 :], offset + last + 1),
    ]


def _scan(
    chains: NDArray[np.float64], spread: NDArray[np.float64]
) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
    """Return the best score of each chain, and the segment that has it."""
    n = spread.size
    sums = np.concatenate([np.zeros((len(chains), 1)), np.cumsum(chains, axis=1)], axis=1)
    squares = np.concatenate([[0.0], np.cumsum(spread**2)])
    best, places = np.full(len(chains), -1.0), np.zeros((len(chains), 2), dtype=np.int64)
    for first in range(n):
        scores = np.abs(sums[:, first + 1 :] - sums[:, first : first + 1]) / np.sqrt(
            squares[first + 1 :] - squares[first]
        )
        last = np.argmax(scores, axis=1)
        found = scores[np.arange(len(chains)), last]
        is_better = found > best
        best = np.where(is_better, found, best)
        places[is_better] = np.stack([np.full(len(chains), first), first + last], axis=1)[is_better]
    return best, [(int(first), int(last)) for first, last in places]
