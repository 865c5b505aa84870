"""One path: an optimizer applied by hand in double precision, step after step."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from nnkit import optimizers, schedules
from nnkit.functions import Function, Samples, Vector
from nnkit.registry import parse_choice

Gradient = Callable[[Vector], Vector]


@dataclass(frozen=True, slots=True)
class Way:
    """How one path is walked; ``rate`` is None for the optimizer's own."""

    optimizer: str
    rate: float | None = None
    schedule: str = "constant"
    batch_size: int | None = None
    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The points of a path, the start first; ``rates`` of its steps. It stops where numbers end."""

    points: Vector  # (steps + 1, d)
    rates: Vector  # (steps,)


def walk(function: Function, way: Way, start: Vector, n_steps: int) -> Walk:
    """Return the path of ``n_steps`` updates from a start, shorter where it leaves the finite numbers."""
    asked = {} if way.rate is None else {"learning_rate": way.rate}
    optimizer = optimizers.get(way.optimizer, **asked)
    optimizer.expect(n_steps)
    base = optimizer.parameters["learning_rate"]
    assert isinstance(base, float), base
    rates = _rates(way.schedule, base, n_steps)
    point = {"x": np.array(start, dtype=np.float64)}
    points = [point["x"].copy()]
    # A diverging path overflows: that is its result, and no warning.
    with np.errstate(all="ignore"):
        for rate, gradient in zip(rates, gradients(function, way), strict=False):
            # The record's parameters are the user's; the rate alone moves, by the schedule.
            optimizer.parameters["learning_rate"] = float(rate)
            optimizer.apply(point, partial(_at, gradient))
            if not np.isfinite(point["x"]).all():
                break
            points.append(optimizer.view(point)["x"])
    return Walk(np.array(points), rates)


def _at(gradient: Gradient, point: Mapping[str, Vector]) -> dict[str, Vector]:
    return {"x": gradient(point["x"])}


def _rates(schedule: str, base: float, n_steps: int) -> Vector:
    name, given = parse_choice(schedule)
    return schedules.get(name, **given).relative(base, n_steps)


def gradients(function: Function, way: Way) -> Iterator[Gradient]:
    """Yield the gradient of each step: of a batch where the way has one, with noise where it asks for it."""
    rng = np.random.default_rng(way.seed)
    for gradient in _exact(function, way, rng):
        if way.noise:
            drawn = rng.normal(0.0, way.noise, function.start().shape)
            yield _shifted(gradient, drawn)
        else:
            yield gradient


def _shifted(gradient: Gradient, by: Vector) -> Gradient:
    return lambda point: gradient(point) + by


def _exact(function: Function, way: Way, rng: np.random.Generator) -> Iterator[Gradient]:
    if function.samples is None or way.batch_size is None:
        while True:
            yield function.gradient
    else:
        yield from _of_batches(function.samples, way.batch_size, rng)


def _of_batches(samples: Samples, size: int, rng: np.random.Generator) -> Iterator[Gradient]:
    """Yield the gradients of batch after batch; samples that fill no batch wait for another epoch."""
    order = rng.permutation(samples.n)
    while True:
        for first in range(0, samples.n - size + 1, size):
            rows = order[first : first + size]
            yield lambda point, rows=rows: samples.gradient(point, rows)  # type: ignore[misc]
        if not samples.is_repeated:
            order = rng.permutation(samples.n)
