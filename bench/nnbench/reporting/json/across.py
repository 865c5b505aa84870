"""The part ``across`` of ``nnbench.run/1``: the configurations of a run over all of its cases.

Null: no case has a target that says it, there is nobody to compare with, or there are too few cases.
"""

from dataclasses import asdict
from typing import Any, cast

from nnbench.reporting.json.numbers import finite
from nnbench.reporting.shapes import across as shapes
from nnbench.statistics.suite.across import Estimate, ScoreProfile
from nnbench.statistics.suite.overview import Member, Overview
from nnbench.statistics.suite.profile import R_MAX, PerformanceProfile


def across_as_dict(over: Overview) -> shapes.Across:
    """Return plain data, best configuration first."""
    found = over.friedman
    return {
        "cases": [facts.name for facts in over.cases],
        "cases_with_target": list(over.with_target),
        "unsolved": list(over.unsolved),
        "reference": over.reference,
        "r_max": R_MAX,
        "friedman": None
        if found is None
        else {
            "statistic": finite(found.statistic),
            "p": finite(found.p),
            "exact": found.is_exact,
            "critical_difference": found.critical_difference,
            "n": found.n_cases,
        },
        "configurations": [_member(each) for each in over.members],
    }


def _member(each: Member) -> shapes.AcrossConfiguration:
    profile = each.profile
    return {
        "label": each.label,
        "score": None if profile is None else finite(profile.score),
        "score_interval": None if profile is None else [finite(end) for end in profile.score_interval],
        "profile": cast(shapes.Profile | None, _curves(profile, "factors")),
        "score_profile": cast(shapes.ScoreProfile | None, _curves(each.score_profile, "thresholds")),
        "average_rank": each.average_rank,
        "iqm": _estimate(each.iqm),
        "improvement": _estimate(each.improvement),
        "signed_rank": None if each.posterior is None else cast(shapes.SignedRank, asdict(each.posterior)),
        "train_s": finite(each.train_s),
        "state_bytes_per_parameter": each.state_bytes,
    }


def _curves(profile: PerformanceProfile | ScoreProfile | None, x: str) -> dict[str, Any] | None:
    if profile is None:
        return None
    return {name: getattr(profile, name).tolist() for name in (x, "share", "low", "high")}


def _estimate(found: Estimate | None) -> shapes.Estimate | None:
    if found is None:
        return None
    return {
        "value": finite(found.value),
        "interval": [finite(end) for end in found.interval],
        "cases": found.n_cases,
        "n": found.n_trials,
    }
