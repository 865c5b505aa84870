"""The pictures of all cases together: profiles, and ranks with their critical difference."""

import numpy as np
from numpy.typing import NDArray

from nnbench.reporting import digits
from nnbench.reporting.blocks import Curve, ProfileFigure, RanksFigure
from nnbench.statistics.suite.across import ScoreProfile
from nnbench.statistics.suite.overview import Overview
from nnbench.statistics.suite.profile import PerformanceProfile


def profile_figure(over: Overview, run: str) -> ProfileFigure | None:
    """Return the profiles with their bands, best score first."""
    shown = [(each.label, each.profile) for each in over.members if each.profile is not None]
    if not shown:
        return None
    best, profile = shown[0]
    n = digits.counted(len(over.with_target), "case")
    return ProfileFigure(
        name="across-profile",
        caption=(
            f"Share of {n} in which a configuration's median steps to target are within a factor of the"
            " fastest. Bands: 95 % bootstrap over seeds. The set that is compared is the one drawn: another"
            " member would move everyone."
        ),
        alternative=f"Performance profiles of run {run}. Best score: {best}, {profile.score:.2f}.",
        curves=tuple(_curve(f"{label}  {each.score:.2f}", each.factors, each) for label, each in shown),
        legend="score",
        x_label="steps to target over those of the fastest",
        y_label="share of cases, %",
        unit=digits.TIMES,
    )


def score_figure(over: Overview, run: str) -> ProfileFigure | None:
    """Return the profiles over scores: what the best trials reach, and how many stay far below."""
    shown = [
        (each.label, digits.number(each.iqm.value, decimals=2), each.score_profile)
        for each in over.members
        if each.iqm is not None and each.score_profile is not None
    ]
    if not shown:
        return None
    n = digits.counted(len(over.with_target), "case")
    return ProfileFigure(
        name="across-scores",
        caption=(
            f"Share of the trials of {n} whose final score is above a threshold: 0 is chance, 1 the target."
            " Bands: 95 % bootstrap over the seeds of each case."
        ),
        alternative=f"Score profiles of run {run}: {', '.join(label for label, _, _ in shown)}.",
        curves=tuple(_curve(f"{label}  {iqm}", each.thresholds, each) for label, iqm, each in shown),
        legend="IQM",
        x_label="normalised score",
        y_label="share of trials above, %",
    )


def _curve(label: str, x: NDArray[np.float64], profile: PerformanceProfile | ScoreProfile) -> Curve:
    y, low, high = (tuple(map(float, each)) for each in (profile.share, profile.low, profile.high))
    return Curve(label, tuple(map(float, x)), y, low, high)


def rank_figure(over: Overview, run: str) -> RanksFigure | None:
    """Return the picture of the ranks, and of the critical difference where there is one."""
    found = over.friedman
    if found is None:
        return None
    ranked = sorted(
        ((each.label, each.average_rank) for each in over.members if each.average_rank is not None),
        key=lambda each: each[1],
    )
    said = ", ".join(f"{label} {rank:.2f}" for label, rank in ranked)
    critical = found.critical_difference
    joined, bars, apart = " With so few cases no pair can be told apart.", "", ""
    if critical is not None:
        joined = ""
        bars = (
            "A bar joins configurations whose ranks lie within the critical difference (CD) of one another:"
            " between them no difference is shown."
        )
        apart = f" Critical difference {critical:.2f}."
    return RanksFigure(
        name="across-ranks",
        caption=(
            f"Average ranks over {digits.counted(found.n_cases, 'case')}, 1 being best.{joined} Friedman's"
            f" test: {digits.p_value(found.p)}."
        ),
        alternative=f"Average ranks of {run}: {said}.{apart}",
        ranks=tuple(ranked),
        critical_difference=critical,
        bars=bars,
    )
