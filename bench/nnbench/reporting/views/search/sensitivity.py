"""How much the learning rate matters to each configuration."""

from nnbench.evidence.searched import SearchedCase
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.statistics.tuning.searched import (
    SEEDS_FOR_AN_INTERVAL,
    SearchedConfiguration,
    TriedPoint,
)

_EDGES = {None: "inside", "low": "on the low edge", "high": "on the high edge"}


def sensitivity(case: SearchedCase) -> Table:
    """Say how far the rate may move, what a bad guess costs, and what the default costs."""
    unit = digits.scale_of(case.facts).difference_unit
    columns = (
        *(Column(axis, wraps=True) for axis in case.naming),
        Column(f"basin, decades [{_bounds(case)}]", "decimal"),
        Column(f"{words.unit_after('mean excess', unit)} [{_bounds(case)}]", "decimal"),
        Column(f"{words.unit_after('regret of default', unit)} [95%]", "decimal"),
        Column("best rate", rank=1),
        Column("diverges from", rank=2),
        Column("fail below/at/above", rank=4),
        Column("searched", rank=3),
    )
    rows = tuple(_row(case, each) for each in case.configurations)
    return Table("Sensitivity to the learning rate", columns, rows, tuple(_notes(case)))


def _row(case: SearchedCase, each: SearchedConfiguration) -> tuple[Cell, ...]:
    tried = [point.values[0] for point in each.points]
    return (
        *map(Cell, case.choices(each)),
        _basin(each),
        _excess(case, each),
        _regret(case, each),
        _best(each),
        Cell(_diverges_from(each)),
        Cell(
            " / ".join(_failing(each.beside(step)) for step in (-1, 0, 1)), "bad" if each.cliff else "plain"
        ),
        Cell(f"{tried[0]:g}–{tried[-1]:g}" if tried else digits.MISSING),
    )


def _bounds(case: SearchedCase) -> str:
    """Return what the ends behind a number are: few seeds give a range that nobody can put a share to."""
    return "95%" if len(case.tuning.tuning_seeds) >= SEEDS_FOR_AN_INTERVAL else "range"


def _basin(each: SearchedConfiguration) -> Cell:
    if each.sensitivity is None:
        return Cell(digits.MISSING, "quiet")
    bound = "≥" if each.sensitivity.is_basin_open else ""
    width = each.sensitivity.basin_width_decades
    return Cell(f"{bound}{digits.estimate(width, each.basin_interval, digits.PLAIN)}")


def _excess(case: SearchedCase, each: SearchedConfiguration) -> Cell:
    if each.sensitivity is None:
        return Cell(digits.MISSING, "quiet")
    scale = digits.scale_of(case.facts).of_differences
    return Cell(str(digits.estimate(each.sensitivity.mean_excess, each.excess_interval, scale)))


def _regret(case: SearchedCase, each: SearchedConfiguration) -> Cell:
    scale = digits.scale_of(case.facts)
    if each.is_default:
        return Cell("none: it is the best", "quiet")
    if each.gain is None:
        return Cell(digits.MISSING, "quiet")
    if not words.has_score(each.gain.difference):
        return Cell("no score", "bad")
    value, interval = each.default_regret(case.facts.direction)
    return Cell(str(digits.difference(value, words.scored(interval), scale)))


def _best(each: SearchedConfiguration) -> Cell:
    if each.search.best is None:
        return Cell("none works", "bad")
    edge = each.search.edge("learning_rate")
    return Cell(_EDGES[edge], "plain" if edge is None else "bad")


def _diverges_from(each: SearchedConfiguration) -> str:
    """Return the lowest rate above the tuned one at which half of the trials or more left no score."""
    tuned = each.search.value("learning_rate") or 0.0
    above = [
        point.values[0]
        for point in each.points
        if not words.has_score(point.median) and point.values[0] > tuned
    ]
    return f"{min(above):g}" if above else digits.MISSING


def _failing(point: TriedPoint | None) -> str:
    return digits.MISSING if point is None else f"{point.n_unstable}/{point.n_seen}"


def _notes(case: SearchedCase) -> list[str]:
    n = len(case.tuning.tuning_seeds)
    within = words.noticeable(case.facts).removeprefix("±")
    n_grid = sum(point.stage == "grid" for point in case.tuning.searches[0].points)
    basin = f"Basin: how far the rate may move with the mean staying within {within} of the best"
    excess = f"Mean excess: what the mean falls short of the best, over the {n_grid} rates of the first grid"
    notes = [
        f"{basin}; ≥: it runs off the rates that were tried.",
        f"{excess}, none counted as worse than chance.",
        "Regret: what the default falls short of the tuned rate, on the fresh seeds.",
    ]
    if any(each.cliff for each in case.configurations):
        notes.append(
            "Fail: tuning seeds that diverge or blow up, and above the tuned rate those at chance too."
        )
    if all(each.search.best and not each.search.edges for each in case.configurations):
        notes.append("No best rate is an end of those that were tried.")
    if n > 1:
        seeds = digits.counted(n, "tuning seed")
        which = "Intervals" if n >= SEEDS_FOR_AN_INTERVAL else "Ranges"
        few = "" if n >= SEEDS_FOR_AN_INTERVAL else f"; an interval takes {SEEDS_FOR_AN_INTERVAL}"
        notes.append(f"{which} of basin and excess: {seeds} drawn again, with replacement{few}.")
    return notes
