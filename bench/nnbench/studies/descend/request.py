"""From what a user asked for to the paths: every optimizer at every rate, schedule, batch and seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnbench.cases import choices
from nnbench.errors import UsageError
from nnbench.records.descent import Descent, Path
from nnbench.studies.descend.endings import ending
from nnbench.studies.descend.picture import landscape, plane
from nnbench.studies.descend.walk import Walk, Way, walk
from nnkit import functions, optimizers
from nnkit.functions import Function, Vector
from nnkit.optimizers.bound import BoundOptimizer

MOST_STEPS, MOST_PATHS = 1_000_000, 200


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options as they were written; None where nothing was said."""

    optimizer: str | None = None
    rate: str | None = None
    schedule: str | None = None
    batch: str | None = None
    start: str | None = None
    n_steps: int | None = None
    noise: float = 0.0
    seeds: int = 1


def descend(name: str, wishes: Wishes, command: str) -> Descent:
    """Walk every path that is asked for. Errors: UsageError; UnknownName for the function."""
    function = functions.get(name)
    start, n_steps = _start(function, wishes.start), _n_steps(function, wishes.n_steps)
    if not (np.isfinite(wishes.noise) and wishes.noise >= 0):
        raise UsageError(f"--noise {wishes.noise:g}: must be a number of at least 0. Try 0.1.")
    ways = list(_ways(function, wishes))
    if len(ways) > MOST_PATHS:
        raise UsageError(
            f"these are {len(ways)} paths, and at most {MOST_PATHS} can be told apart. Ask for fewer."
        )
    walks = [walk(function, way, start, n_steps) for way in ways]
    on = plane(function, start, [each.points for each in walks])
    paths = tuple(
        _path(function, way, walked, on.shadow(walked.points), n_steps)
        for way, walked in zip(ways, walks, strict=True)
    )
    minima = function.minima()
    return Descent(
        function=function.name,
        formula=function.formula,
        source=function.source,
        summary=function.summary,
        start=tuple(start.tolist()),
        least=float(function.value(minima[0])) if len(minima) else None,
        curvature=function.largest_curvature(),
        noise=wishes.noise,
        paths=paths,
        landscape=landscape(function, on, [path.points for path in paths], start),
        minima=on.shadow(minima),
        others=on.shadow(function.others()) if start.size == 2 else np.empty((0, 2)),
        command=command,
    )


def _path(function: Function, way: Way, walked: Walk, shadow: Vector, n_steps: int) -> Path:
    with np.errstate(all="ignore"):
        values = function.value(walked.points)
    found = ending(function, walked.points, values, n_steps)
    bound = _bound(way.optimizer)
    own = bound.parameters["learning_rate"]
    assert isinstance(own, float), own
    is_random = way.noise > 0 or way.batch_size is not None
    return Path(
        optimizer=way.optimizer,
        learning_rate=own if way.rate is None else way.rate,
        schedule=way.schedule,
        batch_size=way.batch_size,
        seed=way.seed if is_random else None,
        points=shadow,
        values=values,
        last=tuple(walked.points[-1].tolist()),
        end=found.end,
        why=found.why,
        settled=found.settled,
        limit=_limit(bound, function.largest_curvature()),
    )


def _bound(optimizer: str) -> BoundOptimizer:
    return optimizers.get(optimizer)


def _limit(optimizer: BoundOptimizer, curvature: float | None) -> float | None:
    """Return the rate from which on an optimizer leaves a bowl of this curvature, where a formula is known.

    Gradient descent 2 / c, heavy ball 2 (1 + m) / c, Nesterov 2 (1 + m) / (c (1 + 2 m)): the roots of the
    characteristic polynomial leave the unit circle at -1. Source: Polyak (1964), section 2.
    """
    momentum = optimizer.parameters.get("momentum", 0.0)
    assert isinstance(momentum, float | int), momentum
    factors = {
        "sgd": 2.0,
        "momentum": 2.0 * (1 + momentum),
        "nesterov": 2.0 * (1 + momentum) / (1 + 2 * momentum),
    }
    factor = factors.get(optimizer.name)
    is_plain = optimizer.decay == 0 and optimizer.parameters.get("global_clipnorm") is None
    return factor / curvature if factor is not None and curvature is not None and is_plain else None


def _ways(function: Function, wishes: Wishes) -> Iterator[Way]:
    chosen = [choices.optimizer(text, "--optimizer") for text in choices.split(wishes.optimizer or "sgd")]
    rates = [
        choices.learning_rate(text, "--lr") for text in choices.split(wishes.rate or choices.DEFAULT_RATE)
    ]
    schedules = [
        choices.canonical("schedules", text, "--schedule")
        for text in choices.split(wishes.schedule or "constant")
    ]
    batches = _batches(function, wishes.batch)
    for optimizer in dict.fromkeys(chosen):
        for rate in dict.fromkeys(optimizer.at(rate) for rate in rates):
            own = None if rate == choices.DEFAULT_RATE else float(rate)
            for schedule in dict.fromkeys(schedules):
                for batch in batches:
                    # Without noise every seed is the same path.
                    is_random = wishes.noise > 0 or batch is not None
                    for seed in range(wishes.seeds if is_random else 1):
                        yield Way(optimizer.text, own, schedule, batch, wishes.noise, seed)


def _batches(function: Function, wished: str | None) -> list[int | None]:
    if function.samples is None:
        if wished is not None:
            raise UsageError(
                f"--batch {wished}: {function.name} is no mean over samples. Try --noise 0.1, or iris."
            )
        return [None]
    if wished is None:
        return [function.samples.batch_size]
    sizes = [int(choices.batch_size(text, "--batch")) for text in choices.split(wished)]
    for size in sizes:
        if size > function.samples.n:
            raise UsageError(
                f"--batch {size}: {function.name} has {function.samples.n} samples. Ask for fewer."
            )
    return list(dict.fromkeys(sizes))


def _start(function: Function, wished: str | None) -> Vector:
    usual = function.start()
    if wished is None:
        return usual
    try:
        numbers = np.array([float(text) for text in wished.split(",")])
    except ValueError:
        numbers = np.empty(0)
    if numbers.shape != usual.shape or not np.isfinite(numbers).all():
        example = ",".join(f"{each:g}" for each in usual[:2])
        raise UsageError(
            f"--start {wished}: {function.name} starts from {usual.size} numbers. Try --start={example}."
            if usual.size == 2
            else f"--start {wished}: {function.name} starts from {usual.size} numbers. Leave it out."
        )
    return numbers


def _n_steps(function: Function, wished: int | None) -> int:
    if wished is None:
        return function.n_steps
    if not 1 <= wished <= MOST_STEPS:
        raise UsageError(f"--steps {wished}: must be from 1 to {MOST_STEPS:,}. Try {function.n_steps}.")
    return wished
