"""A gate from its configuration to its report: commits, sides, learning, speed, and the exit code."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from nnbench.errors import NothingMeasured, UsageError
from nnbench.machine import environment
from nnbench.machine.clock import Clock
from nnbench.plan.gate import AcceptSection, GateSection, LearningSection, SpeedSection, read_gate
from nnbench.records.gate import Family, GateItem, GateReport, Scatter, Steadiness
from nnbench.studies.gate.calibration import calibrate_learning, read_calibration, write_calibration
from nnbench.studies.gate.history import remember
from nnbench.studies.gate.learning.marked import with_marked
from nnbench.studies.gate.learning.study import judge_learning
from nnbench.studies.gate.revisions import Checkout, Revisions, find_revisions, first_change
from nnbench.studies.gate.sides import CannotBeBuilt, Side, base_side, head_side
from nnbench.studies.gate.speed.calibration import calibrate_speed
from nnbench.studies.gate.speed.study import judge_speed, name_of

REGRESSED, CRASHED, INCONCLUSIVE, NOTHING = 1, 3, 5, 6
_HOW = (
    "Name what it should guard in pyproject.toml: [[tool.nnbench.gate.learning]] with name, call, metric and"
    " margin, or [[tool.nnbench.gate.speed]] with call or pytest."
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for beside the configuration."""

    folder: Path
    base: str | None = None
    budget_s: float | None = None
    is_strict: bool = False


def configuration(folder: Path) -> GateSection:
    """Return what the project's gate guards, or raise NothingMeasured."""
    asked = read_gate(folder)
    if asked is None or not (asked.learning or asked.speed):
        raise NothingMeasured(f"{folder / 'pyproject.toml'}: this project's gate guards nothing yet. {_HOW}")
    return asked


def run_gate(
    wishes: Wishes, variables: Mapping[str, str], clock: Clock, say: Callable[[str], None]
) -> GateReport:
    """Compare the folder as it is with its base."""
    began_s = clock.elapsed_s()
    asked = configuration(wishes.folder)
    found = find_revisions(wishes.folder, wishes.base or asked.base, variables)
    counting = found.that_count(asked.ignore)
    notes: tuple[str, ...] = ()
    if counting:
        place = first_change(found, counting)
        items = [
            replace(item, place=item.place or place) if item.verdict != "ok" else item
            for item in _measured(wishes, asked, found, clock, say)
        ]
    else:
        items = _untouched(asked)
        n = len(found.changed)
        notes = (
            f"no file that counts differs from the base: {', '.join(found.changed[:3])}{' …' * (n > 3)}.",
        )
    items = [_accepted(item, asked.accept, clock.now_utc().date()) for item in items]
    notes += tuple(_expired(items, asked.accept, clock.now_utc().date()))
    code, why = exit_code(items, is_strict=wishes.is_strict)
    seconds = clock.elapsed_s() - began_s
    report = GateReport(found.base_name, found.head_name, _machine(), seconds, tuple(items), code, why, notes)
    remember(wishes.folder, report)
    return report


def calibrate(
    wishes: Wishes, n_suites: int, say: Callable[[str], None]
) -> tuple[Path, list[Scatter], list[Steadiness]]:
    """Measure how far apart unchanged code is on this machine, and write the margins that follow."""
    asked = configuration(wishes.folder)
    here = Revisions(Checkout(wishes.folder, Path()), "", "", ())
    with tempfile.TemporaryDirectory(prefix="nnbench-gate-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        side = head_side(here, asked, work)
        sides = (side, replace(side, name="base"))
        found = calibrate_learning(with_marked(asked.learning, side), sides, work, say)
        steady = calibrate_speed(asked.speed, side, work, n_suites=n_suites, say=say)
    return write_calibration(wishes.folder, found, steady), found, steady


def _measured(
    wishes: Wishes, asked: GateSection, found: Revisions, clock: Clock, say: Callable[[str], None]
) -> list[GateItem]:
    with tempfile.TemporaryDirectory(prefix="nnbench-gate-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        say(f"base {found.base_name}: checking out and setting up")
        base = base_side(found, asked, work)
        if asked.setup is not None:
            say(f"head {found.head_name}: setting up")
        try:
            head = head_side(found, asked, work)
        except CannotBeBuilt as error:
            named: list[tuple[str, Family]] = [
                (each.name or "learning", "quality") for each in asked.learning
            ]
            named += [(name_of(each), "speed") for each in asked.speed]
            return [_not_built(name, family, str(error)) for name, family in named]
        changed = found.that_count(asked.ignore)
        items = judged(asked, base, head, changed, work, wishes.budget_s, clock, say)
        return [*_vanished(base, with_marked(asked.learning, head), asked.speed), *items]


def judged(
    asked: GateSection,
    base: Side,
    head: Side,
    changed: Sequence[str],
    work: Path,
    budget_s: float | None,
    clock: Clock,
    say: Callable[[str], None],
) -> list[GateItem]:
    """Return the items of all subjects; the budget is for all of them together."""
    ends_s = None if budget_s is None else clock.elapsed_s() + budget_s

    def is_over() -> bool:
        return ends_s is not None and clock.elapsed_s() >= ends_s

    learning = with_marked(asked.learning, head)
    calibrated = read_calibration(head.folder)
    items = judge_learning(learning, base, head, calibrated=calibrated, work=work, is_over=is_over, say=say)
    return items + judge_speed(
        asked.speed, base, head, changed=changed, work=work, is_over=is_over, seed=0, say=say
    )


def _untouched(asked: GateSection) -> list[GateItem]:
    why = "no file that counts has changed"
    named: list[tuple[str, Family]] = [(each.name or each.pytest or "", "quality") for each in asked.learning]
    named += [(name_of(each), "speed") for each in asked.speed]
    return [GateItem(name, family, "ok", why, same_bits=True) for name, family in named]


def _not_built(name: str, family: Family, why: str) -> GateItem:
    return GateItem(name, family, "crashed", f"the head cannot be built: {why}", crashed_on_head=True)


def _vanished(
    base: Side, learning: Sequence[LearningSection], speed: Sequence[SpeedSection]
) -> list[GateItem]:
    """Return an item for every subject that the base guards and the head does not name any more."""
    before = read_gate(base.folder)
    if before is None:
        return []
    here = {each.name for each in learning}
    try:
        guarded = with_marked(before.learning, base)
    except UsageError:  # its tests cannot even be found: then it guarded none of them
        return []
    gone: list[tuple[str, Family]] = [(each.name, "quality") for each in guarded if each.name not in here]
    fast = {name_of(each) for each in speed}
    gone += [(name_of(each), "speed") for each in before.speed if name_of(each) not in fast]
    why = "the base guards this subject, and the head does not name it any more"
    return [GateItem(name, family, "crashed", why, vanished=True) for name, family in gone]


# -- what is meant --------------------------------------------------------------------------------------


def _accepted(item: GateItem, accepts: Sequence[AcceptSection], today: date) -> GateItem:
    for each in accepts:
        if (
            each.subject == item.name
            and today <= each.until
            and (item.verdict == "regressed" or item.vanished)
        ):
            why = f"{item.why}; accepted until {each.until}: {each.reason}"
            return replace(item, verdict="accepted", why=why, vanished=False)
    return item


def _expired(items: Sequence[GateItem], accepts: Sequence[AcceptSection], today: date) -> list[str]:
    regressed = {item.name for item in items if item.verdict == "regressed"}
    return [
        f"accept of {each.subject!r} ended on {each.until}."
        for each in accepts
        if today > each.until and each.subject in regressed
    ]


def exit_code(items: Sequence[GateItem], *, is_strict: bool) -> tuple[int, str]:
    """Return the exit code and why: a crash before a regression, and what is inconclusive only if strict."""
    n_crashed = sum(item.crashed_on_head for item in items)
    n_regressed = sum(item.verdict == "regressed" for item in items)
    n_unsure = sum(item.verdict in ("inconclusive", "not_comparable") for item in items)
    gone = [item.name for item in items if item.vanished]
    if n_crashed:
        return CRASHED, f"{_n(n_crashed, 'subject')} crashed on the head"
    if n_regressed:
        return REGRESSED, _n(n_regressed, "regression")
    if gone:
        return NOTHING, f"vanished: {', '.join(gone)}"
    if not items:
        return NOTHING, "nothing measured"
    if n_unsure and is_strict:
        return INCONCLUSIVE, f"{n_unsure} inconclusive, and --strict"
    return 0, f"{n_unsure} inconclusive, nothing regressed" if n_unsure else "nothing regressed"


def _n(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _machine() -> str:
    known = environment.machine()
    features = known["cpu_features"]
    names = {"avx512f": "AVX-512", "avx2": "AVX2", "sve": "SVE", "asimd": "NEON"}
    widest = next((names[each] for each in names if isinstance(features, list) and each in features), None)
    parts = (known["cpu"], widest, f"{known['cores']} vCPU")
    return ", ".join(str(part) for part in parts if part)
