"""What initializers are measured by: how far what they draw deviates from 0, and in which form."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from nnkit.initializers.record import compute_fans
from nnkit.registry import ClosedForm, Value

# A convolution and a dense kernel, each with fans that differ: of so many weights the deviation is known to
# 0.6 % and 0.3 %.
_SHAPES = ((3, 3, 32, 48), (300, 200))
_NOISE = 0.03
# The fourth moment over the square of the second, which tells distributions of one variance apart.
_KURTOSIS = {"uniform": 1.8, "cut": 2.365475, "normal": 3.0}


class Fans(NamedTuple):
    """What a formula may depend on."""

    fan_in: int
    fan_out: int
    outputs: int


def deviation(
    claim: str,
    law: Callable[[Fans], float],
    form: Literal["uniform", "cut", "normal"],
    **options: Value,
) -> ClosedForm:
    """Return the closed form that kernels of a convolution and a dense layer deviate from 0 as ``law`` says.

    Measured are both deviations over it, and the kurtosis of the larger kernel over that of the ``form``.
    """

    def measure(initializer: Any) -> Any:
        found = []
        for shape in _SHAPES:
            weights = initializer(shape, dtype="float64")
            found.append(np.sqrt(np.mean(weights**2)) / law(Fans(*compute_fans(shape), shape[-1])))
        kurtosis = np.mean(weights**4) / np.mean(weights**2) ** 2
        return np.array([*found, kurtosis / _KURTOSIS[form]])

    return ClosedForm(claim, measure, np.ones(3), options, tolerance=_NOISE)
