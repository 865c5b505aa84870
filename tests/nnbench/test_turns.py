"""Works that take turns: figures per call, rounds that fit the time, and an order that favours nobody."""

import numpy as np
import pytest

from nnbench.kernelbench.turns import LEAST_ROUNDS, MOST_ROUNDS, Work, take_turns
from tests.nnbench.slow_clock import SlowClock


def taking(call_s: float, clock: SlowClock, *, at_a_time: int = 1, log: list[float] | None = None) -> Work:
    """Return a work whose every call takes so long, done in whole handfuls."""

    def work(n_calls: int) -> int:
        n_done = -(-n_calls // at_a_time) * at_a_time
        clock.spend(call_s * n_done)
        if log is not None:
            log.append(call_s)
        return n_done

    return work


def test_times_are_those_of_one_call() -> None:
    """However many calls make a round, and whether they come one by one or sixty-four at a time."""
    clock = SlowClock()

    times = take_turns([taking(2e-7, clock, at_a_time=64), taking(5e-6, clock)], clock, seconds=0.05)

    assert times.shape == (MOST_ROUNDS, 2)
    assert times[:, 0] == pytest.approx(np.full(MOST_ROUNDS, 2e-7))
    assert times[:, 1] == pytest.approx(np.full(MOST_ROUNDS, 5e-6))


@pytest.mark.parametrize("call_s", [1e-8, 1e-6, 1e-3])
def test_the_time_that_is_given_is_kept(call_s: float) -> None:
    clock = SlowClock()

    take_turns([taking(call_s, clock), taking(3 * call_s, clock)], clock, seconds=0.5)

    assert 0.3 < clock.now_s < 1.0


def test_a_work_that_is_too_long_gets_the_least_number_of_rounds() -> None:
    clock = SlowClock()

    times = take_turns([taking(1.0, clock), taking(1e-6, clock)], clock, seconds=0.05)

    assert len(times) == LEAST_ROUNDS


def test_turns_change() -> None:
    """Neither side always goes first: what the first leaves in the caches would help the second."""
    clock, log = SlowClock(), list[float]()

    take_turns([taking(0.5, clock, log=log), taking(0.25, clock, log=log)], clock, seconds=30.0)

    pairs = [tuple(log[i : i + 2]) for i in range(len(log) - 2 * 20, len(log), 2)]
    assert {(0.5, 0.25), (0.25, 0.5)} <= set(pairs)


def test_no_figure_is_below_what_the_clock_can_tell() -> None:
    """A work that takes no time at all is said to take the clock's resolution, shared by its calls."""
    clock = SlowClock(resolution_s=1e-6)
    calls: list[int] = []

    def nothing(n_calls: int) -> int:
        calls.append(n_calls)
        return n_calls

    times = take_turns([nothing], clock, seconds=1e-5)

    assert (times == 1e-6 / calls[-1]).all()
