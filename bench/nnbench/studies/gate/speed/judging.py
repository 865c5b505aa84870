"""From pairs to an item: what is called, and what a run that cannot tell could have seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from nnbench.records.gate import Family, GateItem, ItemVerdict
from nnbench.reporting import digits
from nnbench.statistics.comparing.duets import DuetLook, holm, look_at_duets, smallest_visible
from nnbench.studies.gate.speed.duet import Record

FLOOR_S = 200e-9  # of one call: less is the loop around it, and not the code in it
COLD_FLOOR_S = 0.02  # of an import or a first call: nobody waits for less
COLD_MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Question:
    """One thing whose time is compared."""

    name: str
    family: Family
    call: str  # that answers it
    margin: float
    floor_s: float
    place: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the pairs that there are."""

    question: Question
    record: Record


@dataclass(frozen=True, slots=True)
class Finding:
    """What the pairs say of one question at one look."""

    verdict: ItemVerdict
    look: DuetLook
    control: DuetLook | None
    mde: float


def judge(asked: Mapping[str, Asked], *, level: float, family: int) -> dict[str, Finding]:
    """Return what can be said of each question, by its key; ``family`` counts those already answered too."""
    looks = [_Looks.of(each) for each in asked.values()]
    padding = [1.0] * (family - len(asked))
    slower = holm([each.p_slower for each in looks] + padding)
    faster = holm([each.p_faster for each in looks] + padding)
    found = {}
    for place, (key, each) in enumerate(asked.items()):
        verdict = _verdict(each, looks[place], slower[place] <= level, faster[place] <= level)
        look = looks[place].to_base
        mde = smallest_visible(look.sd, look.n, each.question.margin, level=level / family)
        found[key] = Finding(verdict, look, looks[place].of_control, mde)
    return found


@dataclass(frozen=True, slots=True)
class _Looks:
    """The head against the base, and where the base was timed once more, against that, and both bases."""

    to_base: DuetLook
    to_control: DuetLook | None
    of_control: DuetLook | None

    @classmethod
    def of(cls, asked: Asked) -> "_Looks":
        record, margin = asked.record, asked.question.margin
        to_base = look_at_duets(record.log_ratios, margin=margin)
        if not record.again_s:
            return cls(to_base, None, None)
        to_control = look_at_duets(record.log_ratios_to_control, margin=margin)
        return cls(to_base, to_control, look_at_duets(record.control, margin=margin))

    @property
    def p_slower(self) -> float:
        """Slower than the base, and than the base once more: the larger p value answers for both."""
        return max(each.p_slower for each in (self.to_base, self.to_control) if each is not None)

    @property
    def p_faster(self) -> float:
        return max(each.p_faster for each in (self.to_base, self.to_control) if each is not None)

    @property
    def has_moved(self) -> bool:
        """True where the base differs from itself by half as much: that is no doing of the head's."""
        if self.of_control is None:
            return False
        return abs(math.log(self.of_control.ratio)) > 0.5 * abs(math.log(self.to_base.ratio))


def _verdict(asked: Asked, looks: _Looks, is_slower: bool, is_faster: bool) -> ItemVerdict:
    if abs(difference_s(asked.record)) < asked.question.floor_s:
        return "ok"
    if is_slower or is_faster:
        if looks.has_moved:
            return "inconclusive"
        return "regressed" if is_slower else "improved"
    return "ok" if looks.to_base.interval[1] < 1.0 + asked.question.margin else "inconclusive"


def difference_s(record: Record) -> float:
    """Return how much longer the head takes, in seconds."""
    return median(record.head_s) - median(record.base_s) if record.base_s else 0.0


def item(asked: Asked, found: Finding, why: str) -> GateItem:
    """Return the item of a question that was measured."""
    question, look = asked.question, found.look
    return GateItem(
        question.name,
        question.family,
        found.verdict,
        why,
        ratio=look.ratio,
        interval=look.interval,
        n=look.n,
        margin=question.margin,
        mde=found.mde if math.isfinite(found.mde) else None,
        evidence=evidence(asked.record, found),
        place=question.place if found.verdict == "regressed" else None,
    )


def evidence(record: Record, found: Finding) -> dict[str, float | str]:
    """Return what is shown beside a ratio and never decides."""
    shown: dict[str, float | str] = {
        "base": digits.seconds(median(record.base_s)),
        "head": digits.seconds(median(record.head_s)),
        "sd_between_pairs": found.look.sd,
    }
    if found.control is not None:
        shown["base_again_ratio"] = found.control.ratio
    for name in ("wall", "cpu", "instructions"):
        if pairs := record.beside.get(name):
            shown[f"{name}_ratio"] = median(head / base for base, head in pairs if base > 0.0)
    for name in ("switches", "stolen"):
        if pairs := record.beside.get(name):
            shown[f"{name}_base"], shown[f"{name}_head"] = _totals(pairs)
    return shown


def _totals(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(base for base, _ in pairs), sum(head for _, head in pairs)


def why_of(asked: Asked, found: Finding, *, confirmed: bool) -> str:
    """Return the clause that says what the verdict rests on."""
    question, record = asked.question, asked.record
    unit = "" if question.family == "compile" else " a call"
    times = f"{digits.seconds(median(record.base_s))} → {digits.seconds(median(record.head_s))}{unit}"
    if found.verdict == "ok" and abs(difference_s(record)) < question.floor_s:
        return f"{times}, less than {digits.seconds(question.floor_s)} apart"
    if found.control is not None:
        times += (
            f"; the base against itself {digits.number(100.0 * (found.control.ratio - 1.0), signed=True)} %"
        )
    if found.verdict == "inconclusive":
        return f"{times}; give it more time (--budget 5m), or run it again on a quieter machine"
    return f"{times}, in new pairs" if confirmed else times
