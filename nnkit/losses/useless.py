"""What a loss comes to where the outputs do not depend on the inputs: nothing useful was learnt then."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.losses.bound import BoundLoss

_LESS = 0.5 * (5.0**0.5 - 1.0)  # of an interval, at each step of a search by the golden section
_STEPS = 60


def useless_loss(loss: BoundLoss, targets: NDArray[Any]) -> float:
    """Return the least mean loss that outputs which are the same for every row have; NaN where unknown.

    targets   labels (rows,), or real targets (rows, n)
    """
    if loss.kind == "labels":
        return _of_labels(loss, targets.reshape(-1))
    if loss.record.along_last_axis:
        return float("nan")  # of vectors, no output can be found by itself
    columns = np.asarray(targets, dtype=np.float64).reshape(len(targets), -1).T
    return float(np.mean([_of_column(loss, column) for column in columns]))


def _of_labels(loss: BoundLoss, labels: NDArray[Any]) -> float:
    """Return the entropy of the shares of the classes, smoothed as the loss does."""
    if not loss.takes_logits or "gamma" in loss.parameters:
        return float("nan")
    kept = labels[labels != loss.ignored] if loss.ignored is not None else labels
    smoothing = float(loss.parameters.get("label_smoothing") or 0.0)
    count = np.bincount(kept, minlength=2 if loss.is_single else 0)
    shares = (1.0 - smoothing) * count / count.sum() + smoothing / len(count)
    known = shares[shares > 0.0]
    return float(-np.sum(known * np.log(known)))


def _of_column(loss: BoundLoss, targets: NDArray[np.float64]) -> float:
    """Return the least mean loss of one number, which lies between the least target and the largest."""
    low, high = float(targets.min()), float(targets.max())

    def at(output: float) -> float:
        return loss.value(np.full((len(targets), 1), output), targets[:, None])

    for _ in range(_STEPS if high > low else 0):
        inner, outer = high - _LESS * (high - low), low + _LESS * (high - low)
        low, high = (low, outer) if at(inner) <= at(outer) else (inner, high)
    # A loss of logarithms takes other outputs than its targets.
    return at(low) if not loss.parameters.get("log_input") else float("nan")
