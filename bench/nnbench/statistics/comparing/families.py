"""A table of configurations: who may be the best, and how each stands to one reference."""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.comparing.maxt import all_pairs, beyond_worst, judge
from nnbench.statistics.comparing.pairs import PairResult, compare
from nnbench.statistics.comparing.verdicts import Decision, decide
from nnbench.statistics.estimation.bootstrap import as_sample

Label = TypeVar("Label", bound=Hashable)
Scores = Mapping[int, float]  # by seed


@dataclass(frozen=True, slots=True)
class DecidedPair(Generic[Label]):
    """One comparison; in a table the reference is always ``b``."""

    a: Label
    b: Label
    pair: PairResult
    decision: Decision


@dataclass(frozen=True, slots=True)
class Table(Generic[Label]):
    """Configurations that were judged together."""

    reference: Label
    rows: tuple[DecidedPair[Label], ...]  # all but the reference against it, in the order given
    may_be_best: tuple[Label, ...]  # those that the test over all pairs shows behind nobody, best first
    n_pairs: int  # of the family that the rows belong to


def judge_table(
    scores: Mapping[Label, Scores],
    *,
    direction: Direction,
    noticeable: float,
    level: float,
    reference: Label | None = None,
    left: Collection[Label] = (),
) -> Table[Label]:
    """Judge a table over the seeds that its configurations share.

    A reference that was named beforehand makes a family of k − 1 comparisons. Without one it is the leader,
    the best median among those that may be the best: the data picked it, and so all k (k − 1) / 2 pairs are
    the family. ``left`` are those that a race dropped: shown behind somebody, they may not be the best.
    """
    if reference is not None and reference not in scores:
        raise ValueError(f"there is no trial of {reference!r} to compare against; known are {list(scores)!r}")
    labels = list(scores)
    signed = [_signed(own, direction) for own in scores.values()]
    filled, lost = _as_matrix([signed], [noticeable])
    every = judge(filled, lost, all_pairs(len(labels)), level=level)
    behind = every.behind() | {labels.index(each) for each in left}
    candidates = [
        label for place, label in enumerate(labels) if place not in behind and _has_any(scores[label])
    ]
    candidates.sort(key=lambda label: standing(scores[label], direction), reverse=True)
    b = reference
    if b is None:
        b = candidates[0] if candidates else find_leader(scores, direction=direction)
        family = every
    else:
        family = judge(filled, lost, _with_one(labels.index(b), len(labels)), level=level)
    rows = []
    for place, tested in sorted(family.against(labels.index(b)).items()):
        a = labels[place]
        pair = compare_seeds(scores[a], scores[b], direction=direction, noticeable=noticeable)
        rows.append(DecidedPair(a, b, pair, decide(pair, tested, family, direction=direction)))
    return Table(b, tuple(rows), tuple(candidates), len(family))


def judge_pair(
    scores: Mapping[Label, Scores],
    a: Label,
    b: Label,
    *,
    direction: Direction,
    noticeable: float,
    level: float,
    reference: Label | None = None,
) -> DecidedPair[Label]:
    """Judge one pair as a member of its table's family.

    That is all pairs, or all against a reference that was named beforehand where this is one of those.
    """
    labels = list(scores)
    filled, lost = _as_matrix([[_signed(own, direction) for own in scores.values()]], [noticeable])
    members = all_pairs(len(labels))
    if reference is not None and reference in (a, b):
        members = _with_one(labels.index(reference), len(labels))
    family = judge(filled, lost, members, level=level)
    pair = compare_seeds(scores[a], scores[b], direction=direction, noticeable=noticeable)
    tested = family.against(labels.index(b))[labels.index(a)]
    return DecidedPair(a, b, pair, decide(pair, tested, family, direction=direction))


@dataclass(frozen=True, slots=True)
class Match:
    """Two configurations of one case, by seed."""

    a: Scores
    b: Scores
    direction: Direction
    noticeable: float


def judge_matches(matches: Sequence[Match], *, level: float) -> list[tuple[PairResult, Decision]]:
    """Judge pairs that make one family, the first of each against the second, over the seeds they share."""
    if not matches:
        return []
    sides = [[_signed(side, each.direction) for side in (each.a, each.b)] for each in matches]
    filled, lost = _as_matrix(sides, [each.noticeable for each in matches])
    family = judge(filled, lost, np.arange(2 * len(matches), dtype=np.intp).reshape(-1, 2), level=level)
    found = []
    for place, each in enumerate(matches):
        pair = compare_seeds(each.a, each.b, direction=each.direction, noticeable=each.noticeable)
        found.append((pair, decide(pair, family.tested(place), family, direction=each.direction)))
    return found


def compare_seeds(a: Scores, b: Scores, *, direction: Direction, noticeable: float) -> PairResult:
    """Compare two configurations over the seeds they share."""
    seeds = sorted(a.keys() & b.keys())
    rows = [a[seed] for seed in seeds], [b[seed] for seed in seeds]
    return compare(*rows, direction=direction, noticeable=noticeable)


def find_leader(scores: Mapping[Label, Scores], *, direction: Direction) -> Label:
    """Return the configuration with the best median; ties go to the better mean, then to the earlier one."""
    return max(scores, key=lambda label: standing(scores[label], direction))


def standing(scores: Scores, direction: Direction) -> tuple[float, float]:
    """Return what configurations are ranked by: median, then mean, larger being better."""
    values = (1.0 if direction == "max" else -1.0) * as_sample(list(scores.values()))
    return (float(np.median(values)), float(values.mean())) if values.size else (-math.inf, -math.inf)


def _has_any(scores: Scores) -> bool:
    return any(map(math.isfinite, scores.values()))


def _with_one(place: int, n: int) -> NDArray[np.intp]:
    """Return the pairs of every other row with this one."""
    others = np.delete(np.arange(n, dtype=np.intp), place)
    return np.stack([others, np.full_like(others, place)], axis=1)


def _signed(scores: Scores, direction: Direction) -> Scores:
    """Return the scores with larger ones better."""
    return scores if direction == "max" else {seed: -score for seed, score in scores.items()}


def _as_matrix(
    groups: Sequence[Sequence[Scores]], noticeable: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores by row and seed, and where a trial left none; NaN: no trial.

    What stands for a lost score lies below all scores of its own group: the configurations of one case.
    """
    seeds = sorted({seed for group in groups for row in group for seed in row})
    places = {seed: place for place, seed in enumerate(seeds)}
    every, every_lost = [], []
    for group, least in zip(groups, noticeable, strict=True):
        table = np.full((len(group), len(seeds)), np.nan)
        for filled, row in zip(table, group, strict=True):
            filled[[places[seed] for seed in row]] = list(row.values())
        lost = table == -math.inf
        every.append(beyond_worst(table, lost, least))
        every_lost.append(lost)
    return np.concatenate(every), np.concatenate(every_lost)
