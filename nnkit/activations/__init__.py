"""Activations by name: ``get("gelu")(x)`` the values, ``get("gelu").gradient(x)`` the derivative."""

from collections.abc import Callable
from typing import Any

from nnkit.activations.builtin import BUILTIN
from nnkit.activations.plugin import activation_of
from nnkit.activations.record import Activation, BoundActivation, RowActivation
from nnkit.activations.rows import ROWS
from nnkit.registry import Registry, Value

__all__ = ["Activation", "BoundActivation", "RowActivation", "get", "names", "record", "records", "register"]

_registry: Registry[Activation | RowActivation] = Registry("activation")
for _part in (*BUILTIN, *ROWS):
    _registry.add(_part)


def names() -> tuple[str, ...]:
    """Return the names of all activations, registered ones among them."""
    return _registry.names()


def records() -> tuple[Activation | RowActivation, ...]:
    """Return what is known of each of the activations, in the order of `names`."""
    return tuple(_registry)


def record(name: str) -> Activation | RowActivation:
    """Return the record of the activation called ``name``, or with that alias."""
    return _registry.record(name)


def get(name: str, **hyperparameters: Value) -> BoundActivation:
    """Return the activation called ``name``, a function of arrays; hyper-parameters by their names."""
    part = record(name)
    return BoundActivation(part, part.resolve(hyperparameters, f"activation {name}"))


def register(
    name: str,
    *,
    value: Callable[..., Any],
    slope: Callable[..., Any],
    summary: str = "A plug-in.",
    formula: str = "",
    source: str = "plug-in",
) -> Activation:
    """Add an activation made of two functions of one number: itself and its derivative.

    Both are functions of the input, and plain Python that numba can compile; they may use ``math``. The slope
    is held against finite differences of the value.
    """
    _registry.check_name(name)
    part = activation_of(name, value=value, slope=slope, summary=summary, formula=formula, source=source)
    _registry.add(part)
    return part
