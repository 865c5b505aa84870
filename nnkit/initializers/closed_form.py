"""What initializers are measured by: the deviation of what they draw, and what they draw without chance."""

import math
from collections.abc import Callable, Mapping

from nnkit.initializers.record import compute_fans
from nnkit.registry import ClosedForm, Value

# A convolution whose fans differ: 288 and 432 of 13,824 weights, whose deviation is known to 0.6 %.
SHAPE = (3, 3, 32, 48)
FAN_IN, FAN_OUT = compute_fans(SHAPE)
_NOISE = 0.025  # four standard errors


def deviation(claim: str, expected: float | Callable[[Mapping[str, Value]], float]) -> ClosedForm:
    """Return the closed form that the weights of a 3 x 3 convolution, 32 to 48, deviate so far from 0."""
    return ClosedForm(
        claim,
        lambda it: math.sqrt((it(SHAPE, dtype="float64") ** 2).mean()),
        expected,
        tolerance=_NOISE,
    )
