"""Which points of several hyper-parameters a search tries: the default, then quasi-random ones around it.

A hyper-parameter is searched evenly on its own scale: the logarithm of its value or, for a share that is
kept, of what is lost, 1 - value.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnbench.cases import choices
from nnbench.errors import UsageError
from nnbench.records.trials import Axes, Direction, Point, Span
from nnbench.statistics.tuning.choice import Standing, best_of, is_as_good
from nnbench.studies.search.grid import RATE, reach
from nnkit.registry import Hyper, Part, Value, spell_value

# The rate is the one that may be off by orders of magnitude; the others get half of its decades.
_OTHERS = 0.5
_DIGITS = 3
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)
_SCALES = ("log", "complement")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One hyper-parameter with the span that is searched."""

    hyper: Hyper
    span: Span

    def at(self, share: float) -> float:
        """Return the value at this share of the way from the low to the high end, with few digits."""
        low, high = self.span.low, self.span.high
        if self.hyper.tune == "complement":
            lost = (1.0 - low) * ((1.0 - high) / (1.0 - low)) ** share
            # Rounded as what is lost: 0.9968 and 0.9972 are not the same.
            return round(1.0 - float(f"{lost:.{_DIGITS}g}"), 12)
        return float(f"{low * (high / low) ** share:.{_DIGITS}g}")

    def share(self, value: float) -> float:
        """Return at which share of the way a value stands."""
        low, high = self.span.low, self.span.high
        if self.hyper.tune == "complement":
            return math.log((1.0 - low) / (1.0 - value)) / math.log((1.0 - low) / (1.0 - high))
        return math.log(value / low) / math.log(high / low)


@dataclass(frozen=True, slots=True)
class Cloud:
    """The points that one configuration is tried at."""

    spans: tuple[Span, ...]
    points: tuple[Point, ...]
    away: tuple[float, ...]  # how far each is from the default, in shares of the spans

    def finalists(self, standings: Sequence[Standing], direction: Direction, n: int) -> tuple[int, ...]:
        """Return the ``n`` points with the best means, and where nothing trained the first ones."""
        left, found = list(range(len(self.points))), list[int]()
        while left and len(found) < n:
            best = best_of([standings[place] for place in left], direction) or 0
            found.append(left.pop(best))
        return tuple(sorted(found))

    def chosen(
        self, standings: Sequence[Standing], finalists: Sequence[int], direction: Direction
    ) -> int | None:
        """Return the finalist nearest to the default of those as good as the best: the default, if it is.

        A basin in several dimensions has no middle that need be a point, and what is changed of a default
        without need is no result. ``standings`` are those of the finalists.
        """
        found = best_of(standings, direction)
        if found is None:
            return None
        best = standings[found]
        good = [place for place, each in zip(finalists, standings, strict=True) if is_as_good(each, best)]
        return min(good, key=lambda place: self.away[place])


def cloud(searched: tuple[Dimension, ...], optimizer: str, n_points: int) -> Cloud:
    """Return the points around the default of an optimizer that is spelt so."""
    every = values_of(searched, n_points)
    points = (Point(_choices(searched, optimizer, values), values, "point") for values in every)
    places = [[each.share(value) for each, value in zip(searched, own, strict=True)] for own in every]
    away = (math.dist(place, places[0]) for place in places)
    return Cloud(tuple(each.span for each in searched), tuple(points), tuple(away))


def _choices(searched: Sequence[Dimension], optimizer: str, values: Sequence[float]) -> Axes:
    """Return the choices that a point sets: the optimizer with its hyper-parameters, and the rate."""
    named = {each.hyper.name: value for each, value in zip(searched, values, strict=True)}
    rate = named.pop(RATE)
    part, given = choices.core(optimizer)
    spelt = choices.with_core(optimizer, part.name, {**given, **named}, "--over")
    return Axes((("optimizer", spelt), (RATE, spell_value(rate))))


def dimensions(
    part: Part, given: Mapping[str, Value], over: Iterable[str], *, decades: float, where: str
) -> tuple[Dimension, ...]:
    """Return what is searched of an optimizer: the rate, and those of ``over`` that it has, in its own order.

    The span of each is around the value it was given, or else around its default.
    """
    wanted = {RATE, *over}
    chosen = part.resolve(given)
    return tuple(
        Dimension(hyper, _span(hyper, chosen[hyper.name], decades, where))
        for hyper in part.hyperparameters
        if hyper.name in wanted
    )


def searchable(part: Part, given: Mapping[str, Value]) -> list[str]:
    """Return the hyper-parameters of an optimizer that have a scale and a value to search around."""
    chosen = part.resolve(given)
    return [each.name for each in part.hyperparameters if each.tune in _SCALES and chosen[each.name]]


def _span(hyper: Hyper, centre: Value, decades: float, where: str) -> Span:
    if hyper.tune not in _SCALES:
        raise UsageError(f"--over: {hyper.name} of {where} has no scale to be searched on. Leave it out.")
    if not isinstance(centre, float) or centre <= 0.0:
        raise UsageError(
            f"--over: {hyper.name} of {where} is {centre!r}, and a search goes around a value above 0."
            f" Give it one, for example {where.partition('(')[0]}({hyper.name}="
            f"{'0.9' if hyper.tune == 'complement' else '0.01'})."
        )
    wide = reach(centre, decades) if hyper.name == RATE else _OTHERS * decades
    factor = 10.0 ** (0.5 * wide)
    if hyper.tune == "log":
        return Span(hyper.name, centre / factor, centre * factor, centre)
    lost = 1.0 - centre
    # Nothing of a share may be kept, and not less than nothing.
    return Span(hyper.name, max(0.0, 1.0 - lost * factor), 1.0 - lost / factor, centre)


def values_of(searched: Sequence[Dimension], n_points: int) -> tuple[tuple[float, ...], ...]:
    """Return the values of every point: the default first, then ``n_points - 1`` others."""
    default = tuple(each.span.default for each in searched)
    # A set that remembers the order: of one hyper-parameter the sequence itself begins at the default.
    found = {default: None}
    for point in quasi_random(2 * n_points, len(searched)):
        found[tuple(each.at(share) for each, share in zip(searched, point, strict=True))] = None
    return tuple(found)[:n_points]


def quasi_random(n: int, n_dimensions: int) -> list[tuple[float, ...]]:
    """Return points that fill the unit cube evenly from the first on: the Halton sequence, without its 0.

    Coordinate j of point i has the digits of i in the base of the j-th prime, mirrored at the point.
    Source: Halton (1960), Numerische Mathematik 2(1).
    """
    assert n_dimensions <= len(_PRIMES), n_dimensions
    return [tuple(_mirrored(index, base) for base in _PRIMES[:n_dimensions]) for index in range(1, n + 1)]


def _mirrored(index: int, base: int) -> float:
    """Return the digits of an index behind the point, the last one first: 6 = 110 in base 2 is 0.011."""
    numerator, denominator = 0, 1
    while index:
        index, digit = divmod(index, base)
        numerator, denominator = numerator * base + digit, denominator * base
    return numerator / denominator
