"""Initial weights by name; names, formulas and defaults are Keras's, PyTorch's names are aliases."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.initializers.builtin import BUILTIN, TRUNCATED_STDDEV
from nnkit.initializers.learnt import DBN
from nnkit.initializers.plugin import initializer_of
from nnkit.initializers.record import BoundInitializer, Initializer, compute_fans
from nnkit.initializers.scaled import SCALED
from nnkit.initializers.structured import STRUCTURED
from nnkit.registry import Registry, Value, first_line

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
    "register",
]

# Chosen by name like the others, but no function of shape and seed: whoever trains must teach them.
LEARNT = (DBN,)
_registry: Registry[Initializer] = Registry("initializer")
for _part in (*BUILTIN, *SCALED, *STRUCTURED):
    _registry.add(_part)


def get(name: str, **hyperparameters: Value) -> BoundInitializer:
    """Return the initializer called ``name`` with the given hyper-parameters."""
    chosen = record(name)
    return BoundInitializer(chosen, chosen.resolve(hyperparameters))


def record(name: str) -> Initializer:
    """Return what is known of one of the initializers: formula, source, numbers with their ranges."""
    if name in {part.name for part in LEARNT}:
        raise InvalidArgument(
            f"initializer {name!r} is learnt from data, which a layer does not have."
            " Use nnkit.pretraining.DBN([…]).fit(x).classifier(n_classes), or nnbench run --init."
        )
    return _registry.record(name)


def names() -> tuple[str, ...]:
    """Return the names of all initializers, registered ones among them."""
    return _registry.names()


def records() -> tuple[Initializer, ...]:
    """Return what is known of each of the initializers, in the order of `names`."""
    return tuple(_registry)


def register(
    name: str,
    function: Callable[..., NDArray[Any]],
    *,
    summary: str = "",
    formula: str = "",
    source: str = "plug-in",
    **hyperparameters: Value,
) -> Initializer:
    """Add an initializer that is a Python function: ``function(shape, rng, **further)`` returns the weights.

    ``rng`` is a ``numpy.random.Generator`` that depends on the trial's seed and on the parameter's place in
    the model, and on nothing else. What the function takes after the two, with its default, is a
    hyper-parameter; keywords here replace those defaults. Raises InvalidArgument where what it returns has
    another shape, is not finite, or is not the same for an ``rng`` in the same state.
    """
    _registry.check_name(name)
    return _registry.add(
        initializer_of(
            name,
            function,
            hyperparameters,
            summary=summary or first_line(function) or "A plug-in.",
            formula=formula,
            source=source,
        )
    )
