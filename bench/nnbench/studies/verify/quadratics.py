"""Published quadratics: DeepOBS's of 100 dimensions, re-derived, and the runs that were published on it."""

from functools import partial

import numpy as np

from nnbench.studies.descend.walk import Way, walk
from nnbench.studies.verify.check import Check
from nnkit import functions

_EPOCHS, _STEPS_AN_EPOCH = 100, 7
_SOURCE = "DeepOBS (Schneider, Balles, Hennig 2019)"


def checks() -> tuple[Check, ...]:
    """Return the checks of its spectrum, its losses, its stable rates, and of each published run."""
    spectrum = f"{_SOURCE}: trace, smallest and largest eigenvalue of its quadratic"
    losses = "its test loss at the start, at the training mean, and at 0"
    limits = "its largest stable rates: gradient descent, and the heavy ball at 0.99"
    return (
        Check("quadratics.deepobs.1", "", spectrum, spectrum, "477.612, 0.005522, 53.129", _spectrum),
        Check("quadratics.deepobs.2", "", losses, losses, "353.447, 87.046, 86.926", _losses),
        Check("quadratics.deepobs.3", "", limits, limits, "0.0376, 0.0749", _limits),
        *(
            _run(place, optimizer, rate, published)
            for place, (optimizer, rate, published) in enumerate(_RUNS, start=4)
        ),
    )


# Far from the tuned rate no draw of the batches matters: the published value to 0.2 %, by optimizer and rate.
_RUNS = (
    ("sgd", 1e-5, 236.1),
    ("sgd", 1e-4, 106.6),
    ("sgd", 1e-3, 95.85),
    ("momentum(momentum=0.99)", 1e-5, 96.76),
    ("momentum(momentum=0.99)", 1e-4, 87.29),
    ("adam(epsilon=1e-8)", 1e-5, 345.2),
    ("adam(epsilon=1e-8)", 1e-4, 280.3),
    ("adam(epsilon=1e-8)", 1e-3, 106.7),
    ("adam(epsilon=1e-8)", 1e-2, 88.53),
)


def _run(place: int, optimizer: str, rate: float, published: float) -> Check:
    claim = (
        f"100 epochs of {optimizer} at {rate:g}: distance from the published test loss {published:g}, share"
    )
    return Check(
        f"quadratics.deepobs.{place}",
        "",
        claim,
        claim,
        "≤ 0.002",
        partial(_distance, optimizer, rate, published),
    )


def _distance(optimizer: str, rate: float, published: float) -> float:
    deep = functions.get("quadratic_deep")
    way = Way(optimizer, rate, batch_size=128)
    end = walk(deep, way, deep.start(), _EPOCHS * _STEPS_AN_EPOCH).points[-1]
    return abs(float(deep.value(end)) / published - 1)


def _spectrum() -> list[float]:
    deep = functions.get("quadratic_deep")
    values = np.linalg.eigvalsh(deep.curvature(deep.start()))
    return [float(values.sum()), float(values[0]), float(values[-1])]


def _losses() -> list[float]:
    deep = functions.get("quadratic_deep")
    return [float(deep.value(point)) for point in (deep.start(), deep.minima()[0], np.zeros(100))]


def _limits() -> list[float]:
    largest = functions.get("quadratic_deep").largest_curvature()
    assert largest is not None
    return [2 / largest, 2 * 1.99 / largest]
