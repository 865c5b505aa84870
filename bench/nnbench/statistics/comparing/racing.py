"""Racing: at looks that are fixed beforehand, configurations that have lost leave.

The error that is bounded is that of the whole race: the probability that any configuration is ever called
worse than one it equals. At every look all pairs of those still in the race are judged together, at the level
of the race over the number of looks: one threshold for all looks, as in Pocock (1977), Biometrika 64(2), from
Bonferroni's inequality instead of his normal sums.

Races for models go back to Maron and Moore (1994), Hoeffding races, NIPS 6, who need bounded scores, and
Birattari et al. (2002), F-Race, GECCO, who test again at every instance at the full level.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from nnbench.records.trials import Direction
from nnbench.statistics.comparing.families import DecidedPair, Scores, judge_table
from nnbench.statistics.comparing.looks import fewest_seeds

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
    def threshold(self) -> float:
        """Return the level of each look."""
        return self.level / len(self.looks)


def design(n_configurations: int, n_seeds: int, *, level: float) -> Design | None:
    """Return the looks at which this many seeds are given out, or None where none could leave early.

    The first look is the earliest at which anything can be called at all.
    """
    chosen = None
    for n_looks in range(2, MOST_LOOKS + 1) if n_configurations > 1 else ():
        first = fewest_seeds(level / n_looks)
        if first + n_looks - 1 > n_seeds:
            break
        chosen = Design(n_configurations, _spaced(first, n_seeds, n_looks), level)
        if first * GROWTH ** (n_looks - 1) >= n_seeds:
            break
    return chosen


def losers(
    scores: Mapping[Label, Scores], race: Design, *, direction: Direction, noticeable: float
) -> list[DecidedPair[Label]]:
    """Return who is worse than the leader at this look, with the evidence: ``a`` is the loser."""
    judged = judge_table(scores, direction=direction, noticeable=noticeable, level=race.threshold)
    return [row for row in judged.rows if row.decision.verdict == "worse"]


def _spaced(first: int, last: int, n_looks: int) -> tuple[int, ...]:
    """Return numbers that grow by about the same factor, each at least one above the one before."""
    looks = [first]
    for place in range(1, n_looks):
        wanted = round(first * (last / first) ** (place / (n_looks - 1)))
        looks.append(min(max(wanted, looks[-1] + 1), last - (n_looks - 1 - place)))
    return tuple(looks)
