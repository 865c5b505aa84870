"""The check before any training: how variance and gradients pass through the layers of a fresh model.

Samples go forwards through freshly drawn weights, and a gradient of independent normal numbers goes
backwards from the outputs, for several seeds; beside what is measured stands what mean-field theory
expects. The program is the one that trains, with every value kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit import losses, optimizers
from nnkit.compiler.encode import Table, encode
from nnkit.compiler.program import Program, compile_program
from nnkit.errors import InvalidArgument
from nnkit.execution.trial import Data, Trial
from nnkit.insight import meanfield
from nnkit.insight.expectation import Expectation, expect, weight_gain
from nnkit.layers.activation import activation_of
from nnkit.layers.base import Layer
from nnkit.layers.dense import Dense
from nnkit.ops import Buffer, Op

Array = NDArray[Any]

# What a layer with weights calls its kernel and its output.
_WEIGHTS = {"dense": ("b", "c"), "conv2d": ("w", "y")}
# What the op of a kernel's gradient calls that, and the gradient of the layer's output.
_BACKWARD = {"dense": ("c", "b"), "conv2d": ("dw", "dy")}


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over seeds, with its standard error (NaN for one seed), beside what theory expects."""

    mean: float
    standard_error: float
    expected: float | None  # None where theory is silent
    per_seed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LayerSignal:
    """What arrives at one layer with weights, before its activation."""

    name: str  # as its parameters begin: "dense_0"
    units: int
    activation: str | None  # the next one behind it
    gain: float | None  # of its weights: sqrt(mean square * inputs of a unit); None where not random
    keeping_gain: float | None  # that would make its variance 1, if the layer before had variance 1
    variance: Measured  # mean square of its output over units, samples
    gradient: Measured  # squared length of the gradient for its output, where that of the model's output is 1
    gradient_factor: Measured | None  # this gradient over that of the next such layer; None for the last


@dataclass(frozen=True, slots=True)
class Propagation:
    """The signals of every layer with weights, from the first to the last."""

    layers: tuple[LayerSignal, ...]
    n_seeds: int
    n_samples: int


def chain(
    activation: str, initializer: str = "he_normal", *, depth: int, width: int, use_bias: bool = True
) -> list[Layer]:
    """Return ``depth`` dense layers of ``width`` units, an activation between each and the next."""
    if depth < 1 or width < 1:
        raise InvalidArgument(f"chain: depth and width must be at least 1, found {depth!r} and {width!r}.")
    inner = [
        Dense(width, activation, use_bias=use_bias, kernel_initializer=initializer) for _ in range(depth - 1)
    ]
    return [*inner, Dense(width, use_bias=use_bias, kernel_initializer=initializer)]


def measure(layers: Sequence[Layer], x: Array, *, seeds: Sequence[int] = range(8)) -> Propagation:
    """Return how variance and gradients pass through a model of ``layers``, on these samples."""
    if not len(seeds) or not len(x):
        raise InvalidArgument("measure: needs at least one seed and one sample.")
    values = np.ascontiguousarray(x, dtype=np.float32)
    model = _Model(layers, values.shape)
    shares = [model.run(values, seed) for seed in seeds]
    variances = np.array([variance for variance, _ in shares])
    gradients = np.array([gradient for _, gradient in shares])
    expectation = model.expected(float(np.mean(values.astype(np.float64) ** 2)))
    signals = [
        _signal(model, expectation, place, variances, gradients) for place in range(len(model.weighted))
    ]
    return Propagation(tuple(signals), len(seeds), len(x))


class _Model:
    """A program that keeps its values, and the table that runs it without its loss."""

    def __init__(self, layers: Sequence[Layer], shape: tuple[int, ...]) -> None:
        self.program = _compile(layers, shape)
        ops = self.program.gradient_ops
        loss_index = next(index for index, op in enumerate(ops) if "doutputs" in op.views)
        self.forward = [op for op in ops[:loss_index] if op.kind.name != "gather_targets"]
        self.outputs = ops[loss_index].buffer("outputs")
        self.doutputs = ops[loss_index].buffer("doutputs")
        self._table: Table = encode(
            [*self.forward, *ops[loss_index + 1 :]], self.program.plan.offsets, self.program.dtype
        )
        self.weighted = [op for op in self.forward if op.kind.name in _WEIGHTS]
        backward = {_name_of_gradient(op): op for op in ops[loss_index + 1 :] if _name_of_gradient(op)}
        # The gradient that the kernel's is made from: one buffer may be that of several values.
        self._gradients = {
            op: backward[_kernel(op).name].buffer(_BACKWARD[op.kind.name][1]) for op in self.weighted
        }

    def run(self, x: Array, seed: int) -> tuple[list[float], list[float]]:
        """Return the mean squares of all layers' outputs, and the mean squared lengths of their gradients."""
        trial = Trial(self.program, seed)
        doutputs = trial.view(self.doutputs, len(x))
        drawn = np.random.default_rng([seed, 0]).standard_normal(doutputs.shape)
        # Of length 1 on average, exactly: the noise of this draw is none of the model's.
        doutputs[...] = drawn / math.sqrt(_mean_square(drawn) * drawn[0].size)
        trial.run_batch(Data(x, np.empty((len(x), 0), dtype=x.dtype)), self._table)
        variances = [_mean_square(trial.view(_output(op), len(x))) for op in self.weighted]
        found = [trial.view(self._gradients[op], len(x)) for op in self.weighted]
        return variances, [_mean_square(gradient) * gradient[0].size for gradient in found]

    def expected(self, input_square: float) -> Expectation:
        return expect(
            self.forward,
            self.program.sequences.initial,
            inputs=self.forward[0].buffer("out"),
            input_square=input_square,
            outputs=self.outputs,
        )

    def activation_behind(self, place: int) -> str | None:
        """Return the first activation between a layer with weights and the next."""
        names = [activation.name for op in self._stretch(place) if (activation := activation_of(op))]
        return names[0] if names else None

    def square_in_front(self, place: int, expectation: Expectation) -> float | None:
        """Return the mean square that reaches a layer if the layer before it has variance 1."""
        if place == 0:
            return expectation.value(_input(self.weighted[0]))
        stretch = self._stretch(place - 1)
        found = [activation for op in stretch if (activation := activation_of(op))]
        if len(found) > 1 or any(op.kind.name not in ("copy",) for op in stretch if not activation_of(op)):
            return None
        return meanfield.moments(found[0], 1.0).square if found else 1.0

    def _stretch(self, place: int) -> list[Op]:
        start = self.forward.index(self.weighted[place]) + 1
        last = place + 1 == len(self.weighted)
        end = len(self.forward) if last else self.forward.index(self.weighted[place + 1])
        return self.forward[start:end]


def _compile(layers: Sequence[Layer], shape: tuple[int, ...]) -> Program:
    return compile_program(
        layers,
        shape[1:],
        losses.get("mean_squared_error"),
        optimizers.get("sgd"),
        dtype="float32",
        batch_size=shape[0],
        keep_values=True,
    )


def _name_of_gradient(op: Op) -> str | None:
    """Return the name of the kernel whose gradient an op writes, if it is such an op."""
    kind = op.kind.name.removesuffix("_backward_kernel")
    if kind == op.kind.name or kind not in _BACKWARD:
        return None
    return op.buffer(_BACKWARD[kind][0]).name.removeprefix("d ")


def _output(op: Op) -> Buffer:
    return op.buffer(_WEIGHTS[op.kind.name][1])


def _kernel(op: Op) -> Buffer:
    return op.buffer(_WEIGHTS[op.kind.name][0])


def _input(op: Op) -> Buffer:
    return op.buffer("a" if op.kind.name == "dense" else "x")


def _mean_square(values: Array) -> float:
    return float(np.mean(np.square(values, dtype=np.float64)))


def _signal(
    model: _Model, expectation: Expectation, place: int, variances: Array, gradients: Array
) -> LayerSignal:
    op = model.weighted[place]
    kernel, output = _kernel(op), _output(op)
    weight_square = expectation.weight_squares.get(kernel)
    square = model.square_in_front(place, expectation)
    expected = [expectation.gradients.get(_output(each)) for each in model.weighted]
    factor = None
    if place + 1 < len(model.weighted):
        here, there = expected[place], expected[place + 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = gradients[:, place] / gradients[:, place + 1]
        factor = _measured(ratios, here / there if here is not None and there else None)
    return LayerSignal(
        name=kernel.name.rpartition("/")[0],
        units=kernel.shape[-1],
        activation=model.activation_behind(place),
        gain=None if weight_square is None else weight_gain(kernel, weight_square),
        keeping_gain=math.sqrt(1 / square) if square else None,
        variance=_measured(variances[:, place], expectation.value(output)),
        gradient=_measured(gradients[:, place], expected[place]),
        gradient_factor=factor,
    )


def _measured(per_seed: Array, expected: float | None) -> Measured:
    n = len(per_seed)
    error = float(np.std(per_seed, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Measured(float(np.mean(per_seed)), error, expected, tuple(map(float, per_seed)))
