"""The part ``effects`` of ``nnbench.run/1``: what explains the spread of the scores, case by case.

Null: an end of an interval that nothing bounds, or a number that the trials with a score do not determine.
"""

from collections.abc import Sequence

from nnbench.records.trials import RunRecord, TrialRecord
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.shapes import effects as shapes
from nnbench.statistics.factors.case_effects import CaseEffects, case_effects
from nnbench.statistics.factors.effects import Effects, Measured


def effects_as_list(run: RunRecord, trials: Sequence[TrialRecord]) -> list[shapes.CaseEffects]:
    """Return plain data of each case in which two axes or more vary, in the order of the run."""
    found = ((facts.name, case_effects(trials, facts, run.varying)) for facts in run.cases)
    return [_case(name, each) for name, each in found if each is not None]


def _case(name: str, found: CaseEffects) -> shapes.CaseEffects:
    lost = sum(found.lost_by_status.values())
    made: shapes.CaseEffects = {
        "case": name,
        "factors": list(found.factors),
        "left_out": {**found.left_out},
        "n": len(found.ended) - lost,
        "without_score": dict(found.lost_by_status),
    }
    return made if found.effects is None else {**made, **_analysis(found, found.effects)}


def _analysis(found: CaseEffects, effects: Effects) -> shapes.Analysis:
    return {
        "seeds": effects.n_seeds,
        "balanced": effects.is_balanced,
        "mean": _measured(effects.mean),
        "shares": [
            {
                "term": list(each.term),
                "share": finite(each.share),
                "interval": [finite(end) for end in each.interval],
                "by_chance": finite(each.share_by_chance),
                "degrees_of_freedom": each.dof,
            }
            for each in effects.shares
        ],
        "rest": _measured(effects.residual),
        "main": [
            {
                "axis": axis,
                "choice": choice,
                "shift": _measured(effects.main[axis].get(choice, _NOTHING)),
                "without_score": found.lost[axis].get(choice, 0),
            }
            for axis in found.factors
            for choice in found.trials[axis]
        ],
        "pairs": [
            {
                "axes": list(pair),
                "choices": list(choices),
                "score": _measured(score),
                "beyond_shifts": _measured(effects.interactions[pair][choices]),
            }
            for pair, cells in effects.cells.items()
            for choices, score in cells.items()
        ],
    }


_NOTHING = Measured(float("nan"), (float("nan"), float("nan")), 0)


def _measured(found: Measured) -> shapes.Measured:
    return {
        "value": finite(found.value),
        "interval": [finite(end) for end in found.interval],
        "n": found.n,
    }
