"""From the trials of a search to the score of each point, its curve, and tuned beside default."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    Comparison,
    ConfigurationSummary,
    Direction,
    Point,
    Search,
    Strategy,
    TrialRecord,
    Tuning,
)
from nnbench.statistics.comparing.families import Match, judge_matches
from nnbench.statistics.comparing.looks import level_of_look
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.trials.failures import failure_kind
from nnbench.statistics.trials.summary import as_comparison, scores_by_configuration, summaries, worst_score
from nnbench.statistics.tuning.sensitivity import Sensitivity, intervals_over_seeds, sensitivity

_RATE = "learning_rate"
_UNKNOWN: Interval = (math.nan, math.nan)
# What a step that is too long does to a trial.
_UNSTABLE = frozenset({"diverged", "blown_up", "spike"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What one point scored, as medians over the tuning seeds."""

    score: float  # the case's metric
    loss: float  # chooses among equal scores


@dataclass(frozen=True, slots=True)
class TriedPoint:
    """What the tuning seeds scored at one point. Trials without a score take part as the worst there is."""

    values: tuple[float, ...]  # in the order of the search's spans
    median: float
    low: float  # quartiles, rounded outwards to scores that were seen
    high: float
    n: int
    n_lost: int  # diverged or stopped for losing
    n_unstable: int  # diverged, blown up or with a late spike
    is_refined: bool  # tried because it lies beside the best


@dataclass(frozen=True, slots=True)
class SearchedConfiguration:
    """What a search says of one configuration. None: no point with a score, no trial, or no curve."""

    search: Search
    points: tuple[TriedPoint, ...]  # in the order of the search; those without a trial are left out
    sensitivity: Sensitivity | None  # of a grid along the learning rate
    basin_interval: Interval
    excess_interval: Interval
    tuned: ConfigurationSummary | None  # on the fresh seeds
    default: ConfigurationSummary | None
    gain: Comparison | None  # tuned against default, on the fresh seeds; None where they are the same

    def default_regret(self, direction: Direction) -> tuple[float, Interval]:
        """Return what the default falls short of the tuned by, and its interval; NaN: not compared.

        It is that of the fresh seeds: on the tuning seeds the best of many points looks better than it is.
        """
        if self.search.is_default:
            return 0.0, (0.0, 0.0)
        if self.gain is None:
            return math.nan, _UNKNOWN
        low, high = self.gain.interval
        return (
            (self.gain.difference, (low, high))
            if direction == "max"
            else (-self.gain.difference, (-high, -low))
        )

    def near_best(self, facts: CaseFacts) -> tuple[TriedPoint, ...]:
        """Return the points whose median is within the just-noticeable difference of the best."""
        medians = [point.median for point in self.points if math.isfinite(point.median)]
        if not medians:
            return ()
        best = max(medians) if facts.direction == "max" else min(medians)
        # 0.97 - 0.965 is a little more than 0.005: what lies on the border is within it.
        reach = facts.noticeable * (1.0 + 1e-9)
        return tuple(point for point in self.points if abs(point.median - best) <= reach)

    def beside(self, step: int) -> TriedPoint | None:
        """Return the point that lies so many places above the chosen one on a grid; at 0 that one itself."""
        tried, best = [point.values for point in self.points], self.search.best
        if best is None or best.values not in tried or (step and self.sensitivity is None):
            return None
        place = tried.index(best.values) + step
        return self.points[place] if 0 <= place < len(tried) else None

    @property
    def cliff(self) -> TriedPoint | None:
        """Return the next larger rate, if trials were unstable there: the tuned rate stands at a cliff."""
        above = self.beside(1)
        return above if above is not None and above.n_unstable else None


def standings_by_axes(trials: Sequence[TrialRecord], facts: CaseFacts) -> dict[Axes, Standing]:
    """Return what all trials with the same choices scored.

    Trials without a score take part as the worst there is; where all failed with an error, so do the choices.
    """
    losses: dict[Axes, list[float]] = {}
    for trial in trials:
        losses.setdefault(trial.axes, []).append(trial.final.get("loss", math.inf))
    return {
        axes: Standing(
            float(np.median(list(by_seed.values()))) if by_seed else worst_score(facts),
            float(np.median(losses[axes])),
        )
        for axes, by_seed in scores_by_configuration(trials, facts).items()
    }


def searched_configurations(
    tuning: Tuning, trials: Sequence[TrialRecord], facts: CaseFacts
) -> list[SearchedConfiguration]:
    """Return what the search says of every configuration of the case, in the order of the search."""
    own = [trial for trial in trials if trial.case == facts.name]
    tried = [trial for trial in own if trial.seed in set(tuning.tuning_seeds)]
    fresh = [trial for trial in own if trial.seed in set(tuning.seeds)]
    rows = {row.axes: row for row in summaries(fresh, facts)}
    by_axes: dict[Axes, list[TrialRecord]] = {}
    for trial in tried:
        by_axes.setdefault(trial.axes, []).append(trial)
    found = [
        _configuration(search, tuning.strategy, by_axes, rows, facts)
        for search in tuning.searches
        if search.case == facts.name
    ]
    return _with_gains(found, fresh, facts)


def fresh_at_best(tuning: Tuning, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that compare the configurations with one another, named as they were asked for.

    Each is at its own best point, of which the learning rate is named.
    """
    fresh = [trial for trial in trials if trial.seed in set(tuning.seeds)]
    found = []
    for search in tuning.searches:
        if search.best is None:
            continue
        own = search.at(search.best)
        asked = search.axes.at(_RATE, own.as_dict()[_RATE])
        found += [
            replace(trial, axes=asked) for trial in fresh if trial.case == search.case and trial.axes == own
        ]
    return found


def _configuration(
    search: Search,
    strategy: Strategy,
    tried: Mapping[Axes, Sequence[TrialRecord]],
    rows: Mapping[Axes, ConfigurationSummary],
    facts: CaseFacts,
) -> SearchedConfiguration:
    places = [search.at(point) for point in search.points]
    own = [trial for place in places for trial in tried.get(place, ())]
    scores = scores_by_configuration(own, facts)
    measured = _sensitivity(search, places, own, scores, facts) if strategy == "grid" else None
    curve, basin, excess = measured or (None, _UNKNOWN, _UNKNOWN)
    points = (
        _tried(point, scores.get(place, {}), tried.get(place, ()), facts)
        for point, place in zip(search.points, places, strict=True)
    )
    return SearchedConfiguration(
        search=search,
        points=tuple(point for point in points if point is not None),
        sensitivity=curve,
        basin_interval=basin,
        excess_interval=excess,
        tuned=None if search.best is None else rows.get(search.at(search.best)),
        default=rows.get(search.axes),
        gain=None,
    )


def _tried(
    point: Point, scores: Mapping[int, float], trials: Sequence[TrialRecord], facts: CaseFacts
) -> TriedPoint | None:
    if not scores:
        return None
    known = list(scores.values())
    return TriedPoint(
        values=point.values,
        median=float(np.median(known)),
        low=float(np.quantile(known, 0.25, method="lower")),
        high=float(np.quantile(known, 0.75, method="higher")),
        n=len(known),
        n_lost=int(np.count_nonzero(np.isinf(known))),
        n_unstable=sum((trial.failure or failure_kind(trial, facts)) in _UNSTABLE for trial in trials),
        is_refined=point.stage == "refined",
    )


def _sensitivity(
    search: Search,
    places: Sequence[Axes],
    trials: Sequence[TrialRecord],
    scores: Mapping[Axes, Mapping[int, float]],
    facts: CaseFacts,
) -> tuple[Sensitivity, Interval, Interval] | None:
    """Return the sensitivity to the learning rate, and the intervals of basin and excess.

    A trial that failed with an error has no score: it is left out of the medians.
    """
    known, lost = standings_by_axes(trials, facts), Standing(worst_score(facts), math.inf)
    standings = [known.get(place, lost) for place in places]
    values = [each.score for each in standings]
    if not any(map(math.isfinite, values)):
        return None
    rates = [point.values[0] for point in search.points]
    seeds = sorted({trial.seed for trial in trials})
    complete = [seed for seed in seeds if all(seed in scores.get(place, {}) for place in places)]
    table = [[scores[place][seed] for seed in complete] for place in places]
    measure = partial(
        sensitivity,
        rates,
        direction=facts.direction,
        untrained=facts.chance,
        tolerance=facts.noticeable,
        default=search.spans[0].default,
        even=[point.stage == "grid" for point in search.points],
        losses=[each.loss for each in standings],
    )
    return measure(values), *intervals_over_seeds(measure, table)


def _with_gains(
    found: Sequence[SearchedConfiguration], fresh: Sequence[TrialRecord], facts: CaseFacts
) -> list[SearchedConfiguration]:
    """Return the configurations with the verdict on tuned against default, corrected over all of them."""
    scores = scores_by_configuration(fresh, facts)
    sides = {
        place: (each.tuned.axes, each.default.axes)
        for place, each in enumerate(found)
        if each.tuned and each.default and not each.search.is_default
    }
    matches = {
        place: Match(scores[tuned], scores[default], facts.direction, facts.noticeable)
        for place, (tuned, default) in sides.items()
        if scores[tuned].keys() & scores[default].keys()
    }
    decided = judge_matches(list(matches.values()), level=level_of_look(1))
    gains = {
        place: as_comparison(facts, *sides[place], pair, decision)
        for place, (pair, decision) in zip(matches, decided, strict=True)
    }
    return [replace(each, gain=gains.get(place)) for place, each in enumerate(found)]
