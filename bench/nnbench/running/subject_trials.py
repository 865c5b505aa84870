"""Trials of subjects: processes are lent to the workers, and what a subject logs becomes a record."""

import math
import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.subject import UNSAID, SubjectCase, metric_facts
from nnbench.plan.durations import read_budget
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import CaseFacts, MetricFacts, Status, TrialRecord
from nnbench.statistics.trials.curves import steps_to_target
from nnbench.statistics.trials.failures import failure_kind
from nnbench.subjects.process import Logged, SubjectProcess, SubjectRun


class SubjectPool:
    """Processes of subjects. A worker gets one that is idle, so that each imports its subject once."""

    def __init__(self) -> None:
        self._idle: dict[str, list[SubjectProcess]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "SubjectPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for processes in self._idle.values():
            for process in processes:
                process.close()

    def run(self, trial: TrialSpec, *, stop: threading.Event) -> TrialRecord:
        """Train one trial of a subject and return its record; whatever the subject does is in it."""
        case = trial.case
        assert isinstance(case, SubjectCase), case.where
        process = self._take(case)
        try:
            handed = {name: case.handed(name, text) for name, text in trial.axes.values if text != UNSAID}
            run = process.train(trial.seed, handed, stop=stop)
        finally:
            self._give_back(case, process)
        return record_of(trial, run, facts_of_subject(case), is_stopped=stop.is_set())

    def _give_back(self, case: SubjectCase, process: SubjectProcess) -> None:
        if case.subject.fresh:
            process.close()
            return
        with self._lock:
            self._idle.setdefault(case.name, []).append(process)

    def _take(self, case: SubjectCase) -> SubjectProcess:
        with self._lock:
            if idle := self._idle.get(case.name):
                return idle.pop()
        timeout, where = case.subject.timeout, f"{case.where}, subject.timeout"
        return case.process(None if timeout is None else read_budget(timeout, where))


def facts_of_subject(case: SubjectCase) -> CaseFacts:
    """Return what reports must know of a subject; what only the subject itself knows is 0 or NaN."""
    measure, calibration = case.measure, case.calibration
    metric = measure.read_as()
    assert metric is not None, measure
    others = (metric_facts(name, None) for name in measure.also)
    return CaseFacts(
        name=case.name,
        summary=case.summary,
        **asdict(metric),
        target=measure.target,
        noticeable=measure.noticeable,
        chance=math.nan if measure.chance is None else measure.chance,
        n_train=0,
        n_validation=0,
        n_parameters=0,
        epochs=0,
        batch_size=0,
        steps=0,
        suite_version=None if calibration is None else calibration.suite_version,
        exchange_rate=None if calibration is None else calibration.exchange_rate,
        also=tuple(one for one in others if one is not None),
        subject=case.subject.call,
    )


def subjects_of(cases: Sequence[object]) -> dict[str, dict[str, str]]:
    """Return, for the record of a run, what each subject among its cases is made with."""
    return {
        case.name: {"call": case.subject.call, **case.description.versions}
        for case in cases
        if isinstance(case, SubjectCase)
    }


def record_of(trial: TrialSpec, run: SubjectRun, facts: CaseFacts, *, is_stopped: bool) -> TrialRecord:
    """Return the record of a training. A loss or metric that is not finite at the end is divergence."""
    series = _series(run.logged)
    status, error = _ending(trial, run, series, facts, is_stopped=is_stopped)
    steps, values = series.get(facts.metric, (np.empty(0), np.empty(0)))
    record = TrialRecord(
        key=trial.key,
        case=trial.case.name,
        axes=trial.axes,
        seed=trial.seed,
        status=status,
        final={name: float(own[-1]) for name, (_, own) in series.items()} if status == "finished" else {},
        best=_best(series, facts),
        steps=max((logged.step for logged in run.logged), default=0),
        steps_to_target=_reached(steps, values, facts),
        train_s=run.seconds,
        digest=run.digest,
        error=error,
        curves=_curves(series, facts.metric),
    )
    return replace(record, failure=failure_kind(record, facts))


_Series = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]  # steps and values by name


def _series(logged: Sequence[Logged]) -> _Series:
    """Return what was logged, by name: of ``loss`` and ``val_loss`` the one of the validation data."""
    found: dict[str, dict[int, float]] = {}
    for each in logged:
        for name, value in each.values.items():
            found.setdefault(name, {})[each.step] = value
    hidden = {name.removeprefix("val_") for name in found if name.startswith("val_")}
    return {
        name.removeprefix("val_"): (np.array(list(by_step), np.float64), np.array(list(by_step.values())))
        for name, by_step in found.items()
        if name not in hidden
    }


def _ending(
    trial: TrialSpec, run: SubjectRun, series: _Series, facts: CaseFacts, *, is_stopped: bool
) -> tuple[Status, str | None]:
    if run.status != "finished":
        return ("cancelled", None) if is_stopped else ("failed", _said(run))
    case = trial.case
    assert isinstance(case, SubjectCase), case.where
    if facts.metric not in series:
        logged = ", ".join(sorted({name for each in run.logged for name in each.values})) or "nothing"
        wanted = f"{case.subject.call} logged no {case.measure.metric}, which is the metric"
        return "failed", f"{wanted}; it logged: {logged}"
    watched = [own[-1] for name, (_, own) in series.items() if name == facts.metric or name.endswith("loss")]
    return ("finished", None) if np.all(np.isfinite(watched)) else ("diverged", None)


def _said(run: SubjectRun) -> str:
    """Return in one line what went wrong, and where that was; of a process that died, its last words."""
    if run.place is not None:
        return f"{run.place}: {run.error}"
    lines = [line.strip() for line in run.tail.splitlines() if line.strip()]
    return f"{run.error}; it had printed: {lines[-1][:200]}" if lines else str(run.error)


def _reached(steps: NDArray[np.float64], values: NDArray[np.float64], facts: CaseFacts) -> int | None:
    if facts.target is None or not steps.size:
        return None
    step = steps_to_target(steps, values, facts.target, direction=facts.direction)
    return int(step) if np.isfinite(step) else None


def _best(series: _Series, facts: CaseFacts) -> dict[str, float]:
    """Return what was logged where the metric was best, with the step."""
    steps, values = series.get(facts.metric, (np.empty(0), np.empty(0)))
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return {}
    place = known[np.argmax(values[known]) if facts.direction == "max" else np.argmin(values[known])]
    there = {name: own[of == steps[place]] for name, (of, own) in series.items()}
    return {**{name: float(own[0]) for name, own in there.items() if own.size}, "step": float(steps[place])}


def _curves(series: _Series, metric: str) -> dict[str, NDArray[np.float32]]:
    """Return the curves at the steps where the metric was logged; what else is missing there is NaN."""
    steps = series.get(metric, (np.empty(0), np.empty(0)))[0]
    if not steps.size:
        return {}
    curves = {"eval_step": steps.astype(np.float32)}
    for name, (of, own) in series.items():
        by_step = dict(zip(of.tolist(), own.tolist(), strict=True))
        with np.errstate(over="ignore"):
            curves[MetricFacts(name, "min").curve] = np.array(
                [by_step.get(step, math.nan) for step in steps.tolist()]
            ).astype(np.float32)
    return curves
