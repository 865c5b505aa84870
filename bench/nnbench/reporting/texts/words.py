"""The words that several views share, so that a reader meets one name for one thing."""

from collections.abc import Sequence

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import CaseFacts, Comparison, TrialRecord, Verdict
from nnbench.reporting import digits
from nnbench.reporting.blocks import Tone
from nnbench.statistics.trials.failures import how_it_failed

MAY_BE_BEST = "*"  # beside the place of a configuration that is shown behind nobody
VERDICT: dict[Verdict, tuple[str, Tone]] = {
    "better": ("better", "good"),
    "worse": ("worse", "bad"),
    "equivalent": ("equivalent", "same"),
    "cannot_tell": ("cannot tell", "unsure"),
}


def metric(facts: CaseFacts) -> str:
    """Return ``validation accuracy``; what was made elsewhere has the name that it had there."""
    if facts.is_of_training and facts.n_validation:
        return f"training {facts.metric.removeprefix('train_').replace('_', ' ')}"
    name = facts.metric.replace("_", " ").removesuffix(" %")
    return f"validation {name}" if facts.n_validation else name


def lost(facts: CaseFacts) -> str:
    """Return what a trial without a score counts as in a search: ``an accuracy of 0``."""
    name, is_larger_better = facts.metric.replace("_", " "), facts.direction == "max"
    worst = facts.limits[not is_larger_better]
    if worst is not None:
        return f"an {name} of {worst:g}" if name[0] in "aeiouf" else f"a {name} of {worst:g}"
    return f"{'less' if is_larger_better else 'more'} than the worst {name}"


def unit_after(header: str, unit: str) -> str:
    """Return ``accuracy, %`` for a header, and the header alone where the metric has no unit."""
    return f"{header.removesuffix(' %')}, {unit}" if unit else header


def metric_value(value: float, facts: CaseFacts) -> str:
    """Return ``95 %``: a figure that somebody chose, in as many digits as it has."""
    scale = digits.scale_of(facts)
    text = f"{value * scale.factor:.6g}".replace("-", digits.MINUS)
    return digits.with_unit(text, scale.unit)


def noticeable(facts: CaseFacts) -> str:
    """Return ``±0.5 pp``."""
    scale = digits.scale_of(facts)
    return f"±{digits.with_unit(f'{facts.noticeable * scale.factor:.6g}', scale.difference_unit)}"


def median(value: float, interval: tuple[float, float], facts: CaseFacts) -> str:
    """Return ``97.2 % [96.8, 97.4]``, or that most trials left no score."""
    if not has_score(value):
        return "no score"
    scale = digits.scale_of(facts)
    written = digits.estimate(value, scored(interval), scale)
    return f"{digits.with_unit(written.value, scale.unit)} {written.interval}".rstrip()


def has_score(value: float) -> bool:
    # Statistics let a trial without a score take part as the worst value there is, which is infinite.
    return abs(value) < float("inf")


def scored(interval: tuple[float, float]) -> tuple[float, float]:
    """Return the interval, or none at all where neither end is a score."""
    if any(has_score(end) for end in interval):
        return interval
    return (float("nan"), float("nan"))


def behind(comparison: Comparison, facts: CaseFacts) -> str:
    """Return how far ``a`` lies behind the reference: ``0.62 pp [0.33, 0.91] behind (p = 0.004)``."""
    p = digits.p_value(comparison.p)
    if not _explains_the_verdict(comparison):
        return f"{comparison.reason} ({p})"
    sign = -1.0 if facts.direction == "max" else 1.0
    low, high = sorted(sign * end for end in comparison.interval)
    scale = digits.scale_of(facts).of_differences
    written = digits.estimate(sign * comparison.difference, (low, high), scale)
    found = ", ".join(filter(None, (worth(comparison.difference, facts), p)))
    return f"{digits.with_unit(written.value, scale.unit)} {written.interval} behind ({found})"


def signed_difference(comparison: Comparison, facts: CaseFacts) -> str:
    """Return ``+0.62 pp [+0.33, +0.91], p = 0.004``: a minus the reference."""
    p = digits.p_value(comparison.p)
    if not has_score(comparison.difference):
        return f"{comparison.reason}, {p}"
    scale = digits.scale_of(facts)
    written = digits.difference(comparison.difference, scored(comparison.interval), scale)
    value = digits.with_unit(written.value, scale.difference_unit)
    return f"{' '.join(filter(None, (value, written.interval)))}, {p}"


def worth(difference: float, facts: CaseFacts) -> str:
    """Return ``worth 31 steps``, two digits of it; empty where the case has no exchange rate, or it is none.

    The rate holds near the target: what would be more than the case's own budget is only called that.
    """
    if facts.exchange_rate is None or not has_score(difference):
        return ""
    steps = abs(difference) / facts.exchange_rate
    if facts.steps and steps > facts.steps:
        return f"worth over {digits.count(facts.steps)} steps"
    whole = round(float(f"{steps:.2g}"))
    return f"worth {digits.counted(whole, 'step')}" if whole else ""


def _explains_the_verdict(comparison: Comparison) -> bool:
    # The difference is a mean over the pairs in which both sides have a score. Where a configuration lost
    # because it left none on some seeds, that mean may lie near zero or not exist.
    low, high = comparison.interval
    return has_score(low) and has_score(high) and (low > 0 or high < 0)


def what_happened(trial: TrialRecord, facts: CaseFacts) -> str:
    """Return the failure kind in words, or the status; empty for a trial that went well."""
    kind = how_it_failed(trial, facts)
    if kind:
        return kind.replace("_", " ")
    return "" if trial.status == "finished" else trial.status


def n_seeds(case: CaseEvidence) -> str:
    """Return ``10 seeds (0–9)``."""
    seeds = case.seeds
    return f"{digits.counted(len(seeds), 'seed')} ({digits.ranges(seeds)})"


def seconds_of_subjects(facts: Sequence[CaseFacts]) -> list[str]:
    """Return the note for a table with seconds of the user's own code."""
    names = [each.name for each in facts if each.subject is not None]
    if not names:
        return []
    own = f"Seconds of {several(names)} are those of its own framework, in processes of its own:"
    return [f"{own} slower, and not to be compared with those of other cases."]


def seconds_of_python(interpreted: Sequence[str]) -> list[str]:
    """Return the note for a table with seconds in which those of some optimizers are Python's."""
    if not interpreted:
        return []
    return [f"Seconds of {several(list(interpreted))} are those of plain Python: kernels take far less."]


def several(items: list[str], *, most: int = 3) -> str:
    """Join names for a sentence: ``a, b and c``, or ``a, b, c and 4 more``."""
    if len(items) > most + 1:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
