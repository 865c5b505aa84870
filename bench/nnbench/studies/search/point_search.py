"""Search several hyper-parameters of every configuration at equal budget, then measure on fresh seeds.

The point with the best median score over the tuning seeds is chosen; a diverged trial counts as the worst. Of
equally good points it is the one with the least median loss, and then the first. Trials are those of ``run``:
the store has each once.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from nnbench.cases import choices
from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import CaseMatrix, TrialSpec, configuration_key, with_seeds
from nnbench.plan.seeds import Ranges
from nnbench.records.trials import Axes, CaseFacts, PointSearch, RunRecord, Sampling, Setting
from nnbench.running.stages import Stages
from nnbench.statistics.tuning.sampled import at
from nnbench.statistics.tuning.tuning import medians_by_axes
from nnbench.store import Store
from nnbench.studies.search.point_plan import PointPlan
from nnbench.studies.search.points import RATE, Dimension, edges_of, values_of
from nnbench.terminal.progress import Progress
from nnkit.registry import parse_choice, spell_choice, spell_value


@dataclass(frozen=True, slots=True)
class Subject:
    """One configuration, and the points that it is tried at."""

    part: CaseMatrix
    axes: Axes  # as it was asked for, at its default rate
    facts: CaseFacts
    searched: tuple[Dimension, ...]
    values: tuple[tuple[float, ...], ...]

    @property
    def settings(self) -> tuple[Setting, ...]:
        return tuple(self._setting(point) for point in self.values)

    def trials(self, settings: Iterable[Setting], seeds: Ranges) -> list[TrialSpec]:
        return [
            trial for setting in settings for trial in with_seeds(self.part, at(self.axes, setting), seeds)
        ]

    def _setting(self, point: tuple[float, ...]) -> Setting:
        named = {each.hyper.name: value for each, value in zip(self.searched, point, strict=True)}
        rate = named.pop(RATE)
        name, given = parse_choice(self.axes.as_dict()["optimizer"])
        spelt = choices.canonical("optimizers", spell_choice(name, {**given, **named}), "--over")
        return Setting(spelt, spell_value(rate))


def carry_out(
    asked: PointPlan,
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
    subjects = _subjects(asked, facts)
    stages.complete(_tuning_trials(subjects, asked))
    if stop.is_set():
        return None
    searches = [_result(subject, asked, store) for subject in subjects]
    fresh = [
        trial
        for subject, search in zip(subjects, searches, strict=True)
        for trial in _fresh_trials(subject, search)
    ]
    stages.complete(fresh)
    if stop.is_set():
        return None
    sampling = Sampling(
        tuning_seeds=tuple(chain(*asked.tuning_seeds)),
        seeds=tuple(sorted({trial.seed for trial in fresh})),
        searches=tuple(searches),
    )
    return stages.record(facts, command, varying=(*asked.plan.matrix.varying, RATE), sampling=sampling)


def first_trials(asked: PointPlan, facts: Sequence[CaseFacts]) -> list[TrialSpec]:
    """Return every point of every configuration with every tuning seed."""
    return _tuning_trials(_subjects(asked, facts), asked)


def _tuning_trials(subjects: Sequence[Subject], asked: PointPlan) -> list[TrialSpec]:
    return [trial for subject in subjects for trial in subject.trials(subject.settings, asked.tuning_seeds)]


def _subjects(asked: PointPlan, facts: Sequence[CaseFacts]) -> list[Subject]:
    of_case = {each.name: each for each in facts}
    subjects = []
    for part, axes in asked.configurations():
        searched = asked.dimensions(axes.as_dict()["optimizer"])
        values = values_of(searched, asked.n_points)
        subjects.append(Subject(part, axes, of_case[part.case.name], searched, values))
    return subjects


def _result(subject: Subject, asked: PointPlan, store: Store) -> PointSearch:
    settings = subject.settings
    chosen = _best(subject, settings, asked, store)
    names = [each.hyper.name for each in subject.searched]
    return PointSearch(
        case=subject.part.case.name,
        axes=subject.axes,
        configuration=configuration_key(subject.part, subject.axes),
        spans=tuple(each.span for each in subject.searched),
        points=settings,
        values=subject.values,
        chosen=chosen,
        edges=() if chosen is None else edges_of(names, subject.values, chosen),
    )


def _best(subject: Subject, settings: Sequence[Setting], asked: PointPlan, store: Store) -> int | None:
    """Return the index of the best setting; None where no score is finite."""
    keys = [trial.key for trial in subject.trials(settings, asked.tuning_seeds)]
    scores, losses = medians_by_axes(store.trials(keys), subject.facts)
    sign = -1.0 if subject.facts.direction == "max" else 1.0
    places = [at(subject.axes, setting) for setting in settings]
    standings = [
        (sign * scores.get(place, math.inf * sign), losses.get(place, math.inf), index)
        for index, place in enumerate(places)
    ]
    finite = [standing for standing in standings if math.isfinite(standing[0])]
    return min(finite)[2] if finite else None


def _fresh_trials(subject: Subject, search: PointSearch) -> list[TrialSpec]:
    settings = dict.fromkeys([search.points[search.chosen or 0], search.points[0]])
    return subject.trials(settings, subject.part.seeds)
