"""The effects of the axes of one case: which of them are crossed, and which trials take part."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Literal

from nnbench.records.trials import CaseFacts, TrialRecord
from nnbench.statistics.factors.effects import Effects, Measured, analyze_effects
from nnbench.statistics.factors.sums_of_squares import code_factor, determined, sum_coded_design
from nnbench.statistics.trials.failures import has_no_value
from nnbench.statistics.trials.summary import score, within_range

# Why an axis is no factor: only one of its choices left a score, or its choices go with those of the axes
# before it, as learning rates do that were chosen for each optimizer.
Reason = Literal["one choice", "not crossed"]


@dataclass(frozen=True, slots=True)
class CaseEffects:
    """What explains the scores of one case."""

    effects: Effects | None  # None: fewer than two axes are crossed
    ended: tuple[TrialRecord, ...]  # the trials of the case that were not cancelled
    factors: tuple[str, ...]
    left_out: Mapping[str, Reason]  # the axes that vary and are no factors
    trials: Mapping[str, Mapping[str, int]]  # that ended, by axis and choice, in the order of the run
    lost: Mapping[str, Mapping[str, int]]  # of these, the ones without a score
    lost_by_status: Mapping[str, int]


def case_effects(
    trials: Sequence[TrialRecord], facts: CaseFacts, varying: Sequence[str]
) -> CaseEffects | None:
    """Return the effects of the axes that vary; None where fewer than two do, or no trial left a score."""
    own = [trial for trial in trials if trial.case == facts.name and trial.status != "cancelled"]
    ended = [trial for trial in own if not has_no_value(trial, facts)]
    chosen = [trial.axes.as_dict() for trial in ended]
    levels = {
        axis: [each[axis] for each in chosen] for axis in varying if all(axis in each for each in chosen)
    }
    levels = {axis: column for axis, column in levels.items() if len(set(column)) > 1}
    is_scored = [trial.status == "finished" for trial in ended]
    if len(levels) < 2 or not any(is_scored):
        return None
    factors, left_out = crossed({axis: list(compress(column, is_scored)) for axis, column in levels.items()})
    return CaseEffects(
        effects=None
        if len(factors) < 2
        else _analyzed(ended, facts, {axis: levels[axis] for axis in factors}),
        ended=tuple(ended),
        factors=factors,
        left_out=left_out,
        trials={axis: Counter(column) for axis, column in levels.items()},
        lost={
            axis: Counter(
                choice for choice, has_score in zip(column, is_scored, strict=True) if not has_score
            )
            for axis, column in levels.items()
        },
        lost_by_status=Counter(trial.status for trial in ended if trial.status != "finished"),
    )


def _analyzed(
    trials: Sequence[TrialRecord], facts: CaseFacts, levels: Mapping[str, Sequence[str]]
) -> Effects:
    found = analyze_effects(
        levels, [score(trial, facts) for trial in trials], [trial.seed for trial in trials]
    )

    def bounded(mean: Measured) -> Measured:
        return replace(mean, interval=within_range(mean.interval, facts))

    cells = {pair: {key: bounded(each) for key, each in of.items()} for pair, of in found.cells.items()}
    return replace(found, mean=bounded(found.mean), cells=cells)


def crossed(levels: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], dict[str, Reason]]:
    """Return the axes whose effects can be told apart, the first ones first, and why the others cannot.

    An axis is crossed with those before it if no shift of one of its choices could as well be theirs.
    """
    factors: list[str] = []
    left_out: dict[str, Reason] = {}
    for axis, column in levels.items():
        if len(set(column)) < 2:
            left_out[axis] = "one choice"
            continue
        tried = (*factors, axis)
        design = sum_coded_design({name: code_factor(levels[name]) for name in tried})
        if all(determined(design, [(), *((name,) for name in tried)]).values()):
            factors.append(axis)
        else:
            left_out[axis] = "not crossed"
    return tuple(factors), left_out
