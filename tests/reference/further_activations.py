"""More activations and their derivatives, as in `tests.reference.activations`: value by value, and rows."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

Array = NDArray[np.float64]


def step(x: Array) -> Array:
    return np.where(np.isnan(x), x, np.heaviside(x, 0.0))


def step_derivative(x: Array) -> Array:
    return np.zeros_like(x)


def sign(x: Array) -> Array:
    return np.sign(x)


def thresholded_relu(x: Array, theta: float = 1.0) -> Array:
    return np.where(x <= theta, 0.0, x)


def thresholded_relu_derivative(x: Array, theta: float = 1.0) -> Array:
    return np.where(x > theta, 1.0, 0.0)


def threshold(x: Array, threshold: float = 0.0, value: float = 0.0) -> Array:
    return np.where(x <= threshold, value, x)


def threshold_derivative(x: Array, threshold: float = 0.0, value: float = 0.0) -> Array:
    return np.where(x > threshold, 1.0, 0.0)


def relu2(x: Array) -> Array:
    return np.maximum(x, 0.0) ** 2


def relu2_derivative(x: Array) -> Array:
    return 2 * np.maximum(x, 0.0)


def hard_shrink(x: Array, threshold: float = 0.5) -> Array:
    return np.where(np.abs(x) <= threshold, 0.0, x)


def soft_shrink(x: Array, threshold: float = 0.5) -> Array:
    """sign(x) max(|x| - threshold, 0)"""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def shrink_derivative(x: Array, threshold: float = 0.5) -> Array:
    return np.where(np.abs(x) > threshold, 1.0, 0.0)


def sparse_sigmoid(x: Array) -> Array:
    return np.clip((x + 1) / 2, 0.0, 1.0)


def sparse_sigmoid_derivative(x: Array) -> Array:
    return np.where((x > -1) & (x < 1), 0.5, 0.0)


def sparse_plus(x: Array) -> Array:
    """The integral of sparse_sigmoid: (min(max(x, -1), 1) + 1)**2 / 4 + max(x - 1, 0)"""
    return (np.clip(x, -1.0, 1.0) + 1) ** 2 / 4 + np.maximum(x - 1, 0.0)


def log_sigmoid(x: Array) -> Array:
    """log s(x) = min(x, 0) - log(1 + exp(-|x|))"""
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


def log_sigmoid_derivative(x: Array) -> Array:
    result: Array = expit(-x)
    return result


def celu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) / alpha))


def celu_derivative(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, 1.0, np.exp(np.minimum(x, 0.0) / alpha))


def swish_beta(x: Array, beta: float = 1.0) -> Array:
    result: Array = x * expit(beta * x)
    return result


def swish_beta_derivative(x: Array, beta: float = 1.0) -> Array:
    result: Array = expit(beta * x) + beta * x * expit(beta * x) * expit(-beta * x)
    return result


def quick_gelu(x: Array) -> Array:
    return swish_beta(x, 1.702)


def quick_gelu_derivative(x: Array) -> Array:
    return swish_beta_derivative(x, 1.702)


def squareplus(x: Array, b: float = 4.0) -> Array:
    """(x + sqrt(x**2 + b)) / 2, for negative x as b / 4 over the same of -x"""
    larger = (np.abs(x) + np.sqrt(x**2 + b)) / 2
    return np.where(x < 0, b / (4 * larger), larger)


def squareplus_derivative(x: Array, b: float = 4.0) -> Array:
    return squareplus(x, b) / np.sqrt(x**2 + b)


def snake(x: Array, alpha: float = 1.0) -> Array:
    """x + sin(alpha x)**2 / alpha; in more digits, for the rounding of alpha x, which counts as a phase"""
    wave: Array = (np.sin(np.longdouble(alpha) * x) ** 2 / alpha).astype(np.float64)
    return x + wave


def snake_derivative(x: Array, alpha: float = 1.0) -> Array:
    result: Array = (1 + np.sin(2 * np.longdouble(alpha) * x)).astype(np.float64)
    return result


def tanh_shrink(x: Array) -> Array:
    """x - tanh(x), and near 0 its series x**3 / 3 - 2 x**5 / 15 + 17 x**7 / 315 - …"""
    terms = (1 / 3, -2 / 15, 17 / 315, -62 / 2835, 1382 / 155925, -21844 / 6081075, 929569 / 638512875)
    z = np.clip(x, -0.1, 0.1)
    near = sum(c * z ** (2 * k + 3) for k, c in enumerate(terms))
    return np.where(np.abs(x) < 0.1, near, x - np.tanh(x))


def tanh_shrink_derivative(x: Array) -> Array:
    return np.tanh(x) ** 2


def prelu(x: Array, negative_slope: float = 0.25) -> Array:
    return np.where(x > 0, x, negative_slope * x)


def prelu_derivative(x: Array, negative_slope: float = 0.25) -> Array:
    return np.where(x > 0, 1.0, negative_slope)


def rrelu(x: Array, lower: float = 1 / 8, upper: float = 1 / 3) -> Array:
    """While testing: the mean slope below 0"""
    return np.where(x > 0, x, (lower + upper) / 2 * x)


def rrelu_derivative(x: Array, lower: float = 1 / 8, upper: float = 1 / 3) -> Array:
    return np.where(x > 0, 1.0, (lower + upper) / 2)


def starrelu(x: Array, scale: float = 2 / np.sqrt(5), shift: float = -1 / np.sqrt(5)) -> Array:
    return scale * np.maximum(x, 0.0) ** 2 + shift


def starrelu_derivative(x: Array, scale: float = 2 / np.sqrt(5), shift: float = -1 / np.sqrt(5)) -> Array:
    return 2 * scale * np.maximum(x, 0.0)


def xielu(x: Array, alpha_p: float = 0.8, alpha_n: float = 0.8) -> Array:
    """alpha_p x**2 + x / 2 above 0, alpha_n (exp(x) - 1 - x) + x / 2 below"""
    z = np.minimum(x, 0.0)
    return np.where(x > 0, alpha_p * x**2, alpha_n * (np.expm1(z) - z)) + x / 2


def xielu_derivative(x: Array, alpha_p: float = 0.8, alpha_n: float = 0.8) -> Array:
    return np.where(x > 0, 2 * alpha_p * x, alpha_n * np.expm1(np.minimum(x, 0.0))) + 0.5


def dyt(x: Array, alpha: float = 0.5, gamma: float = 1.0, beta: float = 0.0) -> Array:
    return gamma * np.tanh(alpha * x) + beta


def dyt_derivative(x: Array, alpha: float = 0.5, gamma: float = 1.0, beta: float = 0.0) -> Array:
    result: Array = 4 * gamma * alpha * expit(2 * alpha * x) * expit(-2 * alpha * x)
    return result


def derf(x: Array, alpha: float = 0.5, shift: float = 0.0, gamma: float = 1.0, beta: float = 0.0) -> Array:
    result: Array = gamma * erf(alpha * x + shift) + beta
    return result


def derf_derivative(
    x: Array, alpha: float = 0.5, shift: float = 0.0, gamma: float = 1.0, beta: float = 0.0
) -> Array:
    result: Array = gamma * alpha * 2 / np.sqrt(np.pi) * np.exp(-((alpha * x + shift) ** 2))
    return result


FURTHER = {
    "step": (step, step_derivative),
    "sign": (sign, step_derivative),
    "thresholded_relu": (thresholded_relu, thresholded_relu_derivative),
    "threshold": (threshold, threshold_derivative),
    "relu2": (relu2, relu2_derivative),
    "hard_shrink": (hard_shrink, shrink_derivative),
    "soft_shrink": (soft_shrink, shrink_derivative),
    "sparse_plus": (sparse_plus, sparse_sigmoid),
    "sparse_sigmoid": (sparse_sigmoid, sparse_sigmoid_derivative),
    "log_sigmoid": (log_sigmoid, log_sigmoid_derivative),
    "celu": (celu, celu_derivative),
    "quick_gelu": (quick_gelu, quick_gelu_derivative),
    "squareplus": (squareplus, squareplus_derivative),
    "snake": (snake, snake_derivative),
    "tanh_shrink": (tanh_shrink, tanh_shrink_derivative),
    "prelu": (prelu, prelu_derivative),
    "rrelu": (rrelu, rrelu_derivative),
    "swish_beta": (swish_beta, swish_beta_derivative),
    "starrelu": (starrelu, starrelu_derivative),
    "xielu": (xielu, xielu_derivative),
    "dyt": (dyt, dyt_derivative),
    "derf": (derf, derf_derivative),
}


# -- rows ---------------------------------------------------------------------------------------------


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    result: Array = powers / powers.sum(axis=-1, keepdims=True)
    return result


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def sparsemax(x: Array) -> Array:
    """The nearest point of the simplex (Martins, Astudillo 2016, algorithm 1), by sorting"""
    ordered = -np.sort(-x, axis=-1)
    sums, k = np.cumsum(ordered, axis=-1), np.arange(1, x.shape[-1] + 1)
    size = (1 + k * ordered > sums).sum(axis=-1, keepdims=True)
    edge = (np.take_along_axis(sums, size - 1, axis=-1) - 1) / size
    return np.maximum(x - edge, 0.0)


def glu(x: Array) -> Array:
    first, second = np.split(x, 2, axis=-1)
    result: Array = first * expit(second)
    return result


def swiglu(x: Array) -> Array:
    first, second = np.split(x, 2, axis=-1)
    result: Array = first * second * expit(second)
    return result


def geglu(x: Array) -> Array:
    first, second = np.split(x, 2, axis=-1)
    result: Array = first * second * (1 + erf(second / np.sqrt(2))) / 2
    return result


def reglu(x: Array) -> Array:
    first, second = np.split(x, 2, axis=-1)
    return first * np.maximum(second, 0.0)


ROWS = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
    "glu": glu,
    "swiglu": swiglu,
    "geglu": geglu,
    "reglu": reglu,
}
