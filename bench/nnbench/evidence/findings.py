"""What a run found: its trials as recorded, judged by the run's own cases, with summaries and verdicts."""

from collections.abc import Sequence
from dataclasses import replace

from nnbench.evidence.case import Findings
from nnbench.evidence.reading import recorded
from nnbench.evidence.showcase import showcase
from nnbench.records.trials import (
    Axes,
    Comparison,
    ConfigurationSummary,
    Judgement,
    RunRecord,
    TrialRecord,
)
from nnbench.statistics.trials.summary import judged, summaries
from nnbench.store import Store


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


def judge(run: RunRecord, trials: tuple[TrialRecord, ...]) -> Findings:
    """Return the trials of a run with summaries and verdicts, case by case."""
    rows: list[ConfigurationSummary] = []
    verdicts: list[Comparison] = []
    judgements: list[Judgement] = []
    of_case: dict[str, list[TrialRecord]] = {case.name: [] for case in run.cases}
    for trial in trials:
        of_case.setdefault(trial.case, []).append(trial)
    for case in run.cases:
        own = of_case[case.name]
        race = next((race for race in run.races if race.case == case.name), None)
        rows += summaries(own, case, prunings=() if race is None else race.prunings)
        against, look = _reference(own, run), run.looks.get(case.name, 1)
        found, judgement = judged(own, case, against=against, look=look, race=race)
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


def _reference(trials: Sequence[TrialRecord], run: RunRecord) -> Axes | None:
    """Return the configuration that the user named, if the case of these trials has it."""
    if run.against is None:
        return None
    return next((trial.axes for trial in trials if trial.axes.label(run.varying) == run.against), None)
