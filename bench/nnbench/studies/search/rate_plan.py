"""What a search for learning rates is asked to do, checked before anything is trained."""

from dataclasses import dataclass
from itertools import chain

from nnbench.cases import choices
from nnbench.errors import UsageError
from nnbench.plan.matrix import CaseMatrix, configuration_key
from nnbench.plan.request import Plan
from nnbench.plan.seeds import Ranges, n_seeds, read_seeds
from nnbench.records.trials import Axes
from nnbench.studies.search.rates import PER_ROUND, ROUNDS

FIRST_TUNING_SEED = 1_000_000  # far from the seeds that anybody reports
POINTS, DECADES, TUNING_SEEDS = 13, 6.0, "3"
LEAST_POINTS, MOST_POINTS, MOST_DECADES = 3, 1000, 20.0
_RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class TunePlan:
    """A search that has passed every check that needs no training. ``plan`` is at the default rates."""

    plan: Plan
    tuning_seeds: Ranges
    n_points: int
    decades: float
    wanted: frozenset[str] | None = None  # keys of configurations; None: all of the plan

    def configurations(self) -> list[tuple[CaseMatrix, Axes]]:
        return [
            (part, axes)
            for part, axes in self.plan.matrix.configurations()
            if self.wanted is None or configuration_key(part, axes) in self.wanted
        ]

    @property
    def n_configurations(self) -> int:
        return len(self.configurations())

    @property
    def n_rates(self) -> int:
        """Return how many rates every configuration is tried at, if none is left on an edge."""
        return self.n_points + ROUNDS * PER_ROUND

    @property
    def n_tuning_seeds(self) -> int:
        return n_seeds(self.tuning_seeds)

    @property
    def n_trials(self) -> int:
        """Return the least number of trials that the search asks for."""
        fresh = sum(2 * n_seeds(part.seeds) for part, _ in self.configurations())
        return self.n_configurations * self.n_rates * self.n_tuning_seeds + fresh


def make_plan(
    plan: Plan,
    *,
    tuning_seeds: str = TUNING_SEEDS,
    n_points: int = POINTS,
    decades: float = DECADES,
    wanted: frozenset[str] | None = None,
) -> TunePlan:
    """Return the search for the configurations of a plan, or raise UsageError."""
    check_size(n_points, decades)
    check_rates(plan)
    return TunePlan(plan, read_tuning_seeds(tuning_seeds, plan), n_points, decades, wanted)


def check_rates(plan: Plan) -> None:
    """Raise UsageError where a rate is given that the search would have to find."""
    if (asked := plan.settings.axes.get(_RATE)) is not None:
        raise UsageError(f"{asked.where}: tune searches the learning rates itself. Leave this out.")
    for part in plan.matrix.parts:
        _check_part(part)


def read_tuning_seeds(text: str, plan: Plan) -> Ranges:
    """Return the seeds to choose by, or raise UsageError where one of them is reported too."""
    seeds = read_seeds(text, "--tuning-seeds", first=_first_seed(text))
    for part in plan.matrix.parts:
        if shared := set(chain(*seeds)) & set(chain(*part.seeds)):
            raise UsageError(
                f"--tuning-seeds: seed {min(shared)} is also a reported seed of case {part.case.name!r}. On a"
                " seed that it was chosen by, a rate looks better than it is: keep the two apart."
            )
    return seeds


def check_size(n_points: int, decades: float) -> None:
    if not LEAST_POINTS <= n_points <= MOST_POINTS:
        raise UsageError(
            f"--points: a search has {LEAST_POINTS} to {MOST_POINTS} points, found {n_points}. Try {POINTS}."
        )
    if not 0 < decades <= MOST_DECADES:
        raise UsageError(
            f"--decades: a search is at most {MOST_DECADES:g} decades wide and above 0, found {decades:g}."
            f" Try {DECADES:g}."
        )


def _check_part(part: CaseMatrix) -> None:
    if len(part.others[_RATE]) > 1:
        raise UsageError(
            f"{part.case.where}: this case crosses learning rates, and tune searches them. Name an axis to"
            " cross instead, for example --optimizer."
        )
    for one in part.optimizers:
        if one.rate is not None:
            raise UsageError(
                f"{one.text} has a learning rate of its own, {one.rate}; tune searches it. Leave it out."
            )
        if one.default_rate == choices.DEFAULT_RATE:
            raise UsageError(f"{one.text} has no learning rate to tune. Leave it out of this search.")


def _first_seed(tuning_seeds: str) -> int:
    return FIRST_TUNING_SEED if tuning_seeds.strip().isdigit() else 0
