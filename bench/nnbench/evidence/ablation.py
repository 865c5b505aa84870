"""What taking the components of an optimizer out does, one at a time or crossed, on the trials of a case."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Axes, CaseFacts, Comparison, ConfigurationSummary, TrialRecord
from nnbench.statistics.comparing.looks import level_of_look
from nnbench.statistics.trials.summary import comparisons, scores_by_configuration, summaries

_REFERENCE = Axes((("component", ""),))


@dataclass(frozen=True, slots=True)
class Ablation:
    """What was asked of one case: which configuration stands for which components being off."""

    optimizer: str  # as it was asked for, with the other choices that have components
    components: Mapping[str, str]  # by name: how it is written without the component
    cells: Mapping[frozenset[str], Axes]  # by the components that are off; of none, the whole
    unworkable: frozenset[Axes]  # for which a search found no rate that works: they ran at their default
    is_crossed: bool

    @property
    def whole(self) -> Axes:
        return self.cells[frozenset()]

    def without(self, component: str) -> Axes:
        """Return the configuration in which this component alone is off."""
        return self.cells[frozenset({component})]


@dataclass(frozen=True, slots=True)
class Removal:
    """What one component does: ``comparison`` says of the optimizer without it what it is to that with it."""

    component: str
    off: str
    comparison: Comparison
    failures: Mapping[str, int]  # of the trials without it, by kind
    n_without: int  # those trials


@dataclass(frozen=True, slots=True)
class AblatedCase:
    """Everything known of one case; ``removals`` in the order of the components."""

    facts: CaseFacts
    ablation: Ablation
    rows: Mapping[Axes, ConfigurationSummary]
    removals: tuple[Removal, ...]
    seeds: tuple[int, ...]
    is_tuned: bool
    look: int  # how many times these configurations were compared by now, which sets the level

    @property
    def level(self) -> float:
        return level_of_look(self.look)


def ablated(
    ablation: Ablation, trials: Sequence[TrialRecord], facts: CaseFacts, *, is_tuned: bool, look: int = 1
) -> AblatedCase:
    """Return what the trials of a case say of each component."""
    own = [trial for trial in trials if trial.case == facts.name and trial.status != "cancelled"]
    rows = {row.axes: row for row in summaries(own, facts)}
    judge = _main_effects if ablation.is_crossed else _one_out
    found = judge(ablation, own, facts, look)
    return AblatedCase(
        facts=facts,
        ablation=ablation,
        rows=rows,
        removals=tuple(
            Removal(component, off, found[component], *_failures(ablation, component, rows))
            for component, off in ablation.components.items()
        ),
        seeds=tuple(sorted({trial.seed for trial in own})),
        is_tuned=is_tuned,
        look=look,
    )


def _one_out(
    ablation: Ablation, trials: Sequence[TrialRecord], facts: CaseFacts, look: int
) -> dict[str, Comparison]:
    judged = {each.a: each for each in comparisons(trials, facts, against=ablation.whole, look=look)}
    return {component: judged[ablation.without(component)] for component in ablation.components}


def _main_effects(
    ablation: Ablation, trials: Sequence[TrialRecord], facts: CaseFacts, look: int
) -> dict[str, Comparison]:
    """Judge the mean effect of every component over all combinations of the others.

    The effect on a seed is one number, the mean without the component minus the mean with it. The family is
    that of as many configurations with these scores against one with scores of 0.
    """
    seeds, scores = _scores(ablation, trials, facts)
    if not np.isfinite(scores).any():
        return {component: _untold(component, facts, len(seeds)) for component in ablation.components}
    effects = {_REFERENCE: np.zeros(len(seeds))}
    for component in ablation.components:
        is_off = np.array([component in off for off in ablation.cells])
        effects[_named(component)] = scores[is_off].mean(axis=0) - scores[~is_off].mean(axis=0)
    like = replace(trials[0], status="finished", failure=None)
    measured = [
        replace(like, axes=axes, seed=seed, final={facts.metric: float(value)})
        for axes, by_seed in effects.items()
        for seed, value in zip(seeds, by_seed, strict=True)
    ]
    judged = {each.a: each for each in comparisons(measured, facts, against=_REFERENCE, look=look)}
    return {component: judged[_named(component)] for component in ablation.components}


def _untold(component: str, facts: CaseFacts, n: int) -> Comparison:
    reason = "no trial left a score" if n else "no seed has ended in every combination"
    nowhere = (-np.inf, np.inf)
    return Comparison(
        facts.name, _named(component), _REFERENCE, "cannot_tell", 0.0, nowhere, 1.0, n, None, reason
    )


def _named(component: str) -> Axes:
    return Axes((("component", component),))


def _scores(
    ablation: Ablation, trials: Sequence[TrialRecord], facts: CaseFacts
) -> tuple[list[int], NDArray[np.float64]]:
    """Return the seeds that every cell has, and its scores on them, a row for each cell.

    A trial without a score counts as one noticeable difference below the worst score there is.
    """
    by_axes = scores_by_configuration(trials, facts)
    of_cells = [by_axes.get(axes, {}) for axes in ablation.cells.values()]
    seeds = sorted(set.intersection(*map(set, of_cells)))
    table = np.array([[scores[seed] for seed in seeds] for scores in of_cells], dtype=np.float64)
    known = table[np.isfinite(table)]
    if not known.size:
        return seeds, table
    lost = known.min() - facts.noticeable if facts.direction == "max" else known.max() + facts.noticeable
    return seeds, np.where(np.isfinite(table), table, lost)


def _failures(
    ablation: Ablation, component: str, rows: Mapping[Axes, ConfigurationSummary]
) -> tuple[dict[str, int], int]:
    """Return how the trials without a component failed, and how many trials these are."""
    off = [axes for cell, axes in ablation.cells.items() if component in cell]
    asked = off if ablation.is_crossed else [ablation.without(component)]
    kept = [rows[axes] for axes in dict.fromkeys(asked) if axes in rows]
    failures: Counter[str] = Counter()
    for row in kept:
        failures.update(row.failures)
    return dict(sorted(failures.items())), sum(row.n for row in kept)
