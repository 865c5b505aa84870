"""Search the learning rate of every configuration at equal budget, then measure it on fresh seeds.

The rate with the best median score over the tuning seeds is chosen; a diverged trial counts as the worst. Of
equally good rates it is the one with the least median loss, and then the lowest. Trials are those of ``run``:
the store has each once.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import CaseMatrix, TrialSpec, configuration_key, with_seeds
from nnbench.plan.seeds import Ranges
from nnbench.records.trials import Axes, CaseFacts, RateSearch, RunRecord, Tuning
from nnbench.running.stages import Stages
from nnbench.statistics.trials.summary import worst_score
from nnbench.statistics.tuning.tuning import medians_by_rate
from nnbench.store import Store
from nnbench.studies.search.rate_plan import TunePlan
from nnbench.studies.search.rates import MOST_ROUNDS, ROUNDS, Search, Standing, first_rates
from nnbench.terminal.progress import Progress
from nnkit.registry import spell_value

_RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class Subject:
    """One configuration, and how far its search has come."""

    part: CaseMatrix
    axes: Axes  # at its default rate
    facts: CaseFacts
    search: Search

    def trials(self, rates: Iterable[float], seeds: Ranges) -> list[TrialSpec]:
        return [
            trial
            for rate in rates
            for trial in with_seeds(self.part, self.axes.at(_RATE, spell_value(rate)), seeds)
        ]


def carry_out(
    asked: TunePlan,
    facts: Sequence[CaseFacts],
    store: Store,
    *,
    command: str,
    clock: Clock,
    progress: Progress,
    stop: Stop,
) -> RunRecord | None:
    """Search, measure and record; return None where it was stopped before its end.

    Every trial is recorded as soon as it is done, so that the same search again goes on from there.
    """
    stages = Stages(asked.plan, asked.n_trials, store, clock=clock, progress=progress, stop=stop)
    subjects = _search(_subjects(asked, facts), asked, stages)
    if stop.is_set():
        return None
    searches = [_result(subject, _standings(subject, asked, stages.store)) for subject in subjects]
    fresh = [
        trial
        for subject, search in zip(subjects, searches, strict=True)
        for trial in _fresh_trials(subject, search)
    ]
    stages.complete(fresh)
    if stop.is_set():
        return None
    tuning = Tuning(
        tuning_seeds=tuple(chain(*asked.tuning_seeds)),
        seeds=tuple(sorted({trial.seed for trial in fresh})),
        searches=tuple(searches),
    )
    return stages.record(facts, command, varying=(*asked.plan.matrix.varying, _RATE), tuning=tuning)


def first_trials(asked: TunePlan, facts: Sequence[CaseFacts]) -> list[TrialSpec]:
    """Return the trials that the search begins with: every rate of the grid with every tuning seed."""
    return [
        trial
        for subject in _subjects(asked, facts)
        for trial in subject.trials(subject.search.grid, asked.tuning_seeds)
    ]


def _subjects(asked: TunePlan, facts: Sequence[CaseFacts]) -> list[Subject]:
    of_case = {each.name: each for each in facts}
    return [
        Subject(
            part,
            axes,
            of_case[part.case.name],
            first_rates(float(axes.as_dict()[_RATE]), n_points=asked.n_points, decades=asked.decades),
        )
        for part, axes in asked.configurations()
    ]


def _search(subjects: list[Subject], asked: TunePlan, stages: Stages) -> list[Subject]:
    """Try the grid, and then some rates more for every configuration until no best one is on an edge."""
    stages.complete(
        [trial for subject in subjects for trial in subject.trials(subject.search.grid, asked.tuning_seeds)]
    )
    for n_rounds in range(MOST_ROUNDS):
        standings = [_standings(subject, asked, stages.store) for subject in subjects]
        if stages.stop.is_set() or (n_rounds >= ROUNDS and not any(map(_is_open, subjects, standings))):
            break
        # All or none: what one configuration needs, every configuration gets.
        further = [
            replace(subject, search=subject.search.next_round(found, subject.facts.direction))
            for subject, found in zip(subjects, standings, strict=True)
        ]
        stages.complete(
            [
                trial
                for before, after in zip(subjects, further, strict=True)
                for trial in after.trials(
                    set(after.search.rates) - set(before.search.rates), asked.tuning_seeds
                )
            ]
        )
        subjects = further
    return subjects


def _is_open(subject: Subject, standings: Mapping[float, Standing]) -> bool:
    found = subject.search.best(standings, subject.facts.direction)
    return found is None or found.edge is not None


def _result(subject: Subject, standings: Mapping[float, Standing]) -> RateSearch:
    search = subject.search
    found = search.best(standings, subject.facts.direction)
    return RateSearch(
        case=subject.part.case.name,
        axes=subject.axes.without(_RATE),
        configuration=configuration_key(subject.part, subject.axes),
        default_rate=subject.axes.as_dict()[_RATE],
        grid=tuple(map(spell_value, search.grid)),
        grown=tuple(map(spell_value, search.grown)),
        refined=tuple(map(spell_value, search.refined)),
        learning_rate=None if found is None else spell_value(search.rates[found.index]),
        edge=None if found is None else found.edge,
    )


def _fresh_trials(subject: Subject, search: RateSearch) -> list[TrialSpec]:
    rates = dict.fromkeys([search.learning_rate or search.default_rate, search.default_rate])
    return subject.trials(map(float, rates), subject.part.seeds)


def _standings(subject: Subject, asked: TunePlan, store: Store) -> dict[float, Standing]:
    """Return what each rate that was tried so far scored over the tuning seeds."""
    keys = [trial.key for trial in subject.trials(subject.search.rates, asked.tuning_seeds)]
    scores, losses = medians_by_rate(store.trials(keys), subject.facts)
    # Where every trial failed with an error there is no score, and no reason to choose the rate.
    worst = worst_score(subject.facts)
    return {
        rate: Standing(scores.get(spell_value(rate), worst), losses.get(spell_value(rate), math.inf))
        for rate in subject.search.rates
    }
