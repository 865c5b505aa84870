"""The document of schema ``nnbench.tune/1``: what ``tune --json`` prints.

Strict JSON: what is not a finite number is null. ``learning_rate`` null: no rate left a score.
``basin_interval``, ``mean_excess_interval`` null: one tuning seed bounds nothing. ``default_regret`` null:
the default left no score on any seed where the tuned rate did.
"""

import json
from collections.abc import Sequence
from typing import Any

from nnbench.evidence.tuned import tuned_evidence
from nnbench.records.trials import CaseFacts, ConfigurationSummary, RunRecord, TrialRecord
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.json.run import configuration, header, verdict
from nnbench.statistics.tuning.tuning import RatePoint, TunedConfiguration

SCHEMA = "nnbench.tune/1"


def render(run: RunRecord, trials: Sequence[TrialRecord]) -> str:
    return json.dumps(as_dict(run, trials), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def as_dict(run: RunRecord, trials: Sequence[TrialRecord]) -> dict[str, Any]:
    """Return the document as dictionaries, lists, texts and numbers, all of which JSON can hold."""
    assert run.tuning is not None, run.run
    tuning, cases = run.tuning, tuned_evidence(run, trials)
    search = tuning.searches[0]
    return {
        **header(run, SCHEMA),
        "budget": {
            "rates": len(search.grid) + len(search.grown) + len(search.refined),
            "grid": len(search.grid),
            "tuning_seeds": list(tuning.tuning_seeds),
            "seeds": list(tuning.seeds),
        },
        "configurations": [
            _configuration(case.facts, each) for case in cases for each in case.configurations
        ],
        "verdicts": [verdict(each) for case in cases for each in case.at_tuned_rates.comparisons],
    }


def _configuration(facts: CaseFacts, each: TunedConfiguration) -> dict[str, Any]:
    search, measured = each.search, each.sensitivity
    regret, regret_interval = each.default_regret(facts.direction)
    return {
        "case": search.case,
        "axes": search.axes.as_dict(),
        "learning_rate": None if search.learning_rate is None else float(search.learning_rate),
        "default_learning_rate": float(search.default_rate),
        "edge": search.edge is not None or search.learning_rate is None,
        "edge_side": search.edge,
        "basin_width_decades": None if measured is None else finite(measured.basin_width_decades),
        "basin_interval": interval(each.basin_interval),
        "basin": None if measured is None else [finite(end) for end in measured.basin],
        "basin_open": None if measured is None else measured.is_basin_open,
        "mean_excess": None if measured is None else finite(measured.mean_excess),
        "mean_excess_interval": interval(each.excess_interval),
        "default_regret": finite(regret),
        "default_regret_interval": interval(regret_interval),
        "tuned": summary(each.tuned),
        "default": summary(each.default),
        "gain": None if each.gain is None else verdict(each.gain),
        "n": 0 if each.tuned is None else each.tuned.n,
        "n_tuning": max((point.n for point in each.points), default=0),
        "curve": [_point(point) for point in each.points],
    }


def summary(row: ConfigurationSummary | None) -> dict[str, Any] | None:
    if row is None:
        return None
    written = configuration(row)
    return {name: value for name, value in written.items() if name not in ("case", "axes")}


def _point(point: RatePoint) -> dict[str, Any]:
    return {
        "learning_rate": point.rate,
        "median": finite(point.median),
        "quartiles": [finite(point.low), finite(point.high)],
        "n": point.n,
        "diverged": point.n_lost,
        "refined": point.is_refined,
    }


def interval(ends: tuple[float, float]) -> list[float | None]:
    return [finite(end) for end in ends]
