"""A trial that is watched: after some epochs somebody looks at the model, which changes none of its bits."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.training import trial as training
from nnkit.callbacks import Callback, Fitting
from nnkit.execution.trial import Trial
from nnkit.training.fit import Fit

Look = Callable[[Trial], NDArray[np.uint8]]


@dataclass
class Watcher(Callback):
    """Keeps the values of every epoch, by Keras's names, and looks at the model after some of them."""

    run: Trial
    look: Look
    at: Collection[int]  # epochs; 0 is before the first step
    epochs: list[Mapping[str, float]] = field(default_factory=list)
    frames: list[NDArray[np.uint8]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._look_after(0)

    def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None:
        assert isinstance(fitting, Fit), fitting
        self.epochs.append(fitting.epoch_values(step))
        self._look_after(len(self.epochs))

    def _look_after(self, epoch: int) -> None:
        if epoch in self.at:
            self.frames.append(self.look(self.run))


def run_watched(
    trial: TrialSpec, look: Look, at: Collection[int], *, stop: Stop
) -> tuple[TrialRecord, Watcher]:
    """Train one trial to the same bits, and return its record beside what was seen."""
    watchers: list[Watcher] = []

    def watching(run: Trial) -> Watcher:
        watchers.append(Watcher(run, look, at))
        return watchers[0]

    record = training.run_with(trial, watching, stop=stop)
    return record, watchers[0]
