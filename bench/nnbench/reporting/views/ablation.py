"""Which part does the work: a sentence, and a row for each component that was taken out."""

from collections.abc import Iterable, Mapping, Sequence

from nnbench.evidence.ablation import AblatedCase, Removal
from nnbench.evidence.case import Findings
from nnbench.records.trials import Axes, CaseFacts, Comparison
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    Cell,
    Column,
    Document,
    Paragraph,
    Section,
    Standing,
    StandingsFigure,
    Table,
)
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name
from nnbench.reporting.views.run import about
from nnbench.statistics.comparing.planning import rounded_up

_QUIET = Cell("", "quiet")


def build(cases: Sequence[AblatedCase], found: Findings) -> Document:
    """Return the report of an ablation: for each case what every component does, and what was run."""
    sections = [
        Section(_heading(case), (ablation_headline(case), ablation_figure(case), ablation_table(case)))
        for case in cases
    ]
    title = f"Ablation {found.run.run}"
    return Document(title, (*sections, Section("What was run", (about(found),))))


def ablation_headline(case: AblatedCase) -> Paragraph:
    """Say what is lost without which component, what cannot be told, and which of them do the work."""
    removals = _largest_loss_first(case)
    worse, better, same, open_ = (
        [each for each in removals if each.comparison.verdict == verdict]
        for verdict in ("worse", "better", "equivalent", "cannot_tell")
    )
    told = [*_moved(case, worse, "loses", "is worse"), *_moved(case, better, "gains", "is better")]
    if same:
        within = words.noticeable(case.facts)
        told.append(f"{_names(same)}: as good without, to {within}.")
    if open_:
        told.append(f"{_names(open_)}: no difference that could be told.")
    work = words.several([each.component for each in worse])
    told.append(f"What does the work here: {work}." if worse else "No component was shown to do the work.")
    return Paragraph(" ".join(told), lead=True)


def ablation_figure(case: AblatedCase) -> StandingsFigure:
    """Return dots and intervals: without each component, beside the whole optimizer."""
    removals = [each for each in _largest_loss_first(case) if words.has_score(each.comparison.difference)]
    rows = [
        Standing(
            f"without {each.component}",
            each.comparison.difference,
            each.comparison.interval,
            each.comparison.verdict != "worse",
        )
        for each in removals
    ]
    lost = [row.label for row in rows if not row.may_be_best]
    return StandingsFigure(
        name=f"{file_name(case.facts.name)}-ablation",
        caption=(
            f"Mean difference in {words.metric(case.facts)} to {case.ablation.optimizer} with all components"
            f" on {case.facts.name}, paired by seed, with simultaneous 95 % intervals. Hollow: shown to lose."
            f" The band is the noticeable difference, {words.noticeable(case.facts)}."
        ),
        alternative=(
            f"Differences of {digits.counted(len(rows), 'removal')}. Shown to lose:"
            f" {words.several(lost) or 'none'}."
        ),
        facts=case.facts,
        rows=(Standing("all components", 0.0, (0.0, 0.0), True), *rows),
        meaning=("no loss shown", "shown to lose"),
    )


def ablation_table(case: AblatedCase) -> Table:
    """Return a row for each component; where each was off alone, the optimizer with all of them first."""
    scale = digits.scale_of(case.facts)
    metric = words.unit_after(case.facts.metric.replace("_", " "), scale.unit)
    difference = words.unit_after("difference", scale.difference_unit)
    alone = not case.ablation.is_crossed
    rate = "tuned rate" if case.is_tuned else "rate"
    columns = (
        Column("without", wraps=True),
        Column("written", wraps=True, rank=5, below="{}"),
        *([Column(rate, rank=3, below=f"{rate} {{}}")] if alone else []),
        *([Column(f"{metric} [95%]", "decimal")] if alone else []),
        Column(f"{difference} [95%]", "decimal"),
        Column("without it is"),
        Column("seeds to tell", "right", rank=2, below="{} seeds to tell"),
        Column("p", "decimal", rank=4, below="p {}"),
        Column("failures", rank=1, wraps=True, below="failures: {}"),
    )
    rows = [_row(case, each, scale) for each in _largest_loss_first(case)]
    if alone:
        rows.insert(0, _whole(case, scale))
    # Columns that say nothing in any row are left out.
    filled = [place for place in range(len(columns)) if place < 2 or any(row[place].text for row in rows)]
    return Table(
        title="",
        columns=tuple(columns[place] for place in filled),
        rows=tuple(tuple(row[place] for place in filled) for row in rows),
        notes=tuple(_notes(case)),
    )


def _heading(case: AblatedCase) -> str:
    n = digits.counted(len(case.removals), "component")
    seeds = f"{digits.counted(len(case.seeds), 'seed')} ({digits.ranges(list(case.seeds))})"
    crossed = ", crossed" if case.ablation.is_crossed else ""
    return f"{case.ablation.optimizer} on {case.facts.name}: {n}{crossed}, {seeds}"


def _loss(comparison: Comparison, facts: CaseFacts) -> tuple[float, tuple[float, float]]:
    """Return how much worse it is without the component, with its interval; below 0 it is better."""
    sign = -1.0 if facts.direction == "max" else 1.0
    low, high = sorted(sign * end for end in comparison.interval)
    return sign * comparison.difference, (low, high)


def _largest_loss_first(case: AblatedCase) -> list[Removal]:
    return sorted(case.removals, key=lambda removal: -_loss(removal.comparison, case.facts)[0])


def _names(removals: Iterable[Removal]) -> str:
    names = words.several([each.component for each in removals])
    return names[0].upper() + names[1:]


def _moved(case: AblatedCase, removals: Sequence[Removal], verb: str, otherwise: str) -> list[str]:
    """Say how far the optimizer falls or rises without each of these components."""
    said: list[str] = []
    for removal in removals:
        found, amount = removal.comparison, _amount(removal.comparison, case.facts)
        who, does = ("", "") if said else (f" {case.ablation.optimizer}", f" {verb}")
        end = f"{does} {amount}" if amount else f" {otherwise}: {found.reason}"
        said.append(f"without its {removal.component}{who}{end} ({digits.p_value(found.p)})")
    if not said:
        return []
    everywhere = "averaged over all combinations of the others, " if case.ablation.is_crossed else ""
    text = f"{everywhere}{'; '.join(said)} on {case.facts.name}."
    return [text[0].upper() + text[1:]]


def _amount(comparison: Comparison, facts: CaseFacts) -> str:
    """Return ``2.1 pp [1.4, 2.8]``; empty where failures and not scores made the verdict."""
    value, (low, high) = _loss(comparison, facts)
    if value < 0:
        value, low, high = -value, -high, -low
    if not (low > 0 and words.has_score(high)):
        return ""
    scale = digits.scale_of(facts).of_differences
    written = digits.estimate(value, (low, high), scale)
    return f"{digits.with_unit(written.value, scale.unit)} {written.interval}"


def _row(case: AblatedCase, removal: Removal, scale: digits.Scale) -> tuple[Cell, ...]:
    crossed, found = case.ablation.is_crossed, removal.comparison
    kinds = _kinds(removal.failures)
    return (
        Cell(removal.component),
        Cell(removal.off),
        *(() if crossed else _alone(case, case.ablation.without(removal.component), scale)),
        *_judged(found, scale),
        Cell(f"{kinds} of {removal.n_without}" if kinds else "", "bad"),
    )


def _whole(case: AblatedCase, scale: digits.Scale) -> tuple[Cell, ...]:
    """Return the row of the optimizer with everything on."""
    whole = case.ablation.whole
    failures = Cell(_kinds(case.rows[whole].failures), "bad")
    return Cell("(nothing)"), _QUIET, *_alone(case, whole, scale), *(_QUIET,) * 4, failures


def _alone(case: AblatedCase, axes: Axes, scale: digits.Scale) -> tuple[Cell, Cell]:
    """Return the rate and the median of a configuration."""
    lost, row = axes in case.ablation.unworkable, case.rows[axes]
    rate = Cell("none works", "bad") if lost else Cell(axes.as_dict()["learning_rate"])
    if not words.has_score(row.median):
        return rate, Cell("no score", "bad")
    return rate, Cell(str(digits.estimate(row.median, words.scored(row.interval), scale)))


def _judged(found: Comparison, scale: digits.Scale) -> tuple[Cell, Cell, Cell, Cell]:
    """Return difference, verdict, the seeds it would take, and p."""
    written = digits.MISSING
    if words.has_score(found.difference):
        written = str(digits.difference(found.difference, words.scored(found.interval), scale))
    seeds = "" if found.seeds_needed is None else digits.count(rounded_up(found.seeds_needed))
    verdict = Cell(*words.VERDICT[found.verdict])
    return Cell(written), verdict, Cell(seeds), Cell(digits.bare_p(found.p))


def _kinds(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in failures.items())


def _notes(case: AblatedCase) -> list[str]:
    """Say in which order the rows are, what a row compares, at which rates, and what was tested."""
    metric, n = words.metric(case.facts), digits.counted(len(case.seeds), "seed")
    rates = "all at one rate, which need not be the best of any"
    if case.is_tuned:
        rates = "each configuration at the rate that one search found for it"
    if case.ablation.is_crossed:
        cells = len(case.ablation.cells)
        compared = (
            f"Difference: mean of the {cells // 2} combinations without the component minus that of the"
            f" {cells // 2} with it, by seed; a trial without a score counts as one noticeable difference"
            " below the worst."
        )
    else:
        compared = (
            "Difference: without the component minus with all, mean over pairs by seed. What two do only"
            " together does not show here: --crossed."
        )
    within, level = words.noticeable(case.facts), digits.level(case.level)
    return [
        f"Largest loss first: {metric} after the last step, n = {n}, {rates}.",
        compared,
        f"Intervals and p values: of all rows together. Verdict at the {level} level, look {case.look}.",
        f"Equivalent: the whole interval within {within}.",
    ]
