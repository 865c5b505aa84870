"""All learning subjects of a gate: each answered, then the undecided ones once more as one family."""

import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnbench.errors import UsageError
from nnbench.plan.durations import read_budget
from nnbench.plan.gate import LearningSection
from nnbench.records.gate import GateItem
from nnbench.studies.gate.learning.question import Question, answer
from nnbench.studies.gate.learning.trainers import SideTrainer
from nnbench.studies.gate.sides import Side


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What ``nnbench gate --calibrate`` found of a subject: a margin, and the scatter between pairs."""

    margin: float
    sigma: float


def judge_learning(
    subjects: Sequence[LearningSection],
    base: Side,
    head: Side,
    *,
    calibrated: dict[str, Calibrated],
    work: Path,
    is_over: Callable[[], bool],
    say: Callable[[str], None],
) -> list[GateItem]:
    """Return the items of all learning subjects."""
    items: list[GateItem] = []
    for n, each in enumerate(subjects):
        say(f"learning: {each.name}")
        place = work / f"learning-{n}"
        items += _answered(each, len(subjects), base, head, calibrated.get(each.name), place, is_over)
    return items


def _answered(
    asked: LearningSection,
    n_subjects: int,
    base: Side,
    head: Side,
    known: Calibrated | None,
    work: Path,
    is_over: Callable[[], bool],
) -> list[GateItem]:
    call, is_new = _call_of_both(asked.call, base, head, work)
    kept = work / "kept"
    timeout_s = read_budget(asked.timeout, f"gate.learning {asked.name}, timeout")
    stop = threading.Event()
    ours, theirs = (SideTrainer(side, call, kept, timeout_s=timeout_s, stop=stop) for side in (base, head))
    try:
        question = Question(
            asked,
            margin_of(asked, known),
            ours,
            theirs,
            is_over,
            sigma=known.sigma if known else None,
            is_new=is_new,
            stop=stop,
        )
        return answer(question, n_subjects)
    finally:
        ours.close()
        theirs.close()
        shutil.rmtree(work, ignore_errors=True)


def margin_of(asked: LearningSection, known: Calibrated | None) -> float:
    """Return the margin that the subject says, or that was calibrated."""
    if asked.margin != "auto":
        return float(asked.margin)
    if known is None:
        raise UsageError(
            f'tool.nnbench.gate.learning {asked.name!r}: margin = "auto" needs a calibration. Run'
            " `nnbench gate --calibrate`, or write the margin in the unit of the metric, such as 0.003."
        )
    return known.margin


def _call_of_both(call: str, base: Side, head: Side, place: Path) -> tuple[str, bool]:
    """Return the call that both sides make, and whether the base knows the subject.

    The file of the subject comes from the base where it has one, so that a pull request that changes it is
    still measured by what it was; what the file imports comes from each side.
    """
    module, _, function = call.rpartition(":")
    ours, theirs = (_file_of(module, side.folder) for side in (base, head))
    if ours is None or theirs is None or ours.read_bytes() == theirs.read_bytes():
        return call, ours is None and theirs is not None
    place.mkdir(parents=True, exist_ok=True)
    copied = place / ours.name
    shutil.copyfile(ours, copied)
    return f"{copied}:{function}", False


def _file_of(module: str, folder: Path) -> Path | None:
    """Return the file of a module in a checkout; None where it is none of its files."""
    path = folder / module if module.endswith(".py") else folder.joinpath(*module.split("."))
    path = path.with_suffix(".py")
    return path if path.is_file() else None
