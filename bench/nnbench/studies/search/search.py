"""Search the hyper-parameters of every configuration at equal budget, then measure them on fresh seeds.

Every point is tried on a few tuning seeds, and then the last few points on more, so that the choice between
those is not one of chance; ``statistics.tuning.choice`` says how it is made. Trials are those of ``run``: the
store has each once.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from nnbench.plan.matrix import CaseMatrix, TrialSpec, configuration_key, with_seeds
from nnbench.plan.seeds import Ranges
from nnbench.records.trials import Axes, CaseFacts, RunRecord, Search, TrialRecord, Tuning
from nnbench.running import experiment
from nnbench.running.probing import settled_keys
from nnbench.running.stages import Stages
from nnbench.running.workplace import Workplace, workplace
from nnbench.statistics.trials.summary import worst_score
from nnbench.statistics.tuning.choice import Standing, standings_by_axes
from nnbench.statistics.tuning.searched import failing_around
from nnbench.store import MissingStore, Store
from nnbench.studies.search.grid import MOST_ROUNDS, RATE, ROUNDS, Grid, first_grid
from nnbench.studies.search.plan import FINALISTS, SearchPlan, TuningSeeds, optimizer_of
from nnbench.studies.search.points import Cloud, cloud

Look = Callable[[Sequence[str]], Sequence[TrialRecord]]  # from keys of trials to those that are recorded


@dataclass(frozen=True, slots=True)
class Subject:
    """One configuration, and how far its search has come."""

    crossed: CaseMatrix
    axes: Axes  # as it was asked for, at its defaults
    facts: CaseFacts
    tried: Grid | Cloud

    def trials(self, places: Iterable[Axes], seeds: Ranges) -> list[TrialSpec]:
        return [trial for place in places for trial in with_seeds(self.crossed, place, seeds)]

    def tuning_trials(self, places: Iterable[int], seeds: Ranges) -> list[TrialSpec]:
        """Return the trials at some points that choose one: none of them sees an official test part."""
        crossed, search = held_out(self.crossed), self.search(None)
        at = [search.at(search.points[place]) for place in places]
        return [trial for place in at for trial in with_seeds(crossed, place, seeds)]

    @property
    def places(self) -> range:
        return range(len(self.tried.points))

    def search(self, chosen: int | None) -> Search:
        return Search(
            case=self.crossed.case.name,
            axes=self.axes,
            configuration=configuration_key(self.crossed, self.axes),
            spans=self.tried.spans,
            points=self.tried.points,
            chosen=chosen,
        )


class Hunt:
    """One search of every configuration, on tuning seeds of its own."""

    def __init__(
        self, asked: SearchPlan, subjects: Sequence[Subject], seeds: TuningSeeds, look: Look
    ) -> None:
        self.subjects = list(subjects)
        self.searches: tuple[Search, ...] = ()  # what was found; empty until the last stage
        self._asked, self._seeds, self._look = asked, seeds, look

    def stages(self) -> Iterator[list[TrialSpec]]:
        yield self._trials(self.subjects)
        if self._asked.strategy == "grid":
            yield from self._rounds()
        finalists = [self._finalists(subject) for subject in self.subjects]
        if self._seeds.final:
            yield [
                trial
                for subject, own in zip(self.subjects, finalists, strict=True)
                for trial in subject.tuning_trials(own, self._seeds.final)
            ]
        self.searches = tuple(map(self._found, self.subjects, finalists))

    def tuning(self, seeds: Iterable[int]) -> Tuning:
        """Return what was done, after the last stage."""
        return Tuning(
            strategy=self._asked.strategy,
            tuning_seeds=tuple(chain(*self._seeds.first)),
            seeds=tuple(seeds),
            searches=self.searches,
            final_seeds=tuple(chain(*self._seeds.final)),
        )

    def _rounds(self) -> Iterator[list[TrialSpec]]:
        """Try some rates more for every configuration until no best one is on an edge."""
        for n_rounds in range(MOST_ROUNDS):
            if n_rounds >= ROUNDS and all(map(self._is_closed, self.subjects)):
                return
            # All or none: what one configuration needs, every configuration gets.
            further = [self._further(subject) for subject in self.subjects]
            before = {trial.key for trial in self._trials(self.subjects)}
            self.subjects = further
            yield [trial for trial in self._trials(further) if trial.key not in before]

    def _trials(self, subjects: Sequence[Subject]) -> list[TrialSpec]:
        return [trial for each in subjects for trial in each.tuning_trials(each.places, self._seeds.first)]

    def _further(self, subject: Subject) -> Subject:
        assert isinstance(subject.tried, Grid), subject.tried
        standings = self._standings(subject, subject.places, self._seeds.first)
        return replace(subject, tried=subject.tried.next_round(standings, subject.facts.direction))

    def _is_closed(self, subject: Subject) -> bool:
        """Return whether the best mean is no end of what was tried."""
        assert isinstance(subject.tried, Grid), subject.tried
        standings = self._standings(subject, subject.places, self._seeds.first)
        best = subject.tried.best(standings, subject.facts.direction)
        return best is not None and not subject.search(best).edges

    def _finalists(self, subject: Subject) -> tuple[int, ...]:
        if not self._seeds.final:  # as many seeds as the last ones get were spent on all
            return tuple(subject.places)
        standings = self._standings(subject, subject.places, self._seeds.first)
        return subject.tried.finalists(standings, subject.facts.direction, FINALISTS)

    def _found(self, subject: Subject, finalists: tuple[int, ...]) -> Search:
        seeds = (*self._seeds.first, *self._seeds.final)
        standings = self._standings(subject, finalists, seeds)
        search = subject.search(subject.tried.chosen(standings, finalists, subject.facts.direction))
        if isinstance(subject.tried, Grid) and not self._is_closed(subject):
            # The search was given up with its best on an edge: that end is what was found, and no optimum.
            first = self._standings(subject, subject.places, self._seeds.first)
            search = subject.search(subject.tried.best(first, subject.facts.direction))
        every = self._look([trial.key for trial in subject.tuning_trials(subject.places, seeds)])
        around = failing_around(search, every, subject.facts)
        return replace(search, finalists=finalists if self._seeds.final else (), around=around)

    def _standings(self, subject: Subject, places: Sequence[int], seeds: Ranges) -> list[Standing]:
        """Return what each of these points scored over some tuning seeds."""
        keys = [trial.key for trial in subject.tuning_trials(places, seeds)]
        known, search = standings_by_axes(self._look(keys), subject.facts), subject.search(None)
        # Where every trial failed with an error there is no score, and no reason to choose the point.
        lost = Standing(worst_score(subject.facts), math.inf)
        return [known.get(search.at(search.points[place]), lost) for place in places]


class Course:
    """The course of all searches: stages of trials; each follows from what those before it scored."""

    def __init__(self, asked: SearchPlan, facts: Sequence[CaseFacts], look: Look) -> None:
        self.is_over = False  # nothing but the last stage is left
        self._asked = asked
        of_case = {each.name: each for each in facts}
        self.subjects = [
            Subject(crossed, axes, of_case[crossed.case.name], _first(asked, axes))
            for crossed, axes in asked.configurations()
        ]
        self._hunts = [Hunt(asked, self.subjects, seeds, look) for seeds in asked.seeds_by_search()]
        seeds = {seed for subject in self.subjects for seed in chain(*subject.crossed.seeds)}
        self._fresh_seeds = tuple(sorted(seeds))

    def stages(self) -> Iterator[list[TrialSpec]]:
        """Yield the trials of every stage; all of them must be recorded before the next is asked for."""
        for hunt in self._hunts:
            yield from hunt.stages()
        self.is_over = True
        yield list({trial.key: trial for trial in self._fresh()}.values())

    def tuning(self) -> Tuning:
        """Return what was done, after the last stage."""
        first, *others = (hunt.tuning(self._fresh_seeds) for hunt in self._hunts)
        cases = [crossed.case for crossed in self._asked.plan.matrix.parts]
        of_official = tuple(case.name for case in cases if case.data.validation == "official")
        return replace(first, repeats=tuple(others), held_out=of_official)

    def _fresh(self) -> Iterator[TrialSpec]:
        """Yield the trials that measure what was chosen beside the default."""
        tuning = self.tuning()
        for subject, searches in zip(self.subjects, tuning.of_configurations, strict=True):
            reported = frozenset(chain(*subject.crossed.seeds))
            for place, search in enumerate(searches):
                own = tuple(range(seed, seed + 1) for seed in tuning.fresh(place) if seed in reported)
                if search.best is not None:
                    yield from subject.trials([search.at(search.best)], own)
            yield from subject.trials([subject.axes], subject.crossed.seeds)


def held_out(crossed: CaseMatrix) -> CaseMatrix:
    """Return what of a matrix tunes: of a case with an official test part, a part of the training data."""
    if crossed.case.data.validation != "official":
        return crossed
    data = crossed.case.data.model_copy(update={"validation": "official_training"})
    return replace(crossed, case=crossed.case.rewritten(data=data))


def carry_out(asked: SearchPlan) -> RunRecord | None:
    """Search, measure and record; return None where it was stopped before its end.

    Every trial is recorded as soon as it is done, so that the same search again goes on from there.
    """
    # Before the store is touched: a model that cannot be built writes nothing.
    facts = experiment.facts_of(asked.plan)
    with workplace(asked.plan.settings) as around:
        return _carry_out(asked, facts, around)


def _carry_out(asked: SearchPlan, facts: Sequence[CaseFacts], around: Workplace) -> RunRecord | None:
    stages = Stages(asked.plan, asked.n_trials, around)
    course = Course(asked, facts, around.store.trials)
    for trials in course.stages():
        stages.complete(trials)
        if around.stop.is_set():
            return None
    return stages.record(facts, varying=(*asked.plan.matrix.varying, RATE), tuning=course.tuning())


def foreseen(asked: SearchPlan) -> list[TrialSpec]:
    """Return the trials that the search asks for at least, said without training anything.

    Which rates come after the trials that the store has not is not known: trials that no store can have stand
    for them.
    """
    facts = experiment.facts_of(asked.plan)
    try:
        with Store.open(asked.plan.settings.store, create=False) as store:
            return _foreseen(asked, Course(asked, facts, store.trials), partial(settled_keys, store))
    except MissingStore:
        return _foreseen(asked, Course(asked, facts, lambda keys: ()), lambda trials: set())


def _foreseen(
    asked: SearchPlan, course: Course, settled: Callable[[Sequence[TrialSpec]], set[str]]
) -> list[TrialSpec]:
    known: list[TrialSpec] = []
    for trials in course.stages():
        known += trials
        keys = {trial.key for trial in trials}
        if settled(trials) != keys:
            break
    if course.is_over:
        return known  # the last stage
    fresh = [subject.trials([subject.axes], subject.crossed.seeds) for subject in course.subjects]
    n_unknown = max(0, asked.n_tuning_trials - len(known)) + sum(map(len, fresh))
    stand_in = fresh[0][0]
    known += chain(*fresh)
    return known + [replace(stand_in, key=f"{stand_in.key}-{place}") for place in range(n_unknown)]


def _first(asked: SearchPlan, axes: Axes) -> Grid | Cloud:
    if asked.strategy == "grid":
        return first_grid(float(axes.as_dict()[RATE]), n_points=asked.n_points, decades=asked.decades)
    optimizer = optimizer_of(axes)
    return cloud(asked.dimensions(optimizer), optimizer, asked.n_points)
