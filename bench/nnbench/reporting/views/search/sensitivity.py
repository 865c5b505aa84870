"""How much the learning rate matters to each configuration: a table, and the curves behind it."""

import math

from nnbench.evidence.tuned import TunedCase
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, RatesFigure, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name
from nnbench.statistics.tuning.tuning import TunedConfiguration

MOST_PANELS = 12  # in one figure
_UNKNOWN = (math.nan, math.nan)
_EDGES = {None: "inside", "low": "on the low edge", "high": "on the high edge"}


def sensitivity(case: TunedCase) -> Table:
    """Say how far the rate may move, what a bad guess costs, and what the default costs."""
    unit = digits.scale_of(case.facts.metric).difference_unit
    axes = case.varying or ("configuration",)
    columns = (
        *(Column(axis, wraps=True) for axis in axes),
        Column("basin, decades [95%]", "decimal"),
        Column(f"{words.unit_after('mean excess', unit)} [95%]", "decimal"),
        Column(f"{words.unit_after('regret of default', unit)} [95%]", "decimal"),
        Column("best rate", rank=1),
        Column("diverges from", rank=2),
        Column("searched", rank=3),
    )
    rows = tuple(_row(case, each) for each in case.configurations)
    return Table("Sensitivity to the learning rate", columns, rows, tuple(_notes(case)))


def rate_figures(case: TunedCase) -> list[RatesFigure]:
    """Return the curves, a panel for each configuration, on as many figures as they need."""
    drawn = [each for each in case.configurations if each.points]
    starts = range(0, len(drawn), MOST_PANELS)
    return [_figure(case, drawn[at : at + MOST_PANELS], at // MOST_PANELS, len(starts)) for at in starts]


def _figure(case: TunedCase, shown: list[TunedConfiguration], place: int, of: int) -> RatesFigure:
    metric = words.metric(case.facts)
    n = digits.counted(len(case.tuning.tuning_seeds), "tuning seed")
    part = f" ({place + 1} of {of})" if of > 1 else ""
    optima = ", ".join(
        f"{case.label(each)} {each.search.learning_rate}" for each in shown if each.search.learning_rate
    )
    return RatesFigure(
        name=f"{file_name(case.facts.name)}-rates{f'-{place + 1}' if of > 1 else ''}",
        caption=(
            f"{metric.capitalize()} of {case.facts.name} at the end, against the learning rate{part}: "
            f"median and quartiles of {n}. Filled: the tuned rate. Open: the default. The bar below: the "
            "basin. A cross: a rate at which trials diverged, faint where it was fewer than half."
        ),
        alternative=f"{metric.capitalize()} against the learning rate. Tuned rates: {optima or 'none'}.",
        facts=case.facts,
        panels=tuple((case.label(each), each) for each in shown),
    )


def _row(case: TunedCase, each: TunedConfiguration) -> tuple[Cell, ...]:
    chosen = each.search.axes.as_dict()
    choices = [chosen.get(axis, "") for axis in case.varying] or [case.label(each)]
    tried = [point.rate for point in each.points]
    return (
        *(Cell(choice) for choice in choices),
        _basin(each),
        _excess(case, each),
        _regret(case, each),
        _best(each),
        Cell(_diverges_from(each)),
        Cell(f"{tried[0]:g}–{tried[-1]:g}" if tried else digits.MISSING),
    )


def _basin(each: TunedConfiguration) -> Cell:
    if each.sensitivity is None:
        return Cell(digits.MISSING, "quiet")
    bound = "≥" if each.sensitivity.is_basin_open else ""
    width = each.sensitivity.basin_width_decades
    return Cell(f"{bound}{digits.estimate(width, each.basin_interval, digits.PLAIN)}")


def _excess(case: TunedCase, each: TunedConfiguration) -> Cell:
    if each.sensitivity is None:
        return Cell(digits.MISSING, "quiet")
    scale = digits.scale_of(case.facts.metric).of_differences
    return Cell(str(digits.estimate(each.sensitivity.mean_excess, each.excess_interval, scale)))


def _regret(case: TunedCase, each: TunedConfiguration) -> Cell:
    scale = digits.scale_of(case.facts.metric)
    if each.is_same_rate:
        return Cell("none: it is the best", "quiet")
    if each.gain is None:
        return Cell(digits.MISSING, "quiet")
    if not words.has_score(each.gain.difference):
        return Cell("no score", "bad")
    value, interval = each.default_regret(case.facts.direction)
    return Cell(str(digits.difference(value, words.scored(interval), scale)))


def _best(each: TunedConfiguration) -> Cell:
    if each.search.learning_rate is None:
        return Cell("none works", "bad")
    return Cell(_EDGES[each.search.edge], "plain" if each.search.edge is None else "bad")


def _diverges_from(each: TunedConfiguration) -> str:
    """Return the lowest rate above the tuned one at which half of the trials or more left no score."""
    above = [
        point.rate
        for point in each.points
        if not words.has_score(point.median) and point.rate > float(each.search.learning_rate or 0.0)
    ]
    return f"{min(above):g}" if above else digits.MISSING


def _notes(case: TunedCase) -> list[str]:
    n = len(case.tuning.tuning_seeds)
    within = words.noticeable(case.facts).removeprefix("±")
    n_grid = len(case.tuning.searches[0].grid)
    basin = f"Basin: how far the rate may move with the median staying within {within} of the best"
    excess = (
        f"Mean excess: what the median falls short of the best, over the {n_grid} rates of the first grid"
    )
    notes = [
        f"{basin}; ≥: it runs off the rates that were tried.",
        f"{excess}, none counted as worse than chance.",
        "Regret: what the default falls short of the tuned rate, on the fresh seeds.",
    ]
    if not any(search.edge for search in case.tuning.searches if search.case == case.facts.name):
        notes.append("No best rate is an end of those that were tried.")
    if n > 1:
        seeds = digits.counted(n, "tuning seed")
        notes.append(f"Intervals of basin and excess: bootstrap over {seeds}; few seeds bound little.")
    return notes
