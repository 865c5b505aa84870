"""Paths down a function for the page: optimizers at rates around the one above which descent leaves it."""

from nnbench.records.descent import Descent
from nnbench.studies.descend.request import Wishes, descend
from nnkit import functions

OPTIMIZERS = "sgd,momentum,rmsprop,adam"
# Multiples of the rate 2 / curvature, above which plain gradient descent diverges.
_SHARES = (0.01, 0.05, 0.2, 0.45, 0.7, 0.95, 1.05)
_WITHOUT_LIMIT = "0.001,0.003,0.01,0.03,0.1,0.3"


def descents(name: str, *, optimizer: str | None, rates: str | None, command: str) -> Descent:
    """Return every optimizer at every rate from the function's own start."""
    curvature = functions.get(name).largest_curvature()
    own = _WITHOUT_LIMIT if not curvature else ",".join(f"{2 * share / curvature:.2g}" for share in _SHARES)
    return descend(name, Wishes(optimizer=optimizer or OPTIMIZERS, rate=rates or own), command)
