"""Initial weights by name; names, formulas and defaults are Keras's, PyTorch's names are aliases."""

from nnkit.errors import InvalidArgument
from nnkit.initializers.builtin import BUILTIN, TRUNCATED_STDDEV
from nnkit.initializers.learnt import DBN
from nnkit.initializers.record import BoundInitializer, Initializer, compute_fans
from nnkit.registry import Registry, Value

__all__ = [
    "LEARNT",
    "TRUNCATED_STDDEV",
    "BoundInitializer",
    "Initializer",
    "compute_fans",
    "get",
    "names",
    "record",
    "records",
]

# Chosen by name like the others, but no function of shape and seed: whoever trains must teach them.
LEARNT = (DBN,)
_registry: Registry[Initializer] = Registry("initializer")
for _part in BUILTIN:
    _registry.add(_part)


def get(name: str, **hyperparameters: Value) -> BoundInitializer:
    """Return the initializer called ``name`` with the given hyper-parameters."""
    chosen = record(name)
    return BoundInitializer(chosen, chosen.resolve(hyperparameters))


def record(name: str) -> Initializer:
    if name in {part.name for part in LEARNT}:
        raise InvalidArgument(
            f"initializer {name!r} is learnt from data, which a layer does not have."
            " Use nnkit.pretraining.DBN([…]).fit(x).classifier(n_classes), or nnbench run --init."
        )
    return _registry.record(name)


def names() -> tuple[str, ...]:
    return _registry.names()


def records() -> tuple[Initializer, ...]:
    return tuple(_registry)
