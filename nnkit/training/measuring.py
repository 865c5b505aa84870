"""Metrics that are asked for and that the driver does not compute, after each evaluation of a fit."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from nnkit.execution.trial import Data, Trial
from nnkit.metrics import Asked


class Measures:
    """What is measured of one trial beside the loss and the accuracy of its validation data."""

    def __init__(self, asked: Iterable[Asked], training: Data, validation: Data) -> None:
        wanted = {one.name: one for one in asked}.values()
        self._asked = [one for one in wanted if one.name not in ("loss", "accuracy")]
        self._parts = {True: training, False: validation}
        self._rows: list[tuple[int, Mapping[str, float]]] = []  # with the place of the evaluation

    def __bool__(self) -> bool:
        return bool(self._asked)

    @property
    def last(self) -> dict[str, float]:
        """What the last evaluation found, by Keras's names."""
        return dict(self._rows[-1][1]) if self._rows else {}

    def take(self, trial: Trial) -> None:
        """Measure the trial as it stands, behind its last evaluation."""
        place = trial.n_evaluations - 1
        known = (float(trial.evaluations[place, 1]), float(trial.evaluations[place, 2]))
        found: dict[str, float] = {}
        for of_training, data in self._parts.items():
            own = [one for one in self._asked if one.of_training == of_training]
            found |= measured(trial, data, own, None if of_training else known)
        self._rows.append((place, {one.curve: found[one.name] for one in self._asked}))

    def series(self, n_evaluations: int) -> dict[str, NDArray[np.float64]]:
        """Return the values by Keras's names, one per evaluation; NaN where the training broke off."""
        series = {one.curve: np.full(n_evaluations, np.nan) for one in self._asked}
        for place, values in self._rows:
            for name, value in values.items():
                series[name][place] = value
        return series


def measured(
    trial: Trial, data: Data, asked: Iterable[Asked], known: tuple[float, float] | None = None
) -> dict[str, float]:
    """Return metrics of the trial's model on data, by name; ``known`` is an evaluation that was made."""
    return dict(_measured(trial, data, list(asked), known))


def _measured(
    trial: Trial, data: Data, asked: list[Asked], known: tuple[float, float] | None
) -> Iterator[tuple[str, float]]:
    if known is None and any(one.metric.evaluated is not None for one in asked):
        known = trial.evaluate_on(data)
    computed = any(one.metric.compute is not None for one in asked)
    read = trial.program.loss.readable(trial.predict(data.x), data.y) if computed else None
    for one in asked:
        if one.metric.evaluated is not None:
            assert known is not None, one.name
            yield one.name, known[one.metric.evaluated]
        else:
            assert read is not None, one.name
            yield one.name, one.metric.value(*read)
