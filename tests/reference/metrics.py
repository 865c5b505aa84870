"""Metrics in textbook form, in float64: counts in loops, and areas by comparing all pairs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.reference.losses import log_softmax, softmax

Array = NDArray[np.float64]
Labels = NDArray[np.integer]
Metric = Callable[[Array, Array], float]


def _predicted(logits: Array) -> list[int]:
    if logits.shape[1] == 1:
        return [1 if z > 0 else 0 for z in logits[:, 0]]
    return [max(range(logits.shape[1]), key=lambda k: (row[k], -k)) for row in logits]


def accuracy(logits: Array, labels: Labels) -> float:
    return sum(a == b for a, b in zip(_predicted(logits), labels, strict=True)) / len(labels)


def balanced_accuracy(logits: Array, labels: Labels) -> float:
    recalls = []
    for k in sorted(set(labels.tolist())):
        of_class = [a for a, b in zip(_predicted(logits), labels, strict=True) if b == k]
        recalls.append(of_class.count(k) / len(of_class))
    return sum(recalls) / len(recalls)


def _f1(found: list[int], labels: list[int], k: int) -> float:
    both = sum(a == k and b == k for a, b in zip(found, labels, strict=True))
    if both == 0:
        return 0.0
    precision, recall = both / found.count(k), both / labels.count(k)
    return 2 / (1 / precision + 1 / recall)


def f1(logits: Array, labels: Labels) -> float:
    """Of class 1 of two; else the mean over every class that is there or is predicted."""
    found, known = _predicted(logits), labels.tolist()
    if logits.shape[1] <= 2:
        return _f1(found, known, 1)
    classes = sorted({*found, *known})
    return sum(_f1(found, known, k) for k in classes) / len(classes)


def _pairs_won(scores: Array, positive: NDArray[np.bool_]) -> float:
    """The share of pairs that the positive row wins; a draw is half a win."""
    won = [(p > n) + 0.5 * (p == n) for p in scores[positive] for n in scores[~positive]]
    return float(sum(won) / len(won)) if won else float("nan")


def auc(logits: Array, labels: Labels) -> float:
    if logits.shape[1] == 1:
        return _pairs_won(logits[:, 0], labels == 1)
    if logits.shape[1] == 2:
        return _pairs_won(softmax(logits)[:, 1], labels == 1)
    areas = [_pairs_won(softmax(logits)[:, k], labels == k) for k in range(logits.shape[1])]
    return float(np.nanmean(areas))


def log_loss(logits: Array, labels: Labels) -> float:
    both = np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
    return -sum(float(row[k]) for row, k in zip(log_softmax(both), labels, strict=True)) / len(labels)


def rmse(outputs: Array, targets: Array) -> float:
    return _mean_over_outputs(lambda y, t: sum((y - t) ** 2 / len(y)) ** 0.5, outputs, targets)


def mae(outputs: Array, targets: Array) -> float:
    return _mean_over_outputs(lambda y, t: sum(abs(y - t) / len(y)), outputs, targets)


def r2(outputs: Array, targets: Array) -> float:
    def explained(y: Array, t: Array) -> float:
        left, whole = sum((y - t) ** 2), sum((t - sum(t) / len(t)) ** 2)
        return float(1 - left / whole if whole else left == 0)

    return _mean_over_outputs(explained, outputs, targets)


def _mean_over_outputs(of_one: Metric, outputs: Array, targets: Array) -> float:
    found = [of_one(outputs[:, j], targets[:, j]) for j in range(outputs.shape[1])]
    return float(sum(found) / len(found))
