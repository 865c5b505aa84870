"""How the verbs that train speak of themselves, and what they end with."""

import shlex
import sys

from nnbench.errors import UsageError
from nnbench.records.trials import RunRecord
from nnbench.reporting.digits import counted
from nnbench.terminal.progress import duration, note

SOME_TRIALS_FAILED, INTERRUPTED = 3, 130


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
