"""``run --tuned``: every configuration at the learning rate that a search found for it."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from nnbench.cases import catalogue, choices, plugins
from nnbench.cases.axis import AXES
from nnbench.errors import UsageError
from nnbench.plan.matrix import CaseMatrix, Matrix, configuration_key
from nnbench.plan.request import Plan
from nnbench.plan.settings import DEFAULT_PATH
from nnbench.records.trials import Axes
from nnbench.reporting.digits import counted
from nnbench.store import MissingStore, Store
from nnbench.store.rows import TunedRate
from nnbench.studies.search.plan import SearchPlan, make_plan

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rates:
    """What the store knows of the configurations of a plan."""

    asked: Mapping[str, tuple[CaseMatrix, Axes]]  # by key
    known: Mapping[str, TunedRate]
    # Trials at the rate that was found and beside it: how many of the tuning seeds failed, of how many.
    around: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def missing(self) -> list[tuple[CaseMatrix, Axes]]:
        return [where for key, where in self.asked.items() if key not in self.known]

    def those(self, is_so: Callable[[TunedRate], bool]) -> list[tuple[CaseMatrix, Axes]]:
        """Return the configurations of which something is so that is known."""
        return [where for key, where in self.asked.items() if key in self.known and is_so(self.known[key])]


def look_up(plan: Plan) -> Rates:
    """Return the tuned rates that the store has, and which configurations have none."""
    _check(plan)
    asked = {
        configuration_key(crossed, axes): (crossed, axes)
        for crossed, axes in plan.matrix.configurations()
        # There are optimizers that have no rate, and subjects that take none.
        if axes.as_dict().get("learning_rate", choices.DEFAULT_RATE) != choices.DEFAULT_RATE
    }
    try:
        with Store.open(plan.settings.store, create=False) as store:
            known = store.tuned_rates(asked)
            around = _around(store, known)
    except MissingStore:
        known, around = {}, {}
    return Rates(asked, known, around)


def workable(plan: Plan) -> Rates:
    """Return what the store knows, without the configurations for which a search found no rate.

    Those run at their default, and fail there.
    """
    found = look_up(plan)
    lost = {key for key, rate in found.known.items() if not rate.learning_rate}
    asked = {key: where for key, where in found.asked.items() if key not in lost}
    return Rates(asked, {key: rate for key, rate in found.known.items() if key not in lost})


def _around(store: Store, known: Mapping[str, TunedRate]) -> dict[str, tuple[int, int]]:
    """Return how many tuning seeds failed around what was found, where the search has looked."""
    runs = {found.run for found in known.values()} & {each.run for each in store.runs()}
    tunings = {name: store.run(name).tuning for name in runs}
    searches = [(name, each) for name, tuning in tunings.items() if tuning for each in tuning.searches]
    of_search = {(name, each.configuration): each.around for name, each in searches if each.around}
    places = {key: (found.run, key) for key, found in known.items()}
    return {key: of_search[place] for key, place in places.items() if place in of_search}


def search_for(plan: Plan, rates: Rates) -> SearchPlan:
    """Return the search for the rates that are missing, or raise UsageError."""
    return make_plan(plan, wanted=frozenset(rates.asked.keys() - rates.known.keys()))


def at_tuned_rates(plan: Plan, rates: Rates) -> Plan:
    """Return the plan with every configuration at its tuned rate, or raise UsageError."""
    if rates.missing:
        n = len(list(plan.matrix.configurations()))
        is_every = len(rates.missing) == n > 1
        untuned = f"any of these {n} configurations" if is_every else _names(rates.missing, plan)
        raise UsageError(
            f"{_where(plan)}: no search has tuned {untuned}."
            f" Run: {_command(plan, rates)}; or add --tune-missing."
        )
    return at_known_rates(plan, rates)


def at_known_rates(plan: Plan, rates: Rates) -> Plan:
    """Return the plan with those at their tuned rates that have one; raise UsageError where none works."""
    if lost := rates.those(lambda found: not found.learning_rate):
        run = rates.known[configuration_key(*lost[0])].run
        names = _names(lost, plan)
        raise UsageError(f"{_where(plan)}: search {run} found no rate at which {names} works. Leave it out.")
    chosen = {key: _choices(found) for key, found in rates.known.items()}
    parts = tuple(replace(crossed, tuned=chosen) for crossed in plan.matrix.parts)
    used = dict.fromkeys(found.run for found in rates.known.values())
    matrix = replace(plan.matrix, parts=parts)
    against = _renamed(plan.against, plan.matrix, matrix)
    return replace(plan, matrix=matrix, against=against, tuned_by=tuple(used))


def _choices(found: TunedRate) -> dict[str, str]:
    """Return what a search found, as the choice on every axis that it sets."""
    chosen = {"optimizer": found.optimizer, "learning_rate": found.learning_rate}
    return {axis: choice for axis, choice in chosen.items() if choice is not None}


def _renamed(label: str | None, asked: Matrix, tuned: Matrix) -> str | None:
    """Return what the configuration of this label is called once its hyper-parameters are the tuned ones."""
    pairs = zip(asked.configurations(), tuned.configurations(), strict=True)
    names = {before.label(asked.varying): after.label(asked.varying) for (_, before), (_, after) in pairs}
    return None if label is None else names.get(label, label)


def warnings(plan: Plan, rates: Rates) -> list[str]:
    """Return what the user should know of the rates: which are no optimum, and which stand at a cliff."""
    told = []
    if edges := rates.those(lambda found: found.edge is not None):
        told.append(f"what was tuned of {_names(edges, plan)} is an end of what was tried: it is no optimum.")
    for key, (n_failed, n) in rates.around.items():
        if n_failed:
            name = _names([rates.asked[key]], plan)
            told.append(
                f"the tuned rate of {name} stands at a cliff: at it and beside it {n_failed} of"
                f" {counted(n, 'tuning seed')} failed."
            )
    return told


def _check(plan: Plan) -> None:
    if (asked := plan.settings.axes.get("learning_rate")) is not None:
        raise UsageError(f"{_where(plan)} and {asked.where} contradict each other. Give one of them.")
    for crossed in plan.matrix.parts:
        for one in crossed.optimizers:
            if one.rate is not None:
                raise UsageError(
                    f"{_where(plan)}: {one.text} has a learning rate of its own, {one.rate}. Leave it out."
                )


def _where(plan: Plan) -> str:
    return plan.settings.tuned.where if plan.settings.tuned else "--tune-missing"


def _names(configurations: Iterable[tuple[CaseMatrix, Axes]], plan: Plan) -> str:
    by_case: dict[str, list[str]] = {}
    for crossed, axes in configurations:
        by_case.setdefault(crossed.case.name, []).append(axes.label(plan.matrix.varying))
    said = []
    for case, labels in list(by_case.items())[:_SHOWN]:
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        said.append(f"{', '.join(labels[:_SHOWN])}{more} on {case}")
    rest = f" and more on {len(by_case) - _SHOWN} other cases" if len(by_case) > _SHOWN else ""
    return "; ".join(said) + rest


def _command(plan: Plan, rates: Rates) -> str:
    """Return the search that is missing, as it can be pasted into a shell."""
    chosen = plan.settings
    words = ["nnbench", "tune", *dict.fromkeys(_case_argument(crossed) for crossed, _ in rates.missing)]
    for axis in chosen.axes:
        missing = ",".join(dict.fromkeys(axes.as_dict()[axis] for _, axes in rates.missing))
        words += [f"--{axis.replace('_', '-')}", missing] if axis in AXES else ["--set", f"{axis}={missing}"]
    for name, value in (("epochs", chosen.epochs), ("jobs", chosen.jobs)):
        words += [f"--{name}", str(value)] if value is not None else []
    words += ["--dtype", chosen.dtype] if chosen.dtype != "float32" else []
    words += [word for file in plugins.files() for word in ("--plugin", file)]
    words += ["--store", str(chosen.store)] if chosen.store != DEFAULT_PATH else []
    return shlex.join(words)


def _case_argument(crossed: CaseMatrix) -> str:
    built_in = {f"cases/{entry.path.name}": entry.name for entry in catalogue.built_in()}
    return built_in.get(crossed.case.where, crossed.case.where)
