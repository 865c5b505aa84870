"""What studies with fewer seeds would have said: how often they would have named another winner."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Axes, CaseFacts, TrialRecord
from nnbench.statistics.comparing.families import find_leader
from nnbench.statistics.trials.summary import scores_by_configuration

SIZES = (1, 3, 5)  # what papers report
_MOST_STUDIES = 2_000
_TIE = 1e-12  # means that are equal in exact arithmetic differ in their last bits


@dataclass(frozen=True, slots=True)
class SmallerStudies:
    """Studies of one size. A study in which several tie for the best names each of them in an equal part."""

    n_seeds: int
    another_winner: float  # share that names another winner than all seeds together
    is_exact: bool  # over all subsets of the seeds, not over drawn ones


def fewer_seeds(
    trials: Sequence[TrialRecord], facts: CaseFacts, *, left: Collection[Axes] = (), seed: int = 0
) -> list[SmallerStudies]:
    """Return the studies of 1, 3 and 5 of the recorded seeds; none for one configuration.

    A study names the configuration with the best median, ties by the mean, as the run does with all of its
    seeds. Its seeds are any subset of those that all configurations have: all subsets up to 2,000, beyond
    that so many drawn ones. Those that ``left`` a race have too few seeds, and take no part.
    """
    scores = {
        axes: own for axes, own in scores_by_configuration(trials, facts).items() if own and axes not in left
    }
    if len(scores) < 2:
        return []
    winner = list(scores).index(find_leader(scores, direction=facts.direction))
    seeds = sorted(set.intersection(*(set(own) for own in scores.values())))
    sign = 1.0 if facts.direction == "max" else -1.0
    table = sign * np.array([[own[each] for each in seeds] for own in scores.values()])
    studies = []
    for size in (size for size in SIZES if size < len(seeds)):
        chosen = _subsets(len(seeds), size, seed)
        share = 1.0 - float(_named(table[:, chosen], winner).mean())
        studies.append(SmallerStudies(size, share, len(chosen) == math.comb(len(seeds), size)))
    return studies


def _subsets(n: int, size: int, seed: int) -> NDArray[np.int64]:
    """Return a row of positions for each subset."""
    if math.comb(n, size) <= _MOST_STUDIES:
        return np.array(list(combinations(range(n), size)))
    return _drawn_orders(n, seed)[:, :size]


@lru_cache(maxsize=8)  # studies of all sizes and of all cases take the first of the same orders
def _drawn_orders(n: int, seed: int) -> NDArray[np.int64]:
    generator = np.random.Generator(np.random.Philox(key=seed))
    return generator.permuted(np.tile(np.arange(n), (_MOST_STUDIES, 1)), axis=1)[:, : max(SIZES)].copy()


def _named(table: NDArray[np.float64], winner: int) -> NDArray[np.float64]:
    """Return for each study of (configurations, studies, seeds) how far it names the winner: 1, 0 or a part.

    More is better here.
    """
    medians, means = np.median(table, axis=2), table.mean(axis=2)
    best = medians == medians.max(axis=0)
    means = np.where(best, means, -np.inf)
    top = means.max(axis=0)
    best &= means >= top - _TIE * np.abs(top)
    return np.asarray(best[winner] / best.sum(axis=0), dtype=np.float64)
