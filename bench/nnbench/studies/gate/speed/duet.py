"""Pairs of fresh processes, one after the other on one CPU, in an order that chance picks."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from nnbench.studies.gate.sides import Side

Answer = dict[str, Any]


class Timer(Protocol):
    """What times calls in a fresh process of a side."""

    @property
    def chance(self) -> np.random.Generator: ...

    def time(self, side: Side, calls: Sequence[str]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that raised, or a process that died."""

    side: Literal["base", "head"]
    why: str
    place: tuple[str, int] | None


@dataclass(slots=True)
class Record:
    """What one call took in the pairs so far; the best sample of each process, in seconds."""

    base_s: list[float] = field(default_factory=list)
    head_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)  # the base once more: the control
    beside: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # base and head

    @property
    def log_ratios(self) -> list[float]:
        return _log_ratios(self.base_s, self.head_s)

    @property
    def log_ratios_to_control(self) -> list[float]:
        return _log_ratios(self.again_s, self.head_s)

    @property
    def control(self) -> list[float]:
        return _log_ratios(self.base_s, self.again_s)


@dataclass(slots=True)
class Duets:
    """Everything that pairs have found: by call, by module the time of its import, and what failed."""

    calls: dict[str, Record] = field(default_factory=dict)
    imports: dict[str, Record] = field(default_factory=dict)
    failed: dict[str, Failed] = field(default_factory=dict)
    n: int = 0


def play(
    duets: Duets,
    calls: Sequence[str],
    sides: tuple[Side, Side],
    timer: Timer,
    *,
    n_pairs: int,
    has_control: bool,
    is_over: Callable[[], bool],
) -> None:
    """Add pairs until there are ``n_pairs`` of them, or until it is over."""
    base, head = sides
    arms: dict[str, Side] = {"base": base, "head": head}
    if has_control:
        arms["again"] = base
    forward: list[str] = []
    while duets.n < n_pairs and not is_over():
        # Each order is followed by its reverse: ABBA or BAAB, so that a drift of the machine cancels out.
        forward = forward[::-1] if duets.n % 2 else [str(arm) for arm in timer.chance.permutation(list(arms))]
        answers = {arm: timer.time(arms[arm], calls) for arm in forward}
        _add(duets, calls, answers)


def _add(duets: Duets, calls: Sequence[str], answers: Mapping[str, Answer]) -> None:
    duets.n += 1
    for call in calls:
        found = {arm: answer["calls"][call] for arm, answer in answers.items()}
        broken = next(((arm, each) for arm, each in found.items() if "error" in each), None)
        if broken is not None:
            arm, each = broken
            duets.failed.setdefault(
                call, Failed("head" if arm == "head" else "base", each["error"], _place(each))
            )
            continue
        record = duets.calls.setdefault(call, Record())
        _append(record, {arm: min(each["samples_s"]) for arm, each in found.items()})
        for name, value in _beside(answers, found).items():
            record.beside.setdefault(name, []).append(value)
    modules = [answer.get("imports_s", {}) for answer in answers.values()]
    for module in set.intersection(*map(set, modules)) if modules else ():
        record = duets.imports.setdefault(module, Record())
        _append(record, {arm: answer["imports_s"][module] for arm, answer in answers.items()})


def _append(record: Record, seconds: Mapping[str, float]) -> None:
    record.base_s.append(seconds["base"])
    record.head_s.append(seconds["head"])
    if "again" in seconds:
        record.again_s.append(seconds["again"])


def _beside(answers: Mapping[str, Answer], found: Mapping[str, Answer]) -> dict[str, tuple[float, float]]:
    """Return what is shown beside the times, of the base and of the head."""

    def both(read: Callable[[str], float]) -> tuple[float, float]:
        return read("base"), read("head")

    beside = {
        "wall": both(lambda arm: min(found[arm]["wall_s"])),
        "cpu": both(lambda arm: min(found[arm]["cpu_s"])),
        "first": both(lambda arm: found[arm]["first_s"]),
        "switches": both(lambda arm: answers[arm]["switches"]),
        "stolen": both(lambda arm: answers[arm]["stolen_s"]),
    }
    if all(found[arm]["instructions"] for arm in ("base", "head")):
        beside["instructions"] = both(lambda arm: found[arm]["instructions"])
    return beside


def _place(answer: Answer) -> tuple[str, int] | None:
    place = answer.get("place")
    return (place[0], place[1]) if place else None


def _log_ratios(below: Sequence[float], above: Sequence[float]) -> list[float]:
    return [math.log(b / a) for a, b in zip(below, above, strict=True)]
