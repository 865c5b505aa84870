"""Ratios that survive a noisy machine: both sides in one run, taking turns, medians of short rounds.

Seconds are the CPU time of this process, all threads together: what other programs take of the core in the
middle of a round is not counted, and a peer that keeps two cores busy has used both.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times longer the peer takes: median over rounds, with quartiles."""

    median: float
    low: float
    high: float
    ours_s: float
    theirs_s: float
    n: int

    def times(self, n_ours: int) -> "Ratio":
        """Return the ratio for one piece of our work, where each of our calls did ``n_ours`` of them."""
        return Ratio(
            n_ours * self.median, n_ours * self.low, n_ours * self.high,
            self.ours_s / n_ours, self.theirs_s, self.n,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.median:.2f}x [{self.low:.2f}, {self.high:.2f}] (n = {self.n})"


def interleave(ours: Work, theirs: Work, *, rounds: int = 101, round_s: float = 0.005) -> Ratio:
    """Time rounds of both sides in random ABBA order; a round lasts about ``round_s``."""
    calls = [_calls_for(work, round_s) for work in (ours, theirs)]
    seconds = np.empty((rounds, 2))
    rng = np.random.Generator(np.random.PCG64(0))
    for round_index in range(rounds):
        for side in rng.permutation(2):
            seconds[round_index, side] = _time(ours if side == 0 else theirs, calls[side])
    ratios = seconds[:, 1] / seconds[:, 0]
    low, median, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    ours_s, theirs_s = np.median(seconds, axis=0)
    return Ratio(float(median), float(low), float(high), float(ours_s), float(theirs_s), rounds)


def _calls_for(work: Work, round_s: float) -> int:
    work()
    n = 1
    while (spent := _time(work, n) * n) < round_s / 4:
        n *= 4
    return max(1, round(n * round_s / spent))


def _time(work: Work, n: int) -> float:
    """Return the seconds per call of ``n`` calls."""
    began = time.process_time()
    for _ in range(n):
        work()
    return max(time.process_time() - began, 1e-9) / n
