"""Runs the probes of a side, each in a fresh process of the side's own interpreter on one CPU."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nnbench.studies.gate.sides import Side
from nnbench.subjects.process import PINS

SAMPLE_S = 0.005
SAMPLES = 9
MOST_S = 0.4  # of one call in one process, beyond its first three samples
TIMEOUT_S = 300.0
_MOST_PADDING = 4096
_LOOK_S = 0.2

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prober:
    """Starts probes: where a side keeps what it compiles, which CPU they run on, and chance."""

    work: Path
    cpu: int | None
    chance: np.random.Generator

    def caches(self, side: Side) -> Path:
        """Return where a side keeps what it compiles while the gate runs."""
        return self.work / f"{side.name}-caches"

    def time(self, side: Side, calls: Sequence[str]) -> Answer:
        """Return the samples of the calls in one fresh process with warm caches."""
        return self._ask("probe", side, self.caches(side), calls, self.cpu)

    def cold(self, side: Side, calls: Sequence[str], caches: Path, cpu: int | None) -> Answer:
        """Return import, first call and digest of the calls of one module; the caches should be empty."""
        return self._ask("cold", side, caches, calls, cpu)

    def environment(self, side: Side, caches: Path) -> Mapping[str, str]:
        """Return what a process of this side has in its environment."""
        # How long the environment is moves the stack, and with it times by some per cent (Mytkowicz et al.
        # 2009, ASPLOS): a length by chance makes it noise that the pairs see, where it would be a bias.
        padding = "x" * int(self.chance.integers(_MOST_PADDING))
        # A gate that runs inside of pytest must not tell the pytest of a suite that it is a part of that.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name != "PYTHONHOME" and not name.startswith("PYTEST_")
        }
        own = {
            "NUMBA_CACHE_DIR": str(caches / "numba"),
            "NNKIT_CACHE_DIR": str(caches / "nnkit"),
            "NNBENCH_PADDING": padding,
        }
        named = {**kept, **PINS, **side.environment, **own}
        # Byte code is written, into a folder of this side's: else only one side would find some.
        named.pop("PYTHONDONTWRITEBYTECODE", None)
        return named

    def _ask(
        self, kind: Literal["probe", "cold"], side: Side, caches: Path, calls: Sequence[str], cpu: int | None
    ) -> Answer:
        request = {
            "caches": str(caches.resolve()),
            "folder": str(side.folder.resolve()),
            "calls": list(calls),
            "cpu": cpu,
            "sample_s": SAMPLE_S,
            "samples": SAMPLES,
            "most_s": MOST_S,
        }
        program = Path(__file__).with_name(f"{kind}.py")
        try:
            done = subprocess.run(
                [side.python, str(program)],
                input=json.dumps(request).encode(),
                capture_output=True,
                env=dict(self.environment(side, caches)),
                cwd=side.folder,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _all_failed(calls, f"it took more than {TIMEOUT_S / 60:.0f} minutes")
        with suppress(ValueError):
            return json.loads(done.stdout)  # type: ignore[no-any-return]
        said = [line for line in os.fsdecode(done.stderr).splitlines() if line.strip()]
        return _all_failed(
            calls, f"its process ended with {done.returncode}: {said[-1] if said else 'silently'}"
        )


def _all_failed(calls: Sequence[str], why: str) -> Answer:
    return {"calls": {call: {"error": why, "place": None} for call in calls}}


def idlest_cpus(sleep: Callable[[float], None] = time.sleep) -> list[int | None]:
    """Return the CPUs that may be used, the idlest first; ``[None]`` where none can be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return [None]
    allowed: list[int] = sorted(os.sched_getaffinity(0))
    before = _idle_ticks()
    sleep(_LOOK_S)
    after = _idle_ticks()
    # The first CPU gets most interrupts: of equals the last is taken.
    return [*sorted(allowed, key=lambda cpu: (before.get(cpu, 0) - after.get(cpu, 0), -cpu))]


def _idle_ticks() -> dict[int, int]:
    with suppress(OSError, ValueError, IndexError):
        lines = [line.split() for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()]
        return {int(line[0][3:]): int(line[4]) for line in lines if line[0][:3] == "cpu" and line[0] != "cpu"}
    return {}
