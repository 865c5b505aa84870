"""Which axis matters: what explains the spread of the scores, and how far every choice shifts them."""

from collections import Counter
from collections.abc import Sequence

from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import Block, Cell, Column, Paragraph, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.factors.means import heat_maps, interactions, main_effects
from nnbench.statistics.factors.case_effects import CaseEffects, case_effects
from nnbench.statistics.factors.effects import Effects, TermShare

_DASH = Cell(digits.MISSING, "quiet")
_REST = "rest: seeds"
_REST_OF_THREE = "rest: seeds, and three axes together"


def effects(case: CaseEvidence) -> list[Block]:
    """Return a sentence, the tables and the heat maps of a case; nothing where fewer than two axes vary."""
    found = case_effects(case.trials, case.facts, case.varying)
    if found is None:
        return []
    if found.effects is None:
        return [Paragraph(f"What each axis explains cannot be told: {_left_out(found)}.")]
    shown: list[Block | None] = [
        Paragraph(" ".join(_sentences(case, found.effects))),
        _shares(case, found, found.effects),
        main_effects(case, found, found.effects),
        *interactions(case, found.effects),
        heat_maps(case, found, found.effects),
    ]
    return [block for block in shown if block is not None]


def _sentences(case: CaseEvidence, found: Effects) -> list[str]:
    if found.n_seeds < 2:
        return ["One seed shows no spread, so what an axis explains cannot be told from chance."]
    ordered = sorted(found.shares, key=lambda each: -each.share)
    axes = [each for each in ordered if len(each.term) == 1]
    pairs = [each for each in ordered if len(each.term) == 2 and each.is_beyond_chance]
    spread = f"the spread in {words.metric(case.facts)}"
    if found.n_without_score:
        spread += f" of the {found.n} of {found.n + found.n_without_score} trials that left a score,"
    return [_axes_sentence(spread, axes), _pairs_sentence(pairs)]


def _axes_sentence(spread: str, axes: Sequence[TermShare]) -> str:
    shown = [each for each in axes if each.is_beyond_chance]
    names = words.several([_name(each) for each in axes if not each.is_beyond_chance])
    verb = "explain" if len(axes) - len(shown) > 1 else "explains"
    if not shown:
        return f"That {names} {verb} more of {spread.rstrip(',')} than chance would is not shown."
    rest = f"; that {names} {verb} more than chance would is not shown" if names else ""
    return f"Of {spread} {_explain(shown)}{rest}."


def _pairs_sentence(pairs: Sequence[TermShare]) -> str:
    if not pairs:
        return "That the choice on one axis changes what another does is not shown."
    return f"What one choice does depends on another: {_explain(pairs)} beyond the shifts of both."


def _explain(shown: Sequence[TermShare]) -> str:
    """Return ``a explains 60 % [50, 70] and b 4 % [1, 12]``."""
    verbs = ["explains ", *[""] * (len(shown) - 1)]
    said = [f"{_name(each)} {verb}{_share(each)}" for each, verb in zip(shown, verbs, strict=True)]
    return words.several(said, most=len(said))


def _share(each: TermShare) -> str:
    written = digits.estimate(each.share, each.interval, digits.PERCENT)
    return f"{written.value} % {written.interval}"


def _name(each: TermShare) -> str:
    return f" {digits.TIMES} ".join(each.term)


def _shares(case: CaseEvidence, found: CaseEffects, effects: Effects) -> Table:
    is_bounded = effects.n_seeds > 1
    rows = [_row(each, is_bounded) for each in sorted(effects.shares, key=lambda each: -each.share)]
    rest = _estimate(effects.residual.value, effects.residual.interval, is_bounded)
    name = _REST if len(found.factors) == 2 else _REST_OF_THREE
    rows.append((Cell(name), Cell(rest), _DASH, Cell("")))
    columns = (
        Column("what", wraps=True),
        Column("share, % [95%]" if is_bounded else "share, %", "decimal"),
        Column("by chance, %", "decimal"),
        Column("more than chance"),
    )
    title = f"What explains the spread in {words.metric(case.facts)}"
    return Table(title, columns, tuple(rows), tuple(_notes(found, effects)))


def _row(each: TermShare, is_bounded: bool) -> tuple[Cell, ...]:
    if each.dof == 0:  # no combination of the two left a score beyond those that fix the shifts
        return Cell(_name(each)), _DASH, _DASH, Cell("cannot tell", "unsure")
    is_known = each.share_by_chance == each.share_by_chance
    return (
        Cell(_name(each)),
        Cell(_estimate(each.share, each.interval, is_bounded)),
        Cell(digits.percentage(each.share_by_chance)) if is_known else _DASH,
        Cell("yes", "good") if each.is_beyond_chance else Cell("not shown", "unsure"),
    )


def _estimate(share: float, interval: tuple[float, float], is_bounded: bool) -> str:
    ends = interval if is_bounded else (float("nan"), float("nan"))
    return str(digits.estimate(share, ends, digits.PERCENT))


def _notes(found: CaseEffects, effects: Effects) -> list[str]:
    seeds = digits.counted(effects.n_seeds, "seed")
    notes = [
        f"Largest share first; n = {effects.n} trials, {seeds}.",
        "By chance: what as many degrees of freedom explain of the rest.",
    ]
    if effects.n_seeds > 1:
        notes.append("Intervals: jackknife over seeds.")
    if not effects.is_balanced:
        notes.append(_imbalance(found, effects))
    if found.left_out:
        notes.append(f"Left out: {_left_out(found)}.")
    return notes


def _imbalance(found: CaseEffects, effects: Effects) -> str:
    """Say which trials are missing, and what follows: that they are is evidence as well."""
    sums = "Shares are of Type II and need not add up to 100 %."
    if effects.n_without_score:
        total = effects.n + effects.n_without_score
        return (
            f"{effects.n_without_score} of {total} trials have no score ({_kinds(found)}): {_where(found)}."
            f" They are left out, so these choices may look better than they are. {sums}"
        )
    return f"Some combinations have more trials than others. {sums}"


def _kinds(found: CaseEffects) -> str:
    return ", ".join(f"{n} {status}" for status, n in sorted(found.lost_by_status.items()))


def _where(found: CaseEffects) -> str:
    # An axis that is not crossed goes with another one, whose choices have the same losses.
    return "; ".join(
        f"{axis} " + ", ".join(f"{choice} {n}/{found.trials[axis][choice]}" for choice, n in lost.items())
        for axis, lost in found.lost.items()
        if found.left_out.get(axis) != "not crossed"
    )


def _left_out(found: CaseEffects) -> str:
    said = []
    for axis, reason in found.left_out.items():
        if reason == "one choice":
            scored = Counter(found.trials[axis]) - Counter(found.lost[axis])
            said.append(f"of {axis} only {words.several(list(scored))} left a score")
        else:
            said.append(f"the choices of {axis} are not crossed with those of the other axes")
    return "; ".join(said)
