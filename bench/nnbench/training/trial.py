"""One trial: from its description to its record."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.axis import applied
from nnbench.cases.choices import DEFAULT_RATE
from nnbench.cases.measures import BY_THE_DRIVER, asked_of
from nnbench.cases.spec import CaseSpec
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import Dtype, TrialSpec
from nnbench.records.trials import Axes, CaseFacts, Direction, Pictures, Status, TrialRecord
from nnbench.statistics.trials.curves import first_to_reach
from nnbench.statistics.trials.failures import failure_kind
from nnbench.training import pictures as picturing
from nnbench.training import transfer
from nnbench.training.data import parts_of, sizes_of
from nnbench.training.facts import facts_of
from nnbench.training.pretraining import pretrain
from nnbench.training.program import layers_of, program_of, steps_per_epoch
from nnbench.training.readings import as_curves
from nnkit import NUMERICS_VERSION, metrics, schedules
from nnkit.callbacks import Callback, EarlyStopping
from nnkit.compiler.program import Program
from nnkit.execution import driver
from nnkit.execution.trial import Data, Trial
from nnkit.initializers.learnt import is_learnt
from nnkit.insight import probes
from nnkit.insight.probes import Readings
from nnkit.layers import Layer
from nnkit.metrics import Asked
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import as_number
from nnkit.registry import parse_choice
from nnkit.training.fit import Fit, Outcome

T = TypeVar("T")
R = TypeVar("R")

ORDERS = {"reshuffle": driver.RESHUFFLE, "fixed": driver.FIXED}


def run_trial(trial: TrialSpec, *, stop: Stop | None = None) -> TrialRecord:
    """Train one trial and return its record. Divergence is a result; nothing numerical is raised."""
    if trial.probes:
        return run_with_probes(trial, stop=stop)[0]
    return _record(_train(_begin(trial), stop))


def run_together(
    trials: Sequence[TrialSpec], *, stop: Stop | None = None
) -> list[TrialRecord | BaseException]:
    """Train trials on one thread: all begin, then all train, then all end. Return what each came to.

    Each is what it is alone, to the bit. But the interpreter's steps cost less one after the other than with
    training in between, which leaves nothing of them in the caches: a third of a short trial's.
    """
    if any(trial.probes for trial in trials):
        return [_attempt(lambda each: run_trial(each, stop=stop), trial) for trial in trials]
    begun = [_attempt(_begin, trial) for trial in trials]
    trained = [_attempt(lambda each: _train(each, stop), each) for each in begun]
    return [_attempt(_record, each) for each in trained]


def _attempt(step: Callable[[T], R], given: T | BaseException) -> R | BaseException:
    """Return what the step makes of what it is given, or why this or an earlier step of the trial failed."""
    if isinstance(given, BaseException):
        return given
    try:
        return step(given)
    except BaseException as error:
        return error


def run_with_probes(trial: TrialSpec, *, stop: Stop | None = None) -> tuple[TrialRecord, Readings]:
    """Train one trial to the same bits, and return its record beside what the probes saw."""
    trained = _train(_begin(trial, probes=True), stop)
    found = probes.read(trained.begun.run)
    record = _record(trained, dead_share=_largest_dead_share(found))
    return replace(record, curves={**record.curves, **as_curves(found)}), found


def run_with(
    trial: TrialSpec, watching: Callable[[Trial], Callback], *, stop: Stop | None = None
) -> TrialRecord:
    """Train one trial to the same bits with one more callback, made for its untrained model."""
    return _record(_train(_begin(trial, watching=watching), stop))


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What all seeds of a configuration share, found out for the first of them."""

    case: CaseSpec  # as it would be written with the choices
    program: Program
    learnt: Sequence[Layer] | None  # the layers, where the first weights are learnt without labels
    rates: NDArray[np.float64]
    asked: tuple[Asked, ...]
    beside: tuple[Asked, ...]  # those of them that the driver does not compute
    facts: CaseFacts


@dataclass(frozen=True, slots=True)
class _Same:
    """A case that equals itself alone: to hash all that is in one takes long, and trials share the object."""

    case: CaseSpec

    def __hash__(self) -> int:
        return id(self.case)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.case is other.case


@lru_cache(maxsize=1024)
def _course_of(same: _Same, axes: Axes, dtype: Dtype, epochs: int, probes: bool) -> _Course:
    case, chosen = same.case, dict(axes.values)
    written: CaseSpec = applied(case, axes.values)
    program = program_of(case, axes, dtype, probes=probes)
    n_train, _ = sizes_of(written)
    asked = asked_of(case)
    return _Course(
        written,
        program,
        layers_of(case, axes) if is_learnt(chosen["init"]) else None,
        _rates(program.optimizer, axes, epochs * steps_per_epoch(n_train, program.batch_size)),
        asked,
        tuple(one for one in asked if one.curve not in BY_THE_DRIVER),
        facts_of(written),
    )


@dataclass(frozen=True, slots=True)
class _Begun:
    """A trial before its first step."""

    trial: TrialSpec
    course: _Course
    validation: Data
    run: Trial
    fit: Fit
    start: picturing.Start | None
    pretrain_s: float  # a part of the trial's seconds


@dataclass(frozen=True, slots=True)
class _Trained:
    begun: _Begun
    outcome: Outcome
    pictures: Pictures | None


def _begin(
    trial: TrialSpec, *, probes: bool = False, watching: Callable[[Trial], Callback] | None = None
) -> _Begun:
    course = _course_of(_Same(trial.case), trial.axes, trial.dtype, trial.epochs, probes)
    program = course.program
    part = parts_of(course.case, trial.seed, trial.dtype)
    run = Trial(program, trial.seed)
    pretrain_s = 0.0 if course.learnt is None else pretrain(trial, run, course.learnt)
    moved = course.case.transfer
    if moved is not None and moved.way != "none":
        states = {name: run.view(buffer) for name, buffer in program.states.items()}
        transfer.start(trial, run.parameters(), states)
    start = picturing.at_start(run) if trial.pictures else None
    fit = Fit(
        run,
        part.train,
        part.validation,
        epochs=trial.epochs,
        order=ORDERS[trial.case.training.order],
        rates=course.rates,
        callbacks=(*_callbacks(trial.case), *(() if watching is None else (watching(run),))),
        metrics=course.beside,
    )
    return _Begun(trial, course, part.validation, run, fit, start, pretrain_s)


def _train(begun: _Begun, stop: Stop | None) -> _Trained:
    with stop.telling(begun.run.stop) if stop is not None else nullcontext():
        outcome = begun.fit.run()
    if begun.start is None or not _is_finished(outcome):
        return _Trained(begun, outcome, None)
    return _Trained(begun, outcome, picturing.at_end(begun.start, begun.run, begun.validation))


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


# -- its record ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Result:
    """What is asked of how a trial failed."""

    status: Status
    final: Mapping[str, float]
    curves: Mapping[str, NDArray[np.float32]]


def _record(trained: _Trained, *, dead_share: float = 0.0) -> TrialRecord:
    begun, outcome = trained.begun, trained.outcome
    trial, run, course = begun.trial, begun.run, begun.course
    table = outcome.evaluations
    series = _series(outcome, course)
    is_finished = _is_finished(outcome)
    final = {name: float(column[-1]) for name, column in series.items()} if is_finished else {}
    status: Status = "finished" if is_finished else outcome.status  # type: ignore[assignment]
    # A loss of float64 may be larger than any float32: it is kept as infinity.
    with np.errstate(over="ignore"):
        curves = {
            "step_loss": outcome.step_loss.astype(np.float32),
            "eval_step": table[:, 0].astype(np.float32),
            **{_curve_of(name): column.astype(np.float32) for name, column in series.items()},
        }
    return TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        status=status,
        final=final,
        best=_best(table, series, course.asked[0]),
        steps=outcome.steps,
        steps_to_target=_steps_to_target(table, series, trial.case, course.asked[0]),
        train_s=run.train_s + begun.pretrain_s,
        digest=run.digest(),
        failure=failure_kind(_Result(status, final, curves), course.facts, dead_share=dead_share),
        curves=curves,
        pictures=trained.pictures,
        numerics=NUMERICS_VERSION,
    )


def _series(outcome: Outcome, course: _Course) -> dict[str, NDArray[np.float64]]:
    """Return the values of every evaluation by the name of the metric."""
    names = ("loss", "accuracy") if course.program.loss.kind == "labels" else ("loss",)
    series = {name: outcome.evaluations[:, 1 + column] for column, name in enumerate(names)}
    measured = outcome.measured
    return series | {one.name: measured[one.curve] for one in course.asked if one.curve in measured}


@lru_cache(maxsize=256)
def _curve_of(name: str) -> str:
    return metrics.asked(name).curve


def _steps_to_target(
    table: NDArray[np.float64], series: Mapping[str, NDArray[np.float64]], case: CaseSpec, metric: Asked
) -> int | None:
    target = case.measure.target
    if target is None:
        return None
    place = first_to_reach(series[metric.name], target, direction=metric.metric.direction)
    return None if place is None else int(table[place, 0])


def _best(
    table: NDArray[np.float64], series: Mapping[str, NDArray[np.float64]], metric: Asked
) -> dict[str, float]:
    values = series[metric.name]
    chosen = _best_of(values, metric.metric.direction) if values.size else None
    if chosen is None:
        return {}
    best = {name: float(column[chosen]) for name, column in series.items()}
    return {**best, "step": float(table[chosen, 0])}


def _best_of(values: NDArray[np.float64], direction: Direction) -> int | None:
    """Return the place of the best finite value, the first one of several; None: there is none."""
    place = values.argmax() if direction == "max" else values.argmin()  # of NaN, where there is one
    if np.isfinite(values[place]):
        return int(place)
    known = np.flatnonzero(np.isfinite(values))
    return int(known[_best_of(values[known], direction)]) if known.size else None
