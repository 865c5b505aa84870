"""What a search is asked to do, checked before anything is trained."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice

from nnbench.cases import choices
from nnbench.cases.axis import AXES
from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import SubjectCase
from nnbench.errors import UsageError
from nnbench.plan.matrix import CaseMatrix, configuration_key
from nnbench.plan.request import Plan
from nnbench.plan.seeds import MAX_SEED, Ranges, n_seeds, read_seeds
from nnbench.plan.subjects import native_only
from nnbench.records.trials import Axes, Strategy
from nnbench.studies.search.grid import LEAST_RATE, MOST_RATE, PER_ROUND, RATE, ROUNDS, reach
from nnbench.studies.search.points import Dimension, dimensions, searchable, values_of
from nnkit.errors import did_you_mean
from nnkit.registry import Part, Value

FIRST_TUNING_SEED = 1_000_000  # far from the seeds that are reported
RATES, POINTS, DECADES, TUNING_SEEDS = 13, 32, 6.0, "3"
# The last few points get so many tuning seeds in all, or as many as every point if those are more.
FINALISTS, FINAL_SEEDS = 5, 20
LEAST_POINTS, MOST_POINTS, MOST_DECADES = 3, 1000, 20.0
LEAST_DECADES = 0.01  # around a rate at the end of all that can be searched
EVERY = "all"


@dataclass(frozen=True, slots=True)
class TuningSeeds:
    """The seeds of one search."""

    first: Ranges  # for every point
    final: Ranges  # for the last few, besides


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """A search that has passed every check that needs no training. ``plan`` is at the default rates."""

    plan: Plan
    tuning_seeds: Ranges
    n_points: int  # of the first grid, or in all
    decades: float
    over: tuple[str, ...] = ()  # beside the learning rate; empty: it is searched alone, on a grid
    wanted: frozenset[str] | None = None  # keys of configurations; None: all of the plan
    n_searches: int = 1

    @property
    def strategy(self) -> Strategy:
        return "points" if self.over else "grid"

    def configurations(self) -> list[tuple[CaseMatrix, Axes]]:
        return [
            (crossed, axes)
            for crossed, axes in self.plan.matrix.configurations()
            if self.wanted is None or configuration_key(crossed, axes) in self.wanted
        ]

    def dimensions(self, optimizer: str) -> tuple[Dimension, ...]:
        """Return what is searched of an optimizer that is spelt so."""
        part, given = _read(optimizer)
        over = set(searchable(part, given)) - {name for name, _ in _set_by_axes(self.plan)}
        # What one optimizer cannot be searched over, another one can: a list is for all of them.
        names = over if EVERY in self.over else over & set(self.over)
        return dimensions(part, given, names, decades=self.decades, where=optimizer)

    @property
    def n_configurations(self) -> int:
        return len(self.configurations())

    @property
    def n_tried(self) -> int:
        """Return how many points every configuration is tried at, if none of a grid is left on an edge."""
        return self.n_points + (ROUNDS * PER_ROUND if self.strategy == "grid" else 0)

    @property
    def n_final_seeds(self) -> int:
        """Return how many seeds the last few points get besides."""
        return max(0, FINAL_SEEDS - n_seeds(self.tuning_seeds))

    @property
    def n_tuning_trials(self) -> int:
        """Return the least number of trials that choose the points."""
        final = min(FINALISTS, self.n_tried) * self.n_final_seeds
        each = self.n_tried * n_seeds(self.tuning_seeds) + final
        return self.n_searches * self.n_configurations * each

    @property
    def n_trials(self) -> int:
        """Return the least number of trials that the search asks for."""
        fresh = sum(2 * n_seeds(crossed.seeds) for crossed, _ in self.configurations())
        return self.n_tuning_trials + fresh

    def seeds_by_search(self) -> list[TuningSeeds]:
        """Return the seeds of every search: those asked for, and then the next ones that are not reported."""
        asked = list(chain(*self.tuning_seeds))
        reported = {seed for part in self.plan.matrix.parts for seed in chain(*part.seeds)}
        further = (seed for seed in count(max(asked) + 1) if seed not in reported)
        seeds, n = chain(asked, further), len(asked)
        return [
            TuningSeeds(_each(islice(seeds, n)), _each(islice(seeds, self.n_final_seeds)))
            for _ in range(self.n_searches)
        ]


def make_plan(
    plan: Plan,
    *,
    over: str | None = None,
    tuning_seeds: str = TUNING_SEEDS,
    n_points: int | None = None,
    decades: float = DECADES,
    wanted: frozenset[str] | None = None,
    n_searches: int = 1,
) -> SearchPlan:
    """Return the search for the configurations of a plan, or raise UsageError."""
    usual = RATES if over is None else POINTS
    n_points = usual if n_points is None else n_points
    _check_size(n_points, decades, usual)
    if (given := plan.settings.axes.get(RATE)) is not None:
        raise UsageError(f"{given.where}: tune searches the learning rates itself. Leave this out.")
    asked = SearchPlan(
        plan, _read_tuning_seeds(tuning_seeds, plan), n_points, decades, wanted=wanted, n_searches=n_searches
    )
    _check_searches(asked)
    optimizers = _check_optimizers(asked)
    if over is None:
        return asked
    native_only([part.case for part in plan.matrix.parts], "--over")
    names = _read_over(over, optimizers)
    for name, where in _set_by_axes(plan):
        if name in names:
            raise UsageError(f"--over {name} and {where} contradict each other. Give one of them.")
    asked = replace(asked, over=names)
    for optimizer in optimizers:
        _check_points(asked, optimizer)
    return asked


def _check_size(n_points: int, decades: float, usual: int) -> None:
    if not LEAST_POINTS <= n_points <= MOST_POINTS:
        raise UsageError(
            f"--points: a search has {LEAST_POINTS} to {MOST_POINTS} points, found {n_points}. Try {usual}."
        )
    if not 0 < decades <= MOST_DECADES:
        raise UsageError(
            f"--decades: a search is at most {MOST_DECADES:g} decades wide and above 0, found {decades:g}."
            f" Try {DECADES:g}."
        )


def _check_searches(asked: SearchPlan) -> None:
    """Refuse more searches than there are fresh seeds to measure them on, or tuning seeds to choose by."""
    n_fresh = min(n_seeds(crossed.seeds) for crossed in asked.plan.matrix.parts)
    if not 1 <= asked.n_searches <= n_fresh:
        raise UsageError(
            f"--searches: every search is measured on fresh seeds of its own: for {n_fresh} seeds, 1 to"
            f" {n_fresh} searches, found {asked.n_searches}. Try {min(3, n_fresh)}."
        )
    if (last := max(chain(*asked.seeds_by_search()[-1].final, [0]))) > MAX_SEED:
        raise UsageError(
            f"--tuning-seeds: the last rates get further seeds, up to {last}, and seeds must lie in 0 to"
            f" {MAX_SEED}. Begin lower."
        )


def _each(seeds: Iterable[int]) -> Ranges:
    return tuple(range(seed, seed + 1) for seed in seeds)


def _read_tuning_seeds(text: str, plan: Plan) -> Ranges:
    """Return the seeds to choose by, or raise UsageError where one of them is reported too."""
    first = FIRST_TUNING_SEED if text.strip().isdigit() else 0
    seeds = read_seeds(text, "--tuning-seeds", first=first)
    for crossed in plan.matrix.parts:
        if shared := set(chain(*seeds)) & set(chain(*crossed.seeds)):
            raise UsageError(
                f"--tuning-seeds: seed {min(shared)} is also a reported seed of case {crossed.case.name!r}."
                " On a seed that it was chosen by, a rate looks better than it is: keep the two apart."
            )
    return seeds


def _check_optimizers(asked: SearchPlan) -> list[str]:
    """Return the optimizers of the search, each once, or raise UsageError for one without a rate to find."""
    for crossed, axes in asked.configurations():
        if len(crossed.others[RATE]) > 1:
            raise UsageError(
                f"{crossed.case.where}: this case crosses learning rates, and tune searches them. Name an"
                " axis to cross instead, for example --optimizer."
            )
        for one in crossed.optimizers:
            if one.text == optimizer_of(axes):
                _check_has_rate(one, crossed.case)
                _check_optimizer(one, asked.decades)
    return list(dict.fromkeys(optimizer_of(axes) for _, axes in asked.configurations()))


def _check_has_rate(one: choices.Optimizer, case: CaseSpec) -> None:
    if one.default_rate == choices.DEFAULT_RATE and isinstance(case, SubjectCase):
        raise UsageError(
            f"{case.where}: tune searches around a learning rate, and {case.subject.call} has none by"
            " default. Give its parameter learning_rate one, or write learning_rate in [axes]."
        )


def _check_optimizer(one: choices.Optimizer, decades: float) -> None:
    if one.rate is not None:
        raise UsageError(
            f"{one.text} has a learning rate of its own, {one.rate}; tune searches it. Leave it out."
        )
    if one.default_rate == choices.DEFAULT_RATE:
        raise UsageError(f"{one.text} has no learning rate to tune. Leave it out of this search.")
    if reach(float(one.default_rate), decades) < min(decades, LEAST_DECADES):
        raise UsageError(
            f"{one.text}: a search goes around its default rate of {one.default_rate}, and tries none outside"
            f" {LEAST_RATE:g} to {MOST_RATE:g}. Give it a default within, or leave it out of this search."
        )


def _check_points(asked: SearchPlan, optimizer: str) -> None:
    n_different = len(values_of(asked.dimensions(optimizer), asked.n_points))
    if n_different < asked.n_points:
        raise UsageError(
            f"--decades {asked.decades:g}: a search so narrow has {n_different} settings of {optimizer},"
            f" and --points asks for {asked.n_points}. Widen it, or ask for fewer."
        )


def _read_over(over: str, optimizers: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once, or raise UsageError for one that no optimizer of the search has."""
    names = [name for name in dict.fromkeys(choices.split(over)) if name not in ("", RATE)]
    known = {name: None for optimizer in optimizers for name in searchable(*_read(optimizer))}
    has = {name for optimizer in optimizers for name in _names(optimizer)}
    del known[RATE]
    for name in names:
        if name != EVERY and name not in has:
            offer = did_you_mean(name, [*known, EVERY])
            raise UsageError(f"--over: no optimizer of this search has a hyper-parameter {name!r}.{offer}")
        if name != EVERY and name not in known:
            owner = next(each for each in optimizers if name in _names(each))
            dimensions(*_read(owner), [name], decades=DECADES, where=owner)  # says why it cannot be searched
    if not names:
        raise UsageError(
            f"--over: name what is searched beside the learning rate, of: {', '.join(known)}, {EVERY}."
        )
    return tuple(names)


def optimizer_of(axes: Axes) -> str:
    """Return the optimizer of a configuration with all that is set of it, by an axis of its own too."""
    return dict(axes.values).get("optimizer", "")  # a subject need not take one


def _set_by_axes(plan: Plan) -> list[tuple[str, str]]:
    """Return the hyper-parameters that axes set, and where those were given."""
    axes = [(AXES[axis], given.where) for axis, given in plan.settings.axes.items() if axis in AXES]
    return [(axis.into_optimizer, where) for axis, where in axes if axis.into_optimizer is not None]


def _names(optimizer: str) -> list[str]:
    return [hyper.name for hyper in _read(optimizer)[0].hyperparameters]


def _read(optimizer: str) -> tuple[Part, dict[str, Value]]:
    return choices.core(optimizer)
