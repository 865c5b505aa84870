"""The figures of a search: its metric against every hyper-parameter that was searched."""

from collections.abc import Sequence

from nnbench.evidence.searched import SearchedCase
from nnbench.reporting import digits
from nnbench.reporting.blocks import SearchFigure
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name
from nnbench.reporting.views.search.tuned import point_word, tuned_point
from nnbench.statistics.tuning.searched import SearchedConfiguration

MOST_PANELS = 12  # curves in one figure
MOST_ROWS = 3  # configurations with several hyper-parameters in one figure
BEST, WORST = 48, 12  # curves on all figures together


def search_figures(case: SearchedCase) -> list[SearchFigure]:
    """Return the curves of all configurations, or of the best and the worst of many, or the best settings.

    Curves take as many figures as they need.
    """
    if case.is_grid:
        every = [each for each in case.configurations if each.points]
        is_cut = len(every) > BEST + WORST
        drawn = [*every[:BEST], *every[-WORST:]] if is_cut else every
        n = digits.counted(len(every), "configuration")
        cut = (
            f" Drawn on all figures: the {BEST} best of {n}, tuned, and the {WORST} worst." if is_cut else ""
        )
        starts = range(0, len(drawn), MOST_PANELS)
        return [
            _rates(case, drawn[at : at + MOST_PANELS], at // MOST_PANELS, len(starts), cut) for at in starts
        ]
    scored = [each for each in case.configurations if each.near_best(case.facts)]
    return [_settings(case, scored[:MOST_ROWS], len(scored))] if scored else []


def _rates(
    case: SearchedCase, shown: Sequence[SearchedConfiguration], place: int, of: int, cut: str
) -> SearchFigure:
    part = f" ({place + 1} of {of})" if of > 1 else ""
    number = f"-{place + 1}" if of > 1 else ""
    told = f"the learning rate{part}: median and quartiles of"
    return _figure(case, shown, f"rates{number}", (told, ""), f"The bar below: the basin.{cut}")


def _settings(case: SearchedCase, shown: Sequence[SearchedConfiguration], n_scored: int) -> SearchFigure:
    part = f", the best {len(shown)} of {n_scored} configurations" if n_scored > len(shown) else ""
    told = f"each hyper-parameter{part}: median and quartiles of"
    also = " at every setting, all hyper-parameters differing at once"
    within = words.noticeable(case.facts).removeprefix("±")
    return _figure(case, shown, "settings", (told, also), f"The band: within {within} of the best.")


def _figure(
    case: SearchedCase, shown: Sequence[SearchedConfiguration], name: str, told: tuple[str, str], also: str
) -> SearchFigure:
    n = digits.counted(len(case.tuning.tuning_seeds), "tuning seed")
    thing = point_word(case.tuning.strategy)
    metric = words.metric(case.facts).capitalize()
    against = "the learning rate" if case.is_grid else "each hyper-parameter"
    optima = [f"{case.label(each)} {tuned_point(case, each).text}" for each in shown if each.search.best]
    return SearchFigure(
        name=f"{file_name(case.facts.name)}-{name}",
        caption=(
            f"{metric} of {case.facts.name} at the end, against {told[0]} {n}{told[1]}. Filled: the tuned"
            f" {thing}. Open: the default. {also} A cross: a {thing} at which trials diverged, faint where it"
            " was fewer than half."
        ),
        alternative=f"{metric} against {against}. Tuned {thing}s: {'; '.join(optima) or 'none'}.",
        facts=case.facts,
        rows=tuple((case.label(each), each) for each in shown),
    )
