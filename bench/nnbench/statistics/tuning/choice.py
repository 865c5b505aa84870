"""Which point of a search is chosen: the best mean, then one standard error towards the middle of its basin.

A point is scored by the mean over its tuning seeds. A trial without a score counts as the worst value: an
accuracy of 0, or one just-noticeable difference more than the largest loss that the same search has seen, or
than the loss of a useless model where that is larger; so for every metric, as its range has an end or not. A
median would not see that just under half of the seeds fail. From twenty seeds on, the outermost twentieth at
either end is left out of the mean: a collapse that one seed in three hundred has would otherwise decide, in
the searches that happen to meet it, for a rate that is worse on all the others.

Points are as good as the best where their mean is within one standard error of the best mean; of a basin of
such points the middle one is chosen. Source of the rule: Breiman et al. (1984), Classification and Regression
Trees, section 3.4.3. The error is that of the difference by seed, since every point has the same seeds: it
finds differences that the scatter between seeds would hide, and two searches agree more often.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Axes, CaseFacts, Direction, TrialRecord
from nnbench.statistics.trials.summary import scores_by_configuration, worst_score
from nnbench.statistics.tuning.sensitivity import best_index

_TRIMMED = 20  # of so many seeds one is left out at either end
_SAME_PLACE = 2  # decimals of a decade: rates are rounded to three digits


@dataclass(frozen=True, slots=True)
class Standing:
    """What one point scored over its tuning seeds."""

    score: float  # mean of the case's metric; infinite where no trial left one
    loss: float  # median; chooses among equal scores
    error: float = 0.0  # standard error of the mean
    scores: Mapping[int, float] = field(default_factory=dict)  # by seed, which every point of a search shares


def standings_by_axes(trials: Sequence[TrialRecord], facts: CaseFacts) -> dict[Axes, Standing]:
    """Return what all trials with the same choices scored, of the trials of one search.

    A trial that failed with an error has no score and says nothing of its rate.
    """
    losses: dict[Axes, list[float]] = {}
    for trial in trials:
        losses.setdefault(trial.axes, []).append(trial.final.get("loss", math.inf))
    scores = scores_by_configuration(trials, facts)
    lost = lost_value([list(each.values()) for each in scores.values()], facts)
    return {
        axes: _standing(by_seed, float(np.median(losses[axes])), lost, facts)
        for axes, by_seed in scores.items()
    }


def lost_value(scores: Sequence[Sequence[float]], facts: CaseFacts) -> float:
    """Return what a trial without a score counts as, among these scores of one search."""
    worst, sign = facts.limits[facts.direction == "min"], 1.0 if facts.direction == "max" else -1.0
    if worst is not None:
        return worst
    known = [sign * value for row in scores for value in row if math.isfinite(value)]
    chance = untrained_value([sign * value for value in known], facts)
    return sign * (min([sign * chance, *known]) - facts.noticeable)


def untrained_value(known: Sequence[float], facts: CaseFacts) -> float:
    """Return what a model that learnt nothing scores; where nobody knows chance, the worst score there is."""
    if not math.isnan(facts.chance):
        return facts.chance
    return min(known, default=0.0) if facts.direction == "max" else max(known, default=0.0)


def filled(scores: ArrayLike, lost: float) -> NDArray[np.float64]:
    """Return the scores with a number in the place of every one that is missing."""
    sample = np.asarray(scores, dtype=np.float64)
    return np.where(np.isfinite(sample), sample, lost)


def _standing(by_seed: Mapping[int, float], loss: float, lost: float, facts: CaseFacts) -> Standing:
    known = list(by_seed.values())
    if not any(map(math.isfinite, known)):
        return Standing(worst_score(facts), loss)
    sample = filled(known, lost)
    scores = dict(zip(by_seed, sample.tolist(), strict=True))
    # Equal values have no spread, and their computed mean may differ from them in the last bit.
    if np.all(sample == sample[0]):
        return Standing(float(sample[0]), loss, 0.0, scores)
    mean, error = trimmed_mean(sample)
    return Standing(mean, loss, error, scores)


def trimmed_mean(sample: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean without the outermost twentieth at either end, and its standard error.

    The error is that of Yuen (1974), Biometrika 61(1): the deviation of the winsorised sample over the root
    of n, over the share of values that are kept. Below twenty values both are the usual ones.
    """
    ordered = np.sort(sample)
    n, cut = ordered.size, ordered.size // _TRIMMED
    kept = ordered[cut : n - cut]
    winsorised = np.clip(ordered, kept[0], kept[-1])
    spread = 0.0 if kept[0] == kept[-1] else float(winsorised.std(ddof=1))
    return float(kept.mean()), spread * n / (kept.size * math.sqrt(n))


def best_of(
    standings: Sequence[Standing], direction: Direction, *, away: ArrayLike | None = None
) -> int | None:
    """Return the place of the best mean; None where no score is finite."""
    scores, losses = [each.score for each in standings], [each.loss for each in standings]
    if not any(map(math.isfinite, scores)):
        return None
    return best_index(scores, direction=direction, losses=losses, away=away)


def is_as_good(one: Standing, best: Standing) -> bool:
    """Return whether a mean is within one standard error, of the difference by seed, of the best one."""
    seeds = sorted(one.scores.keys() & best.scores.keys())
    if len(seeds) < 2:
        return _is_within(one, best, best.error)
    paired = np.array([one.scores[seed] - best.scores[seed] for seed in seeds])
    return _is_within(one, best, trimmed_mean(paired)[1])


def may_be_as_good(one: Standing, best: Standing) -> bool:
    """Return whether a mean is within one standard error of the difference of the two, as if unpaired.

    Of the few seeds that every point gets, the error of the best mean alone is often far too small.
    """
    return _is_within(one, best, math.hypot(one.error, best.error))


def _is_within(one: Standing, best: Standing, reach: float) -> bool:
    # Where scores do not vary at all, as an accuracy of 100 %, the loss has to be the same too.
    if reach == 0.0:
        return (one.score, one.loss) == (best.score, best.loss)
    return math.isfinite(one.score) and abs(one.score - best.score) <= reach


def basin_around(
    best: int, standings: Sequence[Standing], *, good: Callable[[Standing, Standing], bool] = is_as_good
) -> range:
    """Return the places next to the best, on both sides, up to the first that is not as good."""
    low = high = best
    while low > 0 and good(standings[low - 1], standings[best]):
        low -= 1
    while high < len(standings) - 1 and good(standings[high + 1], standings[best]):
        high += 1
    return range(low, high + 1)


def middle_of(basin: range, rates: Sequence[float], standings: Sequence[Standing], best: int) -> int:
    """Return the place in the middle of a basin, in the logarithm of the rate; of two the better mean's."""
    decades = np.log10(np.asarray(rates, dtype=np.float64))
    middle = 0.5 * float(decades[basin[0]] + decades[basin[-1]])

    def distance(place: int) -> tuple[float, float]:
        away = round(abs(float(decades[place]) - middle), _SAME_PLACE)
        return away, abs(standings[place].score - standings[best].score)

    return min(basin, key=distance)


def spread_over(basin: range, rates: Sequence[float], n: int) -> tuple[int, ...]:
    """Return ``n`` places that cover a basin evenly in the logarithm of the rate.

    Where it has fewer, they are all of it and those around it.
    """
    if len(basin) <= n:
        start = max(0, min(len(rates) - n, (basin[0] + basin[-1] + 1 - n) // 2))
        return tuple(range(start, min(len(rates), start + n)))
    decades = np.log10(np.asarray(rates, dtype=np.float64))
    left = list(basin)
    for wanted in np.linspace(decades[basin[0]], decades[basin[-1]], n):
        left.remove(min(left, key=lambda place: abs(float(decades[place]) - float(wanted))))
    return tuple(place for place in basin if place not in left)
