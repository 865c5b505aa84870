"""What an activation is: two scalar functions, and how they are applied to arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.entries import call
from nnkit.errors import InvalidArgument
from nnkit.jit import Kernel, Lazy
from nnkit.kernels import elementwise
from nnkit.registry import Part, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Part):
    """A scalar function and its derivative, both of which may take the one hyper-parameter.

    ``value(x)`` or ``value(x, alpha)`` is the function. ``slope`` is its derivative, a function of the
    input ``x`` or of the output ``y``, as ``slope_of`` says. It may jump at the ``kinks`` alone.
    ``gives_probability`` says that outputs are shares of 1: no loss that takes logits may follow.

    ``flops`` and ``slope_flops`` are operations per value in float32: a fused multiply-add is two, a division
    one, comparisons and roundings none. A plug-in's are not counted, and 0.
    """

    value: Lazy
    slope: Lazy
    slope_of: Literal["input", "output"]
    kinks: tuple[float, ...] = ()
    gives_probability: bool = False
    flops: int = 0
    slope_flops: int = 0

    def forward_kernel(self) -> Kernel:
        """Return ``kernel(x, y)``, or ``kernel(x, y, alpha)``, over flat arrays."""
        return _forward_kernel(self)

    def backward_kernel(self) -> Kernel:
        """Return ``kernel(source, dy, dx)``, or with ``alpha`` after them, over flat arrays."""
        return _backward_kernel(self)


# Cached, because a template bound anew would be compiled anew.
@cache
def _forward_kernel(record: Activation) -> Kernel:
    template = elementwise.map_forward_1 if record.hyperparameters else elementwise.map_forward
    return template.bind(value=record.value)


@cache
def _backward_kernel(record: Activation) -> Kernel:
    template = elementwise.map_backward_1 if record.hyperparameters else elementwise.map_backward
    return template.bind(slope=record.slope)


@dataclass(frozen=True, slots=True)
class BoundActivation:
    """An activation with the value of its hyper-parameter, if it has one: a function of arrays."""

    record: Activation
    parameters: Mapping[str, Value]

    def __hash__(self) -> int:
        # Written out, because the parameters are a dict: what is computed from an activation can be cached.
        return hash((self.record.name, self.alpha))

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def alpha(self) -> float | None:
        """The value of the one hyper-parameter, whatever its name; None where there is none."""
        return next((float(value) for value in self.parameters.values() if value is not None), None)

    def __call__(self, x: ArrayLike) -> NDArray[Any]:
        """Return the values at ``x``, in its shape; float32 stays float32, all else becomes float64."""
        source = _real_array(x, self.name)
        return self._apply(self.record.forward_kernel(), source)

    def gradient(self, x: ArrayLike) -> NDArray[Any]:
        """Return the derivative at each ``x``."""
        source = _real_array(x, self.name)
        if self.record.slope_of == "output":
            source = self._apply(self.record.forward_kernel(), source)
        return self._apply(self.record.backward_kernel(), source, np.ones_like(source))

    def _apply(self, kernel: Kernel, *inputs: NDArray[Any]) -> NDArray[Any]:
        result = np.empty_like(inputs[0])
        arrays = [array.reshape(-1) for array in (*inputs, result)]
        call(
            f"{self.name}_{kernel.__name__}", kernel, *arrays, *(() if self.alpha is None else (self.alpha,))
        )
        return result


def _real_array(x: ArrayLike, where: str) -> NDArray[Any]:
    """Return ``x`` as a contiguous array of float32 or float64."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise InvalidArgument(
            f"{where}: x must be an array of real numbers, found dtype {str(array.dtype)!r}."
        )
    # ascontiguousarray would turn a scalar into an array of one dimension.
    return np.array(array, dtype=np.float32 if array.dtype == np.float32 else np.float64, order="C")
