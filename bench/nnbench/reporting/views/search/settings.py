"""Where the best values lie, of every hyper-parameter that was searched."""

from nnbench.evidence.searched import SearchedCase
from nnbench.records.trials import Span
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.search.tuned import plain
from nnbench.statistics.tuning.searched import SearchedConfiguration


def best_settings(case: SearchedCase) -> Table:
    """Say of every hyper-parameter where it was searched, and where the best settings have it."""
    within = words.noticeable(case.facts).removeprefix("±")
    columns = (
        *(Column(axis, wraps=True) for axis in case.naming),
        Column("hyper-parameter"),
        Column("searched", rank=2),
        Column("default", rank=1),
        Column("tuned"),
        Column(f"within {within} of the best"),
    )
    rows = tuple(
        (*map(Cell, case.choices(each)), *_row(case, each, span))
        for each in case.configurations
        for span in each.search.spans
    )
    return Table("Where the best settings lie", columns, rows, tuple(_notes(case, within)))


def _notes(case: SearchedCase, within: str) -> list[str]:
    n = digits.counted(len(case.tuning.tuning_seeds), "tuning seed")
    near = f"Within {within} of the best: the settings whose mean over {n} is that near to the best one's"
    points = "Tried were the default setting and, in all hyper-parameters at once, quasi-random points"
    told = [
        f"{near}, how many of all they are, and from where to where their values reach.",
        f"{points} (Halton 1960, Numer. Math. 2).",
    ]
    if any(each.search.edges for each in case.configurations):
        told.append("(edge): no value beyond it was tried.")
    return told


def _row(case: SearchedCase, each: SearchedConfiguration, span: Span) -> tuple[Cell, ...]:
    return (
        Cell(span.name),
        Cell(_between(_short(span.low), _short(span.high))),
        Cell(plain(span.default)),
        _tuned(each, span.name),
        Cell(_near_best(case, each, span.name)),
    )


def _tuned(each: SearchedConfiguration, name: str) -> Cell:
    value = each.search.value(name)
    if value is None:
        return Cell("none works", "bad")
    return Cell(plain(value)) if each.search.edge(name) is None else Cell(f"{plain(value)} (edge)", "bad")


def _near_best(case: SearchedCase, each: SearchedConfiguration, name: str) -> str:
    near = each.near_best(case.facts)
    if not near:
        return digits.MISSING
    values = [point.values[each.search.place(name)] for point in near]
    return f"{_between(plain(min(values)), plain(max(values)))}, {len(near)} of {len(each.points)}"


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def _short(value: float) -> str:
    """Write an end of a span in three digits, or in three digits of what it lacks of 1."""
    return f"{1.0 - float(f'{1.0 - value:.3g}'):.9g}" if 0.9 < value < 1.0 else f"{value:.3g}"
