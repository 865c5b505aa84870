"""All speed subjects of a gate: what runs the same code is skipped, the rest is timed, suspects twice."""

import itertools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnbench.plan.gate import SpeedSection
from nnbench.records.gate import GateItem
from nnbench.reporting import digits
from nnbench.statistics.comparing.non_inferiority import LEVEL
from nnbench.studies.gate.sides import Side
from nnbench.studies.gate.speed.duet import Failed, Record
from nnbench.studies.gate.speed.judging import COLD_FLOOR_S, COLD_MARGIN, FLOOR_S, Asked, Question
from nnbench.studies.gate.speed.process import Prober, idlest_cpus
from nnbench.studies.gate.speed.suites import judge_suite
from nnbench.studies.gate.speed.timing import Course, crashed, decided, imports_of, time_in_pairs

Answer = dict[str, Any]

COLD_PAIRS = 5
_COLD_SUSPECT = 1.1


@dataclass(frozen=True, slots=True)
class Subject:
    """A call of both sides: what the first process of each side found."""

    name: str
    call: str
    margin: float
    base: Answer
    head: Answer

    @property
    def module(self) -> str:
        return self.call.rpartition(":")[0]

    @property
    def question(self) -> Question:
        home = self.head.get("home")
        return Question(
            self.name, "speed", self.call, self.margin, FLOOR_S, (home[0], home[1]) if home else None
        )


def name_of(asked: SpeedSection) -> str:
    return asked.name or asked.call or asked.pytest or ""


def judge_speed(
    subjects: Sequence[SpeedSection],
    base: Side,
    head: Side,
    *,
    changed: Sequence[str],
    work: Path,
    is_over: Callable[[], bool],
    seed: int,
    say: Callable[[str], None],
) -> list[GateItem]:
    """Return the items of all speed subjects; ``changed`` are the files that differ and count."""
    if not subjects:
        return []
    cpus = idlest_cpus()
    prober = Prober(
        Path(tempfile.mkdtemp(prefix="speed-", dir=work)),
        cpus[0],
        np.random.Generator(np.random.Philox(seed)),
    )
    course = Course(
        (base, head),
        prober,
        is_over,
        say,
        has_other_files=any(not name.endswith(".py") and name != "pyproject.toml" for name in changed),
    )
    items, left = _started(course, prober, cpus, [each for each in subjects if each.call is not None])
    if left:
        timed = {each.call: each.question for each in left}
        items += time_in_pairs(course, timed, imports_of(timed)) + _compare_cold(course, prober, left)
    for each in subjects:
        items += judge_suite(course, prober, each, changed) if each.pytest is not None else []
    return items


# -- the first process of each side ---------------------------------------------------------------------


def _started(
    course: Course, prober: Prober, cpus: Sequence[int | None], asked: Sequence[SpeedSection]
) -> tuple[list[GateItem], list[Subject]]:
    """Start each call once on both sides; return the items that follow, and what has to be timed."""
    items: list[GateItem] = []
    left: list[Subject] = []
    modules = itertools.groupby(sorted(asked, key=lambda each: each.call or ""), key=_module)
    for module, members in modules:
        sections = {each.call or "": each for each in members}
        course.say(f"speed: {module}, {len(sections)} to start for the first time on either side")
        first = _first_of_both(course.sides, prober, cpus[:2], list(sections))
        facts = [answer.get("facts", {}) for answer in first]
        for call, section in sections.items():
            base, head = (answer["calls"][call] for answer in first)
            subject = Subject(name_of(section), call, section.margin, base, head)
            answered = _without_timing(subject, facts, may_be_same=not course.has_other_files)
            if answered is not None:
                items.append(answered)
            else:
                left.append(subject)
    return items, left


def _module(asked: SpeedSection) -> str:
    return (asked.call or "").rpartition(":")[0]


def _first_of_both(
    sides: Sequence[Side], prober: Prober, cpus: Sequence[int | None], calls: Sequence[str]
) -> list[Answer]:
    """Run the first process of both sides, at the same time where there are two CPUs."""
    with ThreadPoolExecutor(len(cpus)) as pool:
        started = [
            pool.submit(prober.cold, side, calls, prober.caches(side), cpus[place % len(cpus)])
            for place, side in enumerate(sides)
        ]
        return [each.result() for each in started]


def _without_timing(
    subject: Subject, facts: Sequence[Mapping[str, str]], *, may_be_same: bool
) -> GateItem | None:
    """Return the item of a subject that need not, or cannot, be timed."""
    base, head = subject.base, subject.head
    if "error" in head and "error" in base:
        why = f"it fails on both sides: {head['error']}"
        return GateItem(subject.name, "speed", "not_comparable", why, place=_place(head))
    if "error" in head:
        return crashed(subject.question, Failed("head", head["error"], _place(head)))
    if "error" in base:
        return GateItem(subject.name, "speed", "ok", "new, nothing to compare: the base has no such call")
    for name in facts[0].keys() & facts[1].keys():
        if facts[0][name] != facts[1][name]:
            why = f"{name} differs: {facts[0][name]} on the base, {facts[1][name]} on the head"
            return GateItem(subject.name, "speed", "not_comparable", why)
    if may_be_same and base["digest"] == head["digest"]:
        why = "identical machine code" if head["compiled"] else "identical code"
        return GateItem(subject.name, "speed", "ok", why, margin=subject.margin, same_bits=True)
    return None


def _place(answer: Answer) -> tuple[str, int] | None:
    place = answer.get("place")
    return (place[0], place[1]) if place else None


# -- the first call: compilation ------------------------------------------------------------------------


def _compare_cold(course: Course, prober: Prober, subjects: Sequence[Subject]) -> list[GateItem]:
    """Return the items of first calls: looked at once, and timed in pairs where they seem longer."""
    compiled = [each for each in subjects if max(_compile_s(each.base), _compile_s(each.head)) > COLD_FLOOR_S]
    suspects = [each for each in compiled if _seems_longer(each)]
    items = [_as_long(each) for each in compiled if each not in suspects]
    asked: dict[str, Asked] = {}
    for each in suspects:
        question = Question(f"first call of {each.name}", "compile", each.call, COLD_MARGIN, COLD_FLOOR_S)
        asked[each.call] = Asked(question, _cold_pairs(course, prober, each))
    return items + decided(asked, level=LEVEL, family=len(compiled))


def _compile_s(answer: Answer) -> float:
    return max(0.0, float(answer["first_s"]) - float(answer["again_s"]))


def _seems_longer(subject: Subject) -> bool:
    base_s, head_s = _compile_s(subject.base), _compile_s(subject.head)
    return head_s - base_s > COLD_FLOOR_S and head_s > _COLD_SUSPECT * base_s


def _as_long(subject: Subject) -> GateItem:
    times = " → ".join(digits.seconds(_compile_s(each)) for each in (subject.base, subject.head))
    why = f"{times}, seen once"
    return GateItem(f"first call of {subject.name}", "compile", "ok", why, n=1, margin=COLD_MARGIN)


def _cold_pairs(course: Course, prober: Prober, subject: Subject) -> Record:
    """Compile on either side in turns, in processes with empty caches."""
    course.say(f"speed: first call of {subject.name}, {COLD_PAIRS} pairs of processes with empty caches")
    record = Record()
    for pair in range(COLD_PAIRS):
        if course.is_over():
            break
        both = {}
        for side in course.sides if pair % 2 else course.sides[::-1]:
            with tempfile.TemporaryDirectory(dir=prober.work) as caches:
                answer = prober.cold(side, [subject.call], Path(caches), prober.cpu)
            both[side.name] = answer["calls"][subject.call]
        if not any("error" in each for each in both.values()):
            record.base_s.append(max(_compile_s(both["base"]), 1e-9))
            record.head_s.append(max(_compile_s(both["head"]), 1e-9))
    return record
