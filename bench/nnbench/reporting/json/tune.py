"""The document of schema ``nnbench.tune/1``: what ``tune --json`` prints.

Strict JSON: what is not a finite number is null. ``learning_rate`` null: no point left a score.
``default_regret`` null: the default left no score on any seed where the tuned point did.
``basin_interval``, ``mean_excess_interval`` null: fewer than ten tuning seeds, which have a ``basin_range``
and no percentage; null is that of one seed. ``basin_width_decades`` is always null where several
hyper-parameters were searched: a basin is that of one. ``learning_rate`` is the first search's,
``learning_rates`` are those of all searches.
``failing_around``: of the tuning seeds at the tuned rate and beside it. ``tuning_debt``: gain of the leader
over a configuration at its default, less that over it tuned; above 0 is better.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, Final, cast

from nnbench.evidence.searched import SearchedCase, searched_evidence
from nnbench.records.trials import ConfigurationSummary, RunRecord, TrialRecord, Tuning
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.json.run import configuration, header, verdict
from nnbench.reporting.shapes import tune as shapes
from nnbench.reporting.shapes.parts import Row
from nnbench.statistics.estimation.distributions import share_error
from nnbench.statistics.tuning.nested import Debt, Estimate
from nnbench.statistics.tuning.searched import SEEDS_FOR_AN_INTERVAL, SearchedConfiguration, TriedPoint

SCHEMA: Final = "nnbench.tune/1"
_RATE = "learning_rate"
_NONE = (math.nan, math.nan)


def render(run: RunRecord, trials: Sequence[TrialRecord]) -> str:
    return json.dumps(as_dict(run, trials), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def as_dict(run: RunRecord, trials: Sequence[TrialRecord]) -> shapes.TuneDocument:
    """Return the document as dictionaries, lists, texts and numbers, all of which JSON can hold."""
    assert run.tuning is not None, run.run
    cases = searched_evidence(run, trials)
    return {
        "schema": SCHEMA,
        **header(run),
        "budget": _budget(run.tuning),
        "configurations": [_configuration(case, each) for case in cases for each in case.configurations],
        "verdicts": [verdict(each) for case in cases for each in case.at_best.comparisons],
        "tuning_debt": [_debt(case.facts.name, each) for case in cases for each in case.debts],
        "test_sets": [_test_set(case) for case in cases if case.is_held_out],
    }


def _budget(tuning: Tuning) -> shapes.Budget:
    seeds: shapes.Budget = {
        "tuning_seeds": list(tuning.tuning_seeds),
        "final_seeds": list(tuning.final_seeds),
        "finalists": len(tuning.searches[0].finalists),
        "trials": tuning.n_tuning_trials,
        "searches": 1 + len(tuning.repeats),
        "repeats": [
            {"points": each.n_points, "tuning_seeds": [*each.tuning_seeds, *each.final_seeds]}
            for each in tuning.repeats
        ],
        "seeds": list(tuning.seeds),
    }
    if tuning.strategy == "grid":
        n_grid = sum(point.stage == "grid" for point in tuning.searches[0].points)
        return {"rates": tuning.n_points, "grid": n_grid, **seeds}
    names = dict.fromkeys(span.name for search in tuning.searches for span in search.spans)
    return {"points": tuning.n_points, **seeds, "over": [name for name in names if name != _RATE]}


def _configuration(case: SearchedCase, each: SearchedConfiguration) -> shapes.TunedRate | shapes.TunedPoint:
    search = each.search
    regret, regret_interval = each.default_regret(case.facts.direction)
    made = {
        "case": search.case,
        "axes": search.axes.without(_RATE).as_dict(),
        **(_of_grid(each) if case.is_grid else _of_points(each)),
        "learning_rates": [search.value(_RATE) for search in each.searches],
        "failing_around": _failing(*each.around),
        "edge": bool(search.edges) or search.best is None,
        "default_regret": finite(regret),
        "default_regret_interval": _interval(regret_interval),
        "tuned": _summary(each.tuned),
        "default": _summary(each.default),
        "gain": None if each.gain is None else verdict(each.gain),
        "n": 0 if each.tuned is None else each.tuned.n,
        "n_tuning": max((point.n for point in each.points), default=0),
    }
    return cast(shapes.TunedRate | shapes.TunedPoint, made)


def _of_grid(each: SearchedConfiguration) -> dict[str, Any]:
    """Return what is known along the learning rate alone."""
    search, measured = each.search, each.sensitivity
    is_bounded = each.n_seeds >= SEEDS_FOR_AN_INTERVAL
    return {
        "learning_rate": search.value(_RATE),
        "default_learning_rate": search.spans[0].default,
        "edge_side": search.edge(_RATE),
        "basin_width_decades": None if measured is None else finite(measured.basin_width_decades),
        "basin_interval": _interval(each.basin_interval if is_bounded else _NONE),
        "basin_range": _interval(_NONE if is_bounded else each.basin_interval),
        "basin": None if measured is None else [finite(end) for end in measured.basin],
        "basin_open": None if measured is None else measured.is_basin_open,
        "mean_excess": None if measured is None else finite(measured.mean_excess),
        "mean_excess_interval": _interval(each.excess_interval if is_bounded else _NONE),
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


def _at_rate(point: TriedPoint) -> shapes.AtRate:
    return {"learning_rate": point.values[0], **_scores(point)}


def _scores(point: TriedPoint) -> shapes.Scores:
    return {
        "mean": finite(point.mean),
        "median": finite(point.median),
        "quartiles": [finite(point.low), finite(point.high)],
        "n": point.n,
        "diverged": point.n_lost,
        "unstable": point.n_unstable,
        "seen": point.n_seen,
    }


def _failing(n_failed: int, n: int) -> shapes.Failing:
    return {"failed": n_failed, "n": n, "share": n_failed / n if n else None}


def _debt(case: str, found: Debt) -> shapes.TuningDebt:
    return {
        "case": case,
        "a": found.a.without(_RATE).as_dict(),
        "b": found.b.without(_RATE).as_dict(),
        "over_default": _part(found.over_default),
        "over_tuned": _part(found.over_tuned),
        "debt": _part(found.debt),
        "n": found.n,
    }


def _part(found: Estimate) -> shapes.Part:
    return {"difference": finite(found.value), "interval": _interval(found.interval)}


def _test_set(case: SearchedCase) -> shapes.TestSet:
    """Return how many examples the reported numbers are given, none of which tuning has seen."""
    best = next((row.median for row in case.at_best.ranking if row.median >= 0.0), None)
    is_share = case.facts.metric == "accuracy" and best is not None
    reach = share_error(best, case.facts.n_validation) if is_share and best is not None else None
    return {"case": case.facts.name, "n": case.facts.n_validation, "reach": reach}


def _summary(row: ConfigurationSummary | None) -> Row | None:
    if row is None:
        return None
    written = configuration(row)
    return cast(Row, {name: value for name, value in written.items() if name not in ("case", "axes")})


def _interval(ends: tuple[float, float]) -> list[float | None]:
    return [finite(end) for end in ends]
