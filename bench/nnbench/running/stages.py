"""A search in stages: trials that are run one stage after the other, and the record of them all."""

from collections.abc import Sequence
from dataclasses import replace

from nnbench.machine.clock import iso_utc
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.request import Plan
from nnbench.records.trials import CaseFacts, RunRecord, Tuning
from nnbench.running import experiment
from nnbench.running.probing import settled_keys
from nnbench.running.workplace import Workplace
from nnbench.terminal.progress import Counted


class Stages:
    """Runs the trials of one stage after the other, and counts them. The search begins with it."""

    def __init__(self, plan: Plan, n_trials: int, around: Workplace) -> None:
        self._plan = plan
        self._progress = Counted(around.progress, n_trials)
        self._around = replace(around, progress=self._progress)
        self._began_s, self._created = around.clock.elapsed_s(), around.clock.now_utc()
        self._keys: list[str] = []
        self._n_new = 0
        self._warm_s = 0.0

    def complete(self, trials: Sequence[TrialSpec]) -> None:
        """Run those of the trials that the store does not have."""
        keys = [trial.key for trial in trials]
        cached = settled_keys(self._around.store, trials)
        todo = [trial for trial in trials if trial.key not in cached]
        n_new, warm_s = experiment.train(todo, self._plan.settings, self._around)
        self._keys += keys
        self._n_new += n_new
        self._warm_s += warm_s
        self._progress.pass_over(len(trials))

    def record(self, facts: Sequence[CaseFacts], *, varying: tuple[str, ...], tuning: Tuning) -> RunRecord:
        """Record the search with all of its trials, and return it."""
        keys = tuple(dict.fromkeys(self._keys))
        surroundings = experiment.surroundings(self._plan)
        run = RunRecord(
            run=experiment.run_name(self._created, keys),
            created=iso_utc(self._created),
            command=self._around.command,
            cases=tuple(facts),
            varying=varying,
            against=None,
            trial_keys=keys,
            environment={**surroundings, "warm_up_s": self._warm_s},
            elapsed_s=self._around.clock.elapsed_s() - self._began_s,
            n_new=self._n_new,
            n_cached=len(keys) - self._n_new,
            tuning=tuning,
        )
        self._around.store.put_run(run)
        return run
