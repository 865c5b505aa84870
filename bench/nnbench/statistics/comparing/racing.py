"""Racing: at looks that are fixed beforehand, configurations that have lost to the leader leave.

The error that is bounded is that of the whole race: the probability that any configuration is ever called
worse than one it equals. Which pairs are tested depends on who leads, and how often on who is left, so every
pair at every look is counted: a pair is called at p <= level / (pairs × looks). That is one threshold for
all looks, as in Pocock (1977), Biometrika 64(2), from Bonferroni's inequality instead of his normal sums:
whatever the dependence between pairs and looks, their levels add up to the level of the race.

Races for models go back to Maron and Moore (1994), Hoeffding races, NIPS 6, who need bounded scores, and
Birattari et al. (2002), F-Race, GECCO, who test again at every instance at the full level.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.comparing.pairs import PairResult, paired_differences, summarize_pair
from nnbench.statistics.estimation.bootstrap import as_sample
from nnbench.statistics.estimation.significance import (
    EXACT_PAIRS,
    leaning,
    pairs_to_reach,
    sign_flip_p,
    with_stand_ins,
)

Label = TypeVar("Label", bound=Hashable)

# From look to look the seeds grow by about half: fewer looks prune late, and each look costs some level.
GROWTH = 1.5
MOST_LOOKS = 64


@dataclass(frozen=True, slots=True)
class Design:
    """What is fixed before a race begins. ``looks`` are numbers of seeds, the last one all of them."""

    n_configurations: int
    looks: tuple[int, ...]
    level: float

    @property
    def n_pairs(self) -> int:
        return math.comb(self.n_configurations, 2)

    @property
    def n_tests(self) -> int:
        return self.n_pairs * len(self.looks)

    @property
    def threshold(self) -> float:
        """Return the p value at which a pair is called, at any look."""
        return self.level / self.n_tests


def design(n_configurations: int, n_seeds: int, *, level: float) -> Design | None:
    """Return the looks at which this many seeds are given out, or None where none could leave early.

    The first look is the earliest at which a pair can reach its threshold at all: a test of n signs has no
    p value below 2 / 2^n.
    """
    chosen = None
    for n_looks in range(2, MOST_LOOKS + 1) if n_configurations > 1 else ():
        first = pairs_to_reach(level, math.comb(n_configurations, 2) * n_looks)
        if first > EXACT_PAIRS or first + n_looks - 1 > n_seeds:
            break
        chosen = Design(n_configurations, _spaced(first, n_seeds, n_looks), level)
        if first * GROWTH ** (n_looks - 1) >= n_seeds:
            break
    return chosen


def fewest_seeds(n_configurations: int, *, level: float) -> int:
    """Return the fewest seeds with which a configuration can leave before the end."""
    return pairs_to_reach(level, 2 * math.comb(n_configurations, 2)) + 1


def losers(
    scores: Mapping[Label, Mapping[int, float]],
    leader: Label,
    race: Design,
    *,
    direction: Direction,
    noticeable: float,
) -> dict[Label, PairResult]:
    """Return who is worse than the leader at this look, with the evidence: ``a`` is the loser.

    Pairs are by seed. A seed that either side lacks makes no pair.
    """
    sign = 1.0 if direction == "max" else -1.0
    found = {}
    for label, own in scores.items():
        seeds = sorted(own.keys() & scores[leader].keys())
        a, b = as_sample([own[seed] for seed in seeds]), as_sample([scores[leader][seed] for seed in seeds])
        gains = sign * paired_differences(a, b)
        if label == leader or leaning(gains) >= 0 or not _may_reach(gains, race.threshold):
            continue
        if (p := race_p(gains)) <= race.threshold:
            found[label] = summarize_pair(
                a,
                b,
                p,
                direction=direction,
                noticeable=noticeable,
                level=race.level,
                smallest=smallest_race_p(gains.size),
            )
    return found


def race_p(differences: NDArray[np.float64]) -> float:
    """Return the sign-flip p value, exact for any number of pairs.

    Beyond 24 pairs, neighbours are summed until 24 sums are left: under the hypothesis a sum of symmetric
    differences is symmetric as well. Drawn patterns could not reach the small thresholds of a large race.
    """
    return sign_flip_p(_in_blocks(differences))


def smallest_race_p(n_pairs: int) -> float:
    """Return the smallest p value that ``race_p`` can give for this many pairs."""
    return min(1.0, 2.0 ** (1 - min(n_pairs, EXACT_PAIRS)))


def _in_blocks(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    if differences.size <= EXACT_PAIRS:
        return differences
    # Before they are summed: added to an infinite difference, the other signs of its block would be lost.
    finite = with_stand_ins(differences[np.newaxis, :])[0]
    starts = np.arange(EXACT_PAIRS) * finite.size // EXACT_PAIRS
    return np.asarray(np.add.reduceat(finite, starts))


def _may_reach(gains: NDArray[np.float64], threshold: float) -> bool:
    """Return False where the gains cannot be a loss at this threshold; to count them is exact but slow.

    Of the sign patterns, all those that turn any of the signs that speak for ``a`` against it lie at least
    as far out as the observed one, and so do their mirror images.
    """
    blocks = _in_blocks(gains)
    n_for_a = int(np.count_nonzero(blocks >= 0.0))
    return bool(2.0 ** (1 + n_for_a - blocks.size) <= threshold)


def _spaced(first: int, last: int, n_looks: int) -> tuple[int, ...]:
    """Return numbers that grow by about the same factor, each at least one above the one before."""
    looks = [first]
    for place in range(1, n_looks):
        wanted = round(first * (last / first) ** (place / (n_looks - 1)))
        looks.append(min(max(wanted, looks[-1] + 1), last - (n_looks - 1 - place)))
    return tuple(looks)
