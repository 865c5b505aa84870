"""The curves of a run for spreadsheets and data frames: a row per value, written trial after trial.

The columns: ``run``, ``case``, the axes, ``seed`` and ``status`` of a trial; ``step``, ``metric`` and
``value``; ``direction`` and ``noticeable`` where the metric is the one that its case is judged by. Metrics
are ``step_loss``, of every step, and ``val_…`` and ``train_…``, of every evaluation. Values are the shortest
decimals that are the recorded float32. An empty value is none: not finite, or not there, since the last row
of a trial by the metric of its case stands at the step at which it ended, whatever became of it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nnbench.evidence.case import Findings
from nnbench.records.trials import CaseFacts, TrialRecord
from nnbench.reporting.render.csv import line, union

Row = tuple[str, str, str]  # step, metric, value


def render(found: Findings) -> Iterator[str]:
    """Yield the header, and then the rows of each trial."""
    axes = union(trial.axes.as_dict() for trial in found.trials)
    facts = {case.name: case for case in found.run.cases}
    ends = ("step", "metric", "value", "direction", "noticeable")
    yield line(["run", "case", *axes, "seed", "status", *ends])
    for trial in found.trials:
        chosen, case = trial.axes.as_dict(), facts[trial.case]
        of_trial = [
            found.run.run,
            trial.case,
            *(chosen.get(axis, "") for axis in axes),
            trial.seed,
            trial.status,
        ]
        start, judged = line(of_trial).removesuffix("\n"), line([case.direction, case.noticeable])
        yield "".join(
            f"{start},{step},{metric},{value},{judged if metric == case.curve else ',' + chr(10)}"
            for step, metric, value in _rows(trial, case)
        )


def _rows(trial: TrialRecord, case: CaseFacts) -> Iterator[Row]:
    evaluated = trial.curves.get("eval_step", np.empty(0, np.float32))
    last = -1
    for name, values in trial.curves.items():
        if name == "step_loss":
            yield from ((str(at), name, value) for at, value in enumerate(_texts(values), start=1))
        elif name.startswith(("val_", "train_")):
            for at, value in zip(evaluated.tolist(), _texts(values), strict=False):
                yield str(int(at)), name, value
            last = int(evaluated[-1]) if name == case.curve and values.size else last
    if last < trial.steps or last < 0:
        yield str(trial.steps), case.curve, ""


def _texts(values: NDArray[np.float32]) -> list[str]:
    texts: list[str] = np.where(np.isfinite(values), values.astype(str), "").tolist()
    return texts
