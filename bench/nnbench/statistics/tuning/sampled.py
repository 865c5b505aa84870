"""From the trials of a search over several hyper-parameters to the score of each setting, and the gain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    Comparison,
    ConfigurationSummary,
    Direction,
    Edge,
    PointSearch,
    Sampling,
    Setting,
    TrialRecord,
)
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.trials.summary import scores_by_configuration, summaries
from nnbench.statistics.tuning.tuning import compare_pairs, shortfall


@dataclass(frozen=True, slots=True)
class TriedPoint:
    """What the tuning seeds scored at one setting. Trials without a score take part as the worst there is."""

    values: tuple[float, ...]  # in the order of the search's spans
    median: float
    low: float  # quartiles, rounded outwards to scores that were seen
    high: float
    n: int
    n_lost: int  # diverged or stopped for losing


@dataclass(frozen=True, slots=True)
class SampledConfiguration:
    """What a search says of one configuration. None: no point with a score, or no trial."""

    search: PointSearch
    points: tuple[TriedPoint, ...]  # in the order of the search; those without a trial are left out
    tuned: ConfigurationSummary | None  # on the fresh seeds
    default: ConfigurationSummary | None
    gain: Comparison | None  # tuned against default; None where the default is the best

    @property
    def is_default(self) -> bool:
        return self.search.chosen == 0

    def default_regret(self, direction: Direction) -> tuple[float, Interval]:
        """Return what the default falls short of the tuned setting on the fresh seeds; more is worse."""
        return (0.0, (0.0, 0.0)) if self.is_default else shortfall(self.gain, direction)

    def tuned_value(self, name: str) -> float | None:
        """Return the value of a hyper-parameter at the chosen setting."""
        return (
            None if self.search.chosen is None else self.search.values[self.search.chosen][self.place(name)]
        )

    def edge(self, name: str) -> Edge | None:
        """Return the end of all tried values of a hyper-parameter that its tuned value is."""
        tuned = self.tuned_value(name)
        if tuned is None or name not in self.search.edges:
            return None
        return "high" if tuned == max(values[self.place(name)] for values in self.search.values) else "low"

    def place(self, name: str) -> int:
        """Return where a hyper-parameter stands among the values of a point."""
        return [span.name for span in self.search.spans].index(name)

    def near_best(self, facts: CaseFacts) -> tuple[TriedPoint, ...]:
        """Return the points whose median is within the just-noticeable difference of the best."""
        medians = [point.median for point in self.points if math.isfinite(point.median)]
        if not medians:
            return ()
        best = max(medians) if facts.direction == "max" else min(medians)
        # 0.97 - 0.965 is a little more than 0.005: what lies on the border is within it.
        reach = facts.noticeable * (1.0 + 1e-9)
        return tuple(point for point in self.points if abs(point.median - best) <= reach)


def at(axes: Axes, setting: Setting) -> Axes:
    """Return the choices of a configuration with this setting of its optimizer."""
    return axes.at("optimizer", setting.optimizer).at("learning_rate", setting.learning_rate)


def sampled_configurations(
    sampling: Sampling, trials: Sequence[TrialRecord], facts: CaseFacts
) -> list[SampledConfiguration]:
    """Return what the search says of every configuration of the case, in the order of the search."""
    own = [trial for trial in trials if trial.case == facts.name]
    tried = [trial for trial in own if trial.seed in set(sampling.tuning_seeds)]
    fresh = [trial for trial in own if trial.seed in set(sampling.seeds)]
    rows = {row.axes: row for row in summaries(fresh, facts)}
    scores = scores_by_configuration(tried, facts)
    found = []
    for search in sampling.searches:
        if search.case != facts.name:
            continue
        places = [at(search.axes, point) for point in search.points]
        points = [
            _point(values, list(scores.get(place, {}).values()))
            for place, values in zip(places, search.values, strict=True)
        ]
        tuned = None if search.chosen is None else rows.get(places[search.chosen])
        kept = tuple(point for point in points if point is not None)
        found.append(SampledConfiguration(search, kept, tuned, rows.get(places[0]), None))
    asked = [
        (each.tuned.axes, each.default.axes)
        for each in found
        if each.tuned and each.default and not each.is_default
    ]
    gains = compare_pairs(asked, fresh, facts)
    return [
        replace(each, gain=gains.get((each.tuned.axes, each.default.axes)))
        if each.tuned and each.default
        else each
        for each in found
    ]


def fresh_at_tuned_setting(sampling: Sampling, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that compare the configurations with one another, named as they were asked for."""
    fresh = [trial for trial in trials if trial.seed in set(sampling.seeds)]
    found = []
    for search in sampling.searches:
        if search.chosen is None:
            continue
        setting = search.points[search.chosen]
        asked = search.axes.at("learning_rate", setting.learning_rate)
        own = at(search.axes, setting)
        found += [
            replace(trial, axes=asked) for trial in fresh if trial.case == search.case and trial.axes == own
        ]
    return found


def _point(values: tuple[float, ...], scores: list[float]) -> TriedPoint | None:
    if not scores:
        return None
    low = float(np.quantile(scores, 0.25, method="lower"))
    high = float(np.quantile(scores, 0.75, method="higher"))
    n_lost = int(np.count_nonzero(np.isinf(scores)))
    return TriedPoint(values, float(np.median(scores)), low, high, len(scores), n_lost)
