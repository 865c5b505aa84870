"""Trials as JSON, for another process of this machine: what it reads is the trial that was written."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from nnbench.cases.samples import found_in
from nnbench.cases.spec import CaseSpec
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import Axes


def to_text(trials: Sequence[TrialSpec]) -> str:
    """Return the trials as JSON; a case that several of them have stands there once."""
    cases = {id(trial.case): trial.case for trial in trials}
    places = {key: place for place, key in enumerate(cases)}
    return json.dumps(
        {
            "cases": [_case_text(case) for case in cases.values()],
            "trials": [
                {
                    "case": places[id(trial.case)],
                    "axes": [trial.axes.values, trial.axes.shown],
                    "seed": trial.seed,
                    "epochs": trial.epochs,
                    "dtype": trial.dtype,
                    "key": trial.key,
                    "probes": trial.probes,
                    "pictures": trial.pictures,
                }
                for trial in trials
            ],
        }
    )


def from_text(text: str) -> list[TrialSpec]:
    """Return the trials; files of the user's own are read again, and once for all trials of a case."""
    found = json.loads(text)
    cases = [_case(each) for each in found["cases"]]
    return [
        TrialSpec(**{**each, "case": cases[each["case"]], "axes": Axes(*map(_pairs, each["axes"]))})
        for each in found["trials"]
    ]


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((axis, choice) for axis, choice in pairs)


def _case_text(case: CaseSpec) -> str:
    dumped: dict[str, Any] = case.model_dump(mode="json")
    # What a section does not say is not said as nothing either: a dataset by name has no files.
    data = {key: value for key, value in dumped["data"].items() if value not in (None, "", [])}
    if case.data.file:
        data["file"] = [str(path) for path in case.data.paths]  # the other process starts elsewhere
    # No file may say "official_training", so the section is read without it.
    validation = data.pop("validation")
    return json.dumps({"case": {**dumped, "data": data}, "validation": validation, "where": case.where})


@lru_cache(maxsize=256)
def _case(text: str) -> CaseSpec:
    found = json.loads(text)
    case = CaseSpec.model_validate(found["case"]).read_from(found["where"])
    data = found_in(case.data, Path(), case.name) if case.data.file else case.data
    return case.rewritten(data=data.model_copy(update={"validation": found["validation"]}))
