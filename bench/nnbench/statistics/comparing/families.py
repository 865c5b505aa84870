"""The default family of comparisons of one case: every configuration against one reference."""

import math
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.comparing.pairs import PairResult, paired_differences, summarize_pair
from nnbench.statistics.comparing.racing import race_p, smallest_race_p
from nnbench.statistics.comparing.verdicts import Decision, decide
from nnbench.statistics.estimation.bootstrap import as_sample
from nnbench.statistics.estimation.significance import holm, sign_flip_p_by_length

Label = TypeVar("Label", bound=Hashable)
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecidedPair(Generic[Label]):
    """One printed comparison: the reference is always ``b``."""

    a: Label
    b: Label
    pair: PairResult
    decision: Decision


def leader_family(
    scores: Mapping[Label, Mapping[int, float]],
    *,
    direction: Direction,
    noticeable: float,
    level: float = 0.05,
    reference: Label | None = None,
) -> list[DecidedPair[Label]]:
    """Compare every configuration with one reference over the seeds the two share, in the order given.

    ``scores`` maps each configuration to its scores by seed. A reference that was named beforehand makes a
    family of k − 1 comparisons. Without one the reference is the leader by median; it was picked by looking
    at all the data, so the p values are corrected over all k (k − 1) / 2 pairs. Correcting over the k − 1
    that are shown would make a lucky leader "better" far more often than the level says.
    """
    if reference is not None and reference not in scores:
        raise ValueError(f"there is no trial of {reference!r} to compare against; known are {list(scores)!r}")
    if len(scores) < 2:
        return []
    b = find_leader(scores, direction=direction) if reference is None else reference
    tested = [pair for pair in combinations(scores, 2) if reference is None or reference in pair]
    shared = [_shared_scores(scores[one], scores[other]) for one, other in tested]
    p_values = sign_flip_p_by_length([paired_differences(one, other) for one, other in shared])
    decided = []
    for i, p_adjusted in enumerate(holm(p_values)):
        if b not in tested[i]:
            continue
        a, a_scores, b_scores = _with_reference_last(tested[i], shared[i], b)
        p = float(p_values[i])
        pair = summarize_pair(a_scores, b_scores, p, direction=direction, noticeable=noticeable, level=level)
        decision = decide(pair, float(p_adjusted), family=len(tested), level=level)
        decided.append(DecidedPair(a, b, pair, decision))
    return decided


def race_family(
    scores: Mapping[Label, Mapping[int, float]],
    *,
    left: Collection[Label],
    n_tests: int,
    direction: Direction,
    noticeable: float,
    level: float = 0.05,
    reference: Label | None = None,
) -> list[DecidedPair[Label]]:
    """Compare every configuration of a race with one reference: the leader of those that have not left.

    A configuration that left did so at a look, and the others are compared at the end, which is the last
    look: every p value is one of the ``n_tests`` that the race may make, and is multiplied by their number.
    """
    b = reference
    if b is None:
        b = find_leader({label: scores[label] for label in scores if label not in left}, direction=direction)
    decided = []
    for a in scores:
        if a == b:
            continue
        a_scores, b_scores = _shared_scores(scores[a], scores[b])
        p = race_p(paired_differences(a_scores, b_scores))
        pair = summarize_pair(
            a_scores,
            b_scores,
            p,
            direction=direction,
            noticeable=noticeable,
            level=level,
            smallest=smallest_race_p(a_scores.size),
        )
        decided.append(
            DecidedPair(a, b, pair, decide(pair, min(1.0, p * n_tests), family=n_tests, level=level))
        )
    return decided


def find_leader(scores: Mapping[Label, Mapping[int, float]], *, direction: Direction) -> Label:
    """Return the configuration with the best median; ties go to the better mean, then to the earlier one."""
    sign = 1.0 if direction == "max" else -1.0

    def standing(label: Label) -> tuple[float, float]:
        values = sign * as_sample(list(scores[label].values()))
        return (float(np.median(values)), float(values.mean())) if values.size else (-math.inf, -math.inf)

    return max(scores, key=standing)


def _shared_scores(one: Mapping[int, float], other: Mapping[int, float]) -> tuple[Scores, Scores]:
    seeds = sorted(one.keys() & other.keys())
    return as_sample([one[seed] for seed in seeds]), as_sample([other[seed] for seed in seeds])


def _with_reference_last(
    labels: tuple[Label, Label], scores: tuple[Scores, Scores], reference: Label
) -> tuple[Label, Scores, Scores]:
    """Return the label and scores of the other side, then the scores of the reference."""
    if labels[1] == reference:
        return labels[0], scores[0], scores[1]
    return labels[1], scores[1], scores[0]
