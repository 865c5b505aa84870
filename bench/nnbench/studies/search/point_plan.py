"""What a search over several hyper-parameters is asked to do, checked before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.cases import choices
from nnbench.errors import UsageError
from nnbench.plan.matrix import CaseMatrix
from nnbench.plan.request import Plan
from nnbench.plan.seeds import Ranges, n_seeds
from nnbench.records.trials import Axes
from nnbench.studies.search.points import RATE, Dimension, dimensions, searchable, values_of
from nnbench.studies.search.rate_plan import DECADES, TUNING_SEEDS, check_rates, check_size, read_tuning_seeds
from nnkit.errors import did_you_mean
from nnkit.registry import Part, Value, parse_choice

POINTS = 32
EVERY = "all"


@dataclass(frozen=True, slots=True)
class PointPlan:
    """A search that has passed every check that needs no training. ``plan`` is at the default rates."""

    plan: Plan
    tuning_seeds: Ranges
    n_points: int
    decades: float
    over: tuple[str, ...]  # beside the learning rate

    def configurations(self) -> list[tuple[CaseMatrix, Axes]]:
        return list(self.plan.matrix.configurations())

    def dimensions(self, optimizer: str) -> tuple[Dimension, ...]:
        """Return what is searched of an optimizer that is spelt so."""
        part, given = _read(optimizer)
        over = set(searchable(part, given))
        # What one optimizer cannot be searched over, another one can: a list is for all of them.
        return dimensions(
            part,
            given,
            over if EVERY in self.over else over & set(self.over),
            decades=self.decades,
            where=optimizer,
        )

    @property
    def n_configurations(self) -> int:
        return len(self.configurations())

    @property
    def n_tuning_seeds(self) -> int:
        return n_seeds(self.tuning_seeds)

    @property
    def n_trials(self) -> int:
        fresh = sum(2 * n_seeds(part.seeds) for part, _ in self.configurations())
        return self.n_configurations * self.n_points * self.n_tuning_seeds + fresh


def make_plan(
    plan: Plan,
    over: str,
    *,
    tuning_seeds: str = TUNING_SEEDS,
    n_points: int = POINTS,
    decades: float = DECADES,
) -> PointPlan:
    """Return the search for the configurations of a plan, or raise UsageError."""
    check_size(n_points, decades)
    check_rates(plan)
    optimizers = dict.fromkeys(one.text for part in plan.matrix.parts for one in part.optimizers)
    names = _read_over(over, list(optimizers))
    asked = PointPlan(plan, read_tuning_seeds(tuning_seeds, plan), n_points, decades, names)
    for optimizer in optimizers:
        n_different = len(values_of(asked.dimensions(optimizer), n_points))
        if n_different < n_points:
            raise UsageError(
                f"--decades {decades:g}: a search so narrow has {n_different} settings of {optimizer},"
                f" and --points asks for {n_points}. Widen it, or ask for fewer."
            )
    return asked


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


def _names(optimizer: str) -> list[str]:
    return [hyper.name for hyper in _read(optimizer)[0].hyperparameters]


def _read(optimizer: str) -> tuple[Part, dict[str, Value]]:
    name, given = parse_choice(optimizer)
    return choices.part_of("optimizers", name), given
