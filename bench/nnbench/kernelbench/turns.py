"""Times of works that take turns: short rounds in random order, so that all of them meet the same noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnbench.machine.clock import Clock

# Does its work at least so many times, and returns how many times it did.
Work = Callable[[int], int]
Times = NDArray[np.float64]

# Many short rounds: another program that takes the core for a few milliseconds changes only a few of them.
MOST_ROUNDS, LEAST_ROUNDS = 41, 5
_GROWTH = 4  # from one attempt to find the length of a round to the next


@dataclass(frozen=True, slots=True)
class _Round:
    """How often a work is done in one of its rounds, and how long that takes."""

    n_calls: int
    expected_s: float


def take_turns(works: Sequence[Work], clock: Clock, *, seconds: float) -> Times:
    """Return the seconds per call of each work in each round, of shape (rounds, works).

    All rounds together take about ``seconds``, unless that is too short for the least number of rounds.
    """
    round_s = seconds / (MOST_ROUNDS * len(works))
    found = [_round_of(work, clock, round_s) for work in works]
    fitting = round(seconds / sum(each.expected_s for each in found))
    n_rounds = max(LEAST_ROUNDS, min(MOST_ROUNDS, fitting))
    times = np.empty((n_rounds, len(works)))
    rng = np.random.Generator(np.random.PCG64(0))
    for row in times:
        for turn in rng.permutation(len(works)):
            row[turn] = _seconds_per_call(works[turn], clock, found[turn].n_calls)
    return times


def _round_of(work: Work, clock: Clock, round_s: float) -> _Round:
    """Find how many calls fill a round. The first call warms the caches up, and does not count."""
    work(1)
    n_calls = 1
    while (spent_s := n_calls * _seconds_per_call(work, clock, n_calls)) < round_s / _GROWTH:
        n_calls *= _GROWTH
    fitting = max(1, round(n_calls * round_s / spent_s))
    return _Round(fitting, fitting * spent_s / n_calls)


def _seconds_per_call(work: Work, clock: Clock, n_calls: int) -> float:
    began_s = clock.elapsed_s()
    n_done = work(n_calls)
    # What the clock cannot see took no more than its resolution, and a figure of 0 s would be no figure.
    return max(clock.elapsed_s() - began_s, clock.resolution_s) / n_done
