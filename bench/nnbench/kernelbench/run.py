"""One invocation of ``nnbench kernels``: which trials it looks at, and everything that is measured for it."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nnbench.cases import catalogue
from nnbench.errors import NothingMeasured
from nnbench.kernelbench import blas
from nnbench.kernelbench import timing as kernelbench
from nnbench.kernelbench.peers import numpy_kernels as kernel_peers
from nnbench.kernelbench.peers import torch_kernels as torch_peers
from nnbench.kernelbench.timing import Side
from nnbench.kernelbench.uses import Use, uses_of
from nnbench.machine import environment, noise
from nnbench.machine.clock import Clock
from nnbench.plan import request
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import Settings
from nnbench.plan.subjects import native_only
from nnbench.records.kernels import KernelRecord, KernelRun
from nnbench.terminal.progress import duration, note, progress_on
from nnbench.training import precompile
from nnkit import pack
from nnkit.errors import EnvironmentProblem
from nnkit.insight import roofline
from nnkit.insight.roofline import Roofline

_SECONDS_EACH = 0.04
# Looks at the roofline behind the first one, half a second each.
_LOOKS = 3


def plan(arguments: Sequence[str], given: Mapping[str, object]) -> tuple[list[TrialSpec], Settings]:
    """Return what these cases would train; without any, all built-in ones whose data are here."""
    if arguments:
        asked = request.make_plan(arguments, given, environment=os.environ, folder=Path.cwd())
        native_only([part.case for part in asked.matrix.parts], "kernels")
        return asked.matrix.trials(), asked.settings
    plans, absent = [], []
    axes = {name for name in ("activation", "norm") if given[name] is not None}
    for entry in catalogue.built_in():
        if not axes <= catalogue.used_axes(catalogue.case_named(entry.name)):
            continue
        try:
            plans.append(request.make_plan([entry.name], given, environment=os.environ, folder=Path.cwd()))
        except EnvironmentProblem:
            absent.append(entry.name)
    if absent:
        names = ", ".join(absent)
        note(
            f"left out, for their data are not here: {names}. See `nnbench data`.", quiet=bool(given["quiet"])
        )
    if not plans:
        raise NothingMeasured("no case is left to measure. Name one: `nnbench list cases`.")
    return [each for asked in plans for each in asked.matrix.trials()], plans[0].settings


def carry_out(
    trials: Sequence[TrialSpec], chosen: Settings, *, versus: str, seconds: float | None
) -> KernelRun:
    """Measure the machine and every kernel of the trials."""
    clock = Clock()
    with _sides(versus) as (sides, peers):
        uses = uses_of(trials)
        with progress_on(sys.stderr, clock, quiet=chosen.quiet, color=chosen.color) as told:
            precompile.warm_up(trials, told.compiling)
        total_s = _SECONDS_EACH * len(uses) if seconds is None else seconds
        note(f"measuring {len(uses)} kernels, about {duration(total_s)}", quiet=chosen.quiet)
        steadiness = noise.probe(clock)
        roof, measured = _in_turns(uses, sides, chosen.dtype, clock, seconds=total_s)
        roof, kernels = kernelbench.under(roof, measured)
    return KernelRun(
        dtype=chosen.dtype,
        environment=environment.machine() | {"cpu_make": environment.cpu_make(), "code_for": pack.cpu()[0]},
        peers=peers,
        peak_flops_s=roof.flops_s,
        levels=roof.levels,
        noise=str(steadiness),
        kernels=kernels,
    )


def _in_turns(
    uses: Sequence[Use], sides: Sequence[Side], dtype: str, clock: Clock, *, seconds: float
) -> tuple[Roofline, list[KernelRecord]]:
    """Measure the roofline before, between and after the kernels: the clock of a core changes meanwhile."""
    roof, found = roofline.measure(dtype), []
    looks = {len(uses) * look // _LOOKS for look in range(1, _LOOKS + 1)}
    for record in kernelbench.measure(uses, roof, sides, clock, seconds=seconds):
        found.append(record)
        if len(found) in looks:
            roof = roof.best(roofline.measure(dtype))
    return roof, found


@contextmanager
def _sides(versus: str) -> Iterator[tuple[list[Side], dict[str, str]]]:
    """Yield the sides beside ours, each on one thread, and what to call them."""
    with blas.one_thread():
        sides, names = [Side("numpy", kernel_peers.PEERS)], {"numpy": blas.describe()}
        if versus != "torch":
            yield sides, names
            return
        with torch_peers.torch_on_one_thread() as torch:
            sides.append(Side("torch", torch_peers.peers(torch), torch_peers.tensor))
            yield sides, names | {"torch": f"PyTorch {torch.__version__}"}
