"""Losses by name: the mean over the rows of a batch, and its gradient; classification takes logits."""

from nnkit.losses.builtin import BINARY_CROSSENTROPY, MEAN_SQUARED_ERROR, SPARSE_CATEGORICAL_CROSSENTROPY
from nnkit.losses.record import Loss, checked_labels
from nnkit.registry import Registry

__all__ = [
    "BINARY_CROSSENTROPY",
    "MEAN_SQUARED_ERROR",
    "SPARSE_CATEGORICAL_CROSSENTROPY",
    "Loss",
    "checked_labels",
    "get",
    "names",
    "record",
    "records",
]

_registry: Registry[Loss] = Registry("loss")
for _part in (SPARSE_CATEGORICAL_CROSSENTROPY, BINARY_CROSSENTROPY, MEAN_SQUARED_ERROR):
    _registry.add(_part)


def names() -> tuple[str, ...]:
    return _registry.names()


def records() -> tuple[Loss, ...]:
    return tuple(_registry)


def record(name: str) -> Loss:
    """Return the loss called ``name``, or with that alias."""
    return _registry.record(name)


def get(name: str) -> Loss:
    """Return the loss called ``name``; it has no hyper-parameters, so this is its record."""
    return record(name)
