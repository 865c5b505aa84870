"""What happens between evaluation points: the only places where Python is entered during a fit."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.metrics import is_better_larger


class Fitting(Protocol):
    """The part of a running fit that a callback may touch."""

    def parameter_vector(self) -> NDArray[Any]:
        """Return all parameters and running statistics as one live vector."""
        ...

    def stop(self, reason: str) -> None:
        """End the fit after this evaluation point."""
        ...


Logs = dict[str, float]


class Callback:
    """What is called during a fit: nnkit's two hooks, and those of Keras that lie between epochs.

    ``self.model`` and ``self.params`` are set before the first; ``self.model.stop_training = True`` ends the
    fit after the epoch. ``logs`` has the epoch's values by Keras's names. Any object with some of the hooks
    is a callback too.
    """

    model: Any = None
    params: Mapping[str, Any] = {}
    announces_tests: bool = False  # Python is entered before an evaluation too

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Keep what a fit was asked for: `epochs`, `steps`, `batch_size`, `verbose`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Keep the model that is fitted."""
        self.model = model

    def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None:
        """See ``loss``, the last step's, and with validation data ``val_loss`` and ``val_accuracy``."""

    def on_end(self, fitting: Fitting) -> None:
        """See the fit end, however it did."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, or when the fit was stopped."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, which counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its evaluation; ``logs`` has the epoch's metrics."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before the model is evaluated."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After the model was evaluated; ``logs`` has the metrics of the evaluation."""


# The hooks there are, with the arguments that each is called with.
HOOKS = {
    name: tuple(inspect.signature(method).parameters)[1:]
    for name, method in vars(Callback).items()
    if name.startswith("on_")
}


@dataclass
class EarlyStopping(Callback):
    """Stop when ``monitor`` has not improved by more than ``min_delta`` for ``patience`` evaluations.

    The weights of the best evaluation are put back at the end unless ``restore_best_weights`` is False;
    Keras's default is the opposite, and surprises. Source: Prechelt (1998), Early stopping - but when?
    """

    monitor: str = "val_loss"
    patience: int = 5
    min_delta: float = 0.0
    mode: Literal["min", "max"] | None = None  # None: as the metric has it; min for loss
    restore_best_weights: bool = True
    best: float = field(default=np.nan, init=False)
    best_step: int = field(default=0, init=False)
    _waited: int = field(default=0, init=False)
    _weights: NDArray[Any] | None = field(default=None, init=False, repr=False)
    _is_running: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.patience < 0 or self.min_delta < 0:
            raise InvalidArgument(
                f"EarlyStopping: patience and min_delta must be at least 0, found {self.patience!r} and "
                f"{self.min_delta!r}."
            )
        if self.mode not in ("min", "max", None):
            raise InvalidArgument(f"EarlyStopping: mode must be 'min', 'max' or None, found {self.mode!r}.")

    def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None:
        if self.monitor not in values:
            raise InvalidArgument(
                f"EarlyStopping: no value named {self.monitor!r}. There are: {', '.join(sorted(values))}."
            )
        if not self._is_running:
            # The best of an earlier fit is no measure of this one.
            self.best, self._waited, self._is_running = np.nan, 0, True
        value = values[self.monitor]
        if self._improves(value):
            self.best, self.best_step, self._waited = value, step, 0
            self._weights = fitting.parameter_vector().copy()
        else:
            self._waited += 1
            if self._waited >= max(1, self.patience):
                fitting.stop(f"{self.monitor} has not improved since step {self.best_step}")

    def on_end(self, fitting: Fitting) -> None:
        if self.restore_best_weights and self._weights is not None:
            fitting.parameter_vector()[:] = self._weights
        self._is_running, self._weights = False, None

    def _improves(self, value: float) -> bool:
        if np.isnan(self.best):
            return True
        larger = self.mode == "max" or (self.mode is None and is_better_larger(self.monitor))
        gain = value - self.best if larger else self.best - value
        return gain > self.min_delta
