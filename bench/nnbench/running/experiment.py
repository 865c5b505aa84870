"""Carry a plan out: look up what the store has, warm up, run the rest, and record the run."""

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from nnbench.cases.axis import applied
from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import SubjectCase
from nnbench.errors import UsageError
from nnbench.machine import environment
from nnbench.machine.clock import iso_utc
from nnbench.plan.matrix import CaseMatrix, TrialSpec, in_order, with_seeds
from nnbench.plan.request import Plan
from nnbench.plan.settings import Settings
from nnbench.records.trials import Axes, CaseFacts, RunRecord, TrialRecord
from nnbench.running import runner
from nnbench.running.budget import Budget
from nnbench.running.choice import are_for_batches, begin, how_to_run
from nnbench.running.probing import Earlier, settled_keys
from nnbench.running.subject_trials import facts_of_subject, subjects_of
from nnbench.running.workplace import Workplace
from nnbench.statistics.comparing.looks import fewest_seeds, level_of_look
from nnbench.store import Store
from nnkit.errors import EnvironmentProblem, NnkitError


def facts_of(plan: Plan) -> tuple[CaseFacts, ...]:
    """Return what reports must know of the cases. A model that cannot be built is found out here."""
    from nnbench.training.facts import facts

    found = []
    for part in plan.matrix.parts:
        if isinstance(part.case, SubjectCase):
            found.append(facts_of_subject(part.case))
            continue
        try:
            found.append(facts(_as_run(part)))
        except EnvironmentProblem:
            raise  # a damaged data file is no mistake in the case
        except NnkitError as error:
            raise UsageError(f"{part.case.where}: {error}") from None
        _check_batches(part, found[-1])
    return tuple(found)


def carry_out(plan: Plan, facts: tuple[CaseFacts, ...], around: Workplace) -> RunRecord:
    """Run the trials that the store does not have, record each as it finishes, and then the run itself.

    Once its stop is set the run ends early: it is recorded with all its trials, and those that are missing
    will be run by the same command.
    """
    store, clock = around.store, around.clock
    began_s = clock.elapsed_s()
    trials = plan.trials()
    cached = settled_keys(store, trials)
    run = replace(begun(plan, facts, trials, around), n_cached=len(cached))
    # Recorded now as well: a run that is killed can still be reported.
    store.put_run(run)
    todo = [trial for trial in trials if trial.key not in cached]
    budget = None if run.budget_s is None else Budget(run.budget_s, clock)
    how = how_to_run(todo, plan.settings, n_jobs(plan.settings))
    n_new, warm_s = train(todo, plan.settings, around, budget)
    run = replace(
        run,
        elapsed_s=clock.elapsed_s() - began_s,
        n_new=n_new,
        # Apart from the rest: a first run compiles, and would make the same trials look slower.
        environment={**run.environment, "engine": how, "warm_up_s": warm_s},
    )
    store.put_run(run)
    return run


def begun(
    plan: Plan, facts: tuple[CaseFacts, ...], trials: Sequence[TrialSpec], around: Workplace
) -> RunRecord:
    """Return the record of a run of these trials that has not trained anything yet."""
    created = around.clock.now_utc()
    keys = tuple(trial.key for trial in trials)
    return RunRecord(
        run=run_name(created, keys),
        created=iso_utc(created),
        command=around.command,
        cases=facts,
        varying=plan.matrix.varying,
        against=plan.against,
        tuned_by=plan.tuned_by,
        state_bytes=_state_bytes(plan) if len(facts) > 1 else {},
        trial_keys=keys,
        environment={**surroundings(plan), "interpreted": _interpreted(trials)},
        elapsed_s=0.0,
        n_new=0,
        n_cached=0,
        budget_s=plan.settings.budget_s,
        shown=tuple((part.case.name, axes) for part, axes in plan.matrix.configurations() if axes.shown),
        looks=_looks(trials, around.store),
        shard=None if plan.settings.shard is None else str(plan.settings.shard),
    )


def _looks(trials: Sequence[TrialSpec], store: Store) -> dict[str, int]:
    """Return how many times the comparisons of each case were looked at, this one included.

    A run that compared some of the same configurations on some of the same seeds, and not on all, was an
    earlier look, if its seeds could show anything at all. The same run again is none.
    """
    by_key = {trial.key: trial for trial in trials}
    seeds: dict[str, set[int]] = {}
    for trial in trials:
        seeds.setdefault(trial.case.name, set()).add(trial.seed)
    earlier: dict[str, set[frozenset[int]]] = {}
    for keys in store.asked_by_runs(by_key):
        shared: dict[str, dict[Axes, set[int]]] = {}
        for trial in map(by_key.__getitem__, keys):
            shared.setdefault(trial.case.name, {}).setdefault(trial.axes, set()).add(trial.seed)
        for case, by_axes in shared.items():
            seen = frozenset(chain(*by_axes.values()))
            could_tell = len(by_axes) > 1 and len(seen) >= fewest_seeds(level_of_look(1))
            if could_tell and seen < seeds[case]:
                earlier.setdefault(case, set()).add(seen)
    return {case: len(sets) + 1 for case, sets in earlier.items()}


def _interpreted(trials: Sequence[TrialSpec]) -> list[str]:
    """Return the optimizers that step in Python: their seconds do not compare with those of kernels."""
    from nnkit import optimizers

    slow = {record.name for record in optimizers.records() if record.update is not None}
    spelled = dict.fromkeys(trial.axes.as_dict()["optimizer"] for trial in _native(trials))
    # A name may stand inside another: a wrapper, a group.
    return [each for each in spelled if slow & set(re.findall(r"[\w-]+", each))]


def _state_bytes(plan: Plan) -> dict[str, float]:
    """Return what each optimizer keeps for a parameter, as its first case shows."""
    from nnbench.training.program import state_bytes

    first: dict[str, TrialSpec] = {}
    for part, axes in plan.matrix.configurations():
        if isinstance(part.case, SubjectCase):
            continue  # what it keeps is not known
        first.setdefault(axes.as_dict()["optimizer"], next(with_seeds(part, axes, part.seeds)))
    known = {optimizer: state_bytes(trial) for optimizer, trial in first.items()}
    return {optimizer: found for optimizer, found in known.items() if found is not None}


def n_jobs(chosen: Settings) -> int:
    return chosen.jobs or environment.usable_cores()


def surroundings(plan: Plan) -> dict[str, Any]:
    """Return where and how the trials run, for the record."""
    made_with = subjects_of([part.case for part in plan.matrix.parts])
    subjects = {"subjects": made_with} if made_with else {}
    engine, jobs = plan.settings.engine or "auto", n_jobs(plan.settings)
    return {**environment.machine(), "engine": engine, "jobs": jobs, **subjects}


def train(
    todo: Sequence[TrialSpec], chosen: Settings, around: Workplace, budget: Budget | None = None
) -> tuple[int, float]:
    """Run the trials and record each; return how many were recorded, and the seconds of warming up."""
    if not todo:
        return 0, 0.0
    ordered = in_order(list(todo), chosen.order)
    warm_s = _warm_up(ordered, around, budget)
    return _train(ordered, chosen, around, budget), warm_s


class _Stopped(Exception):
    """Leaves the warming up between two kernels."""


def _warm_up(todo: Sequence[TrialSpec], around: Workplace, budget: Budget | None) -> float:
    """Compile or load every kernel that is needed, unless stopped, and return the seconds it took."""
    from nnbench.training.precompile import warm_up

    def tell(n_done: int, n_total: int, name: str) -> None:
        if around.stop.is_set() or (budget is not None and budget.is_over()):
            raise _Stopped
        around.progress.compiling(n_done, n_total, name)

    began_s = around.clock.elapsed_s()
    with suppress(_Stopped), around.stop.telling(around.progress.stopping):
        if native := _native(todo):
            warm_up(_one_each(native), tell)
    return around.clock.elapsed_s() - began_s


def _train(todo: Sequence[TrialSpec], chosen: Settings, around: Workplace, budget: Budget | None) -> int:
    """Run the trials and return how many were recorded."""
    from nnbench.training.trial import run_trial

    store, progress, stop = around.store, around.progress, around.stop
    n_kept = 0
    earlier = Earlier(store, todo)

    def execute(trial: TrialSpec) -> TrialRecord:
        if isinstance(trial.case, SubjectCase):
            return around.subjects.run(trial, stop=stop)
        return run_trial(trial, stop=stop)

    def keep(records: Sequence[TrialRecord]) -> None:
        nonlocal n_kept
        reconciled = map(earlier.reconciled, records)
        store.put_trials(record for record in reconciled if record is not None)
        n_kept += len(records)
        progress.training(n_kept, len(todo))

    progress.training(0, len(todo))
    how = how_to_run(todo, chosen, n_jobs(chosen))
    in_batches = how == "threads" and are_for_batches(todo, chosen)
    engine = begin(how, n_jobs(chosen), chosen.scheduler, stop, around.clock, in_batches=in_batches)
    watched = execute if budget is None else budget.watching(execute)
    lasting = todo if budget is None else budget.lasting(todo)
    try:
        runner.run_trials(lasting, execute=watched, engine=engine, keep=keep, stop=stop)
    finally:
        engine.close()
    return n_kept


def _one_each(trials: Sequence[TrialSpec]) -> list[TrialSpec]:
    """Return one trial of every configuration: its seeds need the same kernels and the same time."""
    return list({_configuration(trial): trial for trial in trials}.values())


def _native(trials: Sequence[TrialSpec]) -> list[TrialSpec]:
    """Return the trials that nnkit trains."""
    return [trial for trial in trials if not isinstance(trial.case, SubjectCase)]


def _configuration(trial: TrialSpec) -> tuple[str, object]:
    return trial.case.name, trial.axes


def _check_batches(part: CaseMatrix, facts: CaseFacts) -> None:
    for size in part.others["batch_size"]:
        if int(size) > facts.n_train:
            raise UsageError(
                f"{part.case.where}: a batch of {size} is more than the {facts.n_train:,} training samples."
                " Take at most that many."
            )


def _as_run(part: CaseMatrix) -> CaseSpec:
    """Return the case as it runs, as far as all its configurations agree."""
    chosen = [dict(axes.values) for axes in part.configurations()]
    shared = tuple(pair for pair in chosen[0].items() if all(pair in each.items() for each in chosen))
    case: CaseSpec = applied(part.case, shared)
    size = dict(shared).get("batch_size")
    return case if size is None else case.trained_at(int(size))


def run_name(created: datetime, keys: Sequence[str]) -> str:
    """Return a name that sorts by time, and that two runs started in the same second do not share."""
    sha = hashlib.sha256(repr(created).encode())
    for key in keys:
        sha.update(key.encode())
    return f"{created:%Y%m%d-%H%M%S}-{sha.hexdigest()[:4]}"
