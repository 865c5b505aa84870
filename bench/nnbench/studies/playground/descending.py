"""Paths down a function for the page: optimizers at rates around the one above which descent leaves it."""

import numpy as np

from nnbench.errors import UsageError
from nnbench.records.descent import Descent
from nnbench.studies.descend.request import Wishes, descend
from nnkit import functions

OPTIMIZERS = "sgd,momentum,rmsprop,adam"
# Multiples of the rate 2 / curvature, above which plain gradient descent diverges.
_SHARES = (0.01, 0.05, 0.2, 0.45, 0.7, 0.95, 1.05)
_SAFE = 0.9
_FARTHEST = 1e9
_WITHOUT_LIMIT = "0.001,0.003,0.01,0.03,0.1,0.3"


def descents(name: str, *, optimizer: str | None, rates: str | None, command: str) -> Descent:
    """Return every optimizer at every rate from the function's own start."""
    function = functions.get(name)
    curvature = function.largest_curvature()
    # Without a domain of its own the picture reaches as far as the paths: a diverging one would leave nothing
    # to be seen of the others.
    shares = [share for share in _SHARES if function.domain is not None or share < _SAFE]
    own = ",".join(f"{2 * share / curvature:.2g}" for share in shares) if curvature else _WITHOUT_LIMIT
    found = descend(name, Wishes(optimizer=optimizer or OPTIMIZERS, rate=rates or own), command)
    reach = max(float(np.abs(axis).max()) for axis in (found.landscape.x, found.landscape.y))
    if not reach < _FARTHEST:
        raise UsageError(
            f"playground: a path down {name} leads {reach:.0e} away, and nothing would be seen of the others."
            " Leave the largest rate out."
        )
    return found
