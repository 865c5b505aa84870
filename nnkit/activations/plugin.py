"""Activations from outside: two Python functions, tried out before they are taken."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.activations.record import Activation, BoundActivation
from nnkit.errors import InvalidArgument
from nnkit.jit import Kernel

_SAMPLE = (-1.5, -0.5, 0.0, 0.5, 1.5)


def activation_of(
    name: str,
    *,
    value: Callable[..., Any],
    slope: Callable[..., Any],
    summary: str,
    formula: str,
    source: str,
) -> Activation:
    """Return the record of an activation, or say which of its two functions cannot be used and why."""
    part = Activation(
        name=name,
        summary=summary,
        formula=formula,
        source=source,
        value=_scalar_kernel(value, f"activation {name!r}, value"),
        slope=_scalar_kernel(slope, f"activation {name!r}, slope"),
        slope_of="input",
    )
    bound = BoundActivation(part, {})
    for dtype in (np.float32, np.float64):
        sample = np.array(_SAMPLE, dtype)
        _try(f"activation {name!r}, value", bound, sample)
        _try(f"activation {name!r}, slope", bound.gradient, sample)
    return part


def _scalar_kernel(function: object, where: str) -> Kernel:
    if isinstance(function, Kernel):
        return function
    plain = getattr(function, "py_func", function)  # of a function that numba compiled already
    if not callable(plain):
        raise InvalidArgument(f"{where}: expected a function of one number, found {function!r}.")
    return Kernel(plain)


def _try(where: str, function: Callable[[Any], Any], sample: Any) -> None:
    try:
        function(sample)
    # Whatever the author of the function got wrong, and whatever numba makes of it, is told the same way.
    except Exception as error:
        raise InvalidArgument(
            f"{where}: numba cannot compile it for {sample.dtype} ({_reason(error)}). "
            "Write a function of one real number that returns one, with plain arithmetic and math."
        ) from error


def _reason(error: Exception) -> str:
    """Return the first line of a message that says something: numba's first names its own stages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("Failed in ")), type(error).__name__)
