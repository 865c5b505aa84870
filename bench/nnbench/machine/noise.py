"""How steady this machine is: how much the time of identical work varies, and who else takes the core."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnbench.machine.clock import Clock

# More than this and a difference of a few per cent between two measured times says little.
NOISY_SPREAD = 0.03
NOISY_LOST = 0.02

_BLOCK = bytes(1 << 16)  # its hash takes a tenth of a millisecond, in the first cache and without memory
_TICKS_PER_S = 100  # of /proc/stat, whatever the kernel's own rate


@dataclass(frozen=True, slots=True)
class Noise:
    """What a probe saw."""

    spread: float  # the middle half of the times is so wide, as a share of their median
    lost: float  # share of the time in which other programs had the core
    stolen: float  # share of all cores' time that went to other virtual machines
    n: int

    @property
    def is_noisy(self) -> bool:
        return self.spread > NOISY_SPREAD or self.lost + self.stolen > NOISY_LOST

    def __str__(self) -> str:
        """Return one line: quiet or noisy, with the numbers it is judged by."""
        word = "noisy" if self.is_noisy else "quiet"
        stolen = f", {100 * self.stolen:.1f} % to other virtual machines" if self.stolen else ""
        return (
            f"{word}: the middle half of {self.n:,} identical works differs by {100 * self.spread:.1f} %; "
            f"{100 * self.lost:.1f} % of the time went to other programs{stolen}"
        )


def probe(
    clock: Clock,
    *,
    seconds: float = 0.3,
    work: Callable[[], object] = lambda: hashlib.sha256(_BLOCK),
    root: Path = Path("/"),
) -> Noise:
    """Repeat the same work for ``seconds`` and see how steady it goes. ``root`` is where ``/proc`` lies."""
    times: list[float] = []
    stolen_before_s, busy_before_s = _stolen_s(root), clock.busy_s()
    began_s = ended_s = clock.elapsed_s()
    while ended_s - began_s < seconds or not times:
        before_s = ended_s
        work()
        ended_s = clock.elapsed_s()
        times.append(max(ended_s - before_s, clock.resolution_s))
    elapsed_s = max(ended_s - began_s, clock.resolution_s)
    low, median, high = np.quantile(times, (0.25, 0.5, 0.75))
    return Noise(
        spread=float((high - low) / median),
        lost=max(0.0, 1 - (clock.busy_s() - busy_before_s) / elapsed_s),
        stolen=min(1.0, max(0.0, _stolen_s(root) - stolen_before_s) / (elapsed_s * _cores(root))),
        n=len(times),
    )


def _cpu_lines(root: Path) -> list[list[str]]:
    try:
        text = (root / "proc/stat").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return []
    return [line.split() for line in text.splitlines() if line.startswith("cpu")]


def _stolen_s(root: Path) -> float:
    """Return the seconds that a hypervisor has given to others, over all cores; 0 where none are counted."""
    lines = _cpu_lines(root)
    return int(lines[0][8]) / _TICKS_PER_S if lines and len(lines[0]) > 8 else 0.0


def _cores(root: Path) -> int:
    return max(1, len(_cpu_lines(root)) - 1)
