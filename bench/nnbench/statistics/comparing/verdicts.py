"""The verdict that the test allows on a pair, and the interval that goes with it."""

import math
from dataclasses import dataclass

from nnbench.records.trials import Direction, Verdict
from nnbench.statistics.comparing.looks import fewest_seeds
from nnbench.statistics.comparing.maxt import Judged, Tested
from nnbench.statistics.comparing.pairs import PairResult
from nnbench.statistics.comparing.planning import reason_undecided, seeds_needed
from nnbench.statistics.estimation.bootstrap import UNBOUNDED, Interval

# Where the interval of one step would hold 0 and the step-down test excludes it, this share of the difference
# stands for "just beyond 0".
_JUST_BEYOND = 1e-6


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one pair within its family: "a is better (worse) than b"."""

    verdict: Verdict
    p: float  # adjusted for the family
    interval: Interval  # simultaneous over the family
    seeds_needed: int | None  # None where decided, and where no number of seeds can be named
    reason: str


def decide(pair: PairResult, tested: Tested, family: Judged, *, direction: Direction) -> Decision:
    """Return the verdict on a pair; ``tested`` is oriented as the pair is: of ``a`` against ``b``.

    A pair is called if its scores differ or its failures do; where the two contradict each other nothing can
    be told. An interval inside ±noticeable is called equivalent even where the difference is significant: the
    case says that so little does not matter.
    """
    side = tested.side
    interval = _interval(pair, family)
    if pair.n_scored >= fewest_seeds(family.interval_level) and _is_within(interval, pair):
        within = "the whole interval lies within the noticeable difference"
        reason = f"significant but not noticeable: {within}" if side else within
        return Decision("equivalent", tested.p, interval, None, reason)
    if side:
        shown = _beyond_zero(interval, pair, side if direction == "max" else -side)
        verdict: Verdict = "better" if side > 0 else "worse"
        return Decision(verdict, tested.p, shown, None, _reason_decided(pair, interval, side))
    if tested.by_scores:
        reason = "better scores but more failures: the two contradict each other"
        return Decision("cannot_tell", tested.p, _with_zero(interval), None, reason)
    return Decision(
        "cannot_tell",
        tested.p,
        _with_zero(interval),
        seeds_needed(pair, interval, family=len(family)),
        reason_undecided(pair, level=family.level, family=len(family)),
    )


def _interval(pair: PairResult, family: Judged) -> Interval:
    """Return the simultaneous interval of the mean difference over the scored pairs."""
    if pair.n_scored < 2:
        return UNBOUNDED
    if pair.sigma == 0.0:
        return pair.difference, pair.difference
    reach = family.critical_t(pair.n_scored) * pair.standard_error
    return pair.difference - reach, pair.difference + reach


def _is_within(interval: Interval, pair: PairResult) -> bool:
    low, high = interval
    return not pair.is_one_sided and -pair.noticeable < low and high < pair.noticeable


def _with_zero(interval: Interval) -> Interval:
    """Return the interval widened to hold 0, as it must where no difference is shown."""
    low, high = interval
    return min(low, 0.0), max(high, 0.0)


def _beyond_zero(interval: Interval, pair: PairResult, sign: int) -> Interval:
    """Return the part of the interval on the side of 0 that the test shows; ``sign`` is that of a minus b.

    The step-down test calls more than one step would. Where a verdict rests on failures, the scored pairs do
    not bound the difference.
    """
    low, high = interval
    if not sign * pair.difference > 0.0 or pair.n_scored < 2:
        return UNBOUNDED
    beyond = _JUST_BEYOND * pair.difference
    return (max(low, beyond), high) if sign > 0 else (low, min(high, beyond))


def _reason_decided(pair: PairResult, interval: Interval, side: int) -> str:
    """Say on how many seeds the verdict rests, and what of it a reader should discount."""
    if side > 0:
        place, share, n_lost, loser = "ahead", pair.share_a_ahead, pair.n_only_a_scored, "the other"
    else:
        place, share, n_lost, loser = "behind", 1.0 - pair.share_a_ahead, pair.n_only_b_scored, "it"
    reason = f"{place} on {round(share * pair.n, 1):g} of {pair.n} seeds"
    if n_lost:
        return f"{reason}; on {n_lost} of them {loser} left no score"
    low, high = interval
    if math.isfinite(low) and low < pair.noticeable and high > -pair.noticeable:
        return f"{reason}; may be less than the noticeable difference"
    return reason
