"""The pictures of all cases together: profiles, and ranks with their critical difference."""

from nnbench.reporting import digits
from nnbench.reporting.blocks import ProfileFigure, RanksFigure
from nnbench.statistics.suite.overview import Overview


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
        profiles=tuple(shown),
    )


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
    joined, apart = " With so few cases no pair can be told apart.", ""
    if critical is not None:
        joined = (
            " A bar joins configurations whose ranks lie within the critical difference (CD) of one another:"
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
    )
