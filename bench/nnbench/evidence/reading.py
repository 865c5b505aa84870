"""Trials as a report reads them: judged by their case as it is now, with the curves that it shows."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import CaseFacts, TrialRecord
from nnbench.statistics.trials.curves import steps_to_target
from nnbench.statistics.trials.failures import (
    failure_kind,
    how_it_failed,
    is_at_chance,
    stands_at_target,
    suspicions,
)
from nnbench.store import Store
from nnbench.store.encoding import places_of_curves, table_of_curves
from nnbench.store.rows import Block

_OF_EVERY_TRIAL = ("val_loss", "val_accuracy")
Singles = NDArray[np.float32]


def recorded(
    store: Store, keys: Sequence[str], cases: Sequence[CaseFacts], *, with_all_curves: bool = False
) -> list[TrialRecord]:
    """Return those of the trials that are recorded and can be judged, as their cases judge them now."""
    facts = {case.name: case for case in cases}

    def read(block: Block) -> list[TrialRecord | None]:
        found: list[TrialRecord | None] = [None] * len(block.fields)
        alike: dict[tuple[str, str], list[int]] = {}
        for place, (values, lengths) in enumerate(zip(block.fields, block.lengths, strict=True)):
            alike.setdefault((values["case"], lengths), []).append(place)
        for (name, lengths), places in alike.items():
            if (case := facts.get(name)) is None:
                continue
            samples = [block.samples[place] for place in places]
            several = None if with_all_curves else _Several.of(lengths, samples, case)
            for row, place in enumerate(places):
                if several is None:
                    found[place] = _alone(block.record(place), case, with_all_curves=with_all_curves)
                else:
                    found[place] = several.record(row, block, place)
        return found

    return [trial for trial in store.trials_as(keys, read) if trial is not None]


def _alone(trial: TrialRecord, facts: CaseFacts, *, with_all_curves: bool) -> TrialRecord | None:
    if not _has_metric(trial, facts):
        return None
    return _judged(trial, facts, trial.curves if with_all_curves else _kept(trial.curves, facts))


class _Kept(Mapping[str, Singles]):
    """What is kept of the curves of one of many trials: a row of the tables that they share."""

    __slots__ = ("_row", "_tables")

    def __init__(self, tables: Mapping[str, Singles], row: int) -> None:
        self._tables, self._row = tables, row

    def __getitem__(self, name: str) -> Singles:
        table = self._tables[name]
        return table if table.ndim == 1 else table[self._row]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


@dataclass(frozen=True, slots=True)
class _Several:
    """Trials of one case whose curves have the same names and lengths, looked at together."""

    facts: CaseFacts
    kept: Mapping[str, Singles]
    best_step: list[float]  # NaN where there is none
    steps_to_target: list[int | None]
    suspect_at_target: list[bool]
    suspect_elsewhere: list[bool]

    @classmethod
    def of(cls, lengths: str, samples: Sequence[bytes], facts: CaseFacts) -> "_Several | None":
        """Return None where each has to be looked at alone: they are of another metric, or unusual."""
        places, _ = places_of_curves(lengths)
        needed = ("eval_step", facts.curve, "step_loss", "val_loss")
        if not all(name in places and _size(places[name]) >= 2 for name in needed):
            return None
        if any(_is_metric(name) and name not in _OF_EVERY_TRIAL for name in places):
            return None
        table = table_of_curves(lengths, samples)
        grid, values = table[:, places["eval_step"]], table[:, places[facts.curve]]
        steps = grid[0].copy()
        if values.shape[1] != steps.size or (grid != steps).any() or (np.diff(steps) <= 0.0).any():
            return None
        suspect = suspicions(table[:, places["step_loss"]], table[:, places["val_loss"]])
        return cls(
            facts=facts,
            kept=_tables(table, places, steps, facts),
            best_step=_best_steps(values, steps, facts),
            steps_to_target=_first_to_reach(values, steps, facts),
            suspect_at_target=suspect.at_target.tolist(),
            suspect_elsewhere=suspect.elsewhere.tolist(),
        )

    def record(self, row: int, block: Block, place: int) -> TrialRecord | None:
        """Return the trial at a place of the block, judged; None where it cannot be."""
        fields, curves = block.fields[place], _Kept(self.kept, row)
        if self._is_plain(row, fields):
            reached = {"steps_to_target": self.steps_to_target[row]}
            return TrialRecord(**{**fields, **reached}, kind=fields["failure"] or "", curves=curves)
        trial = block.record(place)
        return _judged(trial, self.facts, curves) if _has_metric(trial, self.facts) else None

    def _is_plain(self, row: int, fields: Mapping[str, Any]) -> bool:
        """Return whether all that ``_judged`` would find is known: its best evaluation, and how it ended."""
        best, metric = fields["best"], self.facts.metric
        if metric not in best or best["step"] != self.best_step[row]:
            return False
        if fields["status"] == "finished" and metric not in fields["final"]:
            return False
        return fields["failure"] is not None or self._went_well(row, fields)

    def _went_well(self, row: int, fields: Mapping[str, Any]) -> bool:
        """Return whether the trial has certainly not failed."""
        value = fields["final"].get(self.facts.metric, math.nan)
        if fields["status"] != "finished" or not math.isfinite(value):
            return False
        target = self.facts.target
        if target is not None and stands_at_target(value, target, self.facts):
            return not self.suspect_at_target[row]
        return not (self.suspect_elsewhere[row] or is_at_chance(value, self.facts))


def _best_steps(values: Singles, steps: Singles, facts: CaseFacts) -> list[float]:
    sign = 1.0 if facts.direction == "max" else -1.0
    is_known = np.isfinite(values)
    places = np.where(is_known, sign * values, -np.inf).argmax(axis=1)
    found: list[float] = np.where(is_known.any(axis=1), steps.astype(np.float64)[places], np.nan).tolist()
    return found


def _first_to_reach(values: Singles, steps: Singles, facts: CaseFacts) -> list[int | None]:
    if facts.target is None:
        return [None] * len(values)
    doubles = values.astype(np.float64)
    has_reached = doubles >= facts.target if facts.direction == "max" else doubles <= facts.target
    ever, first = np.asarray(has_reached.any(axis=1)), steps.astype(np.int64)[has_reached.argmax(axis=1)]
    return [int(step) if reached else None for step, reached in zip(first, ever, strict=True)]


def _tables(
    table: Singles, places: Mapping[str, slice], steps: Singles, facts: CaseFacts
) -> dict[str, Singles]:
    """Return what is kept of the curves, copied: a part of the table would hold all of it."""
    found = {name: table[:, place].copy() for name, place in places.items() if _is_kept(name, facts)}
    found["eval_step"] = steps
    for each in found.values():
        each.flags.writeable = False
    return found


def _kept(curves: Mapping[str, Singles], facts: CaseFacts) -> dict[str, Singles]:
    """Return what is kept of curves when a trial has been judged: those of its metric and its probes."""
    found = {name: curve.copy() for name, curve in curves.items() if _is_kept(name, facts)}
    if (steps := curves.get("eval_step")) is not None:
        found["eval_step"] = steps.copy()
    for curve in found.values():
        curve.flags.writeable = False
    return found


def _is_kept(name: str, facts: CaseFacts) -> bool:
    return name == facts.curve or not (name in ("step_loss", "eval_step") or _is_metric(name))


def _size(place: slice) -> int:
    return int(place.stop - place.start)


def _judged(trial: TrialRecord, facts: CaseFacts, kept: Mapping[str, Singles]) -> TrialRecord:
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


def _best(trial: TrialRecord, facts: CaseFacts, steps: Singles, values: Singles) -> Mapping[str, float]:
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
