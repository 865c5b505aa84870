"""Trials with probes: which of them the store cannot answer for, and that looking changed nothing."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from nnbench.plan.matrix import TrialSpec
from nnbench.records.probes import NAMES
from nnbench.records.trials import TrialRecord
from nnbench.store import Store


def settled_keys(store: Store, trials: Sequence[TrialSpec]) -> set[str]:
    """Return the keys of the trials that need not be run: probes that are asked for and missing need one."""
    settled = store.finished_keys([trial.key for trial in trials])
    probed = [trial.key for trial in trials if trial.probes and trial.key in settled]
    return settled - (set(probed) - store.keys_with_curves(probed, NAMES))


class Earlier:
    """What the store has of trials that are run again for their probes."""

    def __init__(self, store: Store, trials: Sequence[TrialSpec]) -> None:
        keys = [trial.key for trial in trials if trial.probes]
        found = store.trials(list(store.finished_keys(keys))) if keys else []
        self._records = {record.key: record for record in found}

    def reconciled(self, record: TrialRecord) -> TrialRecord | None:
        """Return what to record: None where the same trial, run with probes, came to other weights."""
        earlier = self._records.get(record.key)
        if earlier is None:
            return record
        if earlier.digest != record.digest:
            warnings.warn(
                f"{record.case}, seed {record.seed}: trained again with probes, the weights came out as"
                f" {record.digest[:12]}, and before as {earlier.digest[:12]}. They must be equal: please"
                " report it. The trial is kept as it was, without probes.",
                stacklevel=1,
            )
            return None
        # The seconds of the first run: the probes cost a little.
        return replace(record, train_s=earlier.train_s)
