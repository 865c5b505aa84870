"""Who reaches the target more often: success rates compared seed by seed, in the family of the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Axes, CaseFacts, TrialRecord
from nnbench.statistics.comparing.looks import LEVEL
from nnbench.statistics.comparing.maxt import judge
from nnbench.statistics.estimation.mcnemar import mcnemar_p
from nnbench.statistics.trials.summary import has_reached_target, scores_by_configuration


@dataclass(frozen=True, slots=True)
class SuccessPair:
    """How often ``a`` and the reference ``b`` reached the target, over the seeds that both have."""

    a: Axes
    b: Axes
    n: int
    n_a: int
    n_b: int
    only_a: int  # seeds on which a reached it and b did not
    only_b: int
    p: float  # exact McNemar, adjusted for the family
    family: int  # comparisons that p is adjusted for


def success_pairs(
    trials: Sequence[TrialRecord], facts: CaseFacts, reference: Axes, *, is_named: bool
) -> list[SuccessPair]:
    """Return every configuration against the reference; none where the case has no target.

    McNemar's test flips the discordant pairs, and so it is adjusted as the scores are: by the maximum over
    the family under shared flips of seeds. The family is that of the verdicts.
    """
    scores = {axes: own for axes, own in scores_by_configuration(trials, facts).items() if own}
    if facts.target is None or reference not in scores:
        return []
    known, seeds = list(scores), sorted(set().union(*scores.values()))
    hits = {(trial.axes, trial.seed) for trial in trials if has_reached_target(trial)}
    ran = np.array([[seed in own for seed in seeds] for own in scores.values()])
    reached = ran & [[(axes, seed) in hits for seed in seeds] for axes in known]
    n, both = _counts(ran, ran), _counts(reached, reached)
    only = _counts(reached, ran & ~reached)  # only[i, j]: seeds on which i reached it and j did not
    b = known.index(reference)
    others = [place for place in range(len(known)) if place != b]
    n_pairs = len(others) if is_named else len(known) * (len(known) - 1) // 2
    if n_pairs < 2:
        p_values = [mcnemar_p(only.item(*sorted((a, b))), only.item(*sorted((a, b))[::-1])) for a in others]
    else:
        outcomes = np.where(ran, reached.astype(np.float64), np.nan)
        p_values = _adjusted(outcomes, b, is_named=is_named)
    return [
        SuccessPair(
            a=known[a],
            b=reference,
            n=n.item(a, b),
            n_a=both.item(a, b) + only.item(a, b),
            n_b=both.item(a, b) + only.item(b, a),
            only_a=only.item(a, b),
            only_b=only.item(b, a),
            p=float(p),
            family=n_pairs,
        )
        for a, p in zip(others, p_values, strict=True)
    ]


def _adjusted(outcomes: NDArray[np.float64], b: int, *, is_named: bool) -> list[float]:
    """Return p of every row of outcomes but ``b`` against that one, adjusted for the family.

    Configurations with the same outcomes make the same pairs, whose maximum under a flip is that of one of
    them; and a thousand configurations of ten seeds have a few dozen outcomes.
    """
    distinct: dict[bytes, int] = {}
    kinds = [distinct.setdefault(row.tobytes(), len(distinct)) for row in outcomes]
    rows = outcomes[[kinds.index(kind) for kind in range(len(distinct))]]
    # A pair of a kind with itself never differs, and stands for those of its configurations.
    pairs = [
        (i, j)
        for i, j in combinations_with_replacement(range(len(rows)), 2)
        if not is_named or kinds[b] in (i, j)
    ]
    judged = judge(rows, np.zeros(rows.shape, dtype=np.bool_), np.array(pairs), level=LEVEL)
    p_of = dict(zip(pairs, judged.p.tolist(), strict=True))
    return [p_of[min(kind, kinds[b]), max(kind, kinds[b])] for a, kind in enumerate(kinds) if a != b]


def _counts(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return on how many seeds (columns) a row of one and a row of the other are both true."""
    return np.asarray(one.astype(np.int64) @ other.astype(np.int64).T)
