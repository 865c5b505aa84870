"""Commands of the tool as processes of their own: seconds, and the memory at its peak."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# A small process between: what a child's peak counts begins with the memory of the process that starts it.
_WATCH = """
import os, subprocess, sys, time
began = time.perf_counter()
with open(os.devnull, "w") as nothing:
    child = subprocess.Popen(sys.argv[1:], stdout=nothing, stderr=subprocess.PIPE, text=True)
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
if status:
    sys.exit(said or status)
print(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command took: seconds on all cores, seconds on the clock, bytes of memory at its peak."""

    cpu_s: float
    elapsed_s: float
    peak_bytes: int

    def __str__(self) -> str:
        return f"{self.cpu_s:.2f} s, {self.peak_bytes / 1e6:.0f} MB (n = 1)"


def measured(command: Sequence[str], folder: Path, *, cache: Path | None = None) -> Spent:
    """Run ``nnbench`` with these words in ``folder``; ``cache`` is where its kernels are kept."""
    words = [sys.executable, "-c", _WATCH, sys.executable, "-m", "nnbench", *command]
    environment = _environment() | ({"NNKIT_CACHE_DIR": str(cache)} if cache else {})
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, env=environment)
    if done.returncode:
        raise RuntimeError(f"nnbench {' '.join(command)[:200]}: {done.stderr.strip()[-400:]}")
    cpu_s, elapsed_s, kilobytes = done.stdout.split()
    return Spent(float(cpu_s), float(elapsed_s), int(kilobytes) * (1 if sys.platform == "darwin" else 1024))


def _environment() -> dict[str, str]:
    """Return this process's, in which the paths of its modules hold from any folder."""
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(each).resolve()) for each in named)}
