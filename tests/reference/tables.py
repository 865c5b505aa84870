"""Preparing a table by hand: lists of cells, float64, one column after the other."""

import statistics
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float | None]
Texts = Sequence[str | None]


def standardized(cells: Numbers, train: Sequence[int]) -> NDArray[np.float64]:
    """Fill with the median of the training rows, take their mean away, divide by their deviation."""
    median = statistics.median([value for row in train if (value := cells[row]) is not None])
    filled = np.array([median if value is None else value for value in cells])
    mean, deviation = filled[list(train)].mean(), filled[list(train)].std()
    return (filled - mean) / deviation


def one_hot(cells: Texts, train: Sequence[int]) -> NDArray[np.float64]:
    """A column for each text, 1 where it is; a text that no training row has is nowhere."""
    known = {cells[row] for row in train}
    texts = sorted({text for text in cells if text is not None})
    return np.array([[float(cell == text and text in known) for text in texts] for cell in cells])
