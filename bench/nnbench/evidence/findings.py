"""What a run found: its trials as recorded, judged by the run's own cases, with summaries and verdicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nnbench.evidence.case import Findings
from nnbench.evidence.showcase import showcase
from nnbench.records.trials import (
    Axes,
    CaseFacts,
    Comparison,
    ConfigurationSummary,
    Judgement,
    RunRecord,
    TrialRecord,
)
from nnbench.statistics.trials.curves import steps_to_target
from nnbench.statistics.trials.failures import failure_kind, how_it_failed
from nnbench.statistics.trials.summary import judged, summaries
from nnbench.store import Store

_OF_EVERY_TRIAL = ("val_loss", "val_accuracy")


def find(store: Store, run: RunRecord, *, with_all_curves: bool = False) -> Findings:
    """Return what is recorded of a run, and what the statistics make of it.

    The trials keep the curves that reports show: the loss of every step takes fourteen times their room.
    """
    shown = {(case, axes): axes for case, axes in run.shown}
    trials = tuple(recorded(store, run.trial_keys, run.cases, with_all_curves=with_all_curves))
    if shown:
        trials = tuple(replace(one, axes=shown.get((one.case, one.axes), one.axes)) for one in trials)
    # The points of a search are no configurations to be ranked: what it says is computed for its report.
    # Nor are those of a shard: which of their seeds it has is chance.
    is_judged = run.tuning is None and run.shard is None
    found = judge(run, trials) if is_judged else Findings(run, trials)
    return replace(found, trials=_with_pictures(store, found))


def recorded(
    store: Store, keys: Sequence[str], cases: Sequence[CaseFacts], *, with_all_curves: bool = False
) -> list[TrialRecord]:
    """Return those of the trials that are recorded and can be judged, as their cases judge them now."""
    facts = {case.name: case for case in cases}
    kept = Kept()

    def read(trial: TrialRecord) -> TrialRecord | None:
        case = facts.get(trial.case)
        if case is None or not _has_metric(trial, case):
            return None
        return _judged(trial, case, trial.curves if with_all_curves else kept.of(trial, case))

    return [trial for trial in store.trials_as(keys, read) if trial is not None]


def judge(run: RunRecord, trials: tuple[TrialRecord, ...]) -> Findings:
    """Return the trials of a run with summaries and verdicts, case by case."""
    rows: list[ConfigurationSummary] = []
    verdicts: list[Comparison] = []
    judgements: list[Judgement] = []
    for case in run.cases:
        race = next((race for race in run.races if race.case == case.name), None)
        rows += summaries(trials, case, prunings=() if race is None else race.prunings)
        against, look = _reference(trials, case, run), run.looks.get(case.name, 1)
        found, judgement = judged(trials, case, against=against, look=look, race=race)
        verdicts += found
        judgements += [] if judgement is None else [judgement]
    return Findings(run, trials, tuple(rows), tuple(verdicts), tuple(judgements))


def _with_pictures(store: Store, found: Findings) -> tuple[TrialRecord, ...]:
    """Return the trials, and with those that a report shows the pictures that they left."""
    having = store.keys_with_pictures(trial.key for trial in found.trials)
    if not having:
        return found.trials
    pictures = store.pictures(trial.key for case in found.cases() for trial in showcase(case, having))
    return tuple(replace(trial, pictures=pictures.get(trial.key)) for trial in found.trials)


class Kept:
    """What is kept of curves when a trial has been judged: those of its metric and its probes."""

    def __init__(self) -> None:
        self._steps: dict[bytes, NDArray[np.float32]] = {}  # which nearly all trials of a case share

    def of(self, trial: TrialRecord, facts: CaseFacts) -> dict[str, NDArray[np.float32]]:
        # A copy: the curves of a trial lie in one block, and a part of it would hold all of it.
        found = {
            name: curve.copy()
            for name, curve in trial.curves.items()
            if name == facts.curve or not (name in ("step_loss", "eval_step") or _is_metric(name))
        }
        if (steps := trial.curves.get("eval_step")) is not None:
            found["eval_step"] = self._steps.setdefault(steps.tobytes(), steps.copy())
        for curve in found.values():
            curve.flags.writeable = False
        return found


def _judged(trial: TrialRecord, facts: CaseFacts, kept: Mapping[str, NDArray[np.float32]]) -> TrialRecord:
    """Return the trial with its best evaluation, how it failed, and the steps that it took to the target.

    Metric and target are no part of a trial's identity: a case that is judged by others keeps its trials.
    """
    steps, values = trial.curves.get("eval_step"), trial.curves.get(facts.curve)
    if steps is None or values is None:
        return replace(trial, kind=how_it_failed(trial, facts) or "", curves=kept)
    best = _best(trial, facts, steps, values)
    if any(_is_metric(name) and name not in _OF_EVERY_TRIAL for name in trial.curves):
        # It may have been recorded for another metric, by which it did not fail, or otherwise.
        dead_share = 1.0 if trial.failure == "dead" else 0.0
        trial = replace(trial, failure=failure_kind(trial, facts, dead_share=dead_share))
    found = math.inf
    if facts.target is not None:
        found = steps_to_target(steps, values, facts.target, direction=facts.direction)
    reached = int(found) if math.isfinite(found) else None
    kind = how_it_failed(trial, facts) or ""
    return replace(trial, best=best, kind=kind, steps_to_target=reached, curves=kept)


def _has_metric(trial: TrialRecord, facts: CaseFacts) -> bool:
    """Return whether the record can be judged: a run that was broken off may find one without its metric."""
    return trial.status != "finished" or facts.metric in trial.final


def _best(
    trial: TrialRecord, facts: CaseFacts, steps: NDArray[np.float32], values: NDArray[np.float32]
) -> Mapping[str, float]:
    """Return the best evaluation as recorded, or from the curves where it is that of another metric."""
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return {}
    place = known[np.argmax(values[known]) if facts.direction == "max" else np.argmin(values[known])]
    if facts.metric in trial.best and trial.best["step"] == steps[place]:
        return trial.best
    curves = {name.removeprefix("val_"): one for name, one in trial.curves.items() if _is_metric(name)}
    # The shortest text of a float32 is what it stands for: 0.95, and not 0.949999988.
    return {name: float(str(one[place])) for name, one in curves.items()} | {"step": float(steps[place])}


def _is_metric(curve: str) -> bool:
    return curve.startswith(("val_", "train_"))


def _reference(trials: Sequence[TrialRecord], facts: CaseFacts, run: RunRecord) -> Axes | None:
    """Return the configuration that the user named, if this case has it."""
    return next(
        (
            trial.axes
            for trial in trials
            if trial.case == facts.name and trial.axes.label(run.varying) == run.against
        ),
        None,
    )
