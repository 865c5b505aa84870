"""The verdict that the evidence on a pair allows: better, worse, equivalent, or cannot tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.records.trials import Verdict
from nnbench.statistics.comparing.pairs import PairResult
from nnbench.statistics.comparing.planning import reason_undecided, seeds_needed
from nnbench.statistics.estimation.significance import holm, pairs_to_reach


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one pair within its family: "a is better (worse) than b"."""

    verdict: Verdict
    p: float  # Holm-adjusted
    seeds_needed: int | None  # None where decided, and where no number of seeds can be named
    reason: str


def decide_family(pairs: Sequence[PairResult], *, level: float = 0.05) -> list[Decision]:
    """Return the verdict on every pair, Holm-corrected over exactly these pairs."""
    adjusted = holm([pair.p for pair in pairs])
    return [
        decide(pair, float(p), family=len(pairs), level=level)
        for pair, p in zip(pairs, adjusted, strict=True)
    ]


def decide(pair: PairResult, p_adjusted: float, *, family: int, level: float) -> Decision:
    """Return the verdict on one pair whose p value was adjusted within a family of this size.

    Fewer pairs than the test needs to reach its level say nothing, whatever the mean: they have no p value
    small enough, and are too few to be called equivalent. An interval inside ±noticeable is called equivalent
    even where the difference is significant: the case says that so little does not matter. Only the p values
    are corrected for the family; the intervals are not.
    """
    is_significant = p_adjusted <= level
    if pair.n_scored >= pairs_to_reach(level) and pair.is_within_noticeable:
        within = "the whole interval lies within the noticeable difference"
        reason = f"significant but not noticeable: {within}" if is_significant else within
        return Decision("equivalent", p_adjusted, None, reason)
    if is_significant:
        return Decision("better" if pair.favours_a > 0 else "worse", p_adjusted, None, _reason_decided(pair))
    return Decision(
        "cannot_tell",
        p_adjusted,
        seeds_needed(pair, level=level, family=family),
        reason_undecided(pair, level=level, family=family),
    )


def _reason_decided(pair: PairResult) -> str:
    """Say on how many seeds the verdict rests, and what of it a reader should discount."""
    if pair.favours_a > 0:
        place, share, n_lost, loser = "ahead", pair.share_a_ahead, pair.n_only_a_scored, "the other"
    else:
        place, share, n_lost, loser = "behind", 1.0 - pair.share_a_ahead, pair.n_only_b_scored, "it"
    reason = f"{place} on {round(share * pair.n, 1):g} of {pair.n} seeds"
    if n_lost:
        return f"{reason}; on {n_lost} of them {loser} left no score"
    low, high = pair.interval
    if low < pair.noticeable and high > -pair.noticeable:
        return f"{reason}; may be less than the noticeable difference"
    return reason
