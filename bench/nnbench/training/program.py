"""The program of a configuration: its layers, its kernels, its work and its state."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nnbench.cases.axis import applied
from nnbench.cases.choices import core
from nnbench.cases.spec import CaseSpec
from nnbench.machine.clock import Clock
from nnbench.machine.foreign import contained
from nnbench.machine.stopping import Interrupted
from nnbench.plan.matrix import Dtype, TrialSpec
from nnbench.records.trials import Axes
from nnbench.training import transfer
from nnbench.training.data import dataset_of, sizes_of
from nnbench.training.layers import make_layers
from nnbench.training.pretraining import hidden_sizes
from nnkit import layers, losses, optimizers
from nnkit.compiler import explain as listing
from nnkit.compiler.program import Program, compile_program
from nnkit.execution import driver
from nnkit.initializers.learnt import is_learnt
from nnkit.jit import Entry
from nnkit.optimizers.bound import BoundOptimizer, update_by_hand

DRIVER_ENTRIES = (driver.DRIVE, driver.EVALUATE, driver.RUN_ONCE)
# What a small program reaches on one core of an ordinary machine; only the estimate before a run uses it.
_TYPICAL_FLOPS_PER_S = 4e10
_TYPICAL_STEP_OVERHEAD_S = 2e-6
_TYPICAL_TRIAL_OVERHEAD_S = 1e-3
# Of leaving the compiled program and coming back, where threads wait for one another.
_TYPICAL_HAND_OVERHEAD_S = 3e-4
_building = threading.Lock()


def layers_of(case: CaseSpec, axes: Axes) -> list[layers.Layer]:
    """Return the layers of a configuration's model."""
    return make_layers(applied(case, axes.values), dict(axes.values))


def program_of(case: CaseSpec, axes: Axes, dtype: Dtype, *, probes: bool = False) -> Program:
    """Return the program of a configuration. Its seeds and learning rates share it."""
    without_rate = tuple(
        (name, value) for name, value in axes.values if name not in ("learning_rate", "schedule")
    )
    case = applied(case, axes.values)
    # One thread builds and the others wait: two would do the same work under one interpreter lock.
    with _building:
        return _program(CaseKey(case), without_rate, dtype, probes)


@dataclass(frozen=True, slots=True)
class CaseKey:
    """A case that is equal to another when both train alike: the cache's key."""

    spec: CaseSpec

    def __hash__(self) -> int:
        return hash(self.spec.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CaseKey) and other.spec.digest == self.spec.digest


@lru_cache(maxsize=1024)
def _program(case: CaseKey, axes: tuple[tuple[str, str], ...], dtype: str, probes: bool) -> Program:
    chosen = dict(axes)
    spec = case.spec
    batch_size = int(chosen["batch_size"])
    model = make_layers(spec, chosen)
    if is_learnt(chosen["init"]):
        hidden_sizes(model, f"case {spec.name!r}, init {chosen['init']}")  # refused before anything runs
    if spec.transfer is not None:
        transfer.freeze(model, spec.transfer.way)
    _, n_validation = sizes_of(spec)
    return compile_program(
        model,
        dataset_of(spec).input_shape,
        losses.resolve(spec.training.loss),
        _optimizer(spec, chosen),
        dtype=dtype,
        batch_size=batch_size,
        eval_batch=max(1, min(n_validation, 256)),
        probes=probes,
        weighted=spec.training.class_weight is not None,
    )


def _optimizer(case: CaseSpec, chosen: Mapping[str, str]) -> BoundOptimizer:
    training, (_, written) = case.training, core(chosen["optimizer"])
    limits = {"clipvalue": training.clip_value, "global_clipnorm": training.clip_norm}
    added = {name: limit for name, limit in limits.items() if limit is not None and name not in written}
    return optimizers.get(chosen["optimizer"], **added)


def steps_per_epoch(n_train: int, batch_size: int) -> int:
    return -(-n_train // batch_size)


def needed_entries(trials: Sequence[TrialSpec], *, probes: bool = False) -> list[tuple[Entry, str]]:
    """Return every entry that the trials need, once, with the type it is compiled for."""
    programs = [
        program_of(trial.case, trial.axes, trial.dtype, probes=probes or trial.probes) for trial in trials
    ]
    # The driver reads its header as float64, whatever the trial computes with.
    of_driver = [(entry, "float64") for entry in DRIVER_ENTRIES] if programs else []
    of_ops = [(entry, program.dtype) for program in programs for entry in program.entries()]
    return list(dict.fromkeys([*of_driver, *of_ops]))


def estimate_s(trial: TrialSpec) -> float:
    """Return about how long the trial takes on one ordinary core, from the work in its program."""
    program = program_of(trial.case, trial.axes, trial.dtype)
    n_train, n_validation = sizes_of(trial.as_trained)
    n_steps = trial.epochs * steps_per_epoch(n_train, program.batch_size)
    forward = sum(listing.op_flops(op, 1) for op in program.sequences.evaluate)
    flops = n_steps * listing.step_flops(program) + trial.epochs * n_validation * forward
    step_s = _TYPICAL_STEP_OVERHEAD_S + (_steps_by_hand(program) or _ByHand()).seconds
    return _TYPICAL_TRIAL_OVERHEAD_S + n_steps * step_s + flops / _TYPICAL_FLOPS_PER_S


def explain(trial: TrialSpec) -> str:
    return listing.render(program_of(trial.case, trial.axes, trial.dtype))


def explain_as_dict(trial: TrialSpec) -> dict[str, Any]:
    return listing.describe(program_of(trial.case, trial.axes, trial.dtype))


def state_bytes(trial: TrialSpec) -> float | None:
    """Return how many bytes the optimizer keeps for each parameter; None where that cannot be found out."""
    program = program_of(trial.case, trial.axes, trial.dtype)
    by_hand = _steps_by_hand(program)
    if by_hand is None:
        return None
    regions = program.plan.regions.items()
    n_bytes = sum(size for name, (_, size) in regions if name.startswith("slot"))
    return (n_bytes + by_hand.n_bytes) / program.n_parameters


@dataclass(frozen=True, slots=True)
class _ByHand:
    """What the optimizers in plain Python keep and take: only their steps show it."""

    n_bytes: int = 0
    seconds: float = 0.0  # of a step


def _steps_by_hand(program: Program) -> _ByHand | None:
    """Make two steps of the optimizers in plain Python, if there are any; None where one fails."""
    n_bytes, seconds = 0, 0.0
    for each in program.by_hand:
        shapes = {name: program.parameters[name].shape for name in each.names}
        parameters, gradients = (
            {name: np.full(shape, value, program.dtype) for name, shape in shapes.items()}
            for value in (1e-2, 1e-3)
        )
        state: dict[str, Any] = {}
        try:
            with contained():
                update_by_hand(each.optimizer, parameters, gradients, state, 1, 1e-3)
                n_bytes += _array_bytes(state)
                clock = Clock()
                update_by_hand(each.optimizer, parameters, gradients, state, 2, 1e-3)
                seconds += clock.elapsed_s() + _TYPICAL_HAND_OVERHEAD_S
        except Interrupted:
            raise
        except BaseException:  # the trials will tell, each with the line of the plug-in
            return None
    return _ByHand(n_bytes, seconds)


def _array_bytes(value: object) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Mapping):
        value = list(value.values())
    return sum(map(_array_bytes, value)) if isinstance(value, list | tuple) else 0
