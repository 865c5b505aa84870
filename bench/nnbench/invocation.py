"""What the verbs that train share: the workplace of their trials, and how they speak of themselves."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nnbench import experiment, point_search, tune
from nnbench.clock import Clock
from nnbench.errors import UsageError
from nnbench.point_plan import PointPlan
from nnbench.progress import Progress, duration, note, progress_on
from nnbench.records import RunRecord
from nnbench.reporting.digits import counted
from nnbench.runner import stopped_by_signals
from nnbench.settings import Settings
from nnbench.stopping import Stop
from nnbench.store import Store
from nnbench.tune_plan import TunePlan

SOME_TRIALS_FAILED, INTERRUPTED = 3, 130


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where trials are recorded, who hears of them, and who may stop them."""

    store: Store
    clock: Clock
    progress: Progress
    stop: Stop


@contextmanager
def workplace(chosen: Settings) -> Iterator[Workplace]:
    """Open the store to write, listen to Ctrl-C, and show progress while the block runs."""
    clock, stop = Clock(), Stop()
    with (
        Store.open(chosen.store, create=True) as store,
        stopped_by_signals(stop),
        progress_on(
            sys.stderr, clock, quiet=chosen.quiet, color=chosen.color, budget_s=chosen.budget_s
        ) as told,
    ):
        yield Workplace(store, clock, told, stop)


def search(asked: TunePlan | PointPlan) -> RunRecord | None:
    """Search learning rates, or more; return None where that was interrupted."""
    # Before the store is touched: a model that cannot be built writes nothing.
    facts = experiment.facts_of(asked.plan)
    with workplace(asked.plan.settings) as around:
        if isinstance(asked, PointPlan):
            carry_out = partial(point_search.carry_out, asked)
        else:
            carry_out = partial(tune.carry_out, asked)
        return carry_out(
            facts,
            around.store,
            command=command_line(),
            clock=around.clock,
            progress=around.progress,
            stop=around.stop,
        )


def interrupted() -> int:
    """Say that a search was interrupted, and return the exit code."""
    note("interrupted: every finished trial is kept. The same command goes on from here.")
    return INTERRUPTED


def summary(run: RunRecord) -> str:
    """Return what the run did and how fast, without the seconds in which kernels were compiled or loaded."""
    warm_s = float(run.environment.get("warm_up_s", 0.0))
    train_s = run.elapsed_s - warm_s
    rate = f" ({run.n_new / train_s:.0f} per second)" if run.n_new and train_s > 0 else ""
    warm = f", after {duration(warm_s)} of warming up" if warm_s >= 1.0 else ""
    trained = f"{counted(run.n_new, 'trial')} run in {duration(train_s)}{rate}{warm}"
    return f"{trained}, {run.n_cached:,} from the store; run {run.run}"


def command_line() -> str:
    """Return the command as it can be pasted into a shell."""
    return shlex.join(["nnbench", *sys.argv[1:]])


def one_name(jobs: str | None, threads: str | None) -> str | None:
    if jobs is not None and threads is not None:
        raise UsageError("--threads is another name for --jobs. Give one of them.")
    return jobs or threads


def report_folder(report: str | None) -> Path | None:
    if report is None:
        return None
    if not report or Path(report).is_file():
        raise UsageError(f"--report {report!r}: expected a folder. The report goes into a file in it.")
    return Path(report)
