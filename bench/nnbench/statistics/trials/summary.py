"""From the trials of one case to its rows and verdicts. The score of a trial is the case's metric at the end.

What counts as evidence: a finished trial has its score; a diverged one, and one that a racing rule stopped
for losing, have the worst there is. A trial that failed with an error or was cancelled says nothing of its
configuration, nor does one whose metric has no value on its validation data: it has no score and makes no
pair, and failures are shown beside the count.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    CaseRace,
    Comparison,
    ConfigurationSummary,
    Judgement,
    Pruning,
    TrialRecord,
)
from nnbench.statistics.comparing.families import judge_table
from nnbench.statistics.comparing.looks import level_of_look
from nnbench.statistics.comparing.pairs import PairResult
from nnbench.statistics.comparing.verdicts import Decision
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.estimation.intervals import median_interval, wilson_interval
from nnbench.statistics.trials.failures import has_no_value, how_it_failed

_EVIDENCE = frozenset({"finished", "diverged", "pruned"})


def score(trial: TrialRecord, facts: CaseFacts) -> float:
    """Return the trial's final validation metric, or the worst value where it was left without one."""
    if trial.status != "finished":
        return worst_score(facts)
    value = trial.final.get(facts.metric, math.nan)
    if not math.isfinite(value):
        raise ValueError(
            f"trial {trial.key}: finished, but its final {facts.metric!r} is {value!r}."
            f" A finished trial of case {facts.name!r} must leave a finite one; else its status is diverged."
        )
    return value


def worst_score(facts: CaseFacts) -> float:
    """Return the value that no score is worse than."""
    return -math.inf if facts.direction == "max" else math.inf


def scores_by_configuration(trials: Iterable[TrialRecord], facts: CaseFacts) -> dict[Axes, dict[int, float]]:
    """Return the scores by seed of every configuration of the case, in order of first appearance."""
    scores: dict[Axes, dict[int, float]] = {}
    for trial in _of_case(trials, facts):
        by_seed = scores.setdefault(trial.axes, {})
        value = trial.final.get(facts.metric, math.nan) if trial.status == "finished" else math.nan
        if not math.isfinite(value):
            if not is_evidence(trial, facts):
                continue
            value = score(trial, facts)
        if trial.seed in by_seed:
            raise ValueError(
                f"case {facts.name!r}: two trials of {trial.axes.as_dict()} have seed {trial.seed}."
                " Give each trial once."
            )
        by_seed[trial.seed] = value
    return scores


def summaries(
    trials: Sequence[TrialRecord], facts: CaseFacts, *, prunings: Sequence[Pruning] = ()
) -> list[ConfigurationSummary]:
    """Return one row per configuration of the case, in order of first appearance."""
    pruned = {pruning.axes: pruning for pruning in prunings}
    members: dict[Axes, list[TrialRecord]] = {}
    for trial in _of_case(trials, facts):
        members.setdefault(trial.axes, []).append(trial)
    scores = scores_by_configuration(trials, facts)
    rows = [_summarize(axes, own, list(scores[axes].values()), facts) for axes, own in members.items()]
    return [replace(row, pruned=pruned.get(row.axes)) for row in rows]


def comparisons(
    trials: Sequence[TrialRecord], facts: CaseFacts, *, against: Axes | None = None, look: int = 1
) -> list[Comparison]:
    """Return the verdict on every configuration against one: ``against``, or else the leader."""
    return judged(trials, facts, against=against, look=look)[0]


def judged(
    trials: Sequence[TrialRecord],
    facts: CaseFacts,
    *,
    against: Axes | None = None,
    look: int = 1,
    race: CaseRace | None = None,
) -> tuple[list[Comparison], Judgement | None]:
    """Judge the configurations of a case together: see ``judge_table``. None: there is no configuration.

    ``look`` says how many times they were looked at by now, which sets the level. Who left a race is worse
    than who led then.
    """
    scores = scores_by_configuration(trials, facts)
    if not scores:
        return [], None
    level = level_of(look, race)
    left = {each.axes for each in race.prunings} if race is not None else set()
    table = judge_table(
        scores,
        direction=facts.direction,
        noticeable=facts.noticeable,
        level=level,
        reference=against,
        left=left & scores.keys(),
    )
    found = [as_comparison(facts, row.a, row.b, row.pair, row.decision) for row in table.rows]
    found = [as_left(each, race) for each in found]
    return found, Judgement(facts.name, table.may_be_best, look, level, table.n_pairs)


def level_of(look: int, race: CaseRace | None) -> float:
    """Return the level that a case is judged at: a race shares its own among the looks that it has."""
    return level_of_look(look) if race is None else race.threshold


def as_left(comparison: Comparison, race: CaseRace | None) -> Comparison:
    """Return the verdict by which one of the two left their race behind the other, if one did.

    It was given at a look over fewer seeds, which the pairs that got all seeds would outweigh at the end.
    """
    for pruning in () if race is None else race.prunings:
        if {pruning.axes, pruning.against} == {comparison.a, comparison.b}:
            is_a = pruning.axes == comparison.a
            low, high = pruning.interval
            return replace(
                comparison,
                verdict="worse" if is_a else "better",
                interval=(low, high) if is_a else (-high, -low),
                p=pruning.p,
                seeds_needed=None,
                reason=f"{'' if is_a else 'the other '}left the race after {pruning.n_seeds} seeds",
            )
    return comparison


def as_comparison(facts: CaseFacts, a: Axes, b: Axes, pair: PairResult, decision: Decision) -> Comparison:
    return Comparison(
        case=facts.name,
        a=a,
        b=b,
        verdict=decision.verdict,
        difference=pair.difference,
        interval=decision.interval,
        p=decision.p,
        n=pair.n,
        seeds_needed=decision.seeds_needed,
        reason=decision.reason,
    )


def is_evidence(trial: TrialRecord, facts: CaseFacts) -> bool:
    """Return whether the trial says something of its configuration."""
    return trial.status in _EVIDENCE and not has_no_value(trial, facts)


def has_reached_target(trial: TrialRecord) -> bool:
    """Return whether the trial reached its target; one that diverged afterwards did not."""
    return trial.steps_to_target is not None and trial.status != "diverged"


def _of_case(trials: Iterable[TrialRecord], facts: CaseFacts) -> list[TrialRecord]:
    return [trial for trial in trials if trial.case == facts.name and trial.status != "cancelled"]


def _summarize(
    axes: Axes, trials: Sequence[TrialRecord], scores: Sequence[float], facts: CaseFacts
) -> ConfigurationSummary:
    evidence = [trial for trial in trials if is_evidence(trial, facts)]
    steps = [trial.steps_to_target if has_reached_target(trial) else None for trial in evidence]
    n_successes = sum(_is_success(trial, facts) for trial in evidence)
    return ConfigurationSummary(
        case=facts.name,
        axes=axes,
        n=len(evidence),
        median=float(np.median(scores)) if scores else worst_score(facts),
        interval=within_range(median_interval(scores), facts),
        success_rate=n_successes / len(evidence) if evidence else 0.0,
        success_interval=wilson_interval(n_successes, len(evidence)),
        failures=_count_failures(trials, facts),
        median_steps_to_target=_median_or([math.inf if s is None else s for s in steps], math.inf),
        train_s=_median_or([trial.train_s for trial in trials if trial.status == "finished"], 0.0),
    )


def _is_success(trial: TrialRecord, facts: CaseFacts) -> bool:
    """Return whether the trial did what its case asks: reach the target, or without a target, finish."""
    return trial.status == "finished" if facts.target is None else has_reached_target(trial)


def within_range(interval: Interval, facts: CaseFacts) -> Interval:
    """Return the part of an interval that the metric can reach: Student's may leave it with few seeds."""
    (low, high), (least, most) = interval, facts.limits
    if least is not None and math.isfinite(low):
        low = max(low, least)
    return low, min(high, most) if most is not None and math.isfinite(high) else high


def _count_failures(trials: Iterable[TrialRecord], facts: CaseFacts) -> Mapping[str, int]:
    kinds = (how_it_failed(trial, facts) for trial in trials)
    return dict(sorted(Counter(kind for kind in kinds if kind is not None).items()))


def _median_or(values: Sequence[float], default: float) -> float:
    return float(np.median(values)) if values else default
