"""Fitting: the loop over evaluation points around the driver."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.callbacks import Callback
from nnkit.execution import driver
from nnkit.execution.trial import Data, Trial
from nnkit.metrics import Asked
from nnkit.optimizers.bound import BoundOptimizer, update_by_hand
from nnkit.optimizers.optimizer import as_number
from nnkit.schedules.record import check_length
from nnkit.training.measuring import Measures


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fit left. ``evaluations`` has a row per evaluation: step, loss, share correct, seconds."""

    status: str  # finished, diverged, stopped (early, by a callback) or cancelled
    steps: int
    steps_per_epoch: int
    step_loss: NDArray[np.float64]
    step_correct: NDArray[np.float64]
    evaluations: NDArray[np.float64]
    n_samples: int
    batch_size: int
    measured: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # what was asked for besides

    @property
    def rows(self) -> NDArray[np.int64]:
        """How many samples each step saw."""
        return batch_rows(0, self.steps, self.n_samples, self.batch_size)

    def per_epoch(self, with_accuracy: bool) -> dict[str, list[float]]:
        """Return Keras's history: means over the samples of each whole or begun epoch."""
        history: dict[str, list[float]] = {"loss": []}
        if with_accuracy:
            history["accuracy"] = []
        for start in range(0, self.steps, self.steps_per_epoch):
            end = min(start + self.steps_per_epoch, self.steps)
            steps = slice(start, end)
            rows = batch_rows(start, end, self.n_samples, self.batch_size)
            means = epoch_means(self.step_loss[steps], self.step_correct[steps], rows)
            for name in history:
                history[name].append(means[name])
        if len(self.evaluations):
            history["val_loss"] = [float(value) for value in self.evaluations[:, 1]]
            if with_accuracy:
                history["val_accuracy"] = [float(value) for value in self.evaluations[:, 2]]
            history |= {name: values.tolist() for name, values in self.measured.items()}
        return history


def epoch_means(
    step_loss: NDArray[np.float64], step_correct: NDArray[np.float64], rows: NDArray[np.int64]
) -> dict[str, float]:
    """Return loss and accuracy over the samples of some steps."""
    # Shares first: the sum over an epoch of losses near the largest float would overflow.
    loss = float(np.sum(step_loss * (rows / rows.sum())))
    return {"loss": loss, "accuracy": float(step_correct.sum() / rows.sum())}


class Fit:
    """One training run of a trial, from its first step to its last."""

    def __init__(
        self,
        trial: Trial,
        data: Data,
        validation: Data | None,
        *,
        epochs: int,
        shuffle: bool = True,
        order: int | None = None,
        rates: NDArray[np.float64] | None = None,
        callbacks: Sequence[Callback] = (),
        every: int | None = None,
        batch_size: int | None = None,
        metrics: Sequence[Asked] = (),
    ) -> None:
        self._trial = trial
        self._data = data
        self._validation = validation
        self._callbacks = callbacks
        self._reason: str | None = None
        self._batch_size = batch_size or trial.program.batch_size
        self._per_epoch = -(-len(data) // self._batch_size)
        self._n_steps = epochs * self._per_epoch
        self._every = every or self._per_epoch
        self._earlier = trial.steps_done
        if rates is None:
            rates = rate_table(trial.program.optimizer, self._earlier + self._n_steps)[self._earlier :]
        mode = (driver.RESHUFFLE if shuffle else driver.AS_GIVEN) if order is None else order
        trial.attach_training(data, rates=rates, order=mode, batch_size=self._batch_size)
        # The driver would evaluate before an update that is made by hand, and before a callback hears of it.
        self._announced = [one for one in callbacks if getattr(one, "announces_tests", False)]
        self._evaluates_here = self._is_by_hand() or bool(self._announced)
        self._measures = None if validation is None else Measures(metrics, data, validation)
        if validation is not None:
            by_driver = 0 if self._evaluates_here else self._every
            trial.attach_evaluation(
                validation, every=by_driver, n_evaluations=-(-self._n_steps // self._every)
            )

    def run(self) -> Outcome:
        if self._trial.program.probes.n_cells and self._validation is not None:
            self._trial.evaluate()  # what the probes see before any training
        is_stepwise = self._is_stepwise()
        status, steps = self._by_segments() if is_stepwise else self._at_once()
        self._trial.enter_view()
        for callback in self._callbacks:
            callback.on_end(self)
        # The driver has looked behind its last evaluation, where it made one.
        is_known = not is_stepwise and self._validation is not None
        if status == "finished" and not is_known and not self._trial.is_finite():
            status = "diverged"
        return self._outcome(status, steps)

    # -- what callbacks may touch --------------------------------------------------------------------

    def parameter_vector(self) -> NDArray[Any]:
        return self._trial.model_vector()

    def stop(self, reason: str) -> None:
        self._reason = reason

    @property
    def is_stopping(self) -> bool:
        return self._reason is not None

    def epoch_values(self, step: int) -> dict[str, float]:
        """Return the means of the epoch that ended with ``step``, and its evaluation, by Keras's names."""
        first = (step - 1) // self._per_epoch * self._per_epoch
        totals = self._trial.step_totals[first:step]
        rows = batch_rows(first, step, len(self._data), self._batch_size)
        return epoch_means(totals[:, 0], totals[:, 1], rows) | self._evaluated()

    # -- how it runs ---------------------------------------------------------------------------------

    def _is_stepwise(self) -> bool:
        return bool(self._callbacks) or bool(self._measures) or self._is_by_hand()

    def _is_by_hand(self) -> bool:
        return bool(self._trial.program.by_hand)

    def _at_once(self) -> tuple[str, int]:
        segment = self._trial.train(0, self._n_steps)
        return _STATUS[segment.status], segment.step

    def _by_segments(self) -> tuple[str, int]:
        """Come back to Python at every evaluation point, or after every step for a NumPy optimizer."""
        by_hand = self._is_by_hand()
        step = 0
        while step < self._n_steps:
            next_evaluation = min((step // self._every + 1) * self._every, self._n_steps)
            until = step + 1 if by_hand else next_evaluation
            segment = self._trial.train(step, until)
            if segment.status != "done":
                return _STATUS[segment.status], segment.step
            if by_hand:
                self._update_by_hand(step, is_watched=until == next_evaluation)
            step = until
            if step == next_evaluation:
                if self._evaluates_here and self._validation is not None:
                    self._evaluate_here(step)
                    loss = self._trial.evaluations[self._trial.n_evaluations - 1, 1]
                    if not (np.isfinite(loss) and self._trial.is_finite()):
                        return "diverged", step
                elif self._measures:
                    self._measures.take(self._trial)
                self._call_back(step)
            if self._reason is not None:
                return "stopped", step
        return "finished", step

    def _update_by_hand(self, step: int, *, is_watched: bool) -> None:
        trial, program = self._trial, self._trial.program
        is_watched = is_watched and program.probes.n_cells > 0
        if is_watched:
            trial.run_table("before_step")
        with trial.training_time():
            parameters, gradients = trial.parameters(), trial.gradients()
            for each, state in zip(program.by_hand, trial.optimizer_states, strict=True):
                own = {name: parameters[name] for name in each.names}
                slopes = {name: gradients[name] for name in each.names}
                rate = each.share * float(trial.rates[step])
                update_by_hand(each.optimizer, own, slopes, state, self._earlier + step + 1, rate)
            if program.sequences.after_update:
                trial.run_table("after_update")
        if is_watched:
            self._trial.run_table("after_step")

    def _evaluate_here(self, step: int) -> None:
        self._trial.enter_view()
        for callback in self._announced:
            callback.on_test_begin()
        self._trial.evaluate_after(step)
        if self._measures:
            self._measures.take(self._trial)
        for callback in self._announced:
            callback.on_test_end({name.removeprefix("val_"): x for name, x in self._evaluated().items()})

    def _evaluated(self) -> dict[str, float]:
        """Return the last evaluation by Keras's names; nothing without validation data."""
        if self._validation is None or not self._trial.n_evaluations:
            return {}
        row = self._trial.evaluations[self._trial.n_evaluations - 1]
        measured = self._measures.last if self._measures else {}
        return {"val_loss": float(row[1]), "val_accuracy": float(row[2]), **measured}

    def _call_back(self, step: int) -> None:
        values = {"loss": float(self._trial.step_totals[step - 1, 0]), **self._evaluated()}
        for callback in self._callbacks:
            callback.on_evaluation(step, values, self)

    def _outcome(self, status: str, steps: int) -> Outcome:
        totals = self._trial.step_totals[:steps]
        evaluations = (
            self._trial.evaluations[: self._trial.n_evaluations].copy()
            if self._validation is not None
            else np.empty((0, driver.EVAL_COLUMNS))
        )
        return Outcome(
            status,
            steps,
            self._per_epoch,
            totals[:, 0].copy(),
            totals[:, 1].copy(),
            evaluations,
            len(self._data),
            self._batch_size,
            self._measures.series(len(evaluations)) if self._measures else {},
        )


def batch_rows(first: int, last: int, n_samples: int, batch_size: int) -> NDArray[np.int64]:
    """Return how many samples each step saw, from ``first`` up to ``last``."""
    starts = np.arange(first, last) % -(-n_samples // batch_size) * batch_size
    return np.minimum(batch_size, n_samples - starts)


def rate_table(optimizer: BoundOptimizer, n_steps: int) -> NDArray[np.float64]:
    """Return the learning rate of every step: the schedule's, or the one number there is."""
    if optimizer.schedule is not None:
        return optimizer.schedule.table(n_steps)
    check_length(n_steps, "fit")
    return np.full(n_steps, as_number(optimizer.parameters["learning_rate"]))


_STATUS = {"done": "finished", "diverged": "diverged", "stopped": "cancelled"}
