"""What an activation is: scalar functions or functions of rows, and how they are applied to arrays."""

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class Learned:
    """A hyper-parameter that layers learn, from its value as a start.

    ``per`` says for what there is a number: the layer, a channel or a value of a sample; a hyper-parameter
    called ``per`` comes first. Where ``above`` is a number, the learned one stays above it: what is trained
    is r, and ``above + log(1 + exp(r))`` is used.
    """

    name: str
    per: Literal["layer", "channel", "value"] = "layer"
    above: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationRecord(Part):
    """What both kinds of activation have; ``gives_probability``: no loss that takes logits may follow."""

    gives_probability: bool = False

    @property
    def number_names(self) -> tuple[str, ...]:
        """The hyper-parameters that are numbers, which the functions take, in their order."""
        return tuple(hyper.name for hyper in self.hyperparameters if isinstance(hyper.default, float))

    def numbers_of(self, parameters: Mapping[str, Value]) -> tuple[float, ...]:
        """Return the values of the hyper-parameters that are numbers."""
        return tuple(float(parameters[name] or 0.0) for name in self.number_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(ActivationRecord):
    """A scalar function and its derivative, both of which take the hyper-parameters that are numbers.

    ``value(x)`` or ``value(x, alpha, …)`` is the function. ``slope`` is its derivative, a function of the
    input ``x`` or of the output ``y``, as ``slope_of`` says. Value and slope may jump at the ``kinks`` alone;
    a function of the numbers where they depend on those.

    ``learned`` are the numbers that layers learn, all of them, unless a hyper-parameter ``learned`` is
    false; ``slopes(x, alpha, …)`` is then the tuple of the derivatives by x and by each of them. ``draws``
    says that slopes below 0 are drawn while training, between the two numbers.

    ``flops`` and ``slope_flops`` are operations per value in float32: a fused multiply-add is two, a division
    one, comparisons and roundings none. A plug-in's are not counted, and 0.
    """

    value: Lazy
    slope: Lazy
    slope_of: Literal["input", "output"]
    kinks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
    learned: tuple[Learned, ...] = ()
    slopes: Lazy | None = None
    draws: bool = False
    flops: int = 0
    slope_flops: int = 0

    def forward_kernel(self) -> Kernel:
        """Return ``kernel(x, y)``, or ``kernel(x, y, alpha, …)``, over flat arrays."""
        return _forward_kernel(self)

    def backward_kernel(self) -> Kernel:
        """Return ``kernel(source, dy, dx)``, or with ``alpha`` and more after them, over flat arrays."""
        return _backward_kernel(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowActivation(ActivationRecord):
    """A function of rows, along the last axis: ``forward(x, y)`` over matrices.

    ``backward(source, dy, dx)`` turns the gradient of the outputs into that of the inputs; ``source`` is the
    input or the output, as ``source_is`` says. Where it ``halves`` its rows, outputs have half the columns.
    """

    forward: Kernel
    backward: Kernel
    source_is: Literal["input", "output"] = "output"
    halves: bool = False
    flops: int = 0
    slope_flops: int = 0


# Cached, because a template bound anew would be compiled anew.
@cache
def _forward_kernel(record: Activation) -> Kernel:
    if not len(record.number_names):
        return elementwise.map_forward.bind(value=record.value)
    return elementwise.map_forward_with.bind(
        value=record.value, typed=elementwise.TYPED[len(record.number_names)]
    )


@cache
def _backward_kernel(record: Activation) -> Kernel:
    if not len(record.number_names):
        return elementwise.map_backward.bind(slope=record.slope)
    return elementwise.map_backward_with.bind(
        slope=record.slope, typed=elementwise.TYPED[len(record.number_names)]
    )


@dataclass(frozen=True, slots=True)
class BoundActivation:
    """An activation with the values of its hyper-parameters, if it has any: a function of arrays."""

    record: Activation | RowActivation
    parameters: Mapping[str, Value]

    def __hash__(self) -> int:
        # Written out, because the parameters are a dict: what is computed from an activation can be cached.
        return hash((self.record.name, *self.parameters.values()))

    @property
    def name(self) -> str:
        """The name by which it was chosen, without options."""
        return self.record.name

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values of the hyper-parameters that are numbers, whatever their names."""
        return self.record.numbers_of(self.parameters)

    @property
    def scalar(self) -> Activation:
        """The record, where outputs are functions of one input each."""
        if isinstance(self.record, RowActivation):
            raise InvalidArgument(
                f"{self.name}: expected an activation of single values, found one of rows."
                " Choose another, such as 'relu'."
            )
        return self.record

    @property
    def learned(self) -> tuple[Learned, ...]:
        """What layers with this activation learn."""
        is_off = isinstance(self.record, RowActivation) or self.parameters.get("learned") is False
        return () if is_off else self.scalar.learned

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the value or the slope jumps."""
        given = self.scalar.kinks
        return given(*self.numbers) if callable(given) else given

    def __call__(self, x: ArrayLike) -> NDArray[Any]:
        """Return the values at ``x``, in its shape; float32 stays float32, all else becomes float64.

        Of an activation of rows, ``x`` has them along its last axis.
        """
        source = _real_array(x, self.name)
        if isinstance(self.record, RowActivation):
            return _rows_forward(self.record, source)
        return self._apply(self.record.forward_kernel(), source)

    def gradient(self, x: ArrayLike) -> NDArray[Any]:
        """Return the derivative at each ``x``; of an activation of rows, every row's Jacobian.

        Shapes      x: (…, n); of rows: (…, m, n), element [i, j] is the derivative of output i by input j
        """
        source = _real_array(x, self.name)
        if isinstance(self.record, RowActivation):
            return _jacobians(self.record, source)
        if self.record.slope_of == "output":
            source = self._apply(self.record.forward_kernel(), source)
        return self._apply(self.record.backward_kernel(), source, np.ones_like(source))

    def _apply(self, kernel: Kernel, *inputs: NDArray[Any]) -> NDArray[Any]:
        result = np.empty_like(inputs[0])
        arrays = [array.reshape(-1) for array in (*inputs, result)]
        call(f"{self.name}_{kernel.__name__}", kernel, *arrays, *self.numbers)
        return result


def _rows_forward(record: RowActivation, x: NDArray[Any]) -> NDArray[Any]:
    columns = _columns(record, x)
    y = np.empty((*x.shape[:-1], columns), x.dtype)
    record.forward(x.reshape(-1, x.shape[-1]), y.reshape(-1, columns))
    return y


def _jacobians(record: RowActivation, x: NDArray[Any]) -> NDArray[Any]:
    """Return the Jacobians, a row of each from every output by itself."""
    m, n = _columns(record, x), x.shape[-1]
    source = (x if record.source_is == "input" else _rows_forward(record, x)).reshape(-1, 1, x.shape[-1])
    dy = np.broadcast_to(np.eye(m, dtype=x.dtype), (len(source), m, m))
    dx = np.empty((len(source), m, n), x.dtype)
    spread = np.repeat(source, m, axis=1).reshape(-1, n)
    record.backward(spread, np.ascontiguousarray(dy).reshape(-1, m), dx.reshape(-1, n))
    return dx.reshape(*x.shape[:-1], m, n)


def _columns(record: RowActivation, x: NDArray[Any]) -> int:
    """Return how many columns the outputs have."""
    if x.ndim == 0 or not x.shape[-1]:
        raise InvalidArgument(f"{record.name}: expected rows of numbers, found shape {x.shape}.")
    return halved(record, x.shape[-1], record.name) if record.halves else x.shape[-1]


def halved(record: RowActivation, columns: int, where: str) -> int:
    """Return half the columns, or say that they have no halves."""
    if columns % 2:
        raise InvalidArgument(
            f"{where}: {record.name} multiplies the first half of its inputs by a gate made of the second,"
            f" found {columns} inputs. Give it an even number."
        )
    return columns // 2


def _real_array(x: ArrayLike, where: str) -> NDArray[Any]:
    """Return ``x`` as a contiguous array of float32 or float64."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise InvalidArgument(
            f"{where}: x must be an array of real numbers, found dtype {str(array.dtype)!r}."
        )
    # ascontiguousarray would turn a scalar into an array of one dimension.
    return np.array(array, dtype=np.float32 if array.dtype == np.float32 else np.float64, order="C")
