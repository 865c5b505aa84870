"""From the trials of a search to the curve of its points, and tuned beside default."""

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
    Search,
    TrialRecord,
    Tuning,
)
from nnbench.statistics.comparing.families import Match, judge_matches
from nnbench.statistics.comparing.looks import level_of_look
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.trials.failures import how_it_failed
from nnbench.statistics.trials.summary import as_comparison, scores_by_configuration, summaries
from nnbench.statistics.tuning.choice import (
    Standing,
    filled,
    lost_value,
    standings_by_axes,
    untrained_value,
)
from nnbench.statistics.tuning.nested import nested_verdicts, share_of
from nnbench.statistics.tuning.sensitivity import Sensitivity, intervals_over_seeds, sensitivity

_RATE = "learning_rate"
_UNKNOWN: Interval = (math.nan, math.nan)
# What a step that is too long does to a trial, and what it also does above a rate that works: there a network
# that learns nothing has been knocked out, where below it has only not got far.
_UNSTABLE = frozenset({"diverged", "blown_up", "spike"})
_KNOCKED_OUT = frozenset({"chance", "dead"})
# From so many seeds on the share of resamples is one of confidence.
SEEDS_FOR_AN_INTERVAL = 10


@dataclass(frozen=True, slots=True)
class TriedPoint:
    """What the tuning seeds scored at one point. Trials without a score take part as the worst there is."""

    values: tuple[float, ...]  # in the order of the search's spans
    mean: float  # with a number in the place of every missing score; infinite where all are missing
    median: float
    low: float  # quartiles, rounded outwards to scores that were seen
    high: float
    n: int
    n_lost: int  # diverged or stopped for losing
    n_unstable: (
        int  # of all seeds: diverged, blown up or with a late spike, and if above the chosen one at chance
    )
    n_seen: int  # all seeds, those of the last few points too
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
    searches: tuple[Search, ...] = ()  # the first one too
    around: tuple[int, int] = (0, 0)  # trials at the chosen point and beside it: how many failed, of how many
    n_seeds: int = 0  # that the curve is over

    @property
    def is_default(self) -> bool:
        """Whether every search chose the default."""
        return all(search.is_default for search in self.searches)

    def default_regret(self, direction: Direction) -> tuple[float, Interval]:
        """Return what the default falls short of the tuned by, and its interval; NaN: not compared.

        It is that of the fresh seeds: on the tuning seeds the best of many points looks better than it is.
        """
        if self.is_default:
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
        """Return the points whose mean is within the just-noticeable difference of the best."""
        means = [point.mean for point in self.points if math.isfinite(point.mean)]
        if not means:
            return ()
        best = max(means) if facts.direction == "max" else min(means)
        # 0.97 - 0.965 is a little more than 0.005: what lies on the border is within it.
        reach = facts.noticeable * (1.0 + 1e-9)
        return tuple(point for point in self.points if abs(point.mean - best) <= reach)

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


def failing_around(search: Search, trials: Sequence[TrialRecord], facts: CaseFacts) -> tuple[int, int]:
    """Return how many of a search's trials at its chosen point and beside it failed, and how many they are.

    Beside it are the next lower and next higher rate that were tried; in several dimensions there is none.
    """
    if search.chosen is None:
        return 0, 0
    reach = 1 if search.points[0].stage != "point" else 0
    places = range(max(0, search.chosen - reach), min(len(search.points), search.chosen + reach + 1))
    n_failed = n = 0
    for place in places:
        at = search.at(search.points[place])
        own = [trial for trial in trials if trial.axes == at and trial.status != "cancelled"]
        n_failed += _count_unstable(own, facts, is_above=place > search.chosen)
        n += len(own)
    return n_failed, n


def _count_unstable(trials: Sequence[TrialRecord], facts: CaseFacts, *, is_above: bool) -> int:
    kinds = _UNSTABLE | _KNOCKED_OUT if is_above else _UNSTABLE
    return sum(how_it_failed(trial, facts) in kinds for trial in trials)


def searched_configurations(
    tuning: Tuning, trials: Sequence[TrialRecord], facts: CaseFacts
) -> list[SearchedConfiguration]:
    """Return what the search says of every configuration of the case, in the order of the search."""
    own = [trial for trial in trials if trial.case == facts.name]
    tried = [trial for trial in own if trial.seed in {*tuning.tuning_seeds, *tuning.final_seeds}]
    fresh = [trial for trial in own if trial.seed in set(tuning.seeds)]
    by_axes: dict[Axes, list[TrialRecord]] = {}
    for trial in tried:
        by_axes.setdefault(trial.axes, []).append(trial)
    found = [
        _configuration(tuning, searches, by_axes, fresh, facts)
        for searches in tuning.of_configurations
        if searches[0].case == facts.name
    ]
    return _with_gains(found, tuning, fresh, facts)


def tuned_trials(
    tuning: Tuning, searches: Sequence[Search], fresh: Sequence[TrialRecord]
) -> list[TrialRecord]:
    """Return the trials of a configuration at what each search chose, on that search's share of fresh seeds.

    All of them are named as those of the first search that chose something.
    """
    found: list[TrialRecord] = []
    for place, search in enumerate(searches):
        if search.best is None:
            continue
        own, seeds = search.at(search.best), set(tuning.fresh(place))
        at = [each for each in fresh if each.case == search.case and each.axes == own and each.seed in seeds]
        found += [replace(trial, axes=found[0].axes) for trial in at] if found else at
    return found


def fresh_at_best(tuning: Tuning, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that compare the configurations with one another, named as they were asked for.

    Each is at its own best point, of which the learning rate is named.
    """
    fresh = [trial for trial in trials if trial.seed in set(tuning.seeds)]
    found = []
    for searches in tuning.of_configurations:
        own = tuned_trials(tuning, searches, fresh)
        asked = searches[0].axes.at(_RATE, own[0].axes.as_dict()[_RATE]) if own else searches[0].axes
        found += [replace(trial, axes=asked) for trial in own]
    return found


def _configuration(
    tuning: Tuning,
    searches: tuple[Search, ...],
    tried: Mapping[Axes, Sequence[TrialRecord]],
    fresh: Sequence[TrialRecord],
    facts: CaseFacts,
) -> SearchedConfiguration:
    search = searches[0]
    places = [search.at(point) for point in search.points]
    seen = [trial for place in places for trial in tried.get(place, ())]
    own = [trial for trial in seen if trial.seed in set(tuning.tuning_seeds)]
    scores = scores_by_configuration(own, facts)
    lost = lost_value([list(each.values()) for each in scores.values()], facts)
    measured = _sensitivity(search, places, own, scores, facts) if tuning.strategy == "grid" else None
    curve, basin, excess = measured or (None, _UNKNOWN, _UNKNOWN)
    points = (
        _tried(search, place, scores.get(at, {}), lost, tried.get(at, ()), facts)
        for place, at in enumerate(places)
    )
    tuned = summaries(tuned_trials(tuning, searches, fresh), facts)
    default = summaries([trial for trial in fresh if trial.axes == search.axes], facts)
    return SearchedConfiguration(
        search=search,
        points=tuple(point for point in points if point is not None),
        sensitivity=curve,
        basin_interval=basin,
        excess_interval=excess,
        tuned=next(iter(tuned), None),
        default=next(iter(default), None),
        gain=None,
        searches=searches,
        around=failing_around(search, seen, facts),
        n_seeds=len(tuning.tuning_seeds),
    )


def _tried(
    search: Search,
    place: int,
    scores: Mapping[int, float],
    lost: float,
    trials: Sequence[TrialRecord],
    facts: CaseFacts,
) -> TriedPoint | None:
    if not scores:
        return None
    known, point = list(scores.values()), search.points[place]
    is_above = search.chosen is not None and point.stage != "point" and place > search.chosen
    has_score = any(map(math.isfinite, known))
    return TriedPoint(
        values=point.values,
        mean=float(filled(known, lost).mean()) if has_score else known[0],
        median=float(np.median(known)),
        low=float(np.quantile(known, 0.25, method="lower")),
        high=float(np.quantile(known, 0.75, method="higher")),
        n=len(known),
        n_lost=int(np.count_nonzero(np.isinf(known))),
        n_unstable=_count_unstable(trials, facts, is_above=is_above),
        n_seen=len(trials),
        is_refined=point.stage == "refined",
    )


def _sensitivity(
    search: Search,
    places: Sequence[Axes],
    trials: Sequence[TrialRecord],
    scores: Mapping[Axes, Mapping[int, float]],
    facts: CaseFacts,
) -> tuple[Sensitivity, Interval, Interval] | None:
    """Return the sensitivity to the learning rate, and the spread of basin and excess.

    A trial that failed with an error has no score: it is left out of the means.
    """
    lost = lost_value([list(each.values()) for each in scores.values()], facts)
    known, nothing = standings_by_axes(trials, facts), Standing(lost, math.inf)
    standings = [known.get(place, nothing) for place in places]
    if not any(math.isfinite(score) for own in scores.values() for score in own.values()):
        return None
    rates = [point.values[0] for point in search.points]
    seeds = sorted({trial.seed for trial in trials})
    complete = [seed for seed in seeds if all(seed in scores.get(place, {}) for place in places)]
    table = filled([[scores[place][seed] for seed in complete] for place in places], lost)
    measure = partial(
        sensitivity,
        rates,
        direction=facts.direction,
        untrained=untrained_value(table[np.isfinite(table)].tolist(), facts),
        tolerance=facts.noticeable,
        default=search.spans[0].default,
        even=[point.stage == "grid" for point in search.points],
        losses=[each.loss for each in standings],
    )
    confidence = 0.95 if len(complete) >= SEEDS_FOR_AN_INTERVAL else 1.0
    spread = intervals_over_seeds(measure, table, confidence=confidence)
    return measure(filled([each.score for each in standings], lost)), *spread


def _with_gains(
    found: Sequence[SearchedConfiguration], tuning: Tuning, fresh: Sequence[TrialRecord], facts: CaseFacts
) -> list[SearchedConfiguration]:
    """Return the configurations with the verdict on tuned against default, corrected over all of them."""
    sides = {
        place: (_scores(tuned_trials(tuning, each.searches, fresh), facts), _scores(at_default, facts))
        for place, each in enumerate(found)
        if each.tuned
        and not each.is_default
        and (at_default := [trial for trial in fresh if trial.axes == each.search.axes])
    }
    sides = {place: (a, b) for place, (a, b) in sides.items() if a.keys() & b.keys()}
    names = {place: (found[place].tuned.axes, found[place].search.axes) for place in sides}  # type: ignore[union-attr]
    if tuning.repeats:
        rows = [(*names[place], *sides[place]) for place in sides]
        gains = dict(zip(sides, nested_verdicts(facts, rows, share_of(tuning)), strict=True))
    else:
        matches = [Match(a, b, facts.direction, facts.noticeable) for a, b in sides.values()]
        decided = judge_matches(matches, level=level_of_look(1))
        gains = {
            place: as_comparison(facts, *names[place], pair, decision)
            for place, (pair, decision) in zip(sides, decided, strict=True)
        }
    return [replace(each, gain=gains.get(place)) for place, each in enumerate(found)]


def _scores(trials: Sequence[TrialRecord], facts: CaseFacts) -> dict[int, float]:
    """Return the scores by seed of trials of one configuration."""
    return next(iter(scores_by_configuration(trials, facts).values()), {})
