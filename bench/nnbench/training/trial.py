"""One trial: from its description to its record."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.choices import DEFAULT_RATE
from nnbench.cases.measures import asked_of
from nnbench.cases.spec import CaseSpec
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import Axes, Pictures, TrialRecord
from nnbench.statistics.trials.curves import steps_to_target
from nnbench.statistics.trials.failures import failure_kind
from nnbench.training import pictures as picturing
from nnbench.training import transfer
from nnbench.training.data import parts_of
from nnbench.training.facts import facts_of
from nnbench.training.pretraining import pretrain
from nnbench.training.program import layers_of, program_of, steps_per_epoch
from nnbench.training.readings import as_curves
from nnkit import NUMERICS_VERSION, metrics, schedules
from nnkit.callbacks import Callback, EarlyStopping
from nnkit.execution import driver
from nnkit.execution.trial import Data, Trial
from nnkit.initializers.learnt import is_learnt
from nnkit.insight import probes
from nnkit.insight.probes import Readings
from nnkit.metrics import Asked
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import as_number
from nnkit.registry import parse_choice
from nnkit.training.fit import Fit, Outcome

ORDERS = {"reshuffle": driver.RESHUFFLE, "fixed": driver.FIXED}


def run_trial(trial: TrialSpec, *, stop: Stop | None = None) -> TrialRecord:
    """Train one trial and return its record. Divergence is a result; nothing numerical is raised."""
    if trial.probes:
        return run_with_probes(trial, stop=stop)[0]
    return _record(trial, _train(trial, stop, probes=False))


def run_with_probes(trial: TrialSpec, *, stop: Stop | None = None) -> tuple[TrialRecord, Readings]:
    """Train one trial to the same bits, and return its record beside what the probes saw."""
    trained = _train(trial, stop, probes=True)
    found = probes.read(trained.run)
    record = _record(trial, trained, dead_share=_largest_dead_share(found))
    return replace(record, curves={**record.curves, **as_curves(found)}), found


@dataclass(frozen=True, slots=True)
class _Trained:
    run: Trial
    outcome: Outcome
    pictures: Pictures | None
    pretrain_s: float  # before the first step, and a part of the trial's seconds


def _train(trial: TrialSpec, stop: Stop | None, *, probes: bool) -> _Trained:
    program = program_of(trial.case, trial.axes, trial.dtype, probes=probes)
    part = parts_of(trial.as_trained, trial.seed, trial.dtype)
    run = Trial(program, trial.seed)
    model = layers_of(trial.case, trial.axes) if is_learnt(dict(trial.axes.values)["init"]) else None
    pretrain_s = 0.0 if model is None else pretrain(trial, run, model)
    moved = trial.as_trained.transfer
    if moved is not None and moved.way != "none":
        states = {name: run.view(buffer) for name, buffer in program.states.items()}
        transfer.start(trial, run.parameters(), states)
    start = picturing.at_start(run) if trial.pictures else None
    n_steps = trial.epochs * steps_per_epoch(len(part.train), program.batch_size)
    fit = Fit(
        run,
        part.train,
        part.validation,
        epochs=trial.epochs,
        order=ORDERS[trial.case.training.order],
        rates=_rates(program.optimizer, trial.axes, n_steps),
        callbacks=_callbacks(trial.case),
        metrics=asked_of(trial.case),
    )
    with stop.telling(run.stop) if stop is not None else nullcontext():
        outcome = fit.run()
    if start is None or not _is_finished(outcome):
        return _Trained(run, outcome, None, pretrain_s)
    return _Trained(run, outcome, picturing.at_end(start, run, part.validation), pretrain_s)


def _is_finished(outcome: Outcome) -> bool:
    """True also where a callback ended the training early."""
    return outcome.status in ("finished", "stopped")


def _largest_dead_share(found: Readings) -> float:
    return max((float(each.dead[-1]) for each in found.activations if each.dead.size), default=0.0)


def data_of(trial: TrialSpec) -> tuple[Data, Data]:
    """Return what the trial trains on, and what it is validated on."""
    parts = parts_of(trial.as_trained, trial.seed, trial.dtype)
    return parts.train, parts.validation


# -- what a trial is made of --------------------------------------------------------------------------


def _rates(optimizer: BoundOptimizer, axes: Axes, n_steps: int) -> NDArray[np.float64]:
    chosen = dict(axes.values)
    own = optimizer.parameters["learning_rate"]
    rate = as_number(own) if chosen["learning_rate"] == DEFAULT_RATE else float(chosen["learning_rate"])
    return _rate_table(chosen["schedule"], rate, n_steps)


@lru_cache(maxsize=256)
def _rate_table(schedule: str, rate: float, n_steps: int) -> NDArray[np.float64]:
    name, given = parse_choice(schedule)
    table = schedules.get(name, **given).relative(rate, n_steps)
    table.flags.writeable = False  # trials share it
    return table


def _callbacks(case: CaseSpec) -> tuple[Callback, ...]:
    early = case.training.early_stopping
    return () if early is None else (EarlyStopping(early.monitor, early.patience, early.min_delta),)


# -- what it is measured by ----------------------------------------------------------------------------


# -- its record ---------------------------------------------------------------------------------------


def _record(trial: TrialSpec, trained: _Trained, *, dead_share: float = 0.0) -> TrialRecord:
    run, outcome = trained.run, trained.outcome
    table = outcome.evaluations
    has_accuracy = run.program.loss.kind == "labels"
    names = ("loss", "accuracy") if has_accuracy else ("loss",)
    asked = asked_of(trial.case)
    series = {name: table[:, 1 + column] for column, name in enumerate(names)}
    series |= {one.name: outcome.measured[one.curve] for one in asked if one.curve in outcome.measured}
    finished = _is_finished(outcome)
    status = "finished" if finished else outcome.status
    measure = trial.case.measure
    metric = asked[0]
    values = series[metric.name]
    reached = None
    if measure.target is not None and len(table):
        step = steps_to_target(table[:, 0], values, measure.target, direction=metric.metric.direction)
        reached = int(step) if np.isfinite(step) else None
    # A loss of float64 may be larger than any float32: it is kept as infinity.
    with np.errstate(over="ignore"):
        curves = {
            "step_loss": outcome.step_loss.astype(np.float32),
            "eval_step": table[:, 0].astype(np.float32),
            **{metrics.asked(name).curve: column.astype(np.float32) for name, column in series.items()},
        }
    record = TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        status=status,  # type: ignore[arg-type]
        final={name: float(column[-1]) for name, column in series.items()} if finished else {},
        best=_best(table, series, metric),
        steps=outcome.steps,
        steps_to_target=reached,
        train_s=run.train_s + trained.pretrain_s,
        digest=run.digest(),
        curves=curves,
        pictures=trained.pictures,
        numerics=NUMERICS_VERSION,
    )
    facts = facts_of(trial.as_trained)
    return replace(record, failure=failure_kind(record, facts, dead_share=dead_share))


def _best(
    table: NDArray[np.float64], series: Mapping[str, NDArray[np.float64]], metric: Asked
) -> dict[str, float]:
    values = series[metric.name]
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return {}
    chosen = known[np.argmax(values[known]) if metric.metric.direction == "max" else np.argmin(values[known])]
    return {
        **{name: float(column[chosen]) for name, column in series.items()},
        "step": float(table[chosen, 0]),
    }
