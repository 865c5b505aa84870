"""Medians over seeds or trials as cells, with their intervals; what is not a number takes no part."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell
from nnbench.statistics.estimation.intervals import median_interval

METHOD = "intervals by order statistics (Student's t below n = 6)"


def median_of(values: ArrayLike) -> float:
    """Return the median of those that are numbers; NaN where none is."""
    known = _known(values)
    return float(np.median(known)) if known.size else float("nan")


def share(values: ArrayLike) -> Cell:
    """Write a median share in percent, without its interval."""
    median = median_of(values)
    return Cell(digits.MISSING, "quiet") if np.isnan(median) else Cell(digits.percentage(median))


def share_with_interval(values: ArrayLike) -> Cell:
    """Write a median share in percent."""
    low, high = _interval(_known(values))
    # Student's interval knows nothing of the ends of the scale.
    bounded = (max(low, 0.0), min(high, 1.0)) if low == low else (low, high)
    return _cell(digits.estimate(median_of(values), bounded, digits.PERCENT))


def plain(values: ArrayLike) -> Cell:
    """Write a median, without its interval."""
    return Cell(digits.number(median_of(values)))


def size_with_interval(values: ArrayLike) -> Cell:
    """Write the median of a quantity above 0; its interval is made of logarithms, so that it is too."""
    known = _known(values)
    known = known[known > 0]
    low, high = np.exp(_interval(np.log(known)))
    return _cell(digits.estimate(median_of(known), (float(low), float(high)), digits.PLAIN))


def _cell(written: digits.Estimate) -> Cell:
    return Cell(str(written), "quiet" if written.value == digits.MISSING else "plain")


def _known(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    return found[np.isfinite(found)]


def _interval(known: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of the median, or none where one value shows no spread."""
    low, high = median_interval(known) if known.size > 1 else (float("nan"), float("nan"))
    return (low, high) if high - low < float("inf") else (float("nan"), float("nan"))
