"""Initializers from outside: one Python function of shape and generator, tried out before it is taken."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.initializers.record import BoundInitializer, Initializer
from nnkit.registry import Value, function_hypers

_LEADING = ("shape", "rng")
# The kernel of a dense layer: what every initializer must be able to draw.
_TRIED_SHAPE = (5, 3)


def initializer_of(
    name: str,
    function: Callable[..., NDArray[Any]],
    given: Mapping[str, Value],
    *,
    summary: str,
    formula: str,
    source: str,
) -> Initializer:
    """Return the record of an initializer, or say why its function cannot be used."""
    where = f"initializer {name!r}"
    own = function_hypers(where, function, _LEADING, given)
    part = Initializer(
        name=name,
        summary=summary,
        formula=formula or f"w = {name}({', '.join((*_LEADING, *(hyper.name for hyper in own)))})",
        source=source,
        hyperparameters=own,
        distribution="function",
        function=function,
    )
    draw = BoundInitializer(part, part.resolve({}))
    if not np.array_equal(draw(_TRIED_SHAPE, seed=1), draw(_TRIED_SHAPE, seed=1)):
        raise InvalidArgument(
            f"{where}: it drew other numbers from a generator in the same state: no trial could be repeated."
            " Draw from the rng it is given, and from nothing else."
        )
    return part
