"""Activations as ONNX has them, or as its elementary functions make them."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from nnkit.activations import BoundActivation
from nnkit.errors import InvalidArgument
from nnkit.exchange.graph import OnnxGraph, Value, whole

# Of the values, and of the numbers of the activation in their order: plain ones, or tensors where learned.
Formula = Callable[..., Value]
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def apply_activation(x: Value, chosen: BoundActivation, name: str) -> Value:
    """Return the activation of ``x``; ``name`` is the layer's, whose weights it has."""
    formula, graph = FORMULAS.get(chosen.name), x.graph
    if formula is None:
        raise InvalidArgument(
            f"export: {name}: the activation {chosen.name!r} has no form in ONNX. Say what it is made of:"
            " nnkit.exchange.activations.FORMULAS[...] = a function of values of the graph."
        )
    if chosen.learned:
        numbers: Mapping[str, float | Value] = dict(
            zip(chosen.record.number_names, chosen.numbers, strict=True)
        ) | {one.name: _learned(graph, f"{name}/{one.name}", one.above) for one in chosen.learned}
        return formula(x, *numbers.values())
    if not hasattr(chosen.record, "value"):  # of rows: along the last axis
        return formula(x)
    lying, turned_rank = graph.as_it_lies(x)
    return graph.channels_last(formula(lying, *chosen.numbers), turned_rank)


def _learned(graph: OnnxGraph, name: str, above: float | None) -> Value:
    """Return a learned number as it is used, which is not what is trained where it stays above another."""
    if above is None:
        return graph.weight(name)
    return graph.weight(name, above + np.logaddexp(0.0, graph.weights[name].astype(np.float64)))


def _positive(x: Value) -> Value:
    return x("Relu")


def _negative(x: Value) -> Value:
    return x("Min", 0.0)


def _silu(x: Value, sharpness: float | Value = 1.0) -> Value:
    return x * (x if sharpness == 1.0 else x * sharpness)("Sigmoid")


def _clipped(x: Value, low: float, high: float) -> Value:
    return x("Clip", low, high)


def _leaky_relu(x: Value, slope: float) -> Value:
    if x.graph.is_exact(slope):
        return x("LeakyRelu", alpha=slope)
    return (x > 0.0).where(x, x * slope)


def _elu(x: Value, alpha: float) -> Value:
    if x.graph.is_exact(alpha):
        return x("Elu", alpha=alpha)
    return _positive(x) + (_negative(x)("Exp") - 1.0) * alpha


def _celu(x: Value, alpha: float) -> Value:
    if x.graph.dtype == "float32":  # the one type that ONNX's has
        return x("Celu", alpha=alpha)
    return _positive(x) + ((_negative(x) / alpha)("Exp") - 1.0) * alpha


def _selu(x: Value) -> Value:
    if x.graph.dtype == "float32":
        return x("Selu", alpha=_SELU_ALPHA, gamma=_SELU_SCALE)
    return _elu(x, _SELU_ALPHA) * _SELU_SCALE


def _thresholded_relu(x: Value, theta: float) -> Value:
    return x("ThresholdedRelu", alpha=theta) if x.graph.is_exact(theta) else _threshold(x, theta, 0.0)


def _threshold(x: Value, threshold: float, value: float) -> Value:
    return (x > threshold).where(x, value)


def _hard_sigmoid(x: Value, slope: float) -> Value:
    if x.graph.is_exact(slope):
        return x("HardSigmoid", alpha=slope, beta=0.5)
    return _clipped(x * slope + 0.5, 0.0, 1.0)


def _hard_silu(x: Value) -> Value:
    if x.graph.dtype == "float32":
        return x("HardSwish")
    return x * _hard_sigmoid(x, 1.0 / 6.0)  # ONNX's has 1/6 in float32


def _hard_shrink(x: Value, edge: float) -> Value:
    if x.graph.is_exact(edge):
        return x("Shrink", lambd=edge, bias=0.0)
    return (abs(x) > edge).where(x, 0.0)


def _soft_shrink(x: Value, edge: float) -> Value:
    if x.graph.is_exact(edge):
        return x("Shrink", lambd=edge, bias=edge)
    return x - _clipped(x, -edge, edge)


def _sparse_plus(x: Value) -> Value:
    root = _clipped(x, -1.0, 1.0) + 1.0
    return root * root * 0.25 + _positive(x - 1.0)


def _squareplus(x: Value, b: float) -> Value:
    # f(x) f(-x) = b / 4: below 0 the sum would lose the digits that the quotient keeps.
    larger = (abs(x) + (x * x + b)("Sqrt")) * 0.5
    return (-x > 0.0).where(x.graph.add("Div", b / 4.0, larger), larger)


def _gelu(x: Value) -> Value:
    return x * ((x / math.sqrt(2.0))("Erf") + 1.0) * 0.5


def _gelu_tanh(x: Value) -> Value:
    inner = (x + x * x * x * 0.044715) * math.sqrt(2.0 / math.pi)
    return x * (inner("Tanh") + 1.0) * 0.5


def _rrelu(x: Value, lower: float, upper: float) -> Value:
    return _leaky_relu(x, (lower + upper) / 2.0)


def _snake(x: Value, alpha: float | Value) -> Value:
    wave = (x * alpha)("Sin")
    return x + wave * wave / alpha


def _star_relu(x: Value, scale: float | Value, shift: float | Value) -> Value:
    return _positive(x) * _positive(x) * scale + shift


def _xielu(x: Value, alpha_p: float | Value, alpha_n: float | Value) -> Value:
    below = _negative(x)
    return _positive(x) * _positive(x) * alpha_p + (below("Exp") - 1.0 - below) * alpha_n + x * 0.5


def _dyt(x: Value, alpha: float | Value, gamma: float | Value, beta: float | Value) -> Value:
    return (x * alpha)("Tanh") * gamma + beta


def _derf(
    x: Value, alpha: float | Value, shift: float | Value, gamma: float | Value, beta: float | Value
) -> Value:
    return (x * alpha + shift)("Erf") * gamma + beta


def _sparsemax(x: Value) -> Value:
    """Return max(x - edge, 0); the largest k inputs stay above the edge while 1 + k x_k exceeds their sum."""
    moved = x - x.largest()
    length = moved("Shape")("Gather", whole(-1))
    ordered, _ = x.graph.add_split("TopK", 2, moved, length("Unsqueeze", whole([0])), axis=-1)
    sums = ordered("CumSum", whole(-1))
    ones = ordered * 0.0 + 1.0
    rank = ones("CumSum", whole(-1))
    is_above = rank * ordered + 1.0 > sums
    kept = is_above.where(ones, 0.0)
    edge = ((kept * ordered).total() - 1.0) / kept.total()
    return _positive(moved - edge)


def _gate(of_second: Formula) -> Formula:
    def formula(x: Value) -> Value:
        first, second = x.graph.add_split("Split", 2, x, axis=-1, num_outputs=2)
        return first * of_second(second)

    return formula


FORMULAS: dict[str, Formula] = {
    "linear": lambda x: x,
    "step": lambda x: (x > 0.0).where(1.0, 0.0),
    "sign": lambda x: x("Sign"),
    "relu": _positive,
    "leaky_relu": _leaky_relu,
    "relu6": lambda x: _clipped(x, 0.0, 6.0),
    "thresholded_relu": _thresholded_relu,
    "threshold": _threshold,
    "relu2": lambda x: _positive(x) * _positive(x),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "hard_tanh": lambda x: _clipped(x, -1.0, 1.0),
    "hard_shrink": _hard_shrink,
    "soft_shrink": _soft_shrink,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: _clipped((x + 1.0) * 0.5, 0.0, 1.0),
    "sigmoid": lambda x: x("Sigmoid"),
    "log_sigmoid": lambda x: -((-x)("Softplus")),
    "tanh": lambda x: x("Tanh"),
    "softsign": lambda x: x("Softsign"),
    "elu": _elu,
    "celu": _celu,
    "selu": _selu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "quick_gelu": lambda x: _silu(x, 1.702),
    "silu": _silu,
    "mish": lambda x: x("Mish"),
    "softplus": lambda x: x("Softplus"),
    "squareplus": _squareplus,
    "tanh_shrink": lambda x: x - x("Tanh"),
    "exponential": lambda x: x("Exp"),
    "prelu": lambda x, slope: x("PRelu", slope),
    "rrelu": _rrelu,
    "swish_beta": _silu,
    "snake": _snake,
    "starrelu": _star_relu,
    "xielu": _xielu,
    "dyt": _dyt,
    "derf": _derf,
    "softmax": lambda x: x("Softmax", axis=-1),
    "log_softmax": lambda x: x("LogSoftmax", axis=-1),
    "sparsemax": _sparsemax,
    "glu": _gate(lambda gate: gate("Sigmoid")),
    "swiglu": _gate(_silu),
    "geglu": _gate(_gelu),
    "reglu": _gate(_positive),
}
