"""What fresh seeds say of tuned configurations where a search was repeated: seeds are nested in searches.

The fresh seeds take turns over the searches, and each is trained at what its own search chose. Then

    score(search k, seed s) = mean + effect of search k + effect of seed s,

so that the mean over one search's seeds varies by both, and the mean over N searches has the variance
s²(means of searches) / N, with N - 1 degrees of freedom. Source: Montgomery, Design and Analysis of
Experiments, chapter 14.1. The seeds of one search alone would say how well one draw of a rate is known.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nnbench.records.trials import Axes, CaseFacts, Comparison, Judgement, Tuning, Verdict
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.estimation.distributions import t_two_sided_p
from nnbench.statistics.estimation.intervals import t_interval
from nnbench.statistics.tuning.choice import untrained_value

LEVEL = 0.05
_DECIDED = frozenset({"better", "worse"})
Scores = Mapping[int, float]  # by fresh seed
Side = tuple[Axes, Axes, Scores, Scores]  # a and its reference, and what they scored


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval, in units of the metric."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Debt:
    """How much of the lead over a configuration is that configuration's missing tuning: above 0 is better."""

    a: Axes  # who leads when tuned
    b: Axes
    over_default: Estimate  # gain of a over b at its default
    over_tuned: Estimate  # gain of a over b tuned
    debt: Estimate  # the first minus the second
    n: int  # fresh seeds


def share_of(tuning: Tuning) -> dict[int, int]:
    """Return which search each fresh seed belongs to."""
    n = 1 + len(tuning.repeats)
    return {seed: place for search in range(n) for seed in tuning.fresh(search) for place in (search,)}


def nested_verdicts(facts: CaseFacts, rows: Sequence[Side], share: Mapping[int, int]) -> list[Comparison]:
    """Return the verdict on every pair, Bonferroni-corrected over exactly these pairs."""
    scores = [own for row in rows for own in row[2:]]
    floor = worst_in(scores, facts)
    return [_verdict(facts, row, share, floor, len(rows)) for row in rows]


def nested_judged(
    facts: CaseFacts, scores: Mapping[Axes, Scores], share: Mapping[int, int]
) -> tuple[list[Comparison], Judgement | None]:
    """Return the verdict on every configuration against the best median, and who may be the best.

    All pairs are one family, since the data picked the reference.
    """
    if not scores:
        return [], None
    leader = leader_of(scores, facts)
    rows = [
        (b, a, scores[b], scores[a]) if a == leader else (a, b, scores[a], scores[b])
        for a, b in combinations(scores, 2)
    ]
    found = nested_verdicts(facts, rows, share)
    behind = {each.a if each.verdict == "worse" else each.b for each in found if each.verdict in _DECIDED}
    best = tuple(axes for axes in scores if axes not in behind)
    judgement = Judgement(facts.name, best, look=1, level=LEVEL, n_pairs=len(rows))
    return [each for each in found if each.b == leader], judgement


def leader_of(scores: Mapping[Axes, Scores], facts: CaseFacts) -> Axes:
    """Return the configuration with the best median; of equal ones the better mean, then the first."""
    sign, floor = _sign(facts), worst_in(list(scores.values()), facts)

    def standing(axes: Axes) -> tuple[float, float]:
        own = [sign * value for value in _known(scores[axes], floor)] or [-math.inf]
        return float(np.median(own)), float(np.mean(own))

    return max(scores, key=standing)


def debts(
    facts: CaseFacts,
    tuned: Mapping[Axes, Scores],
    default: Mapping[Axes, Scores],
    share: Mapping[int, int],
) -> list[Debt]:
    """Return the tuning debt of the leader over every other configuration.

    The gain of a over b's default is a's gain over b tuned plus what tuning brings b, so the debt is
    b tuned minus b's default: whatever a is, that part of its lead is b's missing tuning. Paired by seed,
    with Student's interval.
    """
    if len(tuned) < 2:
        return []
    a = leader_of(tuned, facts)
    sign, floor = _sign(facts), worst_in([*tuned.values(), *default.values()], facts)
    found = []
    for b in tuned:
        seeds = sorted(tuned[a].keys() & tuned[b].keys() & default.get(b, {}).keys())
        if b == a or not seeds:
            continue
        rows = [dict(zip(own, _known(own, floor), strict=True)) for own in (tuned[a], tuned[b], default[b])]
        lead, other, untuned = ([sign * row[seed] for seed in seeds] for row in rows)
        pairs = ((lead, untuned), (lead, other), (other, untuned))
        gain, real, debt = (estimate(np.subtract(*pair).tolist(), seeds, share) for pair in pairs)
        found.append(Debt(a, b, gain, real, debt, len(seeds)))
    return found


def estimate(
    values: Sequence[float], seeds: Sequence[int], share: Mapping[int, int], *, level: float = LEVEL
) -> Estimate:
    """Return the mean over searches of what their seeds have, and Student's interval of it.

    With one search the seeds themselves are the sample.
    """
    means = _means(values, seeds, share)
    return Estimate(float(np.mean(means)), t_interval(means, confidence=1.0 - level))


def worst_in(scores: Sequence[Scores], facts: CaseFacts) -> float:
    """Return what a trial without a score counts as: one noticeable difference below the worst of all."""
    sign = _sign(facts)
    known = [sign * value for own in scores for value in own.values() if math.isfinite(value)]
    return sign * (min(known, default=sign * untrained_value((), facts)) - facts.noticeable)


def _verdict(facts: CaseFacts, row: Side, share: Mapping[int, int], floor: float, family: int) -> Comparison:
    a, b, a_scores, b_scores = row
    seeds = sorted(a_scores.keys() & b_scores.keys())
    rows = [dict(zip(own, _known(own, floor), strict=True)) for own in (a_scores, b_scores)]
    differences = [rows[0][seed] - rows[1][seed] for seed in seeds]
    # Bonferroni and not a step-down, so that interval and p value never contradict each other.
    found = estimate(differences, seeds, share, level=LEVEL / family)
    means = _means(differences, seeds, share)
    p = min(1.0, family * _p(means))
    n_searches = len(means)
    told = f"{len(seeds)} seeds nested in {n_searches} searches"
    verdict: Verdict = "cannot_tell"
    if all(abs(end) < facts.noticeable for end in found.interval):
        verdict, told = "equivalent", f"the whole interval lies within the noticeable difference; {told}"
    elif p <= LEVEL:
        verdict = "better" if found.value * _sign(facts) > 0 else "worse"
    else:
        told = f"{told}; more searches narrow the interval"
    return Comparison(facts.name, a, b, verdict, found.value, found.interval, p, len(seeds), None, told)


def _p(means: Sequence[float]) -> float:
    n = len(means)
    if n < 2:
        return 1.0
    spread, mean = float(np.std(means, ddof=1)), float(np.mean(means))
    if spread == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return t_two_sided_p(mean / spread * math.sqrt(n), n - 1)


def _means(values: Sequence[float], seeds: Sequence[int], share: Mapping[int, int]) -> list[float]:
    """Return the mean of every search; the values themselves where there is one search."""
    by_search: dict[int, list[float]] = {}
    for seed, value in zip(seeds, values, strict=True):
        by_search.setdefault(share[seed], []).append(value)
    if len(set(share.values())) == 1:
        return list(values)
    return [float(np.mean(own)) for own in by_search.values()]


def _known(scores: Scores, floor: float) -> list[float]:
    return [value if math.isfinite(value) else floor for value in scores.values()]


def _sign(facts: CaseFacts) -> float:
    return 1.0 if facts.direction == "max" else -1.0
