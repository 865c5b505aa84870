"""All cases of a run seen together: quality and cost of every configuration in one table, and who leads."""

from nnbench.evidence.case import interpreted
from nnbench.records.trials import RunRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import Block, Cell, Column, Paragraph, Section, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.suite.figures import profile_figure, rank_figure, score_figure
from nnbench.reporting.views.suite.measures import LEVEL, measures
from nnbench.statistics.suite.overview import Overview
from nnbench.statistics.suite.ranks import FEWEST_CASES

_MOST_NAMES = 8


def across(over: Overview, run: RunRecord) -> Section:
    """Return the section on all cases."""
    n = digits.counted(len(over.cases), "case")
    blocks: list[Block | None] = [
        Paragraph(" ".join(_sentences(over)), lead=True),
        _table(over, run),
        profile_figure(over, run.run),
        score_figure(over, run.run),
        rank_figure(over, run.run),
    ]
    return Section(f"All {n}", tuple(block for block in blocks if block is not None))


def _table(over: Overview, run: RunRecord) -> Table:
    found = measures(over)
    shown = [(each.column(), each.cell) for each in found if each.cell is not None]
    columns = (
        Column(" · ".join(run.varying) or "configuration", wraps=True),
        *(column for column, _ in shown),
    )
    rows = tuple((Cell(each.label), *(cell(each) for _, cell in shown)) for each in over.members)
    seconds = *words.seconds_of_python(interpreted(run)), *words.seconds_of_subjects(run.cases)
    return Table("", columns, rows, (_note(over), *(each.note for each in found), *seconds))


def _note(over: Overview) -> str:
    order = "Best profile score first" if over.with_target else "Best average rank first"
    least, most = over.n_seeds
    seeds = digits.counted(most, "seed") if least == most else f"{least} to {digits.counted(most, 'seed')}"
    names = words.several([each.name for each in over.cases], most=_MOST_NAMES)
    left = (
        f" {digits.counted(over.n_left_out, 'configuration')} that some case does not have: left out here."
        if over.n_left_out
        else ""
    )
    return f"{order}; {names}; n = {seeds} in each case.{left}"


def _sentences(over: Overview) -> list[str]:
    best = over.members[0]
    n = digits.counted(len(over.cases), "case")
    if len(over.members) == 1:
        return [f"{best.label} is the only configuration that all {n} have."]
    return [f"Over {n} {_leads(over)}.", *_difference(over), *_cost(over)]


def _leads(over: Overview) -> str:
    best = over.members[0]
    rank = f"average rank {best.average_rank:.2f}"
    if best.profile is None:
        level = [each.label for each in over.members if each.average_rank == best.average_rank]
        return f"{words.several(level)} {'share' if len(level) > 1 else 'has'} the best {rank}"
    score = digits.estimate(best.profile.score, best.profile.score_interval, digits.PLAIN)
    level = [each.label for each in over.members if each.profile and each.profile.score == best.profile.score]
    if len(level) > 1:
        return f"{words.several(level)} share the best profile score, {score}"
    return f"{best.label} has the best profile score, {score}, and {rank}"


def _difference(over: Overview) -> list[str]:
    """Say whether the ranks differ, and who is behind the one with the best rank by more than chance."""
    found = over.friedman
    if found is None:
        return []
    p = digits.p_value(found.p)
    if found.p > LEVEL:
        return [f"That the configurations rank differently cannot be shown (Friedman, {p})."]
    critical = found.critical_difference
    if critical is None:
        which = f"which of them, {digits.counted(found.n_cases, 'case')} cannot tell"
        return [f"The ranks differ (Friedman, {p}); {which}: that takes {FEWEST_CASES}."]
    ranked = sorted(over.members, key=lambda each: each.average_rank or 0.0)
    first = ranked[0]
    behind = [
        each.label
        for each in ranked[1:]
        if (each.average_rank or 0.0) - (first.average_rank or 0.0) > critical
    ]
    if not behind:
        return [f"The ranks differ (Friedman, {p}), but no pair by more than the critical difference."]
    return [f"The ranks differ (Friedman, {p}): {words.several(behind)} behind {first.label}."]


def _cost(over: Overview) -> list[str]:
    best = over.members[0]
    timed = [each for each in over.members if each.train_s == each.train_s]
    if best not in timed:
        return []
    fastest = min(timed, key=lambda each: each.train_s)
    if fastest is best:
        took = f"{best.label} takes {digits.seconds(best.train_s)} for a trial of every case"
        untimed = len(over.members) - len(timed)
        return [f"{took}; no other {'with a finished trial of each ' if untimed else ''}takes less."]
    took = f"{digits.seconds(best.train_s)}, {digits.ratio(best.train_s / fastest.train_s)}"
    return [f"A trial of every case takes {best.label} {took} the time of {fastest.label}."]
