"""Losses by name: the mean over the rows of a batch, and its gradient; classification takes logits."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nnkit.errors import InvalidArgument
from nnkit.losses.bound import BoundLoss
from nnkit.losses.builtin import BUILTIN
from nnkit.losses.plugin import loss_of
from nnkit.losses.record import Loss
from nnkit.losses.useless import useless_loss
from nnkit.registry import Registry, Value, parse_choice

__all__ = ["BoundLoss", "Loss", "get", "names", "record", "records", "register", "resolve", "useless_loss"]

_registry: Registry[Loss] = Registry("loss")
for _part in BUILTIN:
    _registry.add(_part)


def names() -> tuple[str, ...]:
    """Return the names of all losses, registered ones among them."""
    return _registry.names()


def records() -> tuple[Loss, ...]:
    """Return what is known of each of the losses, in the order of `names`."""
    return tuple(_registry)


def record(name: str) -> Loss:
    """Return the record of the loss called ``name``, or with that alias."""
    return _registry.record(name)


def get(name: str, **hyperparameters: Value) -> BoundLoss:
    """Return the loss called ``name``, a function of arrays; hyper-parameters by their names."""
    part = record(name)
    return BoundLoss(part, part.resolve(hyperparameters, f"loss {name}"))


def resolve(given: str | BoundLoss, where: str = "loss") -> BoundLoss:
    """Return the loss that a name such as ``"huber(delta=0.5)"`` stands for."""
    if isinstance(given, BoundLoss):
        return given
    if not isinstance(given, str):
        raise InvalidArgument(
            f"{where} must be a name such as 'mse', found {given!r}. With options: 'huber(delta=2)'."
        )
    name, parameters = parse_choice(given)
    return get(name, **parameters)


def register(name: str, each: Callable[..., Any], **hyperparameters: Value) -> Loss:
    """Add a loss of real targets: ``each(output, target, …)`` returns the loss of one output and its slope.

    It is plain Python that numba can compile. Keywords here are its further arguments with their defaults.
    The slope is held against differences of the value.
    """
    _registry.check_name(name)
    return _registry.add(loss_of(name, each, hyperparameters))


def __getattr__(name: str) -> Callable[..., BoundLoss]:
    """Return Keras's way to write ``get``: ``losses.Huber(delta=2.0)``."""
    if name[:1].isupper() and name in _registry:
        return partial(get, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
