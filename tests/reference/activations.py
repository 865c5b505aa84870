"""Activations and their derivatives, elementwise, in forms that keep their accuracy in both tails.

Where a derivative jumps, the value at the jump is that of the left branch: every condition is ``x > 0``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, expit

from tests.reference.further_activations import FURTHER

Array = NDArray[np.float64]

# Klambauer et al. (2017), Self-Normalizing Neural Networks, section 2.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

# Hendrycks and Gimpel (2016), Gaussian Error Linear Units, section 2.
GELU_TANH_CUBIC = 0.044715


def linear(x: Array) -> Array:
    return np.array(x)


def linear_derivative(x: Array) -> Array:
    return np.ones_like(x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))"""
    result: Array = expit(x)
    return result


def sigmoid_derivative(x: Array) -> Array:
    """(1 - s) s, written s(x) s(-x) because 1 - s loses its digits for large x."""
    return sigmoid(x) * sigmoid(-x)


def tanh(x: Array) -> Array:
    return np.tanh(x)


def tanh_derivative(x: Array) -> Array:
    """1 - tanh(x)**2 = 4 s(2 x) s(-2 x)"""
    return 4 * sigmoid_derivative(2 * x)


def relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def relu_derivative(x: Array) -> Array:
    return np.where(x > 0, 1.0, 0.0)


def leaky_relu(x: Array, negative_slope: float = 0.3) -> Array:
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_derivative(x: Array, negative_slope: float = 0.3) -> Array:
    return np.where(x > 0, 1.0, negative_slope)


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6)"""
    return np.clip(x, 0.0, 6.0)


def relu6_derivative(x: Array) -> Array:
    return np.where((x > 0) & (x < 6), 1.0, 0.0)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x for x > 0, alpha (exp(x) - 1) elsewhere"""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def elu_derivative(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))


def selu(x: Array) -> Array:
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_derivative(x: Array) -> Array:
    return SELU_SCALE * elu_derivative(x, SELU_ALPHA)


def normal_cdf(x: Array) -> Array:
    """(1 + erf(x / sqrt 2)) / 2, written with erfc because 1 + erf loses its digits for negative x."""
    result: Array = 0.5 * erfc(-x / np.sqrt(2.0))
    return result


def normal_density(x: Array) -> Array:
    result: Array = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    return result


def gelu(x: Array) -> Array:
    """x times the normal distribution function of x"""
    return x * normal_cdf(x)


def gelu_derivative(x: Array) -> Array:
    return normal_cdf(x) + x * normal_density(x)


def gelu_tanh(x: Array) -> Array:
    """0.5 x (1 + tanh(u)) = x s(2 u), u = sqrt(2 / pi) (x + 0.044715 x**3)"""
    u = np.sqrt(2 / np.pi) * (x + GELU_TANH_CUBIC * x**3)
    return x * sigmoid(2 * u)


def gelu_tanh_derivative(x: Array) -> Array:
    u = np.sqrt(2 / np.pi) * (x + GELU_TANH_CUBIC * x**3)
    du: Array = np.sqrt(2 / np.pi) * (1 + 3 * GELU_TANH_CUBIC * x**2)
    return sigmoid(2 * u) + x * sigmoid_derivative(2 * u) * 2 * du


def silu(x: Array) -> Array:
    """x s(x), also called swish"""
    return x * sigmoid(x)


def silu_derivative(x: Array) -> Array:
    return sigmoid(x) + x * sigmoid_derivative(x)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which cannot overflow"""
    result: Array = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return result


def softplus_derivative(x: Array) -> Array:
    return sigmoid(x)


def softsign(x: Array) -> Array:
    """x / (1 + |x|)"""
    result: Array = x / (1 + np.abs(x))
    return result


def softsign_derivative(x: Array) -> Array:
    result: Array = 1 / (1 + np.abs(x)) ** 2
    return result


def mish(x: Array) -> Array:
    """x tanh(softplus(x))"""
    return x * np.tanh(softplus(x))


def mish_derivative(x: Array) -> Array:
    return np.tanh(softplus(x)) + x * tanh_derivative(softplus(x)) * sigmoid(x)


def hard_sigmoid(x: Array, slope: float = 1 / 6) -> Array:
    """min(max(x / 6 + 1/2, 0), 1): the form of Keras 3 and PyTorch (ONNX has x / 5 + 1/2)."""
    return np.clip(slope * x + 0.5, 0.0, 1.0)


def hard_sigmoid_derivative(x: Array, slope: float = 1 / 6) -> Array:
    return np.where(np.abs(x) < 0.5 / slope, slope, 0.0)


def hard_silu(x: Array) -> Array:
    """x hard_sigmoid(x), also called hard swish"""
    return x * hard_sigmoid(x)


def hard_silu_derivative(x: Array) -> Array:
    return hard_sigmoid(x) + x * hard_sigmoid_derivative(x)


def hard_tanh(x: Array) -> Array:
    return np.clip(x, -1.0, 1.0)


def hard_tanh_derivative(x: Array) -> Array:
    return np.where(np.abs(x) < 1, 1.0, 0.0)


def exponential(x: Array) -> Array:
    return np.exp(x)


def exponential_derivative(x: Array) -> Array:
    return np.exp(x)


class Activation(NamedTuple):
    value: Callable[..., Array]
    derivative: Callable[..., Array]


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(linear, linear_derivative),
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, relu_derivative),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative),
    "relu6": Activation(relu6, relu6_derivative),
    "elu": Activation(elu, elu_derivative),
    "selu": Activation(selu, selu_derivative),
    "gelu": Activation(gelu, gelu_derivative),
    "gelu_tanh": Activation(gelu_tanh, gelu_tanh_derivative),
    "silu": Activation(silu, silu_derivative),
    "swish": Activation(silu, silu_derivative),
    "softplus": Activation(softplus, softplus_derivative),
    "softsign": Activation(softsign, softsign_derivative),
    "mish": Activation(mish, mish_derivative),
    "hard_sigmoid": Activation(hard_sigmoid, hard_sigmoid_derivative),
    "hard_silu": Activation(hard_silu, hard_silu_derivative),
    "hard_swish": Activation(hard_silu, hard_silu_derivative),
    "hard_tanh": Activation(hard_tanh, hard_tanh_derivative),
    "exponential": Activation(exponential, exponential_derivative),
    **{name: Activation(*functions) for name, functions in FURTHER.items()},
}
