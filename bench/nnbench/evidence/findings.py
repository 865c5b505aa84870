"""What a run found: its trials as recorded, judged by the run's own cases, with summaries and verdicts."""

import math
from collections.abc import Sequence
from dataclasses import replace

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
from nnbench.statistics.trials.summary import judged, summaries
from nnbench.store import Store


def find(store: Store, run: RunRecord) -> Findings:
    """Return what is recorded of a run, and what the statistics make of it."""
    facts = {case.name: case for case in run.cases}
    recorded = store.trials(run.trial_keys, with_curves=True)
    shown = {(case, axes): axes for case, axes in run.shown}
    trials = tuple(
        replace(_judged(trial, facts[trial.case]), axes=shown.get((trial.case, trial.axes), trial.axes))
        for trial in recorded
        if trial.case in facts
    )
    # The points of a search are no configurations to be ranked: what it says is computed for its report.
    found = Findings(run, trials) if run.tuning is not None else judge(run, trials)
    return replace(found, trials=_with_pictures(store, found))


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


def _judged(trial: TrialRecord, facts: CaseFacts) -> TrialRecord:
    """Return the trial with the steps that it took to this case's target.

    The target is no part of a trial's identity: a case whose target was moved keeps its trials.
    """
    steps, values = trial.curves.get("eval_step"), trial.curves.get(f"val_{facts.metric}")
    if steps is None or values is None:
        return trial
    found = math.inf
    if facts.target is not None:
        found = steps_to_target(steps, values, facts.target, direction=facts.direction)
    return replace(trial, steps_to_target=int(found) if math.isfinite(found) else None)


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
