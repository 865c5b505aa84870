"""Warm calls timed in pairs: all of them screened, those that are not cleared confirmed in new processes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nnbench.records.gate import GateItem
from nnbench.statistics.comparing.non_inferiority import LEVEL, spent
from nnbench.studies.gate.sides import Side
from nnbench.studies.gate.speed.duet import Duets, Failed, Record, Timer, play
from nnbench.studies.gate.speed.judging import (
    COLD_FLOOR_S,
    COLD_MARGIN,
    Asked,
    Finding,
    Question,
    item,
    judge,
    why_of,
)

SCREENED = 8  # pairs
CONFIRMED = (8, 16)  # further pairs: two looks
_SUSPECT = 0.05  # one-sided, that the head is slower at all
_LEAST = 3  # pairs; of fewer nothing is said


@dataclass(frozen=True, slots=True)
class Course:
    """What stays the same while the subjects of one gate are timed."""

    sides: tuple[Side, Side]
    timer: Timer
    is_over: Callable[[], bool]
    say: Callable[[str], None]
    has_other_files: bool = False  # some differ that no digest of code knows of


def imports_of(calls: Mapping[str, Question]) -> dict[str, Question]:
    """Return the question after the import of each module, by the module; any call of it answers."""
    return {
        call.rpartition(":")[0]: Question(
            f"import {call.rpartition(':')[0]}", "compile", call, COLD_MARGIN, COLD_FLOOR_S
        )
        for call in calls
    }


def time_in_pairs(
    course: Course, calls: Mapping[str, Question], imports: Mapping[str, Question]
) -> list[GateItem]:
    """Return an item for each question."""
    course.say(f"speed: {len(calls)} to time, {SCREENED} pairs of processes")
    duets = Duets()
    _play(course, duets, [*calls.values()], SCREENED, has_control=False)
    items = [crashed(calls[call], failed) for call, failed in duets.failed.items()]
    questions = {key: each for key, each in {**calls, **imports}.items() if key not in duets.failed}
    asked = _answered_by(duets, questions)
    if duets.n < _LEAST:
        return items + [_too_early(each, duets.n) for each in questions.values()]
    families = {kind: sum(q.family == kind for q in questions.values()) for kind in ("speed", "compile")}
    found = _judge(asked, LEVEL, families)
    left = {key: each for key, each in asked.items() if _is_suspect(found[key], each.question)}
    items += [_item(asked[key], found[key]) for key in asked if key not in left]
    return items + _confirmed(course, left, found, families)


def _confirmed(
    course: Course, left: dict[str, Asked], found: dict[str, Finding], families: Mapping[str, int]
) -> list[GateItem]:
    """Return the items of what screening did not clear, from new pairs alone."""
    items: list[GateItem] = []
    duets = Duets()
    for n_pairs, level in zip(CONFIRMED, spent(LEVEL, CONFIRMED), strict=True):
        if not left or course.is_over():
            break
        course.say(f"speed: {len(left)} not cleared, {n_pairs - duets.n} new pairs")
        _play(course, duets, [each.question for each in left.values()], n_pairs, has_control=True)
        items += [
            crashed(each.question, duets.failed[key]) for key, each in left.items() if key in duets.failed
        ]
        left = {key: each for key, each in left.items() if each.question.call not in duets.failed}
        if duets.n < _LEAST:
            break
        left = _answered_by(duets, {key: each.question for key, each in left.items()})
        found = _judge(left, level, families)
        items += [_item(left[key], found[key], confirmed=True) for key in left if _is_final(found[key])]
        left = {key: each for key, each in left.items() if not _is_final(found[key])}
    # What only screening saw is no regression yet.
    return items + [_item(each, replace(found[key], verdict="inconclusive")) for key, each in left.items()]


def _play(
    course: Course, duets: Duets, questions: Sequence[Question], n_pairs: int, *, has_control: bool
) -> None:
    calls = list(dict.fromkeys(each.call for each in questions))
    play(
        duets,
        calls,
        course.sides,
        course.timer,
        n_pairs=n_pairs,
        has_control=has_control,
        is_over=course.is_over,
    )


def _answered_by(duets: Duets, questions: Mapping[str, Question]) -> dict[str, Asked]:
    records = {**duets.calls, **duets.imports}
    return {key: Asked(question, records.get(key, Record())) for key, question in questions.items()}


def _judge(asked: Mapping[str, Asked], level: float, families: Mapping[str, int]) -> dict[str, Finding]:
    """Judge each family by itself: a slower import is no reason to doubt a slower call."""
    found: dict[str, Finding] = {}
    for kind, size in families.items():
        members = {key: each for key, each in asked.items() if each.question.family == kind}
        found |= judge(members, level=level, family=size)
    return found


def _is_suspect(found: Finding, question: Question) -> bool:
    """True where the head seems slower; what is only unclear would be as unclear in new pairs."""
    look = found.look
    is_slower = look.ratio > 1.0 + 0.5 * question.margin and look.p_above_one <= _SUSPECT
    return found.verdict not in ("ok", "improved") and is_slower


def _is_final(found: Finding) -> bool:
    return found.verdict != "inconclusive"


def _item(asked: Asked, found: Finding, *, confirmed: bool = False) -> GateItem:
    return item(asked, found, why_of(asked, found, confirmed=confirmed))


def _too_early(question: Question, n: int) -> GateItem:
    why = f"the time was over after {n} pairs of processes; give it more: --budget 5m"
    return GateItem(question.name, question.family, "inconclusive", why, n=n, margin=question.margin)


def decided(asked: Mapping[str, Asked], *, level: float, family: int) -> list[GateItem]:
    """Return the items of questions whose pairs are all there."""
    early = [
        _too_early(each.question, len(each.record.base_s))
        for each in asked.values()
        if len(each.record.base_s) < _LEAST
    ]
    ready = {key: each for key, each in asked.items() if len(each.record.base_s) >= _LEAST}
    found = judge(ready, level=level, family=family)
    return early + [_item(ready[key], found[key], confirmed=True) for key in ready]


def crashed(question: Question, failed: Failed) -> GateItem:
    """Return the item of a call that fails where it did not before."""
    return GateItem(
        question.name,
        question.family,
        "crashed",
        f"on the {failed.side}: {failed.why}",
        margin=question.margin,
        place=failed.place,
        crashed_on_head=failed.side == "head",
    )
