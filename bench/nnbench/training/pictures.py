"""Pictures of a trial: the filters of its first convolution before and after, and some activation maps.

What is kept of one trial takes at most MOST_BYTES, whatever the layer and the images.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Pictures
from nnkit.execution.trial import Data, Trial
from nnkit.insight.filters import FirstConvolution, first_convolution

MOST_BYTES = 96_000
MOST_FILTERS = 32
MOST_SAMPLES = 3
_BYTES = np.dtype(np.float32).itemsize


@dataclass(frozen=True, slots=True)
class Start:
    """A trial before its training: where its first convolution is, and the filters as they were drawn."""

    convolution: FirstConvolution
    drawn: NDArray[Any]


def at_start(run: Trial) -> Start | None:
    """Return what the pictures will need of the untrained model; None where it begins with no convolution."""
    found = first_convolution(run.program)
    return None if found is None else Start(found, found.filters(run))


def at_end(start: Start, run: Trial, validation: Data) -> Pictures | None:
    """Return the pictures of a trained model; None where one filter is too large to be kept.

    The model's parameters and states stay as they are.
    """
    convolution = start.convolution
    *filter_shape, n_filters = start.drawn.shape
    kept, n_samples = room(
        n_filters,
        filter_bytes=_size_bytes(filter_shape),
        input_bytes=_size_bytes(convolution.input.shape[1:]),
        map_bytes=_size_bytes(convolution.map_shape[:-1]),
    )
    if kept == 0:
        return None
    samples = _one_of_each_label(validation, max(1, n_samples))
    seen, maps = convolution.look(run, Data(validation.x[samples], validation.y[samples]))
    samples = samples[:n_samples]
    has_labels = validation.y.dtype == np.int32
    return Pictures(
        layer=convolution.layer,
        activation=convolution.activation,
        n_filters=n_filters,
        samples=tuple(map(int, samples)),
        labels=tuple(map(int, validation.y[samples].ravel())) if has_labels else (),
        drawn=_single(start.drawn[..., :kept]),
        learned=_single(convolution.filters(run)[..., :kept]),
        inputs=_single(seen[:n_samples]),
        maps=_single(maps[:n_samples, ..., :kept]),
    )


def room(n_filters: int, *, filter_bytes: int, input_bytes: int, map_bytes: int) -> tuple[int, int]:
    """Return how many filters and how many samples are kept: first all the filters, then samples."""
    wanted = min(n_filters, MOST_FILTERS)
    for n_samples in range(MOST_SAMPLES, 0, -1):
        fitting = (MOST_BYTES - n_samples * input_bytes) // (2 * filter_bytes + n_samples * map_bytes)
        if fitting >= wanted or (n_samples == 1 and fitting >= 1):
            return min(wanted, fitting), n_samples
    return min(wanted, MOST_BYTES // (2 * filter_bytes)), 0


def _one_of_each_label(validation: Data, n: int) -> NDArray[np.intp]:
    """Return the places of the first ``n`` samples, each of another label where there are labels."""
    if validation.y.dtype != np.int32:
        return np.arange(min(n, len(validation)))
    _, first = np.unique(validation.y.ravel(), return_index=True)
    return np.sort(first)[:n]


def _size_bytes(shape: tuple[int, ...] | list[int]) -> int:
    return _BYTES * int(np.prod(shape))


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)
