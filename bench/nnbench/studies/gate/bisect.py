"""The commit that made a subject worse: between a good and a bad one, halved by gates."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nnbench.errors import Inconclusive, UsageError
from nnbench.machine.clock import Clock
from nnbench.plan.gate import GateSection
from nnbench.records.gate import GateItem
from nnbench.studies.gate.gate import configuration, judged
from nnbench.studies.gate.revisions import (
    Checkout,
    checkout_of,
    commit_of,
    files_between,
    first_parents,
    short,
)
from nnbench.studies.gate.sides import CannotBeBuilt, Side, side_of


@dataclass(frozen=True, slots=True)
class Bisected:
    """The last commit that is good and the first that is bad; between them those that could not be told."""

    good: str
    bad: str
    unsure: tuple[str, ...]
    why: str  # what the first bad one shows


@dataclass(frozen=True, slots=True)
class _Judge:
    """Compares commits with the good one, which is checked out once."""

    asked: GateSection
    checkout: Checkout
    good_commit: str
    good: Side
    work: Path
    budget_s: float | None
    clock: Clock
    say: Callable[[str], None]

    def is_bad(self, commit: str) -> tuple[bool | None, str]:
        """Return whether a commit is worse than the good one, None where that cannot be told, and why."""
        self.say(f"{short(commit)}: checking out and setting up")
        work = self.work / short(commit)
        work.mkdir()
        try:
            head = side_of("head", self.checkout, commit, self.asked, work)
        except CannotBeBuilt as error:
            return None, f"it cannot be built: {error}"
        changed = files_between(self.checkout.root, self.good_commit, commit)
        items = judged(self.asked, self.good, head, changed, work, self.budget_s, self.clock, self.say)
        worse = [item for item in items if item.verdict in ("regressed", "crashed")]
        if worse:
            return True, _told(worse[0])
        unsure = [item for item in items if item.verdict in ("inconclusive", "not_comparable")]
        return (None, _told(unsure[0])) if unsure else (False, "")


def bisect(
    folder: Path,
    good: str,
    bad: str,
    *,
    subject: str | None,
    budget_s: float | None,
    clock: Clock,
    say: Callable[[str], None],
) -> Bisected:
    """Return where, on the line of first parents from ``good`` to ``bad``, the subject became worse.

    A commit that cannot be told is passed over for its neighbour: the answer then names all those that it may
    be. Every commit is compared with the good one, so that small steps add up.
    """
    asked = _of(configuration(folder), subject)
    checkout = checkout_of(folder)
    root = checkout.root
    ends = (commit_of(root, good), commit_of(root, bad))
    line = [ends[0], *first_parents(root, *ends)]
    if len(line) < 2 or line[-1] != ends[1]:
        raise UsageError(f"bisect: {bad} does not come after {good} on the line of its first parents.")
    with tempfile.TemporaryDirectory(prefix="nnbench-bisect-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        judge = _Judge(
            asked,
            checkout,
            ends[0],
            side_of("base", checkout, ends[0], asked, work),
            work,
            budget_s,
            clock,
            say,
        )
        is_bad, why = judge.is_bad(ends[1])
        if not is_bad:
            raise Inconclusive(
                f"bisect: {short(ends[1])} is not shown to be worse than {short(ends[0])}. {why}"
            )
        return _halved(line, judge, why)


def _halved(line: list[str], judge: _Judge, why: str) -> Bisected:
    low, high = 0, len(line) - 1
    unsure: set[int] = set()
    while open_ := [place for place in range(low + 1, high) if place not in unsure]:
        middle = open_[len(open_) // 2]
        is_bad, found = judge.is_bad(line[middle])
        if is_bad is None:
            unsure.add(middle)
        elif is_bad:
            high, why = middle, found
        else:
            low = middle
    return Bisected(line[low], line[high], tuple(line[place] for place in range(low + 1, high)), why)


def _of(asked: GateSection, subject: str | None) -> GateSection:
    if subject is None:
        return asked
    learning = tuple(each for each in asked.learning if subject in (each.name, each.pytest))
    speed = tuple(each for each in asked.speed if subject in (each.name, each.call, each.pytest))
    if not learning and not speed:
        names = [each.name or each.pytest for each in asked.learning]
        names += [each.name or each.call or each.pytest for each in asked.speed]
        raise UsageError(f"--subject {subject}: the gate guards {', '.join(map(str, names))}.")
    return asked.model_copy(update={"learning": learning, "speed": speed})


def _told(item: GateItem) -> str:
    return "; ".join((f"{item.name}: {item.why}", *item.found))
