"""What a dry run prints: which trials a run would ask for, and about how long it would take."""

from dataclasses import dataclass

from nnbench.plan.lots import Lot
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.request import Plan
from nnbench.records.trials import Axes
from nnbench.reporting.digits import counted
from nnbench.running import experiment, outlook, race
from nnbench.running.forecast import Forecast, forecast
from nnbench.statistics.comparing.racing import Design
from nnbench.terminal import printing as present
from nnbench.terminal.progress import duration

MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Ahead:
    """A search that goes before a run: what it does, its trials, and the configurations that wait for it."""

    told: str
    trials: tuple[TrialSpec, ...]
    configurations: frozenset[tuple[str, Axes]]  # with the name of the case

    def leaves(self, lot: Lot) -> bool:
        """Return whether trials of the run are those that the search ends with."""
        return (lot.part.case.name, lot.axes) in self.configurations


def rehearse(plan: Plan, *, as_json: bool, ahead: Ahead | None = None) -> None:
    """Print what the run would do."""
    facts = experiment.facts_of(plan)  # finds out about a model that cannot be built
    found = outlook.outlooks(plan, facts)
    rules = race.rules(plan) if plan.settings.race else ()
    asked = list(plan.lots())
    own = [lot for lot in asked if ahead is None or not ahead.leaves(lot)]
    expected = forecast(own, plan.settings, ahead.trials if ahead else ())
    n_left = sum(map(len, asked)) - sum(map(len, own))
    if as_json:
        search = {"search": {"trials": len(ahead.trials), "leaves": n_left}} if ahead else {}
        present.print_json(
            {
                **_as_dict(plan, expected, rules),
                "outlook": [outlook.as_dict(each) for each in found],
                "trials": expected.n_trials + n_left,
                **search,
            }
        )
        return
    configurations = list(plan.matrix.configurations())
    for part, axes in configurations[:MOST_LINES]:
        print(f"{part.case.name}: {axes.label(plan.matrix.varying)}, seeds {_spelled(part.seeds)}")
    if len(configurations) > MOST_LINES:
        print(f"… and {len(configurations) - MOST_LINES:,} more configurations (all of them with --json)")
    for part, rule in zip(plan.matrix.parts, rules, strict=False):
        looks = ", ".join(map(str, rule.looks[:-1]))
        print(f"race of {part.case.name}: whoever has lost to the leader leaves after {looks} seeds")
    for said in filter(None, map(outlook.sentence, found[:MOST_LINES])):
        print(said)
    if ahead:
        n = counted(len(ahead.trials), "trial")
        print(f"first a search, {n} at least; {ahead.told}")
    print(summed(plan, expected, at_least=ahead is not None, n_left=n_left))


def summed(plan: Plan, expected: Forecast, *, at_least: bool = False, n_left: int = 0) -> str:
    """Return how many trials there would be, and how long they would take."""
    new = expected.n_trials - expected.n_cached
    left = f", {n_left:,} that the search leaves" if n_left else ""
    n = f"{counted(expected.n_trials + n_left, 'trial')}{' at least' if at_least else ''}"
    trials = f"{n}: {expected.n_cached:,} in the store, {new:,} to run{left}"
    if not new:
        return f"{trials}."
    about = "at most about" if plan.settings.race else "about"
    budget = plan.settings.budget_s
    limit = "" if budget is None else f"; the budget is {duration(budget)}"
    if expected.seconds is None:
        return f"{trials}, {expected.jobs} at a time; how long a subject takes is not known{limit}."
    return f"{trials}, {about} {duration(expected.seconds)} with {expected.jobs} at a time{limit}."


def _as_dict(plan: Plan, expected: Forecast, rules: tuple[Design, ...]) -> dict[str, object]:
    return {
        "schema": "nnbench.plan/1",
        "trials": expected.n_trials,
        "cached": expected.n_cached,
        "estimated_s": expected.seconds,
        "jobs": expected.jobs,
        "budget_s": plan.settings.budget_s,
        "looks": {part.case.name: rule.looks for part, rule in zip(plan.matrix.parts, rules, strict=False)},
        "configurations": [
            {
                "case": part.case.name,
                "axes": axes.as_dict(),
                "seeds": [seed for span in part.seeds for seed in span],
            }
            for part, axes in plan.matrix.configurations()
        ],
    }


def _spelled(seeds: tuple[range, ...]) -> str:
    return ",".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in seeds)
