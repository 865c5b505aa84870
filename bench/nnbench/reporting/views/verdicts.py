"""The verdict table: one row per configuration, best median first, each against one reference."""

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import CaseFacts, Comparison, ConfigurationSummary, Judgement
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.statistics.comparing.planning import rounded_up

# The intervals of one configuration are always 95 %; the level of a run is that of its comparisons.
SUMMARY_LEVEL = 0.05
# The fewest values whose extremes enclose the median with that confidence: 1 - 2 / 2**6 > 0.95.
ORDER_STATISTICS_FROM = 6

_QUIET = Cell("", "quiet")


def verdicts(case: CaseEvidence) -> Table:
    """Rank the configurations and say of each how it stands to the reference.

    Columns that would say the same in every row, or nothing, are left out.
    """
    filled = [_place(case), *_choices(case), *_rate(case), *_median(case)]
    filled += [*_outcome(case), *_budget(case), *_doubt(case)]
    columns = tuple(column for column, _ in filled)
    rows = tuple(zip(*(cells for _, cells in filled), strict=True))
    return Table(title="", columns=columns, rows=rows, notes=tuple(_notes(case)))


_Filled = tuple[Column, list[Cell]]  # one column with its cell for each configuration


def _place(case: CaseEvidence) -> _Filled:
    """Number the rows, and mark those that may be the best."""
    best = set(case.may_be_best)
    cells = [
        Cell(f"{place}{words.MAY_BE_BEST}" if each.axes in best else str(place))
        for place, each in enumerate(case.ranking, start=1)
    ]
    # Never left out: it is the one place in the table where the set stands.
    return Column("#"), cells


def _choices(case: CaseEvidence) -> list[_Filled]:
    # Two axes read best as two columns. Three would leave no room for the numbers on a narrow screen.
    if 1 <= len(case.varying) <= 2:
        return [
            (Column(axis, wraps=True), [Cell(each.axes.as_dict().get(axis, "")) for each in case.ranking])
            for axis in case.varying
        ]
    header = " · ".join(case.named_axes(case.ranking[0].axes))
    return [(Column(header, wraps=True), [Cell(case.label(each.axes)) for each in case.ranking])]


def _rate(case: CaseEvidence) -> list[_Filled]:
    """Show the tuned rates: they differ from one configuration to the next without being a choice."""
    if not case.is_tuned:
        return []
    cells = [Cell(each.axes.as_dict().get("learning_rate", "")) for each in case.ranking]
    return [(Column("tuned rate", rank=1, below="tuned rate {}"), cells)]


def _median(case: CaseEvidence) -> list[_Filled]:
    scale = digits.scale_of(case.facts)
    header = words.unit_after(case.facts.metric.replace("_", " "), scale.unit)
    cells = [_score(each, scale) for each in case.ranking]
    filled: list[_Filled] = [(Column(_with_interval(header, cells, SUMMARY_LEVEL), "decimal"), cells)]
    if len({each.n for each in case.ranking}) > 1:
        filled.append((Column("n", "right"), [Cell(digits.count(each.n)) for each in case.ranking]))
    return filled


def _score(row: ConfigurationSummary, scale: digits.Scale) -> Cell:
    if not words.has_score(row.median):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(row.median, words.scored(row.interval), scale)))


def _with_interval(header: str, cells: list[Cell], level: float) -> str:
    has_interval = any("[" in cell.text for cell in cells)
    return f"{header} [{digits.confidence(level).replace(' ', '')}]" if has_interval else header


def _outcome(case: CaseEvidence) -> list[_Filled]:
    if not case.comparisons:
        return []
    found = [case.comparison_of(each.axes) for each in case.ranking]
    header = words.unit_after("difference", digits.scale_of(case.facts).difference_unit)
    cells = [_difference(each, row, case) for each, row in zip(found, case.ranking, strict=True)]
    verdicts_ = [_verdict(case, each, row) for each, row in zip(found, case.ranking, strict=True)]
    p_values = [Cell(digits.bare_p(each.p)) if each else _QUIET for each in found]
    return [
        (Column(_with_interval(header, cells, SUMMARY_LEVEL), "decimal"), cells),
        (Column("verdict", below="{}"), verdicts_),
        *_seeds_to_tell(found),
        (Column("p", "decimal", rank=4, below="p {}"), p_values),
    ]


def _seeds_to_tell(found: list[Comparison | None]) -> list[_Filled]:
    """Say what would change "cannot tell": how many seeds, as far as the spread so far foretells it."""
    needed = [each.seeds_needed if each and each.verdict == "cannot_tell" else None for each in found]
    if not any(needed):
        return []
    cells = [_QUIET if seeds is None else Cell(digits.count(rounded_up(seeds))) for seeds in needed]
    return [(Column("seeds to tell", "right", rank=1, below="{} seeds to tell"), cells)]


def _difference(comparison: Comparison | None, row: ConfigurationSummary, case: CaseEvidence) -> Cell:
    if comparison is None:
        return _QUIET
    # Two sides without a score on any seed differ by 0 in the statistics. Nobody measured that 0.
    is_bounded = any(words.has_score(end) for end in comparison.interval)
    if not words.has_score(comparison.difference) or not (is_bounded or words.has_score(row.median)):
        return Cell(digits.MISSING)
    scale = digits.scale_of(case.facts)
    return Cell(str(digits.difference(comparison.difference, words.scored(comparison.interval), scale)))


def _verdict(case: CaseEvidence, comparison: Comparison | None, row: ConfigurationSummary) -> Cell:
    if comparison is not None:
        return Cell(*words.VERDICT[comparison.verdict])
    return Cell("reference", "quiet") if row.axes == case.reference else Cell(digits.MISSING, "quiet")


def _budget(case: CaseEvidence) -> list[_Filled]:
    filled: list[_Filled] = []
    if case.facts.target is not None:
        steps = [Cell(_steps(each, case)) for each in case.ranking]
        reached = [Cell(f"{round(each.success_rate * each.n)}/{each.n}") for each in case.ranking]
        chance = [
            digits.estimate(each.success_rate, each.success_interval, digits.PERCENT) for each in case.ranking
        ]
        filled = [
            (Column("steps to target", "right", rank=3, below="steps to target {}"), steps),
            (Column("reached target", "right", rank=2, below="reached target {}"), reached),
            (
                Column(
                    f"success, % [{digits.confidence(SUMMARY_LEVEL).replace(' ', '')}]",
                    "decimal",
                    rank=7,
                ),
                [Cell(str(each)) for each in chance],
            ),
        ]
    if any(each.failures for each in case.ranking):
        filled.append(
            (Column("failures", rank=6, wraps=True, below="{}"), [_failures(each) for each in case.ranking])
        )
    seconds = [
        Cell(digits.seconds(each.train_s) if each.train_s else digits.MISSING) for each in case.ranking
    ]
    is_timed = any(each.train_s for each in case.ranking)
    return [*filled, (Column("time per trial", "right", rank=5), seconds)] if is_timed else filled


def _steps(row: ConfigurationSummary, case: CaseEvidence) -> str:
    """Return the median; where half of the trials or more did not get there, it lies beyond the last step."""
    if row.median_steps_to_target == float("inf") and row.success_rate > 0:
        last = case.facts.steps or max(trial.steps for trial in case.trials)
        return f">{digits.count(last)}"
    return digits.count(row.median_steps_to_target)


def _failures(summary: ConfigurationSummary) -> Cell:
    kinds = [f"{n} {kind.replace('_', ' ')}" for kind, n in sorted(summary.failures.items()) if n]
    return Cell(", ".join(kinds), "bad")


def _doubt(case: CaseEvidence) -> list[_Filled]:
    """Say why a verdict came out so: below its row where room is short."""
    found = [case.comparison_of(each.axes) for each in case.ranking]
    if _reason_of_all(case) or not any(each and each.reason for each in found):
        return []
    cells = [Cell(each.reason) if each else _QUIET for each in found]
    return [(Column("why", rank=9, wraps=True, below="{}"), cells)]


def _reason_of_all(case: CaseEvidence) -> str:
    """Return the reason that several verdicts share: it is said once."""
    reasons = {each.reason for each in case.comparisons}
    return reasons.pop() if len(reasons) == 1 < len(case.comparisons) else ""


def _notes(case: CaseEvidence) -> list[str]:
    n = {each.n for each in case.ranking}
    seeds = f"n = {digits.counted(n.pop(), 'seed')}" if len(n) == 1 else "n seeds"
    left = "; behind them those that left the race" if any(each.pruned for each in case.ranking) else ""
    best = f" {words.MAY_BE_BEST}: may be the best." if case.comparisons and case.may_be_best else ""
    notes = [f"Best median first: {words.metric(case.facts)}{_when(case.facts)}, {seeds}{left}.{best}"]
    if case.comparisons:
        notes.append(_compared(case))
    if reason := _reason_of_all(case):
        notes.append(f"Why, in every row: {reason}.")
    if methods := _methods(case):
        notes.append(f"Intervals: {methods}.")
    if any(trial.status in ("diverged", "pruned") for trial in case.trials):
        notes.append("A diverged or pruned trial counts as the worst there is.")
    return [*notes, *words.seconds_of_python(case.interpreted), *words.seconds_of_subjects([case.facts])]


def _compared(case: CaseEvidence) -> str:
    assert case.reference is not None
    assert case.judgement is not None
    role = "" if case.has_named_reference else ", the leader"
    n = digits.counted(case.judgement.n_pairs, "comparison")
    every = "" if case.has_named_reference or case.judgement.n_pairs == 1 else " (all pairs)"
    return (
        f"Difference: mean over pairs by seed, to {case.label(case.reference)}{role}; intervals hold"
        f" together. p: sign flips, {n}{every}. {_level(case, case.judgement)}"
        f" {_equivalent(case.facts)}"
    )


def _when(facts: CaseFacts) -> str:
    # Results from elsewhere may know of no steps.
    return " after the last step" if facts.steps or facts.subject is not None else ""


def _equivalent(facts: CaseFacts) -> str:
    if not facts.noticeable:
        return "No difference is too small to notice, so nothing is called equivalent."
    return f"Equivalent: within {words.noticeable(facts)}."


def _level(case: CaseEvidence, judgement: Judgement) -> str:
    """Say at which level a verdict is given, and why it is not the whole one."""
    level = digits.level(judgement.level)
    if case.race is not None:
        return f"Verdict at the {level} level, that of each look of the race."
    return f"Verdict at the {level} level: look {judgement.look}, of 5 % for all looks."


def _methods(case: CaseEvidence) -> str:
    n = [each.n for each in case.ranking if each.n > 1]
    if not n:
        return ""
    if min(n) >= ORDER_STATISTICS_FROM:
        return "medians by order statistics"
    if max(n) < ORDER_STATISTICS_FROM:
        return "medians by Student's t"
    return f"medians by order statistics (Student's t below n = {ORDER_STATISTICS_FROM})"
