"""The document of schema ``nnbench.tune/1``: what ``tune --json`` prints.

Strict JSON: what is not a finite number is null. ``learning_rate`` null: no point left a score.
``default_regret`` null: the default left no score on any seed where the tuned point did. ``basin_interval``,
``mean_excess_interval`` null: one tuning seed bounds nothing. ``basin_width_decades`` is always null where
several hyper-parameters were searched: a basin is that of one.
"""

import json
from collections.abc import Sequence
from typing import Any

from nnbench.evidence.searched import SearchedCase, searched_evidence
from nnbench.records.trials import ConfigurationSummary, RunRecord, TrialRecord, Tuning
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.json.run import configuration, header, verdict
from nnbench.statistics.tuning.searched import SearchedConfiguration, TriedPoint

SCHEMA = "nnbench.tune/1"
_RATE = "learning_rate"


def render(run: RunRecord, trials: Sequence[TrialRecord]) -> str:
    return json.dumps(as_dict(run, trials), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def as_dict(run: RunRecord, trials: Sequence[TrialRecord]) -> dict[str, Any]:
    """Return the document as dictionaries, lists, texts and numbers, all of which JSON can hold."""
    assert run.tuning is not None, run.run
    cases = searched_evidence(run, trials)
    return {
        **header(run, SCHEMA),
        "budget": _budget(run.tuning),
        "configurations": [_configuration(case, each) for case in cases for each in case.configurations],
        "verdicts": [verdict(each) for case in cases for each in case.at_best.comparisons],
    }


def _budget(tuning: Tuning) -> dict[str, Any]:
    seeds = {"tuning_seeds": list(tuning.tuning_seeds), "seeds": list(tuning.seeds)}
    if tuning.strategy == "grid":
        n_grid = sum(point.stage == "grid" for point in tuning.searches[0].points)
        return {"rates": tuning.n_points, "grid": n_grid, **seeds}
    names = dict.fromkeys(span.name for search in tuning.searches for span in search.spans)
    return {"points": tuning.n_points, **seeds, "over": [name for name in names if name != _RATE]}


def _configuration(case: SearchedCase, each: SearchedConfiguration) -> dict[str, Any]:
    search = each.search
    regret, regret_interval = each.default_regret(case.facts.direction)
    return {
        "case": search.case,
        "axes": search.axes.without(_RATE).as_dict(),
        **(_of_grid(each) if case.is_grid else _of_points(each)),
        "edge": bool(search.edges) or search.best is None,
        "default_regret": finite(regret),
        "default_regret_interval": _interval(regret_interval),
        "tuned": _summary(each.tuned),
        "default": _summary(each.default),
        "gain": None if each.gain is None else verdict(each.gain),
        "n": 0 if each.tuned is None else each.tuned.n,
        "n_tuning": max((point.n for point in each.points), default=0),
    }


def _of_grid(each: SearchedConfiguration) -> dict[str, Any]:
    """Return what is known along the learning rate alone."""
    search, measured = each.search, each.sensitivity
    return {
        "learning_rate": search.value(_RATE),
        "default_learning_rate": search.spans[0].default,
        "edge_side": search.edge(_RATE),
        "basin_width_decades": None if measured is None else finite(measured.basin_width_decades),
        "basin_interval": _interval(each.basin_interval),
        "basin": None if measured is None else [finite(end) for end in measured.basin],
        "basin_open": None if measured is None else measured.is_basin_open,
        "mean_excess": None if measured is None else finite(measured.mean_excess),
        "mean_excess_interval": _interval(each.excess_interval),
        "cliff": None if each.cliff is None else _at_rate(each.cliff),
        "curve": [{**_at_rate(point), "refined": point.is_refined} for point in each.points],
    }


def _of_points(each: SearchedConfiguration) -> dict[str, Any]:
    """Return what is known of several hyper-parameters."""
    search = each.search
    names = [span.name for span in search.spans]
    defaults = _setting(names, [span.default for span in search.spans])
    return {
        **_setting(names, [None] * len(names) if search.best is None else search.best.values),
        "tuned_optimizer": None if search.best is None else search.at(search.best).as_dict()["optimizer"],
        **{f"default_{name}": value for name, value in defaults.items()},
        "edges": list(search.edges),
        "basin_width_decades": None,
        "spans": [
            {"name": span.name, "low": span.low, "high": span.high, "default": span.default}
            for span in search.spans
        ],
        "points": [{**_setting(names, point.values), **_scores(point)} for point in each.points],
    }


def _setting(names: Sequence[str], values: Sequence[float | None]) -> dict[str, Any]:
    """Return the rate and the other hyper-parameters; nulls where there is no setting."""
    by_name = dict(zip(names, values, strict=True))
    others = {name: value for name, value in by_name.items() if name != _RATE}
    return {_RATE: by_name[_RATE], "hyperparameters": others}


def _at_rate(point: TriedPoint) -> dict[str, Any]:
    return {_RATE: point.values[0], **_scores(point)}


def _scores(point: TriedPoint) -> dict[str, Any]:
    return {
        "median": finite(point.median),
        "quartiles": [finite(point.low), finite(point.high)],
        "n": point.n,
        "diverged": point.n_lost,
        "unstable": point.n_unstable,
    }


def _summary(row: ConfigurationSummary | None) -> dict[str, Any] | None:
    if row is None:
        return None
    written = configuration(row)
    return {name: value for name, value in written.items() if name not in ("case", "axes")}


def _interval(ends: tuple[float, float]) -> list[float | None]:
    return [finite(end) for end in ends]
