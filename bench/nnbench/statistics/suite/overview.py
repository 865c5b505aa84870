"""The configurations of a run over all of its cases: profile, ranks, normalised scores, wins and cost.

A configuration is the same in two cases if its choices on the varying axes are; tuned rates may differ.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Axes, CaseFacts, RunRecord, TrialRecord
from nnbench.statistics.estimation.signed_rank import Posterior, signed_rank_posterior
from nnbench.statistics.suite.across import (
    Estimate,
    ScoreProfile,
    iqm_over_cases,
    normalize_scores,
    probability_of_improvement,
    score_profiles,
)
from nnbench.statistics.suite.profile import PerformanceProfile, performance_profiles
from nnbench.statistics.suite.ranks import FEWEST_CASES, Friedman, friedman
from nnbench.statistics.trials.summary import has_reached_target, scores_by_configuration

_Scores = Mapping[str, Mapping[int, float]]  # by label and seed


@dataclass(frozen=True, slots=True)
class Member:
    """One configuration over all cases. None: no case, or no other configuration, to say it by."""

    label: str
    profile: PerformanceProfile | None
    average_rank: float | None  # 1 is best
    iqm: Estimate | None  # of normalised scores
    score_profile: ScoreProfile | None  # of them, too
    improvement: Estimate | None  # how often one of its trials beats one of the reference
    posterior: Posterior | None  # that its medians are practically better than those of the reference
    train_s: float  # median seconds of a trial, added up over the cases
    state_bytes: float | None  # optimizer state per parameter


@dataclass(frozen=True, slots=True)
class Overview:
    """All configurations that every case has; best profile score first, then best average rank."""

    cases: tuple[CaseFacts, ...]
    members: tuple[Member, ...]
    reference: str
    has_named_reference: bool
    friedman: Friedman | None
    with_target: tuple[str, ...]  # the cases that profile and normalised scores are over
    unsolved: tuple[str, ...]  # of these, those whose target none reached in more than half of its trials
    n_left_out: int  # configurations that some case does not have
    n_seeds: tuple[int, int]  # the least and the most seeds that a case has for all of them


def overview(run: RunRecord, trials: Sequence[TrialRecord]) -> Overview | None:
    """Return the run over all of its cases; None where it has one, or no configuration in all of them."""
    if len(run.cases) < 2:
        return None
    by_case = {
        facts.name: _Case.of(facts, run.varying, [trial for trial in trials if trial.case == facts.name])
        for facts in run.cases
    }
    every = dict.fromkeys(label for case in by_case.values() for label in case.scores)
    labels = [label for label in every if all(case.scores.get(label) for case in by_case.values())]
    if not labels:
        return None
    cases = list(by_case.values())
    solvable = [case for case in cases if case.has_target and case.shared_seeds(labels)]
    profiles = _profiles(solvable, labels)
    normalized = {label: [case.normalized(label) for case in solvable] for label in labels}
    shares = score_profiles(list(normalized.values())) if solvable else [None] * len(labels)
    ranked = _friedman(cases, labels)
    places = dict(zip(labels, ranked.average_ranks, strict=True)) if ranked else {}
    order = sorted(labels, key=lambda label: _standing(label, profiles, places))
    named = run.against if run.against in labels else None
    reference = named or order[0]
    posteriors = _posteriors(cases, order, reference)
    n_seeds = [len(case.shared_seeds(labels)) for case in cases]
    return Overview(
        cases=run.cases,
        members=tuple(
            Member(
                label=label,
                profile=profiles.get(label),
                average_rank=places.get(label),
                iqm=iqm_over_cases(normalized[label]) if solvable else None,
                score_profile=shares[labels.index(label)],
                improvement=_improvement(cases, label, reference),
                posterior=posteriors.get(label),
                train_s=sum(case.seconds(label) for case in cases),
                state_bytes=run.state_bytes.get(cases[0].optimizers[label]),
            )
            for label in order
        ),
        reference=reference,
        has_named_reference=named is not None,
        friedman=ranked,
        with_target=tuple(case.facts.name for case in solvable),
        unsolved=tuple(case.facts.name for case in solvable if case.is_unsolved(labels)),
        n_left_out=len(every) - len(labels),
        n_seeds=(min(n_seeds), max(n_seeds)),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """The trials of one case, by the label of their configuration."""

    facts: CaseFacts
    scores: _Scores
    trials: Mapping[str, list[TrialRecord]]
    optimizers: Mapping[str, str]

    @classmethod
    def of(cls, facts: CaseFacts, varying: tuple[str, ...], trials: list[TrialRecord]) -> "_Case":
        by_axes = scores_by_configuration(trials, facts)
        labels = {axes: axes.label(varying) for axes in by_axes}
        members: dict[str, list[TrialRecord]] = {label: [] for label in labels.values()}
        for trial in trials:
            if trial.axes in labels:
                members[labels[trial.axes]].append(trial)
        return cls(
            facts=facts,
            scores={labels[axes]: by_seed for axes, by_seed in by_axes.items()},
            trials=members,
            optimizers={label: _optimizer(axes) for axes, label in labels.items()},
        )

    @property
    def has_target(self) -> bool:
        return self.facts.target is not None and abs(self.facts.target - self.facts.chance) > 0.0

    @property
    def sign(self) -> float:
        return 1.0 if self.facts.direction == "max" else -1.0

    def shared_seeds(self, labels: Sequence[str]) -> list[int]:
        return sorted(set.intersection(*(set(self.scores[label]) for label in labels)))

    def costs(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """Return the steps to target, a row for each label and a column for each seed that all have."""
        seeds = self.shared_seeds(labels)
        table = np.full((len(labels), len(seeds)), math.inf)
        for row, label in zip(table, labels, strict=True):
            steps = {
                trial.seed: trial.steps_to_target for trial in self.trials[label] if has_reached_target(trial)
            }
            row[:] = [_or_never(steps.get(seed)) for seed in seeds]
        return table

    def is_unsolved(self, labels: Sequence[str]) -> bool:
        return bool(np.isinf(np.median(self.costs(labels), axis=1)).all())

    def normalized(self, label: str) -> NDArray[np.float64]:
        return normalize_scores(list(self.scores[label].values()), self.facts)

    def gain(self, label: str) -> float:
        """Return the median score, more being better."""
        return self.sign * float(np.median(list(self.scores[label].values())))

    def seconds(self, label: str) -> float:
        finished = [trial.train_s for trial in self.trials[label] if trial.status == "finished"]
        return float(np.median(finished)) if finished else math.nan


def _optimizer(axes: Axes) -> str:
    return axes.as_dict().get("optimizer", "")


def _or_never(steps: int | None) -> float:
    return math.inf if steps is None else float(steps)


def _standing(
    label: str, profiles: Mapping[str, PerformanceProfile], places: Mapping[str, float]
) -> tuple[float, float]:
    return (-profiles[label].score if label in profiles else 0.0, places.get(label, 0.0))


def _profiles(cases: Sequence[_Case], labels: Sequence[str]) -> dict[str, PerformanceProfile]:
    if not cases:
        return {}
    found = performance_profiles([case.costs(labels) for case in cases])
    return dict(zip(labels, found, strict=True))


def _friedman(cases: Sequence[_Case], labels: Sequence[str]) -> Friedman | None:
    if len(labels) < 2:
        return None
    return friedman([[case.gain(label) for label in labels] for case in cases], direction="max")


def _improvement(cases: Sequence[_Case], label: str, reference: str) -> Estimate | None:
    if label == reference:
        return None
    return probability_of_improvement(
        [list(case.scores[label].values()) for case in cases],
        [list(case.scores[reference].values()) for case in cases],
        direction=[case.facts.direction for case in cases],
    )


def _posteriors(cases: Sequence[_Case], labels: Sequence[str], reference: str) -> dict[str, Posterior]:
    """Compare the medians with those of the reference, in noticeable differences of each case."""
    others = [label for label in labels if label != reference]
    if len(cases) < FEWEST_CASES or not others:
        return {}
    differences = [
        [_ahead(case.gain(label), case.gain(reference)) / case.facts.noticeable for label in others]
        for case in cases
    ]
    return dict(zip(others, signed_rank_posterior(differences), strict=True))


def _ahead(gain: float, of_reference: float) -> float:
    # Two without a score are level; the difference of their infinities would be NaN.
    return 0.0 if gain == of_reference else gain - of_reference
