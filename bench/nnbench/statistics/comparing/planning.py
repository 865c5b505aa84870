"""What an undecided comparison lacks: how many seeds would decide it, and why these did not."""

import math

from nnbench.statistics.comparing.pairs import PairResult
from nnbench.statistics.estimation.distributions import normal_quantile
from nnbench.statistics.estimation.significance import N_DRAWS, pairs_to_reach

POWER = 0.9
# Beyond this many seeds a number is no plan, only a way to say no.
MOST_SEEDS = 1_000_000


def seeds_for_difference(
    difference: float, sigma: float, *, level: float = 0.05, power: float = POWER
) -> int:
    """Return how many pairs show this mean difference at a two-sided level with this power.

    n >= (z_(1 − level/2) + z_power)² σ² / δ² + z²_(1 − level/2) / 2, with σ the standard deviation of the
    paired differences. Written for two independent samples of spread σ the first term is 2 (…)² σ² / δ²,
    for then σ_d² = 2 σ²; pairs that share their seed have a smaller σ_d, and the data give it directly.
    The second term is what it costs that σ is not known: Guenther (1981), Am. Stat. 35(4). Without it, a
    difference of one σ would be found by three quarters of the runs in a large family, not by nine tenths.
    """
    z_level = normal_quantile(1.0 - 0.5 * level)
    ratio = (z_level + normal_quantile(power)) * sigma / difference
    if ratio == 0.0:
        return 0
    # Not ratio ** 2, which raises where the product of two floats is merely infinite.
    return math.ceil(min(ratio * ratio + 0.5 * z_level * z_level, 1e12))


def seeds_needed(pair: PairResult, *, level: float, family: int) -> int | None:
    """Return about how many seeds would decide this pair within its family; None: no number can be named.

    Never fewer than the test needs to reach its level, nor than there are already. The level is divided by
    the size of the family, the strictest step of Holm's correction.
    """
    seeds = _seeds_estimated(pair, level=level, family=family)
    return seeds if seeds is not None and seeds <= MOST_SEEDS else None


def reason_undecided(pair: PairResult, *, level: float, family: int) -> str:
    """Return one clause that says what is missing for a verdict."""
    n, fewest, enough = pair.n, pairs_to_reach(level), pairs_to_reach(level, family)
    share = f"{100.0 * level:g} %"
    if n == 0:
        return "no seed in common"
    if pair.n_scored == 0 and not (pair.n_only_a_scored or pair.n_only_b_scored):
        return "neither left a score on any seed"
    seeds = seeds_needed(pair, level=level, family=family)
    outlook = f"; about {rounded_up(seeds)} seeds would tell" if seeds is not None and seeds != enough else ""
    if n < fewest:
        with_family = f" with {family} comparisons" if enough > fewest else ""
        count = f"{n} {'pair' if n == 1 else 'pairs'}"
        return f"{count} cannot reach {share} (needs {enough}{with_family}){outlook}"
    if n < enough:
        return f"with {family} comparisons {n} seeds cannot reach {share}; {enough} would{outlook}"
    if pair.smallest_p * family > level:
        return (
            f"{N_DRAWS} sign patterns cannot reach {share} with {family} comparisons;"
            " name one configuration to compare against"
        )
    return _obstacle(pair, level=level, family=family) + outlook


def _seeds_estimated(pair: PairResult, *, level: float, family: int) -> int | None:
    if pair.n_only_a_scored or pair.n_only_b_scored:
        return _seeds_by_lost_scores(pair, level=level, family=family)
    reach = pairs_to_reach(level, family)
    if pair.n == 0:
        return reach
    if pair.n_scored == 0:
        return None
    by_spread = _scored_seeds_by_spread(pair, level / family)
    if by_spread is None:
        return reach if pair.n < reach else None
    # Seeds on which neither side leaves a score are spent without telling anything.
    spent = pair.n / pair.n_scored
    return max(pair.n + 1, math.ceil(spent * max(reach, by_spread)))


def _obstacle(pair: PairResult, *, level: float, family: int) -> str:
    """Return what kept a pair undecided that had seeds enough for the test."""
    if pair.p <= level:
        return f"significant alone, not among {family} comparisons"
    n_lost = pair.n_only_a_scored + pair.n_only_b_scored
    if n_lost:
        return f"only one side left a score on {n_lost} of {pair.n} seeds"
    return "difference smaller than the noise"


def _scored_seeds_by_spread(pair: PairResult, level: float) -> int | None:
    """Return the pairs that would decide this one, going by the spread of its differences.

    First against the noticeable difference, or where more than that is surely there, against the end of the
    interval nearest to 0: the mean of a few seeds would give too few seeds. Where there are that many
    pairs already, the true difference lies between 0 and noticeable: then against the wider of the two
    margins that are left, to 0 (a difference) or to noticeable (equivalence).
    """
    if pair.n_scored < 2:
        return 0
    low, high = pair.interval
    size = max(pair.noticeable, low, -high)
    if size > 0.0:
        n = seeds_for_difference(size, pair.sigma, level=level)
        if n > pair.n_scored:
            return n
    margin = max(abs(pair.difference), pair.noticeable - abs(pair.difference))
    return seeds_for_difference(margin, pair.sigma, level=level) if margin > 0.0 else None


def _seeds_by_lost_scores(pair: PairResult, *, level: float, family: int) -> int | None:
    """Return the seeds that would decide a pair if scores go on being lost at the rates seen.

    One-sided losses outweigh all the scores, so what counts is their balance: a sign test among them.
    """
    n_lost = pair.n_only_a_scored + pair.n_only_b_scored
    balance = (pair.n_only_a_scored - pair.n_only_b_scored) / pair.n
    if balance == 0.0:
        return None
    sigma = math.sqrt(max(0.0, n_lost / pair.n - balance**2))
    by_power = seeds_for_difference(balance, sigma, level=level / family)
    by_test = math.ceil(pairs_to_reach(level, family) * pair.n / n_lost)
    return max(pair.n + 1, by_power, by_test)


def rounded_up(count: int) -> int:
    """Return the count rounded up to two significant digits; more would claim a precision it has not."""
    unit = int(10 ** max(0, len(str(count)) - 2))
    return math.ceil(count / unit) * unit
