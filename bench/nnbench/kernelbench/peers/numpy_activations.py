"""What NumPy users write in the place of an activation's kernels: forward, and the slope times ``dy``.

``source`` is what a slope is written in, the activation's input or its output, as its record says.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

# Python numbers, which leave float32 arrays float32; NumPy's own would make them float64.
_ROOT_OF_HALF = 0.5**0.5
_HEIGHT_OF_BELL = 0.3989422804014327  # 1 / sqrt(2 pi)
_SLOPE_AT_0 = 0.7978845608028654  # sqrt(2 / pi)
_SELU_SCALE, _SELU_LIMIT = 1.0507009873554805, 1.7580993408473768


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _silu_backward(source: Any, dy: Any) -> Any:
    share = _sigmoid(source)
    return dy * share * (1 + source * (1 - share))


def _mish_backward(source: Any, dy: Any) -> Any:
    bent = np.tanh(np.logaddexp(0, source))
    return dy * (bent + source * (1 - bent * bent) * _sigmoid(source))


def erf(x: Any) -> Any:
    """Return the error function, which NumPy does not have: exact in float64, to 1.5e-7 in float32."""
    if x.dtype == np.float64:
        return np.vectorize(math.erf, otypes="d")(x)
    size = np.abs(x)
    t = 1 / (1 + 0.3275911 * size)  # Abramowitz and Stegun, 7.1.26
    tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.copysign(1 - tail * np.exp(-size * size), x)


def _gelu(x: Any) -> Any:
    return 0.5 * x * (1 + erf(x * _ROOT_OF_HALF))


def _gelu_backward(source: Any, dy: Any) -> Any:
    bell = _HEIGHT_OF_BELL * np.exp(-0.5 * source * source)
    return dy * (0.5 * (1 + erf(source * _ROOT_OF_HALF)) + source * bell)


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(_SLOPE_AT_0 * (x + 0.044715 * x * x * x)))


def _gelu_tanh_backward(source: Any, dy: Any) -> Any:
    bent = np.tanh(_SLOPE_AT_0 * (source + 0.044715 * source * source * source))
    inner = _SLOPE_AT_0 * (1 + 3 * 0.044715 * source * source)
    return dy * 0.5 * (1 + bent + source * (1 - bent * bent) * inner)


def _hard_sigmoid(x: Any) -> Any:
    return np.clip(x / 6 + 0.5, 0, 1)


FORWARD: dict[str, Callable[..., Any]] = {
    "sigmoid": _sigmoid,
    "tanh": lambda x, y: np.tanh(x, out=y),
    "relu": lambda x, y: np.maximum(x, 0, out=y),
    "leaky_relu": lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
    "relu6": lambda x, y: np.clip(x, 0, 6, out=y),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x)),
    "selu": lambda x: np.where(x > 0, _SELU_SCALE * x, _SELU_LIMIT * np.expm1(x)),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "hard_tanh": lambda x, y: np.clip(x, -1, 1, out=y),
    "exponential": lambda x, y: np.exp(x, out=y),
}

BACKWARD: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda source, dy: dy * source * (1 - source),
    "tanh": lambda source, dy: dy * (1 - source * source),
    "relu": lambda source, dy, dx: np.multiply(dy, source > 0, out=dx),
    "leaky_relu": lambda source, dy, negative_slope: np.where(source > 0, dy, negative_slope * dy),
    "relu6": lambda source, dy, dx: np.multiply(dy, (source > 0) & (source < 6), out=dx),
    "elu": lambda source, dy, alpha: dy * np.where(source > 0, 1, source + alpha),
    "selu": lambda source, dy: dy * np.where(source > 0, _SELU_SCALE, source + _SELU_LIMIT),
    "gelu": _gelu_backward,
    "gelu_tanh": _gelu_tanh_backward,
    "silu": _silu_backward,
    "mish": _mish_backward,
    "softplus": lambda source, dy: dy * _sigmoid(source),
    "softsign": lambda source, dy: dy / np.square(1 + np.abs(source)),
    "hard_sigmoid": lambda source, dy: dy * ((source > 0) & (source < 1)) / 6,
    "hard_silu": lambda source, dy: (
        dy * np.where(source <= -3, 0, np.where(source >= 3, 1, source / 3 + 0.5))
    ),
    "hard_tanh": lambda source, dy, dx: np.multiply(dy, np.abs(source) < 1, out=dx),
    "exponential": lambda source, dy, dx: np.multiply(dy, source, out=dx),
}
