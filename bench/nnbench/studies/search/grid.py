"""Which learning rates a search tries: first an even grid around the default, then a few at a time.

Every configuration gets the same number of rates. A round of them goes beyond the end of the grid as long as
the best rate is that end, and otherwise between the best rate and its neighbours.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from nnbench.records.trials import Axes, Direction, Edge, Point, Span, Stage
from nnbench.statistics.tuning.searched import Standing
from nnbench.statistics.tuning.sensitivity import best_index, distances
from nnkit.registry import spell_value

RATE = "learning_rate"
PER_ROUND = 2
ROUNDS = 2  # by the second the neighbours of the best are a quarter of a step of the grid away
MOST_ROUNDS = 8  # where the best of some configuration is still on an edge
# Below, no step moves a parameter in single precision; above, none leaves one finite.
LEAST_RATE, MOST_RATE = 1e-20, 1e20
_DIGITS = 3  # of a rate: two neighbours differ by far more


@dataclass(frozen=True, slots=True)
class Grid:
    """The rates that one configuration is tried at."""

    default: float
    first: tuple[float, ...]
    grown: tuple[float, ...] = ()
    refined: tuple[float, ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        return tuple(sorted((*self.first, *self.grown, *self.refined)))

    @property
    def points(self) -> tuple[Point, ...]:
        """The rates, each as a point of a search."""
        return tuple(
            Point(Axes(((RATE, spell_value(rate)),)), (rate,), self._stage(rate)) for rate in self.rates
        )

    @property
    def spans(self) -> tuple[Span, ...]:
        return (Span(RATE, self.first[0], self.first[-1], self.default),)

    def best(self, standings: Sequence[Standing], direction: Direction) -> int | None:
        """Return which of ``rates`` is the best; None where no score is finite.

        Rates that tie are as good as each other: the one nearest to the default is taken.
        """
        return best_of(standings, direction, away=distances(self.rates, self.default))

    def next_round(self, standings: Sequence[Standing], direction: Direction) -> "Grid":
        """Return the grid with PER_ROUND more rates."""
        found = self.best(standings, direction)
        if found is None:
            return self._grow("low")  # nothing trained: the smaller rates are what can still save it
        if found in (0, len(self.rates) - 1):  # what lies beyond is not known
            return self._grow("high" if found else "low")
        return self._refine(self.rates[found - 1 : found + 2])

    def _stage(self, rate: float) -> Stage:
        return "refined" if rate in self.refined else "grown" if rate in self.grown else "grid"

    def _grow(self, edge: Edge) -> "Grid":
        """Go on beyond an end, or between it and its neighbour where nothing can train any further out."""
        step = (self.first[-1] / self.first[0]) ** (1.0 / (len(self.first) - 1))
        rates, factor = (self.rates, 1.0 / step) if edge == "low" else (self.rates[::-1], step)
        beyond = [rates[0] * factor ** (place + 1) for place in range(PER_ROUND)]
        grown = _rounded([rate for rate in beyond if LEAST_RATE <= rate <= MOST_RATE], self.rates)
        n_left = PER_ROUND - len(grown)
        shares = [(place + 1) / (n_left + 1) for place in range(n_left)]
        between = [rates[0] * (rates[1] / rates[0]) ** share for share in shares]
        return self._with(grown, _rounded(between, self.rates))

    def _refine(self, around: Sequence[float]) -> "Grid":
        left, best, right = around
        return self._with([], _rounded([math.sqrt(left * best), math.sqrt(best * right)], self.rates))

    def _with(self, grown: Sequence[float], refined: Sequence[float]) -> "Grid":
        return Grid(self.default, self.first, (*self.grown, *grown), (*self.refined, *refined))


def best_of(
    standings: Sequence[Standing], direction: Direction, *, away: ArrayLike | None = None
) -> int | None:
    """Return the place of the best point; None where no score is finite."""
    scores, losses = [each.score for each in standings], [each.loss for each in standings]
    if not any(map(math.isfinite, scores)):
        return None
    return best_index(scores, direction=direction, losses=losses, away=away)


def first_grid(default: float, *, n_points: int, decades: float) -> Grid:
    """Return the even grid around the default rate, which an odd number of points puts in its middle."""
    decades = reach(default, decades)
    places = [decades * (index / (n_points - 1) - 0.5) for index in range(n_points)]
    # The middle is the default itself and not what rounding makes of it: it must be the same trial.
    kept = [default] if n_points % 2 else []
    wanted = [default * 10.0**place for place in places if place or not kept]
    return Grid(default, tuple(sorted([*kept, *_rounded(wanted, kept)])))


def reach(default: float, decades: float) -> float:
    """Return how many decades around a default rate can be searched: at most those asked for."""
    room = min(math.log10(default / LEAST_RATE), math.log10(MOST_RATE / default))
    return min(decades, 2.0 * room)


def _rounded(wanted: Sequence[float], taken: Collection[float]) -> list[float]:
    """Return the rates with few digits, as many as keep each apart from the others and those taken."""
    chosen: list[float] = []
    for rate in wanted:
        candidates = (float(f"{rate:.{digits}g}") for digits in range(_DIGITS, 18))
        chosen.append(next((each for each in candidates if each not in (*taken, *chosen)), rate))
    return chosen
