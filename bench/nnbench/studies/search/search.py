"""Search the hyper-parameters of every configuration at equal budget, then measure them on fresh seeds.

The point with the best median score over the tuning seeds is chosen; a diverged trial counts as the worst. Of
equally good points it is the one with the least median loss, and then the default or what is nearest to it.
Trials are those of ``run``: the store has each once.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from nnbench.plan.matrix import CaseMatrix, TrialSpec, configuration_key, with_seeds
from nnbench.plan.seeds import Ranges, n_seeds
from nnbench.records.trials import Axes, CaseFacts, RunRecord, Search, TrialRecord, Tuning
from nnbench.running import experiment
from nnbench.running.stages import Stages
from nnbench.running.workplace import Workplace, workplace
from nnbench.statistics.trials.summary import worst_score
from nnbench.statistics.tuning.searched import Standing, standings_by_axes
from nnbench.store import MissingStore, Store
from nnbench.studies.search.grid import MOST_ROUNDS, RATE, ROUNDS, Grid, first_grid
from nnbench.studies.search.plan import SearchPlan, optimizer_of
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

    def fresh(self, search: Search) -> list[TrialSpec]:
        """Return the trials that measure what was chosen beside the default."""
        best = self.axes if search.best is None else search.at(search.best)
        return self.trials(dict.fromkeys((best, self.axes)), self.crossed.seeds)

    def search(self, chosen: int | None) -> Search:
        return Search(
            case=self.crossed.case.name,
            axes=self.axes,
            configuration=configuration_key(self.crossed, self.axes),
            spans=self.tried.spans,
            points=self.tried.points,
            chosen=chosen,
        )


class Course:
    """The course of a search: stages of trials, of which each follows from what those before it scored."""

    def __init__(self, asked: SearchPlan, facts: Sequence[CaseFacts], look: Look) -> None:
        self.searches: tuple[Search, ...] = ()  # what was found; empty until the last stage
        self._asked = asked
        self._look = look
        of_case = {each.name: each for each in facts}
        self.subjects = [
            Subject(crossed, axes, of_case[crossed.case.name], _first(asked, axes))
            for crossed, axes in asked.configurations()
        ]

    def stages(self) -> Iterator[list[TrialSpec]]:
        """Yield the trials of every stage; all of them must be recorded before the next is asked for."""
        yield self._trials(self.subjects)
        if self._asked.strategy == "grid":
            yield from self._rounds()
        self.searches = tuple(subject.search(self._best(subject)) for subject in self.subjects)
        pairs = zip(self.subjects, self.searches, strict=True)
        yield [trial for subject, search in pairs for trial in subject.fresh(search)]

    def tuning(self) -> Tuning:
        """Return what was done, after the last stage."""
        seeds = dict.fromkeys(seed for subject in self.subjects for seed in chain(*subject.crossed.seeds))
        return Tuning(
            strategy=self._asked.strategy,
            tuning_seeds=tuple(chain(*self._asked.tuning_seeds)),
            seeds=tuple(sorted(seeds)),
            searches=self.searches,
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
        places = [(each, map(each.search(None).at, each.tried.points)) for each in subjects]
        return [trial for each, own in places for trial in each.trials(own, self._asked.tuning_seeds)]

    def _further(self, subject: Subject) -> Subject:
        assert isinstance(subject.tried, Grid), subject.tried
        return replace(
            subject, tried=subject.tried.next_round(self._standings(subject), subject.facts.direction)
        )

    def _is_closed(self, subject: Subject) -> bool:
        found = subject.search(self._best(subject))
        return found.best is not None and not found.edges

    def _best(self, subject: Subject) -> int | None:
        return subject.tried.best(self._standings(subject), subject.facts.direction)

    def _standings(self, subject: Subject) -> list[Standing]:
        """Return what each point scored over the tuning seeds."""
        keys = [trial.key for trial in self._trials([subject])]
        known, search = standings_by_axes(self._look(keys), subject.facts), subject.search(None)
        # Where every trial failed with an error there is no score, and no reason to choose the point.
        lost = Standing(worst_score(subject.facts), math.inf)
        return [known.get(search.at(point), lost) for point in search.points]


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
            return _foreseen(asked, Course(asked, facts, store.trials), store.finished_keys)
    except MissingStore:
        return _foreseen(asked, Course(asked, facts, lambda keys: ()), lambda keys: set())


def _foreseen(
    asked: SearchPlan, course: Course, settled: Callable[[Iterable[str]], set[str]]
) -> list[TrialSpec]:
    known: list[TrialSpec] = []
    for trials in course.stages():
        known += trials
        keys = {trial.key for trial in trials}
        if settled(keys) != keys:
            break
    if course.searches:
        return known  # the last stage
    for subject in course.subjects:
        fresh = subject.trials([subject.axes], subject.crossed.seeds)
        n_rates = max(0, asked.n_tried - len(subject.tried.points))
        n_unknown = n_rates * n_seeds(asked.tuning_seeds) + len(fresh)
        known += fresh
        known += [replace(fresh[0], key=f"{fresh[0].key}-{place}") for place in range(n_unknown)]
    return known


def _first(asked: SearchPlan, axes: Axes) -> Grid | Cloud:
    if asked.strategy == "grid":
        return first_grid(float(axes.as_dict()[RATE]), n_points=asked.n_points, decades=asked.decades)
    optimizer = optimizer_of(axes)
    return cloud(asked.dimensions(optimizer), optimizer, asked.n_points)
