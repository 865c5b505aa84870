"""The mean score of every pair of choices, for the heat maps."""

from collections import Counter

from nnbench.evidence.case import CaseEvidence
from nnbench.reporting import digits
from nnbench.reporting.blocks import HeatCell, HeatMap, HeatMaps
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name
from nnbench.reporting.views.factors.interactions import turned
from nnbench.statistics.factors.case_effects import CaseEffects
from nnbench.statistics.factors.effects import Effects, Measured
from nnbench.statistics.factors.sums_of_squares import Term

_MOST_MAPS = 6


def heat_maps(case: CaseEvidence, found: CaseEffects, effects: Effects) -> HeatMaps:
    """Return a map for each pair of axes, the pair that explains most first."""
    pairs = sorted((each for each in effects.shares if len(each.term) == 2), key=lambda each: -each.share)
    shown = [each.term for each in pairs[:_MOST_MAPS]]
    unit = digits.scale_of(case.facts.metric).unit
    metric = f"{words.metric(case.facts)}, {unit}," if unit else words.metric(case.facts)
    bounded = " and its 95 % interval (jackknife over seeds)" if effects.n_seeds > 1 else ""
    lost = " Trials without a score are left out and counted." if effects.n_without_score else ""
    left = len(pairs) - len(shown)
    more = f" {digits.counted(left, 'more pair')} of axes: left out." if left else ""
    n = digits.counted(effects.n_seeds, "seed")
    return HeatMaps(
        name=f"{file_name(case.facts.name)}-effects",
        caption=(
            f"Mean final {metric} of {case.facts.name} for every pair of choices{bounded}, over {n} and all"
            f" choices on the other axes. Brighter is better.{lost}{more}"
        ),
        alternative=_alternative(case, effects, shown[0]),
        maps=tuple(_map(case, found, effects, pair) for pair in shown),
        more_is_better=case.facts.direction == "max",
    )


def _alternative(case: CaseEvidence, effects: Effects, pair: Term) -> str:
    sign = 1.0 if case.facts.direction == "max" else -1.0
    cells = effects.cells[pair]
    first, second = max(cells, key=lambda key: sign * cells[key].value)
    return f"Heat maps of {case.facts.name} for pairs of axes. Best mean: {first} with {second}."


def _map(case: CaseEvidence, found: CaseEffects, effects: Effects, pair: Term) -> HeatMap:
    """Draw all choices that were asked for: one that never left a score shows that it did not."""
    one, other = pair
    down, across = turned(effects, one, other)
    asked = Counter(tuple(trial.axes.as_dict()[axis] for axis in (down, across)) for trial in found.ended)
    scores = effects.cells[pair]

    def cell(row: str, column: str) -> HeatCell:
        measured = scores.get((row, column) if down == one else (column, row))
        return _cell(case, measured, asked[row, column])

    rows, columns = tuple(found.trials[down]), tuple(found.trials[across])
    cells = tuple(tuple(cell(row, column) for column in columns) for row in rows)
    title = f"{down} by {across}, n = {digits.count(max(asked.values()))} each"
    return HeatMap(title=title, rows=rows, columns=columns, cells=cells)


def _cell(case: CaseEvidence, measured: Measured | None, n_asked: int) -> HeatCell:
    if measured is None:
        return HeatCell(("no score",) if n_asked else (digits.MISSING,), float("nan"))
    scale = digits.scale_of(case.facts.metric)
    written = digits.estimate(measured.value, words.scored(measured.interval), scale)
    counted = f"{measured.n} of {n_asked}" if measured.n < n_asked else ""
    return HeatCell(tuple(filter(None, (written.value, written.interval, counted))), measured.value)
