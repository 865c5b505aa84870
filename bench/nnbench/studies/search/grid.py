"""Which learning rates a search tries: first an even grid around the default, then a few at a time.

Every configuration gets the same number of rates. A round of them goes beyond the end of the grid as long as
the best rate is that end, and otherwise into the gaps around the best rate, down to a quarter of a decade.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nnbench.records.trials import Axes, Direction, Edge, Point, Span, Stage
from nnbench.statistics.tuning.choice import (
    Standing,
    basin_around,
    best_of,
    may_be_as_good,
    middle_of,
    spread_over,
)
from nnbench.statistics.tuning.sensitivity import distances
from nnkit.registry import spell_value

RATE = "learning_rate"
PER_ROUND = 2
ROUNDS = 2
# Rates nearer to each other than this share of a decade are not told apart by the seeds of a search: to
# choose between them is to draw one, and the next search draws another.
RESOLUTION = 0.25
MOST_ROUNDS = 8  # where the best of some configuration is still on an edge
# Below, no step moves a parameter in single precision; above, none leaves one finite.
LEAST_RATE, MOST_RATE = 1e-20, 1e20
_ROUNDING = 0.01  # of a gap between two rates of three digits
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
        """Return which of ``rates`` has the best mean; None where no score is finite.

        Rates that tie are as good as each other: the one nearest to the default is taken.
        """
        return best_of(standings, direction, away=distances(self.rates, self.default))

    def finalists(self, standings: Sequence[Standing], direction: Direction, n: int) -> tuple[int, ...]:
        """Return which rates get more seeds: so many that cover those that may be as good as the best."""
        found = self.best(standings, direction)
        # Where nothing trained, the smallest rates still may.
        basin = range(1) if found is None else basin_around(found, standings, good=may_be_as_good)
        return spread_over(basin, self.rates, n)

    def chosen(
        self, standings: Sequence[Standing], finalists: Sequence[int], direction: Direction
    ) -> int | None:
        """Return the finalist in the middle of those as good as the best. ``standings`` are theirs.

        An end of all rates that is the best stays the choice, so that it is seen to be no optimum. A default
        that ties with the best is the choice.
        """
        rates = [self.rates[place] for place in finalists]
        found = best_of(standings, direction, away=distances(rates, self.default))
        if found is None or finalists[found] in (0, len(self.rates) - 1):
            return None if found is None else finalists[found]
        best = standings[found]
        ties = [(each.score, each.loss) == (best.score, best.loss) for each in standings]
        if self.default in rates and ties[place := rates.index(self.default)]:
            return finalists[place]
        return finalists[middle_of(basin_around(found, standings), rates, standings, found)]

    def next_round(self, standings: Sequence[Standing], direction: Direction) -> "Grid":
        """Return the grid with PER_ROUND more rates."""
        found = self.best(standings, direction)
        if found is None:
            return self._grow("low")  # nothing trained: the smaller rates are what can still save it
        if found in (0, len(self.rates) - 1):  # what lies beyond is not known
            return self._grow("high" if found else "low")
        return self._refine(found)

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

    def _refine(self, best: int) -> "Grid":
        """Halve, on each side of the best rate, the nearest gap that is wider than the resolution.

        On a grid so fine that there is none the gaps beside the best are halved all the same, and two on one
        side where the other has none: a round costs as much for every configuration.
        """
        gaps = sorted(range(len(self.rates) - 1), key=lambda gap: abs(gap + 0.5 - best))
        wide = [gap for gap in gaps if self._decades(gap) > RESOLUTION * (1.0 + _ROUNDING)]
        chosen = list(dict.fromkeys([*_first_of_sides(wide, best), *wide, *gaps]))[:PER_ROUND]
        return self._with([], _rounded([self._middle(gap) for gap in chosen], self.rates))

    def _decades(self, gap: int) -> float:
        return math.log10(self.rates[gap + 1] / self.rates[gap])

    def _middle(self, gap: int) -> float:
        return math.sqrt(self.rates[gap] * self.rates[gap + 1])

    def _with(self, grown: Sequence[float], refined: Sequence[float]) -> "Grid":
        return Grid(self.default, self.first, (*self.grown, *grown), (*self.refined, *refined))


def _first_of_sides(gaps: Sequence[int], best: int) -> list[int]:
    """Return the nearest gap below the best rate and the nearest above."""
    below, above = [gap for gap in gaps if gap < best], [gap for gap in gaps if gap >= best]
    return [*below[:1], *above[:1]]


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
