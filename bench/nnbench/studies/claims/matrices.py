"""The trials of a claim: planned, tuned, run and found again by the ordinary road of ``nnbench run``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnbench.cases import catalogue
from nnbench.cases.axis import AXES
from nnbench.cases.claims import MatrixSection
from nnbench.errors import UsageError
from nnbench.evidence.reading import recorded
from nnbench.plan import request, settings
from nnbench.plan.lots import lots_of
from nnbench.plan.request import Plan
from nnbench.plan.settings import Given, Settings
from nnbench.records.trials import TrialRecord
from nnbench.running import experiment
from nnbench.running.forecast import Forecast
from nnbench.running.forecast import forecast as foreseen
from nnbench.running.probing import settled_keys
from nnbench.running.workplace import workplace
from nnbench.statistics.claims.expression import BadExpression
from nnbench.store import Store
from nnbench.studies.search import search, tuned
from nnkit import metrics

# What an expression may ask of a trial.
_OF_TRIAL: Mapping[str, Callable[[TrialRecord], float]] = {
    "steps": lambda trial: float(trial.steps),
    "reached": lambda trial: float(trial.steps_to_target is not None),
    "finished": lambda trial: float(trial.status == "finished"),
    "steps_to_target": lambda trial: float(
        trial.steps if trial.steps_to_target is None else trial.steps_to_target
    ),
}


@dataclass(frozen=True, slots=True)
class Trials:
    """What the trials of one matrix left, ready to be asked for one configuration and one seed."""

    where: str
    trials: tuple[TrialRecord, ...]

    def value(self, attribute: str, choices: Mapping[str, Any] | None, seed: int) -> float:
        """Return a value of the one trial that these choices leave; NaN where it left none."""
        wanted = {name: str(choice) for name, choice in (choices or {}).items()}
        if unknown := wanted.keys() - AXES.keys() - {"case"}:
            raise BadExpression(f"there is no axis {sorted(unknown)[0]!r}")
        if "case" in wanted:
            wanted["case"] = catalogue.case_named(wanted["case"]).name
        fitting = [trial for trial in self.trials if _fits(trial, wanted)]
        if len({(trial.case, trial.axes) for trial in fitting}) != 1:
            n = len({(trial.case, trial.axes) for trial in fitting})
            raise BadExpression(f"{wanted or 'no choice'} leaves {n} configurations of {self.where}, not one")
        found = next((trial for trial in fitting if trial.seed == seed), None)
        return float("nan") if found is None or found.status == "failed" else _value(found, attribute)


def _fits(trial: TrialRecord, wanted: Mapping[str, str]) -> bool:
    has = {**trial.axes.as_dict(), "case": trial.case}
    return all(has.get(name) == choice for name, choice in wanted.items())


def _value(trial: TrialRecord, attribute: str) -> float:
    if attribute == "learning_rate":
        return float(trial.axes.as_dict()["learning_rate"])
    if attribute in _OF_TRIAL:
        return _OF_TRIAL[attribute](trial)
    if attribute.startswith("best_"):
        return float(trial.best.get(attribute.removeprefix("best_"), float("nan")))
    if attribute.removeprefix(metrics.OF_TRAINING) not in metrics.names():
        raise BadExpression(f"a trial has no {attribute!r}")
    return float(trial.final.get(attribute, float("nan")))


def carry_out(
    section: MatrixSection, where: str, folder: Path, chosen: Settings, seeds: Sequence[int]
) -> Trials | None:
    """Return the trials of a matrix, those that are missing run first; None where it was interrupted."""
    plan = _at_own_rates(_plan(section, where, folder, chosen, seeds))
    if plan is None:
        return None
    trials = plan.matrix.trials()
    keys, facts = [trial.key for trial in trials], experiment.facts_of(plan)
    with Store.open(chosen.store, create=True) as store:
        if len(settled_keys(store, trials)) == len(trials):
            return Trials(where, tuple(recorded(store, keys, facts)))
    with workplace(plan.settings) as around:
        experiment.carry_out(plan, facts, around)
        if around.stop.is_set():
            return None
        return Trials(where, tuple(recorded(around.store, keys, facts)))


def forecast(
    section: MatrixSection, where: str, folder: Path, chosen: Settings, seeds: Sequence[int]
) -> tuple[Forecast, bool]:
    """Return what a matrix would run, and whether rates must be searched first, which comes on top."""
    plan = _plan(section, where, folder, chosen, seeds)
    if plan.settings.tuned is None:
        return foreseen(lots_of(plan.matrix), plan.settings), False
    found = tuned.workable(plan)
    ready = plan if found.missing else tuned.at_tuned_rates(plan, found)
    return foreseen(lots_of(ready.matrix), plan.settings), bool(found.missing)


def _plan(section: MatrixSection, where: str, folder: Path, chosen: Settings, seeds: Sequence[int]) -> Plan:
    given: dict[str, object] = {
        "seeds": tuple(seeds),
        "store": str(chosen.store),
        "jobs": chosen.jobs,
        "quiet": chosen.quiet or None,
        "color": chosen.color,
        "epochs": section.epochs,
        "tuned": section.tuned or None,
        "probes": section.probes or None,
        **{AXES[axis].key: values for axis, values in section.given().items()},
    }
    layer = {name: Given(value, f"{where}.{name}") for name, value in given.items() if value is not None}
    cases = [_case(name, where, folder) for name in section.cases]
    return request.plan_for(cases, settings.read_settings(layer))


def _case(name: str, where: str, folder: Path) -> Any:
    try:
        return request.one_case(str(folder / name) if name.endswith(".toml") else name)
    except UsageError as error:
        raise UsageError(f"{where}.cases: {error}") from None


def _at_own_rates(plan: Plan) -> Plan | None:
    """Return the plan at the rates that searches found, those that are missing searched first."""
    if plan.settings.tuned is None:
        return plan
    found = tuned.workable(plan)
    if found.missing:
        if search.carry_out(tuned.search_for(plan, found)) is None:
            return None
        found = tuned.workable(plan)
    return tuned.at_tuned_rates(plan, found)
