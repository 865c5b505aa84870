"""Race a plan: seeds are given out in rounds, and after each of them those that lost to the leader leave.

Its trials are those of ``run``: the store has each once, and the same race again takes the same decisions.
"""

from collections.abc import Collection
from dataclasses import replace

from nnbench.errors import UsageError
from nnbench.plan.matrix import CaseMatrix, TrialSpec, with_seeds
from nnbench.plan.request import Plan
from nnbench.plan.seeds import n_seeds, seeds_between
from nnbench.records.trials import Axes, CaseFacts, CaseRace, Ending, Pruning, RunRecord
from nnbench.running import experiment
from nnbench.running.budget import Budget
from nnbench.running.probing import settled_keys
from nnbench.running.workplace import Workplace
from nnbench.statistics.comparing.families import DecidedPair
from nnbench.statistics.comparing.looks import LEVEL, fewest_to_race
from nnbench.statistics.comparing.racing import Design, design, losers
from nnbench.statistics.trials.summary import scores_by_configuration
from nnbench.store import Store
from nnbench.terminal.progress import Counted


def rules(plan: Plan) -> tuple[Design, ...]:
    """Return the rule of every case's race, or raise UsageError where nobody could leave early."""
    return tuple(_rule(part) for part in plan.matrix.parts)


def carry_out(plan: Plan, facts: tuple[CaseFacts, ...], around: Workplace) -> RunRecord:
    """Give out seeds until one configuration is left, no seed is left, or the budget is used up.

    The run is recorded before every round, with the trials that were given out so far.
    """
    store, clock, stop, chosen = around.store, around.clock, around.stop, plan.settings
    began_s = clock.elapsed_s()
    contests = [
        Contest(part, of_case, rule, reference=_reference(plan, part))
        for part, of_case, rule in zip(plan.matrix.parts, facts, rules(plan), strict=True)
    ]
    run = replace(
        experiment.begun(plan, facts, plan.matrix.trials(), around),
        trial_keys=(),
        races=tuple(contest.record() for contest in contests),
    )
    budget = None if chosen.budget_s is None else Budget(chosen.budget_s, clock)
    told, warm_s = Counted(around.progress, 0), 0.0
    around = replace(around, progress=told)
    while trials := [trial for contest in contests for trial in contest.next_round()]:
        keys = [trial.key for trial in trials]
        cached = settled_keys(store, trials)
        run = replace(run, trial_keys=(*run.trial_keys, *keys), n_cached=run.n_cached + len(cached))
        store.put_run(run)
        told.n_expected = len(run.trial_keys) + sum(contest.n_to_come() for contest in contests)
        todo = [trial for trial in trials if trial.key not in cached]
        n_new, warmed_s = experiment.train(todo, chosen, around, budget)
        told.pass_over(len(trials))
        run, warm_s = replace(run, n_new=run.n_new + n_new), warm_s + warmed_s
        if stop.is_set() or (budget is not None and budget.is_used_up):
            break
        for contest in contests:
            contest.look(store)
        run = replace(run, races=tuple(contest.record() for contest in contests))
    for contest in contests:
        contest.end("stopped" if stop.is_set() else "budget")
    run = replace(
        run,
        elapsed_s=clock.elapsed_s() - began_s,
        environment={**run.environment, "warm_up_s": warm_s},
        races=tuple(contest.record() for contest in contests),
    )
    store.put_run(run)
    return run


class Contest:
    """The race of one case: who is still in it, and how far it has come."""

    def __init__(
        self, part: CaseMatrix, facts: CaseFacts, rule: Design, *, reference: Axes | None = None
    ) -> None:
        self._part = part
        self._facts = facts
        self._rule = rule
        self._reference = reference  # stays: every other one is compared with it
        self._field = part.configurations()
        self._n_looks = 0
        self._keys: list[str] = []
        self._prunings: list[Pruning] = []
        self._ending: Ending | None = None

    def next_round(self) -> list[TrialSpec]:
        """Return the trials up to the next look, for those that are still in the race."""
        if self._ending is not None:
            return []
        before = self._rule.looks[self._n_looks - 1] if self._n_looks else 0
        seeds = seeds_between(self._part.seeds, before, self._rule.looks[self._n_looks])
        trials = [trial for axes in self._field for trial in with_seeds(self._part, axes, seeds)]
        self._keys += [trial.key for trial in trials]
        return trials

    def n_to_come(self) -> int:
        """Return how many trials there are beyond this round, if nobody else leaves."""
        if self._ending is not None:
            return 0
        return len(self._field) * (self._rule.looks[-1] - self._rule.looks[self._n_looks])

    def look(self, store: Store) -> None:
        """Compare with the leader, now that the round is complete, and let those go that have lost."""
        if self._ending is not None:
            return
        self._n_looks += 1
        if self._n_looks == len(self._rule.looks):
            self._ending = "seeds"
            return
        scores = scores_by_configuration(store.trials(self._keys), self._facts)
        scores = {axes: own for axes, own in scores.items() if axes in self._field}
        lost = losers(scores, self._rule, direction=self._facts.direction, noticeable=self._facts.noticeable)
        gone = {row.a for row in lost}
        if len(self._field_without(gone)) < 2:
            self._ending = "decided"
        self._prunings += [self._pruning(row) for row in lost if row.a != self._reference]
        self._field = self._field_without(gone - {self._reference})

    def end(self, ending: Ending) -> None:
        """End the race for a reason from outside, if it is not over yet."""
        self._ending = self._ending or ending

    def record(self) -> CaseRace:
        return CaseRace(
            case=self._facts.name,
            level=self._rule.level,
            n_configurations=self._rule.n_configurations,
            looks=self._rule.looks,
            prunings=tuple(self._prunings),
            ending=self._ending or "stopped",
        )

    def _field_without(self, gone: Collection[Axes | None]) -> list[Axes]:
        return [axes for axes in self._field if axes not in gone]

    def _pruning(self, row: DecidedPair[Axes]) -> Pruning:
        return Pruning(
            axes=row.a,
            look=self._n_looks,
            n_seeds=self._rule.looks[self._n_looks - 1],
            against=row.b,
            n=row.pair.n,
            difference=row.pair.difference,
            interval=row.decision.interval,
            p=row.decision.p,
        )


def _rule(part: CaseMatrix) -> Design:
    n, given = len(part.configurations()), n_seeds(part.seeds)
    if n < 2:
        raise UsageError(
            f"--race: case {part.case.name!r} has one configuration. Name an axis to cross, e.g. --optimizer."
        )
    if rule := design(n, given, level=LEVEL):
        return rule
    fewest = fewest_to_race()
    raise UsageError(
        f"--race: among {n} configurations of case {part.case.name!r} nobody can leave before"
        f" {fewest - 1} seeds, and there are {given}. Try --seeds {2 * fewest}, or leave --race out."
    )


def _reference(plan: Plan, part: CaseMatrix) -> Axes | None:
    labelled = {axes.label(plan.matrix.varying): axes for axes in part.configurations()}
    return labelled.get(plan.against) if plan.against is not None else None
