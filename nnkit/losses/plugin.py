"""Losses from outside: one Python function of an output and its target, tried out before it is taken."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.jit import Kernel, explained
from nnkit.losses.bound import BoundLoss
from nnkit.losses.record import Loss
from nnkit.losses.rows import row_of_numbers
from nnkit.registry import Value, first_line, function_hypers

_POINTS = np.linspace(0.1, 3.0, 30)[:, None]  # outputs; the targets are others of them
_DISTANCE, _CLOSE = 1e-6, 1e-3  # of a difference quotient; a mistake is off by more


def loss_of(name: str, each: Callable[..., Any], hyperparameters: dict[str, Value]) -> Loss:
    """Return the record of a loss, or say why its function cannot be used."""
    where = f"loss {name!r}"
    plain = getattr(each, "py_func", each)  # of a function that numba compiled already
    function = plain if isinstance(plain, Kernel) else Kernel(plain)
    record = Loss(
        name=name,
        summary=first_line(plain) or "A plug-in.",
        formula=f"mean of {getattr(plain, '__name__', 'each')}(output, target)",
        source="plug-in",
        hyperparameters=function_hypers(where, function.function, ("output", "target"), hyperparameters),
        row=row_of_numbers.bind(each=function),
        targets="real",
    )
    loss, targets = BoundLoss(record, record.resolve({}, where)), _POINTS[::-1] + 0.017
    with explained(where, function):
        value, slopes = loss.value_and_gradient(_POINTS, targets)
    if not np.isfinite(value) or not np.isfinite(slopes).all():
        raise InvalidArgument(f"{where}: it must be finite, but its mean for outputs up to 3 is {value:g}.")
    step = np.full_like(_POINTS, _DISTANCE)
    rise = (loss.value(_POINTS + step, targets) - loss.value(_POINTS - step, targets)) / (2 * _DISTANCE)
    if abs(rise - slopes.sum()) > _CLOSE * max(1.0, np.abs(slopes).sum()):
        raise InvalidArgument(
            f"{where}: its slopes add up to {slopes.sum():.6g}, but its value rises by {rise:.6g} there."
            " The function must return (loss, derivative by the output)."
        )
    return record
