"""The step-down test of the largest t under flips of signs, by listing every flip.

Westfall and Young (1993), Resampling-based multiple testing, algorithm 2.8: the hypotheses are stepped
through from the largest statistic down, and each is held against the largest of those that are left.
"""

import itertools
import math
from collections.abc import Callable, Sequence

Row = Sequence[float]  # one number a seed; NaN: none
_TIE = 1e-9


def student_t(row: Row) -> float:
    """Return the mean over its standard error; infinite for equal values that are not 0."""
    values = [value for value in row if not math.isnan(value)]
    n = len(values)
    if n < 2:
        raise ValueError(f"{n} values have no spread")
    mean = sum(values) / n
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    size = max(abs(value) for value in values)
    if abs(mean) <= 1e-12 * size:
        return 0.0
    return mean / (spread / math.sqrt(n)) if spread > 1e-12 * size else math.copysign(math.inf, mean)


def normalised_sum(row: Row) -> float:
    """Return Σ d / √(Σ d²), which orders the flips of a row as its t does, and is at most √n."""
    values = [value for value in row if not math.isnan(value)]
    length = math.sqrt(sum(value**2 for value in values))
    return sum(values) / length if length > 0.0 else 0.0


def adjusted_p(rows: Sequence[Row], *, statistic: Callable[[Row], float] = student_t) -> list[float]:
    """Return the p value of every row of differences, adjusted for all of them."""
    observed = [abs(statistic(row)) for row in rows]
    flipped = [
        [abs(statistic([sign * value for sign, value in zip(signs, row, strict=True)])) for row in rows]
        for signs in itertools.product((1.0, -1.0), repeat=len(rows[0]))
    ]
    p, largest_p = [0.0] * len(rows), 0.0
    left = sorted(range(len(rows)), key=lambda place: -observed[place])
    while left:
        here = left[0]
        hits = sum(_reaches(max(each[place] for place in left), observed[here]) for each in flipped)
        p[here] = largest_p = max(largest_p, hits / len(flipped))
        left = left[1:]
    return p


def differences(table: Sequence[Row], pairs: Sequence[tuple[int, int]]) -> list[list[float]]:
    return [[x - y for x, y in zip(table[a], table[b], strict=True)] for a, b in pairs]


def filled(table: Sequence[Row], noticeable: float) -> list[list[float]]:
    """Return the scores with every lost one, -inf, a noticeable step below the worst."""
    worst = min(value for row in table for value in row if math.isfinite(value))
    return [[worst - noticeable if value == -math.inf else value for value in row] for row in table]


def failures(table: Sequence[Row]) -> list[list[float]]:
    """Return -1 for a lost score and 0 for one that is there."""
    return [[value if math.isnan(value) else -float(value == -math.inf) for value in row] for row in table]


def p_of_pairs(
    table: Sequence[Row],
    pairs: Sequence[tuple[int, int]],
    *,
    noticeable: float = 0.01,
    statistic: Callable[[Row], float] = student_t,
) -> list[float]:
    """Return for each pair the smaller p of its scores and, where they differ, its failures: one family."""
    by_failures = differences(failures(table), pairs)
    unlike = [place for place, row in enumerate(by_failures) if any(value in (-1.0, 1.0) for value in row)]
    rows = differences(filled(table, noticeable), pairs) + [by_failures[place] for place in unlike]
    p = adjusted_p(rows, statistic=statistic)
    found = p[: len(pairs)]
    for place, other in zip(unlike, p[len(pairs) :], strict=True):
        found[place] = min(found[place], other)
    return found


def _reaches(found: float, observed: float) -> bool:
    return found > observed or math.isclose(found, observed, rel_tol=_TIE, abs_tol=_TIE)
