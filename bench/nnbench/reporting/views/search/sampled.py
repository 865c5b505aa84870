"""Tuned beside default, where several hyper-parameters were searched, and where their best values lie."""

from nnbench.evidence.sampled import SampledCase
from nnbench.records.trials import SpanSearched
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Paragraph, SettingsFigure, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name
from nnbench.reporting.views.search.tuned import failures, gain, gain_sentences, notes, score, standings
from nnbench.statistics.tuning.sampled import SampledConfiguration

MOST_DRAWN = 3  # configurations in one figure
_SIDES = {"low": "lowest", "high": "highest", None: "last"}


def sampled_headline(case: SampledCase) -> Paragraph:
    """Say who leads at tuned settings, whom tuning helps, and where no optimum was found."""
    told = [f"With tuned settings {standings(case.at_tuned)}", *_gains(case), *_edges(case), *_lost(case)]
    return Paragraph(" ".join(told), lead=True)


def sampled(case: SampledCase) -> Table:
    """Set the tuned setting and the default side by side, best tuned median first."""
    scale = digits.scale_of(case.facts.metric)
    metric = words.unit_after(case.facts.metric.replace("_", " "), scale.unit)
    difference = words.unit_after("tuned − default", scale.difference_unit)
    columns = (
        *(Column(axis, wraps=True) for axis in case.naming),
        # The first to go after p: the next table has it too.
        Column("tuned setting", rank=2, wraps=True),
        Column(f"tuned {metric} [95%]", "decimal"),
        Column(f"default {metric} [95%]", "decimal"),
        Column(f"{difference} [95%]", "decimal", rank=1),
        Column("tuning is"),
        Column("p", "decimal", rank=3),
        Column("failures when tuned", rank=4, wraps=True),
        Column("failures by default", rank=5, wraps=True),
    )
    rows = tuple(
        (
            *map(Cell, case.choices(each)),
            _setting(each),
            score(each.tuned, scale),
            score(each.default, scale),
            *gain("same setting" if each.is_default else each.gain, scale),
            failures(each.tuned),
            failures(each.default),
        )
        for each in case.configurations
    )
    told = notes(case.facts, case.sampling.seeds, len(case.configurations), thing="setting")
    return Table("Tuned and default, on fresh seeds", columns, rows, tuple(told))


def best_settings(case: SampledCase) -> Table:
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


def _notes(case: SampledCase, within: str) -> list[str]:
    n = digits.counted(len(case.sampling.tuning_seeds), "tuning seed")
    near = f"Within {within} of the best: the settings whose median over {n} is that near to the best one's"
    points = "Tried were the default setting and, in all hyper-parameters at once, quasi-random points"
    told = [
        f"{near}, how many of all they are, and from where to where their values reach.",
        f"{points} (Halton 1960, Numer. Math. 2).",
    ]
    if any(each.search.edges for each in case.configurations):
        told.append("(edge): no value beyond it was tried.")
    return told


def settings_figure(case: SampledCase) -> list[SettingsFigure]:
    """Return the points of the best configurations, a panel for each hyper-parameter, where any scored."""
    scored = [each for each in case.configurations if each.near_best(case.facts)]
    shown = scored[:MOST_DRAWN]
    if not shown:
        return []
    metric = words.metric(case.facts).capitalize()
    n = digits.counted(len(case.sampling.tuning_seeds), "tuning seed")
    part = f", the best {len(shown)} of {len(scored)} configurations" if len(scored) > len(shown) else ""
    optima = "; ".join(f"{case.label(each)} {_setting(each).text}" for each in shown)
    return [
        SettingsFigure(
            name=f"{file_name(case.facts.name)}-settings",
            caption=(
                f"{metric} of {case.facts.name} at the end, against each hyper-parameter{part}: median and "
                f"quartiles of {n} at every setting, all hyper-parameters differing at once. Filled: the "
                "tuned setting. Open: the default. The band: within "
                f"{words.noticeable(case.facts).removeprefix('±')} of the best. A cross: a setting at which "
                "trials diverged, faint where it was fewer than half."
            ),
            alternative=f"{metric} against each hyper-parameter. Tuned settings: {optima}.",
            facts=case.facts,
            rows=tuple((case.label(each), each) for each in shown),
        )
    ]


def _setting(each: SampledConfiguration) -> Cell:
    if each.search.chosen is None:
        return Cell("none works", "bad")
    chosen = zip(each.search.spans, each.search.values[each.search.chosen], strict=True)
    return Cell(", ".join(f"{span.name}={_plain(value)}" for span, value in chosen))


def _row(case: SampledCase, each: SampledConfiguration, span: SpanSearched) -> tuple[Cell, ...]:
    return (
        Cell(span.name),
        Cell(_between(_short(span.low), _short(span.high))),
        Cell(_plain(span.default)),
        _tuned(each, span.name),
        Cell(_near_best(case, each, span.name)),
    )


def _tuned(each: SampledConfiguration, name: str) -> Cell:
    value = each.tuned_value(name)
    if value is None:
        return Cell("none works", "bad")
    return Cell(_plain(value)) if each.edge(name) is None else Cell(f"{_plain(value)} (edge)", "bad")


def _near_best(case: SampledCase, each: SampledConfiguration, name: str) -> str:
    near = each.near_best(case.facts)
    if not near:
        return digits.MISSING
    values = [point.values[each.place(name)] for point in near]
    return f"{_between(_plain(min(values)), _plain(max(values)))}, {len(near)} of {len(each.points)}"


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def _short(value: float) -> str:
    """Write an end of a span in three digits, or in three digits of what it lacks of 1."""
    return f"{1.0 - float(f'{1.0 - value:.3g}'):.9g}" if 0.9 < value < 1.0 else f"{value:.3g}"


def _plain(value: float) -> str:
    """Write a value so that typing it gives the same."""
    return f"{value:g}" if float(f"{value:g}") == value else str(value)


def _gains(case: SampledCase) -> list[str]:
    same = [case.label(each) for each in case.configurations if each.is_default]
    others = [(case.label(each), each.gain) for each in case.configurations if each.search.chosen]
    told = gain_sentences(others, case.facts, tuning="tuning", tuned="the tuned setting")
    if same:
        told.append(
            f"The default of {words.several(same)} is the best of the {case.n_points} settings tried."
        )
    return told


def _edges(case: SampledCase) -> list[str]:
    """Name the ends that best values are, and what would look beyond those that have a beyond."""
    open_ended = [each for each in case.configurations if each.search.edges]
    if not open_ended:
        return []
    first = open_ended[0]
    if len(open_ended) == len(first.search.edges) == 1:
        (name,) = first.search.edges
        which = f"The best {name} of {case.label(first)} is the {_SIDES[first.edge(name)]} that was tried"
        told = f"{which}: it is no optimum."
    else:
        own = [f"{case.label(each)} ({_ends(each)})" for each in open_ended]
        told = f"Some best values are ends of those that were tried, and so no optima: {words.several(own)}."
    return [told, *(["Widen the search with --decades."] if any(map(_can_widen, open_ended)) else [])]


def _ends(each: SampledConfiguration) -> str:
    return ", ".join(f"{_SIDES[each.edge(name)]} {name}" for name in each.search.edges)


def _can_widen(each: SampledConfiguration) -> bool:
    # A share is searched down to 0 at most, and there is nothing below.
    return any(
        each.edge(span.name) == "high" or (each.edge(span.name) == "low" and span.low > 0)
        for span in each.search.spans
    )


def _lost(case: SampledCase) -> list[str]:
    lost = [case.label(each) for each in case.configurations if each.search.chosen is None]
    return [f"No setting left a score for {words.several(lost)}."] if lost else []
