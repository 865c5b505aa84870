"""A search in stages: trials that are run one stage after the other, and the record of them all."""

from collections.abc import Sequence

from nnbench.machine.clock import Clock, iso_utc
from nnbench.machine.stopping import Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.request import Plan
from nnbench.records.trials import CaseFacts, RunRecord, Sampling, Tuning
from nnbench.running import experiment
from nnbench.store import Store
from nnbench.terminal.progress import Counted, Progress


class Stages:
    """Runs the trials of one stage after the other, and counts them. The search begins with it."""

    def __init__(
        self, plan: Plan, n_trials: int, store: Store, *, clock: Clock, progress: Progress, stop: Stop
    ) -> None:
        self.stop = stop
        self.store = store
        self._plan = plan
        self._clock = clock
        self._progress = Counted(progress, n_trials)
        self._began_s, self._created = clock.elapsed_s(), clock.now_utc()
        self._keys: list[str] = []
        self._n_new = 0
        self._warm_s = 0.0

    def complete(self, trials: Sequence[TrialSpec]) -> None:
        """Run those of the trials that the store does not have."""
        keys = [trial.key for trial in trials]
        cached = self.store.finished_keys(keys)
        n_new, warm_s = experiment.train(
            [trial for trial in trials if trial.key not in cached],
            self._plan.settings,
            self.store,
            clock=self._clock,
            progress=self._progress,
            stop=self.stop,
        )
        self._keys += keys
        self._n_new += n_new
        self._warm_s += warm_s
        self._progress.pass_over(len(trials))

    def record(
        self,
        facts: Sequence[CaseFacts],
        command: str,
        *,
        varying: tuple[str, ...],
        tuning: Tuning | None = None,
        sampling: Sampling | None = None,
    ) -> RunRecord:
        """Record the search with all of its trials, and return it."""
        keys = tuple(dict.fromkeys(self._keys))
        surroundings = experiment.surroundings(self._plan.settings)
        run = RunRecord(
            run=experiment.run_name(self._created, keys),
            created=iso_utc(self._created),
            command=command,
            cases=tuple(facts),
            varying=varying,
            against=None,
            trial_keys=keys,
            environment={**surroundings, "warm_up_s": self._warm_s},
            elapsed_s=self._clock.elapsed_s() - self._began_s,
            n_new=self._n_new,
            n_cached=len(keys) - self._n_new,
            tuning=tuning,
            sampling=sampling,
        )
        self.store.put_run(run)
        return run
