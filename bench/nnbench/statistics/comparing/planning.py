"""What an undecided comparison lacks: how many seeds a new run would need, and why these did not do."""

import math

from nnbench.statistics.comparing.looks import fewest_seeds, level_of_look
from nnbench.statistics.comparing.pairs import PairResult
from nnbench.statistics.estimation.bootstrap import Interval
from nnbench.statistics.estimation.distributions import normal_quantile

POWER = 0.9
# Beyond this many seeds a number is no plan, only a way to say no.
MOST_SEEDS = 1_000_000
# The spread of a few differences is itself uncertain: it is taken to be no larger than this, with this share.
_SURE_OF_SPREAD = 0.8


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


def difference_for_seeds(n: int, sigma: float, *, level: float) -> float | None:
    """Return the least mean difference that n pairs show with 90 % power; None: it takes more pairs.

    δ = (z_(1 − level/2) + z_power) σ / √(n − z²_(1 − level/2) / 2), as ``seeds_for_difference`` has it.
    """
    z_level = normal_quantile(1.0 - 0.5 * level)
    left = n - 0.5 * z_level * z_level
    return (z_level + normal_quantile(POWER)) * sigma / math.sqrt(left) if left > 0.0 else None


def seeds_for_either(noticeable: float, sigma: float, *, level: float = 0.05) -> int:
    """Return how many pairs decide whatever the true difference is: for a difference or for equivalence.

    An interval no wider than the noticeable difference cannot hold 0 and leave ±noticeable as well; so it may
    reach half as far: n >= (2 z_(1 − level/2) σ / noticeable)² + z²_(1 − level/2) / 2.
    """
    return seeds_for_difference(0.5 * noticeable, sigma, level=level, power=0.5)


def seeds_needed(pair: PairResult, interval: Interval, *, family: int) -> int | None:
    """Return how many seeds a new run would need to decide this pair; None: no number can be named.

    The spread is taken as the one that 80 % of such samples would not exceed, and the level is that of a
    first look over the whole family.
    """
    level = level_of_look(1)
    if pair.is_one_sided:
        seeds = _seeds_by_lost_scores(pair, level=level, family=family)
    elif pair.n == 0:
        seeds = fewest_seeds(level)
    else:
        seeds = _seeds_by_spread(pair, interval, level / family)
    return None if seeds is None or seeds > MOST_SEEDS else max(seeds, fewest_seeds(level))


def reason_undecided(pair: PairResult, *, level: float, family: int) -> str:
    """Return one clause that says what is missing for a verdict."""
    if pair.n == 0:
        return "no seed in common"
    if pair.n_scored == 0 and not pair.is_one_sided:
        return "neither left a score on any seed"
    enough = fewest_seeds(level)
    if pair.n < enough:
        return f"{pair.n} {'seed' if pair.n == 1 else 'seeds'} cannot decide anything: {enough} would"
    n_lost = pair.n_only_a_scored + pair.n_only_b_scored
    if n_lost:
        return f"only one side left a score on {n_lost} of {pair.n} seeds"
    among = f" among {family} comparisons" if family > 1 else ""
    return f"no larger than chance makes it{among}"


def _seeds_by_spread(pair: PairResult, interval: Interval, level: float) -> int | None:
    """Return the pairs that decide, whatever the true difference is within the interval."""
    if pair.n_scored < 2:
        return None
    low, high = interval
    near = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    sigma = _no_larger_than(pair.sigma, pair.n_scored - 1)
    if pair.noticeable > 2.0 * near:
        seeds = seeds_for_either(pair.noticeable, sigma, level=level)
    elif size := near or abs(pair.difference):
        seeds = seeds_for_difference(size, sigma, level=level)
    else:
        return None
    # Seeds on which neither side leaves a score are spent without telling anything.
    return math.ceil(seeds * pair.n / pair.n_scored)


def _no_larger_than(sigma: float, dof: int) -> float:
    """Return the spread that _SURE_OF_SPREAD of such samples would not exceed (Wilson and Hilferty 1931)."""
    share = 2.0 / (9.0 * dof)
    chi_square = dof * (1.0 - share - normal_quantile(_SURE_OF_SPREAD) * math.sqrt(share)) ** 3
    return sigma * math.sqrt(dof / chi_square)


def _seeds_by_lost_scores(pair: PairResult, *, level: float, family: int) -> int | None:
    """Return the seeds that would decide a pair if scores go on being lost at the rates seen.

    What counts is the balance of the seeds on which one side alone lost its score: a sign test among them.
    """
    n_lost = pair.n_only_a_scored + pair.n_only_b_scored
    balance = (pair.n_only_a_scored - pair.n_only_b_scored) / pair.n
    if balance == 0.0:
        return None
    sigma = math.sqrt(max(0.0, n_lost / pair.n - balance**2))
    by_power = seeds_for_difference(balance, sigma, level=level / family)
    return max(by_power, math.ceil(fewest_seeds(level) * pair.n / n_lost))


def rounded_up(count: int) -> int:
    """Return the count rounded up to two significant digits; more would claim a precision it has not."""
    unit = int(10 ** max(0, len(str(count)) - 2))
    return math.ceil(count / unit) * unit
