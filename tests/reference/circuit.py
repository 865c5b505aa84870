"""Gates of a computational graph with their gradients, and the sigmoid neuron built of them.

The worked example of Stanford's CS231n, lecture 4: one number through every wire, forward and back.
"""

import math
from typing import NamedTuple


def add_backward(a: float, b: float, dy: float) -> tuple[float, float]:
    """y = a + b distributes: both inputs get the gradient of the output."""
    return dy, dy


def multiply_backward(a: float, b: float, dy: float) -> tuple[float, float]:
    """y = a b swaps: each input gets the gradient times the other input."""
    return b * dy, a * dy


def maximum_backward(a: float, b: float, dy: float) -> tuple[float, float]:
    """y = max(a, b) routes: the larger input gets it all."""
    return (dy, 0.0) if a >= b else (0.0, dy)


class Neuron(NamedTuple):
    """f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))) and everything that flows back."""

    f: float
    dw0: float
    dx0: float
    dw1: float
    dx1: float
    dw2: float
    d_reciprocal: float  # what flows into the gate 1 / x
    d_sum: float  # what flows into the sum, gate by gate
    d_sum_collapsed: float  # the same by the sigmoid's own derivative (1 - f) f


def sigmoid_neuron(w0: float, x0: float, w1: float, x1: float, w2: float) -> Neuron:
    product0, product1 = w0 * x0, w1 * x1
    pair = product0 + product1
    total = pair + w2
    power = math.exp(-total)
    denominator = power + 1
    f = 1 / denominator

    d_denominator = -1 / denominator**2
    d_power, _ = add_backward(power, 1.0, d_denominator)
    d_total = -power * d_power
    d_pair, dw2 = add_backward(pair, w2, d_total)
    dproduct0, dproduct1 = add_backward(product0, product1, d_pair)
    dw0, dx0 = multiply_backward(w0, x0, dproduct0)
    dw1, dx1 = multiply_backward(w1, x1, dproduct1)
    return Neuron(f, dw0, dx0, dw1, dx1, dw2, d_denominator, d_total, (1 - f) * f)
