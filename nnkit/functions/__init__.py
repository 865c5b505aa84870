"""Functions to descend, by name: value, gradient and Hessian, and where their minima and saddles are."""

from collections.abc import Callable

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.functions.of_samples import IRIS, QUADRATIC_DEEP
from nnkit.functions.planar import PLANAR
from nnkit.functions.record import Function, Samples, Vector
from nnkit.registry import Registry

__all__ = ["Function", "Samples", "Vector", "get", "names", "record", "records", "register"]

_registry: Registry[Function] = Registry("function")
for _part in (*PLANAR, QUADRATIC_DEEP, IRIS):
    _registry.add(_part)


def get(name: str) -> Function:
    """Return the function called ``name``; it has no hyper-parameters, so this is its record."""
    return record(name)


def record(name: str) -> Function:
    """Return what is known of one of the functions: formula, source, numbers with their ranges."""
    return _registry.record(name)


def names() -> tuple[str, ...]:
    """Return the names of all functions, registered ones among them."""
    return _registry.names()


def records() -> tuple[Function, ...]:
    """Return what is known of each of the functions, in the order of `names`."""
    return tuple(_registry)


def register(
    name: str,
    value: Callable[[Vector], Vector],
    gradient: Callable[[Vector], Vector],
    *,
    start: tuple[float, float],
    domain: tuple[float, float, float, float],
    minima: tuple[tuple[float, float], ...] = (),
) -> Function:
    """Add a function of two numbers from a plug-in.

    ``value`` and ``gradient`` take arrays of shape (…, 2) and return (…) and (…, 2). The gradient is held
    against differences of the values around the start. Errors: InvalidArgument.
    """
    _registry.check_name(name)
    point = np.array(start, dtype=np.float64)
    if point.shape != (2,) or len(domain) != 4:
        raise InvalidArgument(
            f"function {name!r}: start must be (x, y) and domain (x_min, x_max, y_min, y_max),"
            f" found {start!r} and {domain!r}."
        )
    steps = 1e-6 * np.eye(2) * max(1.0, float(np.abs(point).max()))
    measured = [float(value(point + step) - value(point - step)) / (2 * step.max()) for step in steps]
    said = np.asarray(gradient(point), dtype=np.float64)
    if said.shape != (2,) or not np.allclose(said, measured, rtol=1e-4, atol=1e-4):
        raise InvalidArgument(
            f"function {name!r}: at {start} differences of its values give the gradient {measured},"
            f" and gradient() returns {said.tolist()}. Mend one of them."
        )
    return _registry.add(
        Function(
            name=name,
            summary=(value.__doc__ or "A plug-in.").strip().partition("\n")[0],
            formula="value(x), gradient(x)",
            source="plug-in",
            value=value,
            gradient=gradient,
            start=lambda: point,
            domain=domain,
            minima=lambda: np.array(minima, dtype=np.float64).reshape(-1, 2),
        )
    )
