"""From a trial's description to its record: where nnbench meets nnkit."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench import picturing
from nnbench.axes import DEFAULT_RATE
from nnbench.case_data import dataset_of, parts_of, sizes_of
from nnbench.matrix import Dtype, TrialSpec
from nnbench.model_layers import make_layers
from nnbench.precompile import compile_all
from nnbench.probe_curves import as_curves
from nnbench.records import Axes, CaseFacts, Direction, Pictures, TrialRecord
from nnbench.spec import CaseSpec
from nnbench.statistics.curves import steps_to_target
from nnbench.statistics.failures import failure_kind
from nnbench.stopping import Stop
from nnkit import driver, layers, losses, optimizers, probes, schedules
from nnkit.callbacks import Callback, EarlyStopping
from nnkit.compiler import explain as listing
from nnkit.compiler.program import Program, compile_program
from nnkit.execution import Data, Trial
from nnkit.fitting import Fit, Outcome
from nnkit.jit import Entry
from nnkit.optimizers.bound import BoundOptimizer, update_by_hand
from nnkit.optimizers.optimizer import as_number
from nnkit.probes import Readings
from nnkit.registry import parse_choice
from nnkit.samples import checked_data

DRIVER_ENTRIES = (driver.DRIVE, driver.EVALUATE, driver.RUN_ONCE)
ORDERS = {"reshuffle": driver.RESHUFFLE, "fixed": driver.FIXED}
# What a small program reaches on one core of an ordinary machine; only the estimate before a run uses it.
_TYPICAL_FLOPS_PER_S = 4e10
_TYPICAL_STEP_OVERHEAD_S = 2e-6
_TYPICAL_TRIAL_OVERHEAD_S = 1e-3


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


def _train(trial: TrialSpec, stop: Stop | None, *, probes: bool) -> _Trained:
    program = program_of(trial.case, trial.axes, trial.dtype, probes=probes)
    part = parts_of(trial.case, trial.seed, trial.dtype)
    run = Trial(program, trial.seed)
    start = picturing.at_start(run) if trial.pictures else None
    n_steps = trial.epochs * _steps_per_epoch(len(part.train), program.batch_size)
    fit = Fit(
        run,
        part.train,
        part.validation,
        epochs=trial.epochs,
        order=ORDERS[trial.case.training.order],
        rates=_rates(program.optimizer, trial.axes, n_steps),
        callbacks=_callbacks(trial.case),
    )
    with stop.telling(run.stop) if stop is not None else nullcontext():
        outcome = fit.run()
    if start is None or not _is_finished(outcome):
        return _Trained(run, outcome, None)
    return _Trained(run, outcome, picturing.at_end(start, run, part.validation))


def _is_finished(outcome: Outcome) -> bool:
    """True also where a callback ended the training early."""
    return outcome.status in ("finished", "stopped")


def _largest_dead_share(found: Readings) -> float:
    return max((float(each.dead[-1]) for each in found.activations if each.dead.size), default=0.0)


def warm_up(
    trials: Sequence[TrialSpec], progress: Callable[[int, int, str], None], *, probes: bool = False
) -> None:
    """Compile or load every kernel that the trials need; ``progress(done, total, name)`` before each."""
    compile_all(needed_entries(trials, probes=probes), trials, progress)


def needed_entries(trials: Sequence[TrialSpec], *, probes: bool = False) -> list[tuple[Entry, str]]:
    """Return every entry that the trials need, once, with the type it is compiled for."""
    programs = [
        program_of(trial.case, trial.axes, trial.dtype, probes=probes or trial.probes) for trial in trials
    ]
    return list(
        dict.fromkeys(
            # The driver reads its header as float64, whatever the trial computes with.
            (entry, "float64" if entry in DRIVER_ENTRIES else program.dtype)
            for program in programs
            for entry in program.entries()
        )
    )


def estimate_s(trial: TrialSpec) -> float:
    """Return about how long the trial takes on one ordinary core, from the work in its program."""
    program = program_of(trial.case, trial.axes, trial.dtype)
    n_train, n_validation = sizes_of(trial.case)
    n_steps = trial.epochs * _steps_per_epoch(n_train, program.batch_size)
    forward = sum(listing.op_flops(op, 1) for op in program.sequences.evaluate)
    flops = n_steps * listing.step_flops(program) + trial.epochs * n_validation * forward
    return _TYPICAL_TRIAL_OVERHEAD_S + n_steps * _TYPICAL_STEP_OVERHEAD_S + flops / _TYPICAL_FLOPS_PER_S


def explain(trial: TrialSpec) -> str:
    return listing.render(program_of(trial.case, trial.axes, trial.dtype))


def explain_as_dict(trial: TrialSpec) -> dict[str, Any]:
    return listing.describe(program_of(trial.case, trial.axes, trial.dtype))


def data_of(trial: TrialSpec) -> tuple[Data, Data]:
    """Return what the trial trains on, and what it is validated on."""
    parts = parts_of(trial.case, trial.seed, trial.dtype)
    return parts.train, parts.validation


def facts(case: CaseSpec) -> CaseFacts:
    """Return what reports must know of a case; raises NnkitError where its model cannot be built."""
    n_train, n_validation = sizes_of(case)
    training, measure = case.training, case.measure
    dataset = dataset_of(case)
    model = make_layers(case, _own_axes(case))
    program = compile_program(
        model,
        dataset.input_shape,
        losses.record(training.loss),
        optimizers.get("sgd"),
        dtype="float32",
        batch_size=training.batch_size,
    )
    checked_data(
        dataset.x, dataset.y, program.loss, dataset.input_shape, program.output_shape, "float32", "data."
    )
    return CaseFacts(
        name=case.name,
        summary=case.summary,
        metric=measure.metric,
        direction=_direction(case),
        target=measure.target,
        noticeable=measure.noticeable,
        chance=_chance(case),
        n_train=n_train,
        n_validation=n_validation,
        n_parameters=program.n_parameters,
        epochs=training.epochs,
        batch_size=training.batch_size,
        steps=training.epochs * _steps_per_epoch(n_train, training.batch_size),
        suite_version=None if case.calibration is None else case.calibration.suite_version,
    )


def state_bytes(trial: TrialSpec) -> float | None:
    """Return how many bytes the optimizer keeps for each parameter; None where that cannot be found out."""
    program = program_of(trial.case, trial.axes, trial.dtype)
    if program.optimizer.record.update is None:
        regions = program.plan.regions.items()
        return sum(size for name, (_, size) in regions if name.startswith("slot")) / program.n_parameters
    # A plug-in keeps what it likes: only a step shows how much that is.
    parameters = {name: array.copy() for name, array in Trial(program, 0).parameters().items()}
    gradients = {name: np.full_like(array, 1e-3) for name, array in parameters.items()}
    state: dict[str, Any] = {}
    try:
        update_by_hand(program.optimizer, parameters, gradients, state, 1, 1e-3)
    except Exception:  # the trials will tell, each with the line of the plug-in
        return None
    return _array_bytes(state) / program.n_parameters


def _array_bytes(value: object) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Mapping):
        value = list(value.values())
    return sum(map(_array_bytes, value)) if isinstance(value, list | tuple) else 0


# -- what a trial is made of --------------------------------------------------------------------------

_building = threading.Lock()


def layers_of(case: CaseSpec, axes: Axes) -> list[layers.Layer]:
    """Return the layers of a configuration's model."""
    return make_layers(case, axes.as_dict())


def program_of(case: CaseSpec, axes: Axes, dtype: Dtype, *, probes: bool = False) -> Program:
    """Return the program of a configuration. Its seeds and learning rates share it."""
    without_rate = tuple(
        (name, value) for name, value in axes.values if name not in ("learning_rate", "schedule")
    )
    # One thread builds and the others wait: two would do the same work under one interpreter lock.
    with _building:
        return _program(_Case(case), without_rate, dtype, probes)


@dataclass(frozen=True, slots=True)
class _Case:
    """A case that is equal to another when both train alike: the cache's key."""

    spec: CaseSpec

    def __hash__(self) -> int:
        return hash(self.spec.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Case) and other.spec.digest == self.spec.digest


@lru_cache(maxsize=1024)
def _program(case: _Case, axes: tuple[tuple[str, str], ...], dtype: str, probes: bool) -> Program:
    chosen = dict(axes)
    spec = case.spec
    batch_size = int(chosen["batch_size"])
    _, n_validation = sizes_of(spec)
    return compile_program(
        make_layers(spec, chosen),
        dataset_of(spec).input_shape,
        losses.record(spec.training.loss),
        _optimizer(spec, chosen),
        dtype=dtype,
        batch_size=batch_size,
        eval_batch=max(1, min(n_validation, 256)),
        probes=probes,
    )


def _optimizer(case: CaseSpec, chosen: Mapping[str, str]) -> BoundOptimizer:
    name, given = parse_choice(chosen["optimizer"])
    training = case.training
    if training.clip_value is not None:
        given.setdefault("clipvalue", training.clip_value)
    if training.clip_norm is not None:
        given.setdefault("global_clipnorm", training.clip_norm)
    return optimizers.get(name, **given)


def _rates(optimizer: BoundOptimizer, axes: Axes, n_steps: int) -> NDArray[np.float64]:
    chosen = axes.as_dict()
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


def _own_axes(case: CaseSpec) -> dict[str, str]:
    own = case.axes
    return {"optimizer": own.optimizer, "activation": own.activation, "init": own.init, "norm": own.norm}


# -- what it is measured by ----------------------------------------------------------------------------


def _steps_per_epoch(n_train: int, batch_size: int) -> int:
    return -(-n_train // batch_size)


def _chance(case: CaseSpec) -> float:
    """Return the metric of a model that ignores its input: the commonest class, or the mean target."""
    dataset = dataset_of(case)
    if dataset.n_classes == 0:
        return 1.0 if case.data.scale == "standardize" else float(np.var(dataset.y))
    shares = np.bincount(dataset.y, minlength=dataset.n_classes) / len(dataset.y)
    if case.measure.metric == "accuracy":
        return float(shares.max())
    return float(-np.sum(shares * np.log(shares)))


def _direction(case: CaseSpec) -> Direction:
    return "max" if case.measure.metric == "accuracy" else "min"


# -- its record ---------------------------------------------------------------------------------------


def _record(trial: TrialSpec, trained: _Trained, *, dead_share: float = 0.0) -> TrialRecord:
    run, outcome = trained.run, trained.outcome
    table = outcome.evaluations
    has_accuracy = run.program.loss.targets == "labels"
    names = ("loss", "accuracy") if has_accuracy else ("loss",)
    series = {name: table[:, 1 + column] for column, name in enumerate(names)}
    finished = _is_finished(outcome)
    status = "finished" if finished else outcome.status
    measure = trial.case.measure
    values = series[measure.metric]
    reached = None
    if measure.target is not None and len(table):
        step = steps_to_target(table[:, 0], values, measure.target, direction=_direction(trial.case))
        reached = int(step) if np.isfinite(step) else None
    curves = {
        "step_loss": outcome.step_loss.astype(np.float32),
        "eval_step": table[:, 0].astype(np.float32),
        **{f"val_{name}": column.astype(np.float32) for name, column in series.items()},
    }
    record = TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        status=status,  # type: ignore[arg-type]
        final={name: float(column[-1]) for name, column in series.items()} if finished else {},
        best=_best(table, series, measure.metric, _direction(trial.case)),
        steps=outcome.steps,
        steps_to_target=reached,
        train_s=run.train_s,
        digest=run.digest(),
        curves=curves,
        pictures=trained.pictures,
    )
    return replace(
        record, failure=failure_kind(record, _facts_once(_Case(trial.case)), dead_share=dead_share)
    )


def _best(
    table: NDArray[np.float64], series: Mapping[str, NDArray[np.float64]], metric: str, direction: Direction
) -> dict[str, float]:
    values = series[metric]
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return {}
    chosen = known[np.argmax(values[known]) if direction == "max" else np.argmin(values[known])]
    return {
        **{name: float(column[chosen]) for name, column in series.items()},
        "step": float(table[chosen, 0]),
    }


@lru_cache(maxsize=256)
def _facts_once(case: _Case) -> CaseFacts:
    return facts(case.spec)
