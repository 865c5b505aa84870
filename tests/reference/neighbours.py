"""Nearest neighbours and nearest means in float64, by brute force over all pairs."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def nearest(queries: Array, known: Array, k: int) -> NDArray[np.int64]:
    """Return the k nearest rows of every query; of equally near ones the earlier (the sort is stable)."""
    distances = ((queries[:, None, :] - known[None, :, :]) ** 2).sum(axis=2)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def vote(found: NDArray[np.int64], labels: Labels) -> Labels:
    """Return the label of most of the found rows; among equals the one met first."""
    chosen = []
    for row in found:
        counts: dict[int, int] = {}
        for label in labels[row]:
            counts[int(label)] = counts.get(int(label), 0) + 1
        chosen.append(max(counts, key=lambda label: counts[label]))  # dicts keep the order of insertion
    return np.array(chosen)


def class_means(x: Array, labels: Labels) -> Array:
    return np.array([x[labels == label].mean(axis=0) for label in np.unique(labels)])
