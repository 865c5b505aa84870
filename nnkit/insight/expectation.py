"""What mean-field theory expects of a program before its training: op by op, forwards and then backwards.

Followed are the mean square of a value, over its units, samples and draws of the weights, and the squared
length of the gradient for it, of one sample: so layers of different sizes compare. Where an op has no rule,
or a weight is not drawn with mean 0, nothing is expected from there on; biases must start at 0.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nnkit.initializers import TRUNCATED_STDDEV
from nnkit.insight import meanfield
from nnkit.layers.activation import activation_of
from nnkit.ops import Buffer, Op


@dataclass(frozen=True, slots=True)
class Signal:
    """A value's expected mean square; ``is_normal`` if a sum of many weighted inputs made it."""

    square: float
    is_normal: bool


@dataclass
class Expectation:
    """The expected squares by buffer; what is missing cannot be told."""

    weight_squares: Mapping[Buffer, float]
    signals: dict[Buffer, Signal] = field(default_factory=dict)
    gradients: dict[Buffer, float] = field(default_factory=dict)  # squared lengths

    def value(self, buffer: Buffer) -> float | None:
        signal = self.signals.get(buffer)
        return None if signal is None else signal.square


def expect(
    forward: Sequence[Op],
    initial: Sequence[Op],
    *,
    inputs: Buffer,
    input_square: float,
    outputs: Buffer,
) -> Expectation:
    """Return what is expected where the inputs have this mean square, and the outputs' gradient length 1."""
    found = Expectation(_weight_squares(initial))
    found.signals[inputs] = Signal(input_square, is_normal=False)
    for op in forward:
        rule = _rule_of(op)
        if rule is not None:
            rule.forward(op, found)
    found.gradients[outputs] = 1.0
    readers = _readers(forward)
    for op in reversed(forward):
        rule = _rule_of(op)
        for buffer in {} if rule is None else rule.backward(op, found):
            _gather(buffer, readers[buffer], found)
    return found


def _gather(buffer: Buffer, readers: Sequence[Op], found: Expectation) -> None:
    """Add up the gradient of a value, once each of its readers has handed back a share."""
    shares = [share for op in readers if (share := _share_of(op, buffer, found)) is not None]
    if len(shares) == len(readers) and _are_uncorrelated(readers):
        found.gradients[buffer] = sum(shares)


def _share_of(op: Op, buffer: Buffer, found: Expectation) -> float | None:
    rule = _rule_of(op)
    return None if rule is None else rule.backward(op, found).get(buffer)


def _are_uncorrelated(readers: Sequence[Op]) -> bool:
    """Squares add where all shares but one come through weights of mean 0, as those of an addition do."""
    return sum(op.kind.name not in ("dense", "conv2d", "add") for op in readers) <= 1


def weight_gain(kernel: Buffer, weight_square: float) -> float:
    """Return the gain of a kernel: the root of its weights' mean square times the inputs of a unit."""
    return math.sqrt(weight_square * math.prod(kernel.shape[:-1]))


# -- how weights are drawn ----------------------------------------------------------------------------


def _weight_squares(initial: Sequence[Op]) -> dict[Buffer, float]:
    """Return the mean square of every parameter that is drawn with mean 0."""
    squares = {}
    for op in initial:
        square = _drawn_square(op)
        if square is not None:
            squares[op.buffer("out")] = square
    return squares


def _drawn_square(op: Op) -> float | None:
    scalars = op.scalars
    if op.kind.name == "fill_constant":
        return 0.0 if scalars["value"] == 0 else None
    if op.kind.name == "fill_orthogonal":
        return scalars["gain"] ** 2 / max(op.views["out"].shape)
    first, second = scalars["first"], scalars["second"]
    if op.kind.name == "fill_uniform":
        return second**2 / 3 if first == -second else None
    stddev = second * TRUNCATED_STDDEV if op.kind.name == "fill_truncated_normal" else second
    return stddev**2 if first == 0 else None


# -- a rule for each kind of op -----------------------------------------------------------------------


Shares = dict[Buffer, float]  # squared lengths by input; empty where nothing can be told


@dataclass(frozen=True, slots=True)
class _Rule:
    """How an op's output follows from its inputs, and the gradients of its inputs from that of its output."""

    forward: Callable[[Op, Expectation], None]
    backward: Callable[[Op, Expectation], Shares]


def _rule_of(op: Op) -> _Rule | None:
    return _ACTIVATION if activation_of(op) is not None else _RULES.get(op.kind.name)


def _readers(ops: Iterable[Op]) -> dict[Buffer, list[Op]]:
    readers: dict[Buffer, list[Op]] = {}
    for op in ops:
        for buffer in set(op.touched("in", "inout")):
            readers.setdefault(buffer, []).append(op)
    return readers


def _activation_forward(op: Op, found: Expectation) -> None:
    signal, activation = found.signals.get(op.buffer("x")), activation_of(op)
    if signal is not None and signal.is_normal and activation is not None:
        square = meanfield.moments(activation, signal.square).square
        found.signals[op.buffer("y")] = Signal(square, is_normal=False)


def _activation_backward(op: Op, found: Expectation) -> Shares:
    signal, activation = found.signals.get(op.buffer("x")), activation_of(op)
    dy = found.gradients.get(op.buffer("y"))
    if dy is None or signal is None or not signal.is_normal or activation is None:
        return {}
    return {op.buffer("x"): dy * meanfield.moments(activation, signal.square).slope_square}


def _dense_forward(op: Op, found: Expectation) -> None:
    signal, weight = found.signals.get(op.buffer("a")), found.weight_squares.get(op.buffer("b"))
    if signal is not None and weight is not None and _starts_at_zero(op, "start", found):
        square = op.buffer("b").shape[0] * weight * signal.square
        found.signals[op.buffer("c")] = Signal(square, is_normal=True)


def _dense_backward(op: Op, found: Expectation) -> Shares:
    dy, weight = found.gradients.get(op.buffer("c")), found.weight_squares.get(op.buffer("b"))
    if dy is None or weight is None:
        return {}
    return {op.buffer("a"): op.buffer("b").shape[0] * weight * dy}


def _convolution_forward(op: Op, found: Expectation) -> None:
    signal, weight = found.signals.get(op.buffer("x")), found.weight_squares.get(op.buffer("w"))
    taps = _taps_inside(op)
    if signal is not None and weight is not None and taps is not None and _starts_at_zero(op, "bias", found):
        square = taps * op.buffer("w").shape[-2] * weight * signal.square
        found.signals[op.buffer("y")] = Signal(square, is_normal=True)


def _convolution_backward(op: Op, found: Expectation) -> Shares:
    dy, weight = found.gradients.get(op.buffer("y")), found.weight_squares.get(op.buffer("w"))
    taps = _taps_inside(op)
    if dy is None or weight is None or taps is None:
        return {}
    return {op.buffer("x"): taps * op.buffer("w").shape[-2] * weight * dy}


def _taps_inside(op: Op) -> float | None:
    """Return how many taps of a window lie inside the image, on average; None for strides and dilation."""
    kernel = op.buffer("w").shape[:-2]
    sizes, outputs = op.buffer("x").shape[1:-1], op.buffer("y").shape[1:-1]
    inside = 1.0
    for taps, size, output in zip(kernel, sizes, outputs, strict=True):
        if output == size - taps + 1:
            inside *= taps
        elif output == size and size >= taps:
            # Of the padding's p pixels at one end, the first window sees p, the next p - 1 …
            before, after = (taps - 1) // 2, taps // 2
            inside *= taps - (before * (before + 1) + after * (after + 1)) / 2 / size
        else:
            return None
    return inside


def _starts_at_zero(op: Op, bias: str, found: Expectation) -> bool:
    if bias not in op.views or op.scalars.get("begin") == 0:
        return True
    return found.weight_squares.get(op.buffer(bias)) == 0.0


def _copy_forward(op: Op, found: Expectation) -> None:
    if (signal := found.signals.get(op.buffer("x"))) is not None:
        found.signals[op.buffer("y")] = signal


def _copy_backward(op: Op, found: Expectation) -> Shares:
    dy = found.gradients.get(op.buffer("y"))
    return {} if dy is None else {op.buffer("x"): dy}


def _add_forward(op: Op, found: Expectation) -> None:
    x, z = found.signals.get(op.buffer("x")), found.signals.get(op.buffer("z"))
    # Behind weights of mean 0 the sum's mean square is that of both, whatever x is.
    if x is not None and z is not None and z.is_normal:
        found.signals[op.buffer("y")] = Signal(x.square + z.square, is_normal=x.is_normal)


def _add_backward(op: Op, found: Expectation) -> Shares:
    dy, z = found.gradients.get(op.buffer("y")), found.signals.get(op.buffer("z"))
    if dy is None or z is None or not z.is_normal:
        return {}
    return {op.buffer("x"): dy, op.buffer("z"): dy}


def _mask_forward(op: Op, found: Expectation) -> None:
    # A value is kept with probability 1 - rate, and then divided by it.
    found.signals[op.buffer("mask")] = Signal(1.0 / (1.0 - op.scalars["rate"]), is_normal=False)


def _multiply_forward(op: Op, found: Expectation) -> None:
    x, z = found.signals.get(op.buffer("x")), found.signals.get(op.buffer("z"))
    if x is not None and z is not None:
        found.signals[op.buffer("y")] = Signal(x.square * z.square, is_normal=False)


def _multiply_backward(op: Op, found: Expectation) -> Shares:
    dy, z = found.gradients.get(op.buffer("y")), found.signals.get(op.buffer("z"))
    return {} if dy is None or z is None else {op.buffer("x"): dy * z.square}


def _normalization_forward(op: Op, found: Expectation) -> None:
    found.signals[op.buffer("y")] = Signal(1.0, is_normal=True)


def _nothing(op: Op, found: Expectation) -> Shares:
    """Expect nothing: a normalisation's gradient depends on how alike the samples of a batch are."""
    return {}


_ACTIVATION = _Rule(_activation_forward, _activation_backward)
_RULES = {
    "dense": _Rule(_dense_forward, _dense_backward),
    "conv2d": _Rule(_convolution_forward, _convolution_backward),
    "copy": _Rule(_copy_forward, _copy_backward),
    "add": _Rule(_add_forward, _add_backward),
    "dropout_mask": _Rule(_mask_forward, _nothing),
    "multiply": _Rule(_multiply_forward, _multiply_backward),
    "batch_norm_train": _Rule(_normalization_forward, _nothing),
    "layer_norm": _Rule(_normalization_forward, _nothing),
}
