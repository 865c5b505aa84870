"""Trials to be looked at again: which of them the store cannot answer for, and that looking changed nothing.

Probes and metrics are in no key, since they change no result. A record that lacks what is asked for now is
made again, to the same weights, and keeps what it had.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from nnbench.cases.measures import extra_curves
from nnbench.plan.matrix import TrialSpec
from nnbench.records.probes import NAMES
from nnbench.records.trials import TrialRecord
from nnbench.store import Store


def settled_keys(store: Store, trials: Sequence[TrialSpec]) -> set[str]:
    """Return the keys of the trials that need not be run: what is asked for and missing needs one."""
    settled = store.finished_keys([trial.key for trial in trials])
    for curves, keys in _asked(trials).items():
        asked = settled.intersection(keys)
        settled -= asked - store.keys_with_curves(asked, curves)
    return settled


def _asked(trials: Sequence[TrialSpec]) -> dict[frozenset[str], list[str]]:
    """Return the keys of the trials by the curves that not every record has."""
    of_cases: dict[int, frozenset[str]] = {}  # by identity: many trials share a case
    asked: dict[frozenset[str], list[str]] = {}
    for trial in trials:
        place = id(trial.case)
        if place not in of_cases:
            of_cases[place] = frozenset(extra_curves(trial.case))
        if names := of_cases[place].union(NAMES if trial.probes else ()):
            asked.setdefault(names, []).append(trial.key)
    return asked


class Earlier:
    """What the store has of trials that are run again, to be looked at more closely."""

    def __init__(self, store: Store, trials: Sequence[TrialSpec]) -> None:
        keys = [key for own in _asked(trials).values() for key in own]
        found = store.trials(list(store.finished_keys(keys)), with_curves=True) if keys else []
        self._records = {record.key: record for record in found}
        self._probed = {trial.key for trial in trials if trial.probes}

    def reconciled(self, record: TrialRecord) -> TrialRecord | None:
        """Return what to record: None where the same trial, run again, came to other weights."""
        earlier = self._records.get(record.key)
        if earlier is None or record.status not in ("finished", "diverged"):
            return record
        if earlier.digest != record.digest:
            why = "probes" if record.key in self._probed else "other metrics"
            warnings.warn(
                f"{record.case}, seed {record.seed}: trained again with {why}, the weights came out as"
                f" {record.digest[:12]}, and before as {earlier.digest[:12]}. They must be equal: please"
                f" report it. The trial is kept as it was, without {why}.",
                stacklevel=1,
            )
            return None
        return replace(
            record,
            train_s=earlier.train_s,  # of the first run: the probes cost a little
            final={**earlier.final, **record.final},
            best=record.best,
            curves={**earlier.curves, **record.curves},
        )
