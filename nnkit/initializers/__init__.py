"""Initial weights by name; names, formulas and defaults are Keras's, PyTorch's names are aliases."""

from nnkit.initializers.builtin import BUILTIN, TRUNCATED_STDDEV
from nnkit.initializers.record import BoundInitializer, Initializer, compute_fans
from nnkit.registry import Registry, Value

__all__ = [
    "TRUNCATED_STDDEV",
    "BoundInitializer",
    "Initializer",
    "compute_fans",
    "get",
    "names",
    "record",
    "records",
]

_registry: Registry[Initializer] = Registry("initializer")
for _part in BUILTIN:
    _registry.add(_part)


def get(name: str, **hyperparameters: Value) -> BoundInitializer:
    """Return the initializer called ``name`` with the given hyper-parameters."""
    chosen = record(name)
    return BoundInitializer(chosen, chosen.resolve(hyperparameters))


def record(name: str) -> Initializer:
    return _registry.record(name)


def names() -> tuple[str, ...]:
    return _registry.names()


def records() -> tuple[Initializer, ...]:
    return tuple(_registry)
