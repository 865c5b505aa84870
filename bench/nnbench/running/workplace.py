"""What trials are run with: the store, the clock, progress on stderr, and the signal to stop."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nnbench.machine.clock import Clock
from nnbench.machine.foreign import contained
from nnbench.machine.stopping import Stop
from nnbench.plan.settings import Settings
from nnbench.running.runner import stopped_by_signals
from nnbench.running.subject_trials import SubjectPool
from nnbench.store import Store
from nnbench.terminal.progress import Progress, progress_on
from nnbench.terminal.session import command_line


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where trials are recorded, what is told of them, what stops them, and the command that asked."""

    store: Store
    clock: Clock
    progress: Progress
    stop: Stop
    command: str
    subjects: SubjectPool = field(default_factory=SubjectPool)


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
        contained(),
        SubjectPool() as subjects,
    ):
        yield Workplace(store, clock, told, stop, command_line(), subjects)
