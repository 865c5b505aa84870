"""Calibrate a case: freeze the target that its trials are judged by, and how much of a score is noise.

The rule: of the configurations that the case's own ``[run]`` section crosses, take the one with the best
median final metric. Its standard deviation over the seeds is σ, and the target is its median, less good by
one σ and rounded to the easier side: the best reaches it on most seeds, and what is clearly worse does not.
How fast its curve gets better there is the exchange rate: it says a difference in the metric in steps.
"""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nnbench.cases.spec import CalibrationSection, CaseSpec
from nnbench.errors import NothingMeasured
from nnbench.evidence.case import Findings
from nnbench.records.trials import Axes, CaseFacts
from nnbench.reporting.digits import ranges
from nnbench.statistics.comparing.families import find_leader
from nnbench.statistics.trials.curves import exchange_rate
from nnbench.statistics.trials.summary import scores_by_configuration

FEWEST_SEEDS = 20
RULE: Mapping[str, str] = {
    "max": "median of the best configuration less one sigma",
    "min": "median of the best configuration plus one sigma",
}
_DECIMALS, _SIGNIFICANT = 3, 3
_DIGEST_DIGITS = 16  # enough to tell whether a trial came out the same again


@dataclass(frozen=True, slots=True)
class Standing:
    """How a configuration of the calibration stands to the new target."""

    label: str
    median: float
    n_at_target: int  # seeds on which it stands there at the end
    n: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A new target of a case with what it was made from."""

    case: str
    target: float
    previous_target: float | None
    section: CalibrationSection
    standings: tuple[Standing, ...]  # the best median first


def calibrate(found: Findings, case: CaseSpec, now: datetime) -> Calibration:
    """Return the target and σ that these findings give, with the next version of the case's suite."""
    (facts,) = found.run.cases
    scores = {axes: own for axes, own in scores_by_configuration(found.trials, facts).items() if own}
    if not scores:
        raise NothingMeasured(f"case {facts.name!r}: no trial left any evidence to calibrate by.")
    best = find_leader(scores, direction=facts.direction)
    values = np.array([value for value in scores[best].values() if math.isfinite(value)])
    if values.size < FEWEST_SEEDS:
        raise NothingMeasured(
            f"case {facts.name!r}: {_label(best, found)} left a score on {values.size} seeds, and σ needs"
            f" {FEWEST_SEEDS} at least. Ask for more with --seeds, or mend the case."
        )
    sigma = float(values.std(ddof=1))
    target = target_of(float(np.median(values)), sigma, facts)
    section = CalibrationSection(
        suite_version=_next_version(case, target),
        target_rule=RULE[facts.direction],
        sigma=_rounded(sigma),
        exchange_rate=_exchange_rate(best, target, found),
        n=values.size,
        configuration=_label(best, found),
        seeds=ranges(sorted(scores[best])).replace("–", "-"),
        run=found.run.run,
        date=f"{now:%Y-%m-%d}",
    )
    # The best comes first, also where another one has the same median.
    in_order = [best, *(axes for axes in scores if axes != best)]
    standings = [_standing(axes, scores[axes], target, facts, found) for axes in in_order]
    sign = -1.0 if facts.direction == "max" else 1.0
    standings.sort(key=lambda each: sign * each.median)
    return Calibration(facts.name, target, facts.target, section, tuple(standings))


def runs_csv(found: Findings) -> str:
    """Return every trial of a calibration as a row: what it was, its score, and what its weights hash to.

    Numbers are written in full; an empty score is one that a trial does not have.
    """
    (facts,) = found.run.cases
    axes = dict.fromkeys((*found.run.varying, "learning_rate"))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*axes, "seed", "status", facts.metric, "digest"])
    for trial in found.trials:
        chosen, score = trial.axes.as_dict(), trial.final.get(facts.metric)
        shown = "" if trial.status != "finished" or score is None else repr(float(score))
        digest = trial.digest[:_DIGEST_DIGITS]
        writer.writerow([*(chosen[axis] for axis in axes), trial.seed, trial.status, shown, digest])
    return target.getvalue()


def target_of(median: float, sigma: float, facts: CaseFacts) -> float:
    """Return the median, less good by one σ, with three decimals (three digits for a loss)."""
    if facts.direction == "max":
        # Rounded first: 0.953 − 0.01 is a little less than 0.943, and must not become 0.942.
        scaled = round((median - sigma) * 10.0**_DECIMALS, 6)
        return math.floor(scaled) / 10.0**_DECIMALS
    value = median + sigma
    unit = 10.0 ** (math.floor(math.log10(value)) + 1 - _SIGNIFICANT) if value > 0.0 else 10.0**-_DECIMALS
    return float(f"{math.ceil(round(value / unit, 6)) * unit:.{_SIGNIFICANT}g}")


def _exchange_rate(best: Axes, target: float, found: Findings) -> float | None:
    (facts,) = found.run.cases
    curves = [trial.curves for trial in found.trials if trial.axes == best and trial.status == "finished"]
    metric = facts.curve
    if not all(metric in each for each in curves):
        return None
    values = [each[metric] for each in curves]
    rate = exchange_rate(curves[0]["eval_step"], values, target, direction=facts.direction)
    return None if rate is None else _rounded(rate)


def _next_version(case: CaseSpec, target: float) -> int:
    """Return the version after the present one if the target moves, else the present one."""
    if case.calibration is None:
        return 1
    return case.calibration.suite_version + (target != case.measure.target)


def _standing(
    axes: Axes, own: Mapping[int, float], target: float, facts: CaseFacts, found: Findings
) -> Standing:
    values = np.array(list(own.values()))
    there = values >= target if facts.direction == "max" else values <= target
    return Standing(_label(axes, found), float(np.median(values)), int(there.sum()), values.size)


def _label(axes: Axes, found: Findings) -> str:
    """Return the choices that tell this configuration from the others, and its rate."""
    chosen = axes.as_dict()
    named = found.run.varying or tuple(axis for axis in chosen if axis != "learning_rate")
    rate = "" if "learning_rate" in named else f", learning_rate {chosen['learning_rate']}"
    return f"{axes.label(named)}{rate}"


def _rounded(sigma: float) -> float:
    return float(f"{sigma:.{_SIGNIFICANT}g}")
