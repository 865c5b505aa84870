"""The document of schema ``nnbench.tune/1`` where several hyper-parameters were searched: ``tune --over``.

Strict JSON: what is not a finite number is null. ``learning_rate`` null: no setting left a score.
``basin_width_decades`` is always null: a basin is that of a search along one hyper-parameter.
``default_regret`` null: the default left no score on any seed where the tuned setting did.
"""

import json
from collections.abc import Sequence
from typing import Any

from nnbench.evidence.sampled import sampled_evidence
from nnbench.records.trials import CaseFacts, PointSearch, RunRecord, TrialRecord
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.json.run import header, verdict
from nnbench.reporting.json.tune import SCHEMA, interval, summary
from nnbench.statistics.tuning.sampled import SampledConfiguration, TriedPoint

_RATE = "learning_rate"


def render(run: RunRecord, trials: Sequence[TrialRecord]) -> str:
    return json.dumps(as_dict(run, trials), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def as_dict(run: RunRecord, trials: Sequence[TrialRecord]) -> dict[str, Any]:
    """Return the document as dictionaries, lists, texts and numbers, all of which JSON can hold."""
    assert run.sampling is not None, run.run
    sampling, cases = run.sampling, sampled_evidence(run, trials)
    names = (span.name for search in sampling.searches for span in search.spans)
    return {
        **header(run, SCHEMA),
        "budget": {
            "points": len(sampling.searches[0].points),
            "tuning_seeds": list(sampling.tuning_seeds),
            "seeds": list(sampling.seeds),
            "over": [name for name in dict.fromkeys(names) if name != _RATE],
        },
        "configurations": [
            _configuration(case.facts, each) for case in cases for each in case.configurations
        ],
        "verdicts": [verdict(each) for case in cases for each in case.at_tuned.comparisons],
    }


def _configuration(facts: CaseFacts, each: SampledConfiguration) -> dict[str, Any]:
    search = each.search
    tuned = None if search.chosen is None else search.values[search.chosen]
    regret, regret_interval = each.default_regret(facts.direction)
    defaults = _setting(search, tuple(span.default for span in search.spans))
    return {
        "case": search.case,
        "axes": search.axes.without(_RATE).as_dict(),
        **_setting(search, tuned),
        "tuned_optimizer": None if search.chosen is None else search.points[search.chosen].optimizer,
        **{f"default_{name}": value for name, value in defaults.items()},
        "edge": bool(search.edges) or search.chosen is None,
        "edges": list(search.edges),
        "basin_width_decades": None,
        "default_regret": finite(regret),
        "default_regret_interval": interval(regret_interval),
        "tuned": summary(each.tuned),
        "default": summary(each.default),
        "gain": None if each.gain is None else verdict(each.gain),
        "n": 0 if each.tuned is None else each.tuned.n,
        "n_tuning": max((point.n for point in each.points), default=0),
        "spans": [
            {"name": span.name, "low": span.low, "high": span.high, "default": span.default}
            for span in search.spans
        ],
        "points": [_point(search, point) for point in each.points],
    }


def _setting(search: PointSearch, values: tuple[float, ...] | None) -> dict[str, Any]:
    """Return the rate and the other hyper-parameters; nulls where there is no setting."""
    known = values or (None,) * len(search.spans)
    by_name = {span.name: value for span, value in zip(search.spans, known, strict=True)}
    rate = by_name.pop(_RATE)
    return {"learning_rate": rate, "hyperparameters": by_name}


def _point(search: PointSearch, point: TriedPoint) -> dict[str, Any]:
    return {
        **_setting(search, point.values),
        "median": finite(point.median),
        "quartiles": [finite(point.low), finite(point.high)],
        "n": point.n,
        "diverged": point.n_lost,
    }
