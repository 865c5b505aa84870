"""What is called slower, on machines made of random numbers: no clock has to be asked."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.records.gate import GateItem
from nnbench.studies.gate.sides import Side
from nnbench.studies.gate.speed.judging import COLD_FLOOR_S, COLD_MARGIN, FLOOR_S, Question
from nnbench.studies.gate.speed.timing import SCREENED, Course, time_in_pairs

BASE = Side("base", Path("base"), "python", "b", {})
HEAD = Side("head", Path("head"), "python", "h", {})
CALLS = [f"kernels:{name}" for name in ("dot", "relu", "conv", "pool")]
SLOW = CALLS[0]


class Machine:
    """Stands in for `Prober`: times scatter from process to process, and the head slows one call."""

    def __init__(
        self, seed: int, *, sd: float = 0.01, slow: float = 1.0, until: int = 10**9, call_s: float = 1e-3
    ) -> None:
        self.chance = np.random.default_rng(seed)
        self.random = np.random.default_rng(seed)
        self.sd, self.slow, self.until, self.call_s = sd, slow, until, call_s
        self.n_processes = 0
        self.started: list[str] = []

    def time(self, side: Side, calls: Sequence[str]) -> dict[str, Any]:
        self.n_processes += 1
        self.started.append(side.name)
        return {
            "calls": {call: self._answer(side, call) for call in calls},
            "imports_s": {"kernels": self._scattered(0.3)},
            "switches": 1,
            "stolen_s": 0.0,
        }

    def _scattered(self, seconds: float) -> float:
        return seconds * math.exp(self.random.normal(0.0, self.sd))

    def _answer(self, side: Side, call: str) -> dict[str, Any]:
        is_slow = side is HEAD and call == SLOW and self.n_processes <= self.until
        own_s = self._scattered(self.call_s * (self.slow if is_slow else 1.0))
        return {
            "samples_s": [own_s, 2 * own_s],
            "wall_s": [own_s],
            "cpu_s": [own_s],
            "first_s": 1.0,
            "instructions": None,
        }


def suite(machine: Any, **course: Any) -> dict[str, GateItem]:
    """Run one suite of four kernels; return its items by name."""
    calls = {call: Question(call, "speed", call, 0.03, FLOOR_S) for call in CALLS}
    imports = {"kernels": Question("import kernels", "compile", CALLS[0], COLD_MARGIN, COLD_FLOOR_S)}
    settings = {"is_over": lambda: False, "say": lambda line: None, **course}
    items = time_in_pairs(Course((BASE, HEAD), machine, **settings), calls, imports)
    assert len(items) == 5
    return {item.name: item for item in items}


def verdicts(machine: Machine) -> list[str]:
    return [item.verdict for item in suite(machine).values()]


@pytest.mark.parametrize("sd", [0.002, 0.01, 0.05, 0.3])
def test_unchanged_code_is_never_red(sd: float) -> None:
    called = [verdict for seed in range(40) for verdict in verdicts(Machine(seed, sd=sd))]

    assert called.count("regressed") == 0
    assert called.count("improved") <= 0.02 * len(called)


@pytest.mark.parametrize(("slow", "sd", "least"), [(1.10, 0.01, 40), (1.10, 0.02, 38), (1.05, 0.005, 38)])
def test_a_slower_kernel_is_called_and_no_other(slow: float, sd: float, least: int) -> None:
    suites = [suite(Machine(seed, sd=sd, slow=slow)) for seed in range(40)]

    assert sum(items[SLOW].verdict == "regressed" for items in suites) >= least
    assert not any(items[call].verdict == "regressed" for items in suites for call in CALLS[1:])


def test_what_only_screening_saw_is_not_red() -> None:
    items = suite(Machine(1, slow=1.2, until=2 * SCREENED))

    assert items[SLOW].verdict == "ok"


def test_a_regression_is_confirmed_by_new_pairs_alone() -> None:
    machine = Machine(2, slow=1.1)

    item = suite(machine)[SLOW]

    assert (item.verdict, item.n) == ("regressed", 8)
    assert item.ratio == pytest.approx(1.1, abs=0.02)
    assert machine.n_processes == 2 * SCREENED + 3 * 8
    assert float(item.evidence["base_again_ratio"]) == pytest.approx(1.0, abs=0.02)


def test_a_faster_kernel_is_an_improvement() -> None:
    assert suite(Machine(3, slow=0.8))[SLOW].verdict == "improved"


def test_less_than_the_floor_is_no_regression() -> None:
    item = suite(Machine(4, slow=1.5, call_s=300e-9))[SLOW]

    assert item.verdict == "ok"
    assert "less than 200 ns apart" in item.why


def test_each_order_is_followed_by_its_reverse() -> None:
    machine = Machine(5)

    suite(machine)

    pairs = [machine.started[place : place + 2] for place in range(0, 2 * SCREENED, 2)]
    assert all(pairs[place] == pairs[place + 1][::-1] for place in range(0, SCREENED, 2))
    assert len({tuple(pair) for pair in pairs[::2]}) == 2


def test_time_that_is_over_is_inconclusive_and_says_so() -> None:
    item = suite(Machine(6, slow=2.0), is_over=lambda: True)[SLOW]

    assert item.verdict == "inconclusive"
    assert "--budget" in item.why


def test_too_wide_a_scatter_is_inconclusive_with_the_smallest_visible_effect() -> None:
    item = suite(Machine(7, sd=0.3))[SLOW]

    assert item.verdict == "inconclusive"
    assert item.mde is not None
    assert item.mde > 0.2


class Bistable(Machine):
    """From the second half on, the processes of one arm in three meet a slower state of the machine."""

    def time(self, side: Side, calls: Sequence[str]) -> dict[str, Any]:
        answer = super().time(side, calls)
        if self.n_processes > 2 * SCREENED and side is BASE:
            self.n_bases = getattr(self, "n_bases", 0) + 1
            factor = 1.0 if self.n_bases % 2 else 1.08
            for call in answer["calls"].values():
                call["samples_s"] = [factor * each for each in call["samples_s"]]
        return answer


def test_a_base_that_differs_from_itself_as_much_is_no_regression() -> None:
    suites = [suite(Bistable(seed, slow=1.08)) for seed in range(20)]

    assert not any(items[SLOW].verdict == "regressed" for items in suites)


def test_a_call_that_fails_on_the_head_alone_is_a_crash() -> None:
    class Failing(Machine):
        def _answer(self, side: Side, call: str) -> dict[str, Any]:
            failed = {"error": "ValueError: no", "place": ["kernels.py", 3]}
            return failed if side is HEAD and call == SLOW else super()._answer(side, call)

    items = suite(Failing(8))

    assert items[SLOW].verdict == "crashed"
    assert items[SLOW].crashed_on_head
    assert items[SLOW].place == ("kernels.py", 3)
    assert items[CALLS[1]].verdict == "ok"
