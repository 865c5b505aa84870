"""Compiling the kernels of a run in two processes: numba holds one lock per process, so threads do not help.

This process compiles the missing kernels from the first on, the other from the last on, and each finds in
the kernel pack what the other has finished. Wherever they meet, all is compiled. The other process is only a
help: if it cannot start or fails, this one compiles everything.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from nnbench.machine.environment import usable_cores
from nnbench.plan import described
from nnbench.plan.matrix import TrialSpec
from nnbench.training.program import needed_entries
from nnkit.jit import Entry

# Another process takes a second until it compiles its first kernel; fewer are done by then.
_WORTH_A_PROCESS = 6

Needed = Sequence[tuple[Entry, str]]  # entries with the type that each is compiled for


def warm_up(
    trials: Sequence[TrialSpec], progress: Callable[[int, int, str], None], *, probes: bool = False
) -> None:
    """Compile or load every kernel that the trials need; ``progress(done, total, name)`` before each."""
    compile_all(needed_entries(trials, probes=probes), trials, progress)


def compile_all(
    needed: Needed, trials: Sequence[TrialSpec], progress: Callable[[int, int, str], None]
) -> None:
    """Compile or load every needed entry; ``trials`` tell the other process what to build them from."""
    n_missing = sum(not entry.is_ready(dtype) for entry, dtype in needed)
    with _help(trials) if n_missing >= _WORTH_A_PROCESS and usable_cores() > 1 else _alone():
        for index, (entry, dtype) in enumerate(needed):
            progress(index, len(needed), entry.name)
            entry.address(dtype)
    progress(len(needed), len(needed), "")


@contextmanager
def _alone() -> Iterator[None]:
    yield


@contextmanager
def _help(trials: Sequence[TrialSpec]) -> Iterator[None]:
    command = [sys.executable, "-m", "nnbench.training.precompile"]
    asked = described.to_text(trials)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        yield
        return
    try:
        assert process.stdin is not None
        with process.stdin as stream:
            stream.write(asked)
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Compile what the trials on standard input need, from the last kernel on."""
    trials = described.from_text(sys.stdin.read())
    for entry, dtype in reversed(needed_entries(trials)):
        entry.address(dtype)


if __name__ == "__main__":
    main()
