"""One subject that learns, base against head: the same bits, then where they part, then pairs of seeds."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from nnbench.errors import UsageError
from nnbench.plan.gate import LearningSection
from nnbench.records.gate import GateItem, ItemVerdict
from nnbench.statistics.comparing.non_inferiority import LEVEL, Look, look_at, spent
from nnbench.statistics.estimation.fisher import fisher_p
from nnbench.statistics.estimation.mcnemar import mcnemar_p
from nnbench.studies.gate.learning.parting import Moment, Parting, find_parting

SEEDS_OF_BITS = (0, 1)  # that base and head must agree on to the last bit
SEEDS_OF_ROUNDING = 3  # further ones, where only the order of sums changed and the scatter is known
FAILURES_LEVEL = LEVEL / 3.0  # at each look, of which there are three by default
SLOWER = 0.1  # more steps to the target than this are no longer the same


@dataclass(frozen=True, slots=True)
class Trained:
    """One training of one side."""

    status: str  # finished, failed, timeout
    moments: tuple[Moment, ...]
    digest: str
    error: str = ""  # one line
    place: tuple[str, int] | None = None
    isa: str = ""  # what the processor is taken for: bits of two of them do not compare

    def final(self, metric: str) -> float | None:
        """Return the last value of a metric; None where it was never logged."""
        return next((each.values[metric] for each in reversed(self.moments) if metric in each.values), None)


class Trainer(Protocol):
    """One side of a subject: trains a seed, in processes of its own; the same seed is trained once."""

    def train(self, seed: int) -> Trained: ...

    def train_again(self, seed: int) -> Trained:
        """Train a seed a second time, in a fresh process."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """A subject with its two sides and what is known of it."""

    asked: LearningSection
    margin: float
    base: Trainer
    head: Trainer
    is_over: Callable[[], bool]  # the budget
    sigma: float | None = None  # of differences between pairs, from --calibrate
    is_new: bool = False  # the base has no such subject
    stop: threading.Event = field(default_factory=threading.Event)  # ends what is being trained

    def together(self, *trainings: Callable[[], Trained]) -> list[Trained]:
        """Train at the same time; an interrupt of one who waits ends them all."""
        with ThreadPoolExecutor(len(trainings)) as pool:
            begun = [pool.submit(each) for each in trainings]
            try:
                return [each.result() for each in begun]
            except BaseException:
                self.stop.set()  # or the pool would wait for the trainings to end by themselves
                raise


def answer(question: Question, n_subjects: int) -> list[GateItem]:
    """Return the subject's item, and one for the steps to its target where it has one."""
    if question.is_new:
        return [_item(question, "ok", "new subject, nothing to compare")]
    base, base_again, head = question.together(
        partial(question.base.train, SEEDS_OF_BITS[0]),
        partial(question.base.train_again, SEEDS_OF_BITS[0]),
        partial(question.head.train, SEEDS_OF_BITS[0]),
    )
    crashed = _crashed(question, base, head)
    if crashed is not None:
        return [crashed]
    _check_metric(question, base)
    notes: tuple[str, ...] = ()
    parting = None
    if base.digest != base_again.digest:
        unsure = find_parting(base.moments, base_again.moments)
        where = "" if unsure is None else f", from step {unsure.step} on ({unsure.name})"
        notes = (f"the subject is not deterministic: the base alone gives other bits again{where}",)
    else:
        if base.isa != head.isa:
            return [_not_comparable(question, base, head)]
        same, parting = _same_bits(question, base, head)
        if same is not None:
            return [same]
    if parting is not None:
        notes += (parting.told(),)
    return _by_seeds(question, n_subjects, parting, notes)


def _crashed(question: Question, base: Trained, head: Trained) -> GateItem | None:
    if head.status == "finished" and base.status == "finished":
        return None
    if base.status != "finished":
        both = "on both sides" if head.status != "finished" else "on the base and not on the head"
        error = f": {base.error}" if base.error else ""
        return _item(question, "inconclusive", f"it crashes {both}, so there is nothing to compare{error}")
    at = f" at {head.place[0]}:{head.place[1]}" if head.place else ""
    item = _item(question, "crashed", f"{head.error or head.status}{at}; the base is fine")
    return replace(item, crashed_on_head=True, place=head.place)


def _check_metric(question: Question, base: Trained) -> None:
    metric = question.asked.metric
    if base.final(metric) is None:
        logged = sorted({name for each in base.moments for name in each.values})
        raise UsageError(
            f"tool.nnbench.gate.learning {question.asked.name!r}: {question.asked.call} never logs"
            f" {metric!r}; it logs {', '.join(logged) or 'nothing'}. Set `metric`."
        )


def _not_comparable(question: Question, base: Trained, head: Trained) -> GateItem:
    why = f"base ran as {base.isa}, head as {head.isa}: their bits and times do not compare. Run both on one"
    return _item(question, "not_comparable", why)


def _same_bits(question: Question, base: Trained, head: Trained) -> tuple[GateItem | None, Parting | None]:
    """Return the item if all seeds agree to the last bit; else where the first one that does not parts."""
    for seed in SEEDS_OF_BITS:
        if seed != SEEDS_OF_BITS[0]:
            base, head = _both(question, seed)
        if base.digest != head.digest:
            return None, find_parting(base.moments, head.moments)
    item = _item(question, "ok", f"same bits ({len(SEEDS_OF_BITS)} seeds)")
    return replace(item, same_bits=True, difference=0.0, interval=(0.0, 0.0), n=len(SEEDS_OF_BITS)), None


def _both(question: Question, seed: int) -> tuple[Trained, Trained]:
    ours, theirs = question.together(partial(question.base.train, seed), partial(question.head.train, seed))
    return ours, theirs


# -- pairs of seeds -----------------------------------------------------------------------------------


def _by_seeds(
    question: Question, n_subjects: int, parting: Parting | None, notes: tuple[str, ...]
) -> list[GateItem]:
    """Look after so many pairs as the subject says, until something can be said."""
    looks = question.asked.seeds
    if parting is not None and parting.kind == "rounding" and question.sigma is not None:
        found = _of_rounding(question, notes)
        if found is not None:
            return [found]
    levels = spent(LEVEL / n_subjects, looks)
    pairs: list[tuple[Trained, Trained]] = []
    item = _item(question, "inconclusive", "the budget was over before the first look")
    for look, level in zip(looks, levels, strict=True):
        while len(pairs) < look and not question.is_over():
            pairs.append(_both(question, len(pairs)))
        if len(pairs) < look:
            break
        item = _looked(question, pairs, level)
        if item.verdict != "inconclusive":
            break
    item = replace(item, found=(*item.found, *notes))
    return [item, *_steps_to_target(question, pairs)]


def _looked(question: Question, pairs: Sequence[tuple[Trained, Trained]], level: float) -> GateItem:
    metric = question.asked.metric
    finals = [(base.final(metric), head.final(metric)) for base, head in pairs]
    failed = _failed(question, pairs)
    if failed is not None:
        return failed
    both = [(a, b) for a, b in finals if a is not None and b is not None and _finite(a) and _finite(b)]
    if len(both) < 2:
        return _item(
            question, "inconclusive", f"{len(both)} of {len(pairs)} pairs left a score on both sides"
        )
    look = look_at(
        [a for a, _ in both],
        [b for _, b in both],
        margin=question.margin,
        is_better_higher=question.asked.is_better_higher,
        level=level,
    )
    return _of_look(question, look)


def _of_look(question: Question, look: Look) -> GateItem:
    verdicts: dict[str, tuple[ItemVerdict, str]] = {
        "worse": ("regressed", "worse by more than the margin"),
        "better": ("improved", "better by more than the margin"),
        "not_worse": ("ok", "not worse by more than the margin"),
        "cannot_tell": (
            "inconclusive",
            "the interval reaches beyond the margin",
        ),
    }
    verdict, why = verdicts[look.called]
    item = _item(question, verdict, why)
    evidence: dict[str, float | str] = {"p": look.p_worse}
    if look.correlation == look.correlation:
        evidence["correlation"] = look.correlation
    return replace(
        item,
        difference=look.difference,
        interval=look.interval,
        n=look.n,
        mde=look.mde,
        evidence=evidence,
    )


def _failed(question: Question, pairs: Sequence[tuple[Trained, Trained]]) -> GateItem | None:
    """Return a regression if more seeds fail on the head than on the base; they are never averaged away."""
    metric = question.asked.metric
    n_base, n_head = (sum(_is_failure(side, metric) for side in sides) for sides in zip(*pairs, strict=True))
    p = fisher_p(n_head, len(pairs), n_base, len(pairs))
    if p > FAILURES_LEVEL:
        return None
    why = f"{n_head} of {len(pairs)} seeds diverge or crash on the head, {n_base} on the base"
    errors = [head.error for _, head in pairs if head.error]
    item = _item(question, "regressed", why)
    return replace(item, n=len(pairs), evidence={"p": p}, found=tuple(errors[:1]))


def _is_failure(trained: Trained, metric: str) -> bool:
    final = trained.final(metric)
    return trained.status != "finished" or final is None or not _finite(final)


def _finite(value: float) -> bool:
    return value - value == 0.0


def _of_rounding(question: Question, notes: tuple[str, ...]) -> GateItem | None:
    """Return ok if a few seeds show the two to be equivalent, with the scatter that was calibrated."""
    assert question.sigma is not None
    metric = question.asked.metric
    differences = []
    for seed in range(SEEDS_OF_ROUNDING):
        finals = [each.final(metric) for each in _both(question, seed)]
        a, b = finals
        if a is None or b is None or not (_finite(a) and _finite(b)):
            return None
        differences.append(b - a)
    mean = sum(differences) / len(differences)
    reach = 1.96 * question.sigma / len(differences) ** 0.5
    if abs(mean) + reach >= question.margin:
        return None
    item = _item(question, "ok", "equivalent: only the order of sums changed, and the scatter is known")
    return replace(
        item, difference=mean, interval=(mean - reach, mean + reach), n=len(differences), found=notes
    )


def _steps_to_target(question: Question, pairs: Sequence[tuple[Trained, Trained]]) -> list[GateItem]:
    """Return an item on the steps to the target, where there is one.

    A seed that never reaches it is behind every one that does. The log-rank test of pairs, each a stratum of
    its own, is the sign test of who comes first (O'Brien and Fleming 1987, Biometrics 43(1)).
    """
    target = question.asked.target
    if target is None or not pairs:
        return []
    steps = [[_first_step(side, question.asked, target) for side in pair] for pair in pairs]
    later = sum(head > base for base, head in steps)
    sooner = sum(head < base for base, head in steps)
    ratios = sorted(head / base for base, head in steps if max(base, head) < float("inf") and base > 0)
    ratio = ratios[len(ratios) // 2] if ratios else None
    is_much = ratio is None or ratio > 1.0 + SLOWER
    p = 0.5 * mcnemar_p(later, sooner) if later > sooner else 1.0
    item = _item(question, "ok", f"later on {later} of {len(steps)} seeds, sooner on {sooner}")
    if later > sooner and is_much:
        item = replace(item, verdict="regressed" if p <= LEVEL else "inconclusive")
    name = f"{question.asked.name} · steps to {question.asked.metric} {target:g}"
    return [replace(item, name=name, ratio=ratio, n=len(steps), evidence={"p": p}, margin=SLOWER, metric="")]


def _first_step(trained: Trained, asked: LearningSection, target: float) -> float:
    sign = 1.0 if asked.is_better_higher else -1.0
    for each in trained.moments:
        value = each.values.get(asked.metric)
        if value is not None and sign * value >= sign * target:
            return float(each.step)
    return float("inf")


def _item(question: Question, verdict: ItemVerdict, why: str) -> GateItem:
    asked = question.asked
    return GateItem(asked.name, "quality", verdict, why, margin=question.margin, metric=asked.metric)
