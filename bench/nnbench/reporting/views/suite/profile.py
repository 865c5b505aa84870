"""How close each configuration comes to the fastest one, case by case: its profile and its score."""

from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, ProfileFigure
from nnbench.reporting.texts import words
from nnbench.statistics.suite.overview import Overview
from nnbench.statistics.suite.profile import R_MAX

Filled = tuple[Column, list[Cell]]


def score_columns(over: Overview) -> list[Filled]:
    """Return the score of every configuration, or nothing where no case has a target."""
    cells = [
        Cell(str(digits.estimate(each.profile.score, each.profile.score_interval, digits.PLAIN)))
        for each in over.members
        if each.profile is not None
    ]
    return [(Column("profile score [95%]", "decimal"), cells)] if cells else []


def profile_notes(over: Overview) -> list[str]:
    if not over.with_target:
        return ["No case has a target that differs from chance, so there is no profile."]
    n = digits.counted(len(over.with_target), "case")
    unsolved = (
        f" Nobody reached the target of {words.several(list(over.unsolved))}: that counts for nobody."
        if over.unsolved
        else ""
    )
    mean = f"mean over {n} with a target of max(0, {R_MAX:g} − r) / {R_MAX - 1:g}"
    return [f"Profile score: {mean}, r being the steps to target over those of the fastest here.{unsolved}"]


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
