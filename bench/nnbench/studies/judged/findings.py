"""What a file found: its trials, summaries and verdicts, as those of a run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from nnbench.errors import UsageError
from nnbench.evidence import findings
from nnbench.evidence.case import Findings
from nnbench.records.judged import JudgedFile, Measure
from nnbench.records.trials import CaseFacts, Direction, RunRecord, TrialRecord
from nnbench.studies.judged.cells import EMPTY, number, score
from nnbench.studies.judged.columns import Columns, Named, find_columns, plain
from nnbench.studies.judged.curves import with_one_metric
from nnbench.studies.judged.measure import direction_of, name_shown, noticeable_of, read_as
from nnbench.studies.judged.sheet import Sheet, read
from nnbench.studies.judged.trials import Scores, trials_of
from nnkit.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user says of a file; None: to be concluded from it."""

    columns: Named
    direction: Direction | None = None
    noticeable: float | None = None
    target: float | None = None
    against: str | None = None
    look: int = 1
    command: str = ""


def judge(file: str, wishes: Wishes) -> tuple[Findings, JudgedFile]:
    """Read a file and judge it; raise UsageError where it cannot be understood."""
    if wishes.noticeable is not None and not 0 <= wishes.noticeable < math.inf:
        raise UsageError(f"--noticeable {wishes.noticeable:g}: must be a number from 0 on. Try 0.005.")
    sheet, named = with_one_metric(read(file), wishes.columns)
    columns = find_columns(sheet, named)
    if wishes.target is not None and columns.step is None:
        raise UsageError(f"--target: {sheet.name} has no column of steps. Name it: --step COLUMN.")
    facts: list[CaseFacts] = []
    trials: list[TrialRecord] = []
    measures: dict[str, Measure] = {}
    for case, rows in _rows_by_case(sheet, columns).items():
        metric = columns.metric or f"final_{sheet.cell(rows[0], 'metric')}"
        scores = _scores(sheet, columns, rows, metric)
        values = [each for each in scores.values() if isinstance(each, float)]
        measures[case] = _measure(sheet, rows[0], metric, values, wishes)
        known = _facts(case, measures[case], values, wishes.target)
        own = trials_of(sheet, columns, scores, known)
        facts.append(replace(known, steps=max(each.steps for each in own)))
        trials += own
    roles = {"configuration": ", ".join(columns.config), "seed": columns.seed, "step": columns.step}
    roles |= {"status": columns.status, "case": columns.case}
    read_as = {role: column for role, column in roles.items() if column}
    judged = JudgedFile(sheet.name, sheet.sha256, len(sheet.rows), read_as, measures)
    return _findings(sheet.name, trials, facts, wishes), judged


def _rows_by_case(sheet: Sheet, columns: Columns) -> dict[str, list[int]]:
    """Return the rows of every case; without a column for it the file is one."""
    cases = sheet.column(columns.case) if columns.case else [Path(sheet.name).stem] * len(sheet.rows)
    found: dict[str, list[int]] = {}
    for row, case in enumerate(cases):
        found.setdefault(case or "—", []).append(row)
    return found


def _scores(sheet: Sheet, columns: Columns, rows: Sequence[int], metric: str) -> Scores:
    n = len(sheet.rows)
    cells = sheet.column(metric) if metric in sheet.header else [""] * n  # no trial of that run left a score
    ended = sheet.column(columns.status) if columns.status else [""] * n
    found = {row: score(sheet, row, metric, cells[row], ended[row]) for row in rows}
    # A trial of nnbench that finished and has no score: its metric has no value on its validation data.
    unknown = EMPTY if columns.metric else ("failed", EMPTY[1])
    return {row: unknown if score is EMPTY else score for row, score in found.items()}


def _measure(sheet: Sheet, row: int, metric: str, values: Sequence[float], wishes: Wishes) -> Measure:
    """Return which way is better and what counts: as the user says, as nnbench wrote it, or as it looks."""
    is_own = metric == f"final_{sheet.cell(row, 'metric')}"
    own = {name: sheet.cell(row, name) if is_own else "" for name in ("direction", "noticeable")}
    name = plain(metric)
    said = wishes.direction or next((each for each in get_args(Direction) if each == own["direction"]), None)
    direction = said or direction_of(name)
    if direction is None:
        raise UsageError(
            f"{sheet.name}: is more or less of {name} better? Its name does not tell. Say --direction max or"
            " --direction min."
        )
    noticeable = number(own["noticeable"]) if wishes.noticeable is None else wishes.noticeable
    concluded = noticeable_of(name, direction, values)
    return Measure(
        column=metric,
        direction=direction,
        is_direction_said=said is not None,
        noticeable=concluded if noticeable is None else noticeable,
        is_noticeable_said=noticeable is not None,
    )


def _facts(case: str, measure: Measure, values: Sequence[float], target: float | None) -> CaseFacts:
    """Return what is known of a case from its scores; what only its author knows is 0 or NaN."""
    name = name_shown(plain(measure.column), values)
    unit, limits = read_as(name)
    return CaseFacts(
        name=case,
        summary="",
        metric=name,
        direction=measure.direction,
        unit=unit,
        least=limits[0],
        most=limits[1],
        target=target,
        noticeable=measure.noticeable,
        chance=math.nan,
        n_train=0,
        n_validation=0,
        n_parameters=0,
        epochs=0,
        batch_size=0,
        steps=0,
    )


def _findings(
    name: str, trials: Sequence[TrialRecord], facts: Sequence[CaseFacts], wishes: Wishes
) -> Findings:
    varying, against = tuple(dict(trials[0].axes.values)), wishes.against
    names = {each.axes.label(varying) for each in trials}
    if against is not None and against not in names:
        near = did_you_mean(against, names)
        raise UsageError(f"--against {against}: {name} has no such configuration.{near}")
    run = RunRecord(
        run=name,
        created="",
        command=wishes.command,
        cases=tuple(facts),
        varying=varying,
        against=against,
        trial_keys=tuple(each.key for each in trials),
        environment={},
        elapsed_s=0.0,
        n_new=0,
        n_cached=0,
        looks=dict.fromkeys((case.name for case in facts), wishes.look),
    )
    return findings.judge(run, tuple(trials))
