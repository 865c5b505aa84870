"""What slow-down this machine could see: pairs of fresh processes of the same work, for some ten seconds."""

import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from nnbench.machine.clock import Clock
from nnbench.statistics.comparing.duets import look_at_duets, smallest_visible
from nnbench.statistics.comparing.non_inferiority import LEVEL
from nnbench.studies.gate.sides import Side
from nnbench.studies.gate.speed.process import Answer, Prober, idlest_cpus

SECONDS = 10.0
MARGIN = 0.03
_LEAST = 8  # pairs, however long they take
_MOST = 64
_WORK = """\
def work():
    total = 0
    for number in range(20000):
        total += number & 3
    return total
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What pairs of processes that did the same work differed by."""

    n: int  # pairs
    within: float  # relative standard deviation of the samples of one process
    between: float  # standard deviation of the log ratio of two processes
    stolen: float  # share of the time that went to other virtual machines
    switches: float  # in a process, on average: how often the CPU was taken from it
    facts: tuple[str, ...]

    def smallest_visible(self, n_pairs: int) -> float:
        """Return the slow-down that ``n_pairs`` would call in half of all cases."""
        return smallest_visible(self.between, n_pairs, MARGIN, level=LEVEL)

    @property
    def in_words(self) -> str:
        share = self.smallest_visible(16)
        if share <= 0.05:
            return "good: a kernel that is 5 % slower would be called"
        if share <= 0.10:
            return "fair: 10 % would be called, 5 % would often be inconclusive"
        return (
            "poor: most of what is below 10 % would be inconclusive; close what runs beside, or go elsewhere"
        )


def see(clock: Clock, *, seconds: float = SECONDS, root: Path = Path("/")) -> Seen:
    """Run pairs of the same work for about ``seconds``, at least eight."""
    began_s = clock.elapsed_s()
    with tempfile.TemporaryDirectory(prefix="nnbench-noise-") as name:
        folder = Path(name)
        (folder / "nnbench_work.py").write_text(_WORK, encoding="utf-8")
        side = Side("base", folder, sys.executable, "", {"PYTHONPATH": name})
        cpu = idlest_cpus()[0]
        prober = Prober(folder, cpu, np.random.Generator(np.random.Philox(0)))
        answers: list[Answer] = []
        while len(answers) < 2 * _MOST and (
            len(answers) < 2 * _LEAST or clock.elapsed_s() - began_s < seconds or len(answers) % 2
        ):
            answers.append(prober.time(side, ["nnbench_work:work"]))
    took_s = max(clock.elapsed_s() - began_s, 1e-9)
    return _seen(answers, took_s, facts(root, cpu))


def _seen(answers: list[Answer], took_s: float, found: tuple[str, ...]) -> Seen:
    samples = [np.array(each["calls"]["nnbench_work:work"]["samples_s"]) for each in answers]
    best = np.log([each.min() for each in samples])
    ratios = best[1::2] - best[::2]
    return Seen(
        n=len(ratios),
        within=float(np.median([each.std(ddof=1) / each.mean() for each in samples])),
        between=look_at_duets(ratios, margin=MARGIN).sd,
        stolen=sum(each["stolen_s"] for each in answers) / took_s,
        switches=mean(each["switches"] for each in answers),
        facts=found,
    )


def facts(root: Path, cpu: int | None) -> tuple[str, ...]:
    """Return what Linux tells of frequencies and of threads that share a core, if anything."""
    system = root / "sys/devices/system/cpu"
    found = []
    if governor := _read(system / f"cpu{cpu or 0}/cpufreq/scaling_governor"):
        found.append(f"frequency governor {governor}")
    # Intel's driver says that there is none, the others' that there is one.
    has_turbo = {"0": True, "1": False}.get(_read(system / "intel_pstate/no_turbo") or "")
    if has_turbo is None:
        has_turbo = {"0": False, "1": True}.get(_read(system / "cpufreq/boost") or "")
    if has_turbo is not None:
        found.append("turbo on: the frequency follows the heat" if has_turbo else "turbo off")
    if smt := _read(system / "smt/active"):
        found.append("two threads share a core" if smt == "1" else "no threads share a core")
    if "hypervisor" in (_read(root / "proc/cpuinfo") or ""):
        found.append("a virtual machine")
    return tuple(found)


def _read(path: Path) -> str | None:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return None
