"""A cost law: how a cost grows with a size, the exponents piece by piece, and where it grows by a leap."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

MOST_PIECES, LEAST_POINTS = 3, 3
# Logarithms of a cost scatter by so much where nothing changes: less of a residual is no reason for a piece.
_SCATTER = 0.03
# A step from one size to the next that costs more than so many times what the law allows is a cliff.
CLIFF = 2.0


@dataclass(frozen=True, slots=True)
class Point:
    """A cost at a size, with its quartiles, in ``n`` rounds."""

    size: float
    cost: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Between two sizes the cost grows with this power of the size."""

    first: float
    last: float
    exponent: float


@dataclass(frozen=True, slots=True)
class Cliff:
    """From one size to the next the cost grew ``leap`` times as much as the law allows."""

    before: float
    after: float
    leap: float


def pieces(points: Sequence[Point]) -> tuple[Piece, ...]:
    """Return lines through the logarithms, as many as Schwarz's criterion finds worth their numbers."""
    x = np.log([point.size for point in points])
    y = np.log([point.cost for point in points])
    most = max(1, min(MOST_PIECES, len(points) // LEAST_POINTS))
    best = min((_cuts(x, y, n) for n in range(1, most + 1)), key=lambda cuts: _criterion(x, y, cuts))
    ends = list(zip((0, *best), (*best, len(points)), strict=True))
    return tuple(Piece(points[a].size, points[b - 1].size, float(_line(x[a:b], y[a:b])[0])) for a, b in ends)


def cliffs(points: Sequence[Point], exponent: float) -> tuple[Cliff, ...]:
    """Return the steps that cost more than `CLIFF` times what growth with this power of the size allows."""
    found = []
    for before, after in pairwise(points):
        leap = _leap(before, after, exponent)
        if leap > CLIFF:
            found.append(Cliff(before.size, after.size, leap))
    return tuple(found)


def worst(points: Sequence[Point], exponent: float) -> float:
    """Return the largest leap over any number of steps: what creeping growth beyond the law adds up to."""
    pairs = ((a, b) for place, a in enumerate(points) for b in points[place + 1 :])
    return max((_leap(a, b, exponent) for a, b in pairs), default=1.0)


def _leap(before: Point, after: Point, exponent: float) -> float:
    return after.cost / before.cost / (after.size / before.size) ** exponent


def _cuts(x: np.ndarray, y: np.ndarray, n_pieces: int) -> tuple[int, ...]:
    """Return where the pieces after the first begin, so that the squares of all residuals are least."""
    if n_pieces == 1:
        return ()
    best: tuple[float, tuple[int, ...]] = (math.inf, ())
    for cut in range(LEAST_POINTS * (n_pieces - 1), len(x) - LEAST_POINTS + 1):
        before = _cuts(x[:cut], y[:cut], n_pieces - 1)
        best = min(best, (_squares(x, y, (*before, cut)), (*before, cut)))
    return best[1]


def _criterion(x: np.ndarray, y: np.ndarray, cuts: tuple[int, ...]) -> float:
    variance = _squares(x, y, cuts) / len(x) + _SCATTER**2
    return len(x) * math.log(variance) + (3 * len(cuts) + 2) * math.log(len(x))


def _squares(x: np.ndarray, y: np.ndarray, cuts: tuple[int, ...]) -> float:
    total = 0.0
    for a, b in zip((0, *cuts), (*cuts, len(x)), strict=True):
        slope, start = _line(x[a:b], y[a:b])
        total += float(np.sum((y[a:b] - slope * x[a:b] - start) ** 2))
    return total


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    if len(x) == 1:
        return 0.0, float(y[0])
    slope, start = np.polyfit(x, y, 1)
    return float(slope), float(start)
