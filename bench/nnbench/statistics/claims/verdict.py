"""From the values of the seeds to a verdict: by the interval of their mean, and by nothing else."""

import math
from collections.abc import Sequence
from typing import Protocol

from nnbench.records.claims import ClaimVerdict, QuantityResult
from nnbench.statistics.comparing.planning import rounded_up, seeds_for_difference, seeds_for_either
from nnbench.statistics.estimation.intervals import t_interval, wilson_interval

LEVEL = 0.05
_MOST_SEEDS = 100_000
Interval = tuple[float, float]


class Rule(Protocol):
    """On which side of which number the interval must lie."""

    @property
    def sign(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


Size = float | tuple[float, float] | None


def judge(
    values: Sequence[float],
    rule: Rule,
    *,
    n_counting: int,
    is_share: bool = False,
    noticeable: float | None = None,
    size: Size = None,
    counts: bool = True,
) -> QuantityResult:
    """Return what the rule makes of the values.

    The interval is Student's, or Wilson's of a share, and simultaneous for the quantities that count
    (Bonferroni): at 1 − 5 % / ``n_counting``.
    """
    known = [value for value in values if math.isfinite(value)]
    level = LEVEL / max(1, n_counting if counts else 1)
    effect = math.fsum(known) / len(known) if known else math.nan
    if is_share and known:
        interval = wilson_interval(round(sum(known)), len(known), confidence=1.0 - level)
    else:
        interval = t_interval(known, confidence=1.0 - level)
    verdict, reason = _verdict(interval, rule, noticeable, size) if known else ("not_measured", "no_value")
    undecided = verdict == "cannot_tell"
    needed = _seeds_needed(known, effect, rule, noticeable, level) if undecided else None
    return QuantityResult(tuple(values), effect, interval, len(known), verdict, reason, needed, counts)


def of_claim(quantities: Sequence[QuantityResult]) -> ClaimVerdict:
    """Return the verdict on a claim: that of the weakest of its quantities that count."""
    counting = [quantity.verdict for quantity in quantities if quantity.counts]
    order: tuple[ClaimVerdict, ...] = ("refuted", "not_measured", "cannot_tell", "here_not_in_size")
    return next(
        (verdict for verdict in order if verdict in counting), "supported" if counting else "not_measured"
    )


def _verdict(
    interval: Interval, rule: Rule, noticeable: float | None, size: Size
) -> tuple[ClaimVerdict, str]:
    low, high = interval
    if rule.sign == "in":
        if rule.low <= low and high <= rule.high:
            return "supported", ""
        return ("refuted", "") if high < rule.low or low > rule.high else ("cannot_tell", "")
    # From here on the claimed side is above 0.
    least, most = sorted((_past(low, rule), _past(high, rule)))
    open_end = rule.sign in (">", "<")
    if most < 0 or (open_end and most == 0):
        return "refuted", "other_side"
    if noticeable is not None and most < noticeable:
        return "refuted", "too_small"
    if least < 0 or (open_end and least == 0):
        return "cannot_tell", ""
    if size is not None and _falls_short(interval, rule, size):
        return "here_not_in_size", ""
    return "supported", ""


def _past(value: float, rule: Rule) -> float:
    """Return how far a value lies on the claimed side."""
    return value - rule.low if rule.sign.startswith(">") else rule.low - value


def _falls_short(interval: Interval, rule: Rule, size: float | tuple[float, float]) -> bool:
    """A single size must be reached on the claimed side; a range must be touched."""
    low, high = interval
    if isinstance(size, tuple):
        return high < size[0] or low > size[1]
    return high < size if rule.sign.startswith(">") else low > size


def _seeds_needed(
    known: Sequence[float], effect: float, rule: Rule, noticeable: float | None, level: float
) -> int | None:
    """Return the seeds at which this spread and this effect would decide, in a run of its own."""
    n = len(known)
    if n < 2:
        return None
    sigma = math.sqrt(math.fsum((value - effect) ** 2 for value in known) / (n - 1))
    if rule.sign == "in":
        room = min(abs(effect - rule.low), abs(rule.high - effect))
    else:
        room = abs(_past(effect, rule))
    wanted = [seeds_for_difference(room, sigma, level=level)] if room > 0 and sigma > 0 else []
    if noticeable and sigma > 0:
        wanted.append(seeds_for_either(abs(noticeable), sigma, level=level))
    least = min(wanted, default=None)
    return None if least is None or least > _MOST_SEEDS else rounded_up(max(least, n + 1))
