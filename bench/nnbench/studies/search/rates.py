"""Which learning rates a search tries: first an even grid around the default, then a few at a time.

Every configuration gets the same number of rates. A round of them goes beyond the end of the grid as long as
the best rate is that end, and otherwise between the best rate and its neighbours.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nnbench.records.trials import Direction, Edge
from nnbench.statistics.tuning.sensitivity import BestRate, best_rate

PER_ROUND = 2
ROUNDS = 2  # by the second the neighbours of the best are a quarter of a step of the grid away
MOST_ROUNDS = 8  # where the best of some configuration is still on an edge
_DIGITS = 3  # of a rate: two neighbours differ by far more


@dataclass(frozen=True, slots=True)
class Standing:
    """What one rate scored, as medians over the tuning seeds."""

    score: float  # the case's metric
    loss: float  # chooses among equal scores


@dataclass(frozen=True, slots=True)
class Search:
    """The rates that one configuration is tried at."""

    grid: tuple[float, ...]
    grown: tuple[float, ...] = ()
    refined: tuple[float, ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        return tuple(sorted((*self.grid, *self.grown, *self.refined)))

    def best(self, standings: Mapping[float, Standing], direction: Direction) -> BestRate | None:
        """Return which of ``rates`` has the best score; None where no score is finite."""
        scores = [standings[rate].score for rate in self.rates]
        if not any(map(math.isfinite, scores)):
            return None
        losses = [standings[rate].loss for rate in self.rates]
        return best_rate(self.rates, scores, direction=direction, losses=losses)

    def next_round(self, standings: Mapping[float, Standing], direction: Direction) -> "Search":
        """Return the search with PER_ROUND more rates."""
        found = self.best(standings, direction)
        if found is None:
            return self._grow("low")  # nothing trained: the smaller rates are what can still save it
        if found.edge is not None:
            return self._grow(found.edge)
        return self._refine(self.rates[found.index - 1 : found.index + 2])

    def _grow(self, edge: Edge) -> "Search":
        low, high = min(self.rates), max(self.rates)
        step = (self.grid[-1] / self.grid[0]) ** (1.0 / (len(self.grid) - 1))
        wanted = [low / step, low / step**2] if edge == "low" else [high * step, high * step**2]
        return Search(self.grid, (*self.grown, *_rounded(wanted, self.rates)), self.refined)

    def _refine(self, around: Sequence[float]) -> "Search":
        left, best, right = around
        wanted = [math.sqrt(left * best), math.sqrt(best * right)]
        return Search(self.grid, self.grown, (*self.refined, *_rounded(wanted, self.rates)))


def first_rates(default: float, *, n_points: int, decades: float) -> Search:
    """Return the even grid around the default rate, which an odd number of points puts in its middle."""
    places = [decades * (index / (n_points - 1) - 0.5) for index in range(n_points)]
    # The middle is the default itself and not what rounding makes of it: it must be the same trial.
    kept = [default] if n_points % 2 else []
    wanted = [default * 10.0**place for place in places if place or not kept]
    return Search(tuple(sorted([*kept, *_rounded(wanted, kept)])))


def _rounded(wanted: Sequence[float], taken: Collection[float]) -> list[float]:
    """Return the rates with few digits, as many as keep each apart from the others and those taken."""
    chosen: list[float] = []
    for rate in wanted:
        candidates = (float(f"{rate:.{digits}g}") for digits in range(_DIGITS, 18))
        chosen.append(next((each for each in candidates if each not in (*taken, *chosen)), rate))
    return chosen
