"""From the trials of a search for learning rates to its curves, and to tuned beside default."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    Comparison,
    ConfigurationSummary,
    Direction,
    RateSearch,
    TrialRecord,
    Tuning,
)
from nnbench.statistics.comparing.pairs import PairResult, compare
from nnbench.statistics.comparing.verdicts import decide_family
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.trials.summary import as_comparison, scores_by_configuration, summaries, worst_score
from nnbench.statistics.tuning.sensitivity import Sensitivity, intervals_over_seeds, sensitivity

LEVEL = 0.05
_RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class RatePoint:
    """What the tuning seeds scored at one rate. Trials without a score take part as the worst there is."""

    rate: float
    median: float
    low: float  # quartiles, rounded outwards to scores that were seen
    high: float
    n: int
    n_lost: int  # diverged or stopped for losing
    is_refined: bool  # tried because it lies beside the best


@dataclass(frozen=True, slots=True)
class TunedConfiguration:
    """What a search says of one configuration. None: there is no rate with a score, or no trial."""

    search: RateSearch
    points: tuple[RatePoint, ...]  # by ascending rate
    sensitivity: Sensitivity | None
    basin_interval: Interval
    excess_interval: Interval
    tuned: ConfigurationSummary | None  # on the fresh seeds
    default: ConfigurationSummary | None
    gain: Comparison | None  # tuned against default, on the fresh seeds; None where the rate is the same

    @property
    def is_same_rate(self) -> bool:
        return self.search.learning_rate == self.search.default_rate

    def default_regret(self, direction: Direction) -> tuple[float, Interval]:
        """Return what the default falls short of the tuned rate, and its interval; more is worse.

        It is that of the fresh seeds: on the tuning seeds the best of many rates looks better than it is.
        """
        return (0.0, (0.0, 0.0)) if self.is_same_rate else shortfall(self.gain, direction)


def shortfall(gain: Comparison | None, direction: Direction) -> tuple[float, Interval]:
    """Return what the default falls short of the tuned by, and its interval; NaN: not compared."""
    if gain is None:
        return math.nan, (math.nan, math.nan)
    low, high = gain.interval
    return (gain.difference, (low, high)) if direction == "max" else (-gain.difference, (-high, -low))


def medians_by_axes(
    trials: Sequence[TrialRecord], facts: CaseFacts
) -> tuple[dict[Axes, float], dict[Axes, float]]:
    """Return the median score and the median loss of all trials with the same choices.

    Trials without a score take part as the worst there is; where all failed with an error, so do the choices.
    """
    scores = {
        axes: float(np.median(list(by_seed.values()))) if by_seed else worst_score(facts)
        for axes, by_seed in scores_by_configuration(trials, facts).items()
    }
    losses: dict[Axes, list[float]] = {axes: [] for axes in scores}
    for trial in trials:
        losses.setdefault(trial.axes, []).append(trial.final.get("loss", math.inf))
    return scores, {axes: float(np.median(values)) for axes, values in losses.items() if values}


def medians_by_rate(
    trials: Sequence[TrialRecord], facts: CaseFacts
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the median score and the median loss of one configuration by learning rate."""
    scores, losses = medians_by_axes(trials, facts)
    return (
        {axes.as_dict()[_RATE]: value for axes, value in scores.items()},
        {axes.as_dict()[_RATE]: value for axes, value in losses.items()},
    )


def tuned_configurations(
    tuning: Tuning, trials: Sequence[TrialRecord], facts: CaseFacts
) -> list[TunedConfiguration]:
    """Return what the search says of every configuration of the case, in the order of the search."""
    searches = [search for search in tuning.searches if search.case == facts.name]
    tuning_seeds, fresh_seeds = set(tuning.tuning_seeds), set(tuning.seeds)
    by_configuration: dict[Axes, list[TrialRecord]] = {}
    for trial in trials:
        if trial.case == facts.name:
            by_configuration.setdefault(trial.axes.without(_RATE), []).append(trial)
    found = []
    for search in searches:
        own = by_configuration.get(search.axes, [])
        tried = [trial for trial in own if trial.seed in tuning_seeds]
        fresh = [trial for trial in own if trial.seed in fresh_seeds]
        found.append(_configuration(search, tried, fresh, facts))
    return _with_gains(found, [trial for trial in trials if trial.seed in fresh_seeds], facts)


def fresh_at_tuned_rate(tuning: Tuning, trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that compare the configurations with one another: each at its own tuned rate."""
    chosen = {(search.case, search.axes): search.learning_rate for search in tuning.searches}
    fresh = set(tuning.seeds)
    return [
        trial
        for trial in trials
        if trial.seed in fresh
        and chosen.get((trial.case, trial.axes.without(_RATE))) == trial.axes.as_dict()[_RATE]
    ]


def _configuration(
    search: RateSearch, tried: Sequence[TrialRecord], fresh: Sequence[TrialRecord], facts: CaseFacts
) -> TunedConfiguration:
    rates, table = _table(search, tried, facts)
    points = _points(search, rates, table)
    _, losses = medians_by_rate(tried, facts)
    measured, basin, excess = _sensitivity(search, rates, table, facts, losses)
    rows = {row.axes.as_dict()[_RATE]: row for row in summaries(fresh, facts)}
    return TunedConfiguration(
        search=search,
        points=points,
        sensitivity=measured,
        basin_interval=basin,
        excess_interval=excess,
        tuned=None if search.learning_rate is None else rows.get(search.learning_rate),
        default=rows.get(search.default_rate),
        gain=None,
    )


def _table(
    search: RateSearch, tried: Sequence[TrialRecord], facts: CaseFacts
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the rates in ascending order and their scores, a column for each tuning seed.

    A trial that failed with an error has no score: it is left out of the medians, as NaN.
    """
    rates = tuple(sorted((*search.grid, *search.grown, *search.refined), key=float))
    scores = scores_by_configuration(tried, facts)
    seeds = sorted({trial.seed for trial in tried})
    table = np.full((len(rates), len(seeds)), math.nan)
    for axes, by_seed in scores.items():
        if axes.as_dict()[_RATE] in rates:
            row = rates.index(axes.as_dict()[_RATE])
            table[row] = [by_seed.get(seed, math.nan) for seed in seeds]
    return rates, table


def _points(search: RateSearch, rates: tuple[str, ...], table: NDArray[np.float64]) -> tuple[RatePoint, ...]:
    refined = set(search.refined)
    points = []
    for rate, row in zip(rates, table, strict=True):
        known = row[~np.isnan(row)]
        if not known.size:
            continue
        low = float(np.quantile(known, 0.25, method="lower"))
        high = float(np.quantile(known, 0.75, method="higher"))
        n_lost = int(np.count_nonzero(np.isinf(known)))
        points.append(
            RatePoint(float(rate), float(np.median(known)), low, high, known.size, n_lost, rate in refined)
        )
    return tuple(points)


def _sensitivity(
    search: RateSearch,
    rates: tuple[str, ...],
    table: NDArray[np.float64],
    facts: CaseFacts,
    losses: Mapping[str, float],
) -> tuple[Sensitivity | None, Interval, Interval]:
    unknown = (math.nan, math.nan)
    worst = worst_score(facts)
    medians = [float(np.median(row[~np.isnan(row)])) if not np.isnan(row).all() else worst for row in table]
    if not any(map(math.isfinite, medians)):
        return None, unknown, unknown
    grid = set(search.grid)
    even = [rate in grid for rate in rates]
    values = [float(rate) for rate in rates]
    ties = [losses.get(rate, math.inf) for rate in rates]
    complete = table[:, ~np.isnan(table).any(axis=0)]
    measured = sensitivity(
        values,
        medians,
        direction=facts.direction,
        untrained=facts.chance,
        tolerance=facts.noticeable,
        even=even,
        losses=ties,
    )
    basin, excess = intervals_over_seeds(
        values,
        complete,
        direction=facts.direction,
        untrained=facts.chance,
        tolerance=facts.noticeable,
        even=even,
        losses=ties,
    )
    return measured, basin, excess


def _with_gains(
    found: list[TunedConfiguration], fresh: Sequence[TrialRecord], facts: CaseFacts
) -> list[TunedConfiguration]:
    """Return the configurations with the verdict on tuned against default, corrected over all of them."""
    asked = [
        (each.tuned.axes, each.default.axes)
        for each in found
        if each.tuned and each.default and not each.is_same_rate
    ]
    gains = compare_pairs(asked, fresh, facts)
    return [
        replace(each, gain=gains.get((each.tuned.axes, each.default.axes)))
        if each.tuned and each.default
        else each
        for each in found
    ]


def compare_pairs(
    asked: Sequence[tuple[Axes, Axes]], trials: Sequence[TrialRecord], facts: CaseFacts
) -> dict[tuple[Axes, Axes], Comparison]:
    """Return the verdict on each pair that has a seed in common, corrected over all of them."""
    scores = scores_by_configuration(trials, facts)
    shared = [(a, b) for a, b in asked if scores[a].keys() & scores[b].keys()]
    pairs = [_pair(scores[a], scores[b], facts) for a, b in shared]
    return {
        (a, b): as_comparison(facts, a, b, pair, decision)
        for (a, b), pair, decision in zip(shared, pairs, decide_family(pairs, level=LEVEL), strict=True)
    }


def _pair(tuned: Mapping[int, float], default: Mapping[int, float], facts: CaseFacts) -> PairResult:
    seeds = sorted(tuned.keys() & default.keys())
    return compare(
        [tuned[seed] for seed in seeds],
        [default[seed] for seed in seeds],
        direction=facts.direction,
        noticeable=facts.noticeable,
        level=LEVEL,
    )
