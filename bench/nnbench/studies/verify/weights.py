"""Initial weights, and how many there are."""

import math
from functools import partial

import numpy as np

from nnbench.studies.verify.check import Check
from nnkit import Sequential, activations, initializers, layers
from nnkit.layers.base import Layer

# A dense kernel, and a convolution's, whose fans count the receptive field: 9 * 32 in and 9 * 64 out.
_SHAPES = {(300, 500): (300, 500), (3, 3, 32, 64): (288, 576)}


def _worst_spread(name: str) -> float:
    """Return by which share the deviation of drawn weights differs from the formula, in the worse shape."""
    worst = 0.0
    for seed, (shape, (fan_in, fan_out)) in enumerate(_SHAPES.items()):
        drawn = initializers.get(name)(shape, seed=seed, dtype="float64")
        sigma = math.sqrt(2 / (fan_in + fan_out) if name.startswith("glorot") else 2 / fan_in)
        worst = max(worst, abs(float(drawn.std()) / sigma - 1), abs(float(drawn.mean())) / sigma)
        if name.endswith("uniform"):
            # A uniform on ±a has the deviation a / √3; nothing may lie outside, and the edge is reached.
            worst = max(worst, abs(float(np.abs(drawn).max()) / (sigma * math.sqrt(3)) - 1))
    return worst


def _size(*made: Layer, inputs: int) -> int:
    model = Sequential(made, input_shape=(inputs,))
    return sum(value.size for value in model.parameters.values())


_X = np.linspace(-8, 8, 65)[:, None]


def _as_prelu(alpha: float) -> np.ndarray:
    start = initializers.get("constant", value=alpha)
    model = Sequential([layers.PReLU(alpha_initializer=start)], input_shape=(1,), dtype="float64")
    return model.predict(_X)


def _as_maxout(slope: float) -> np.ndarray:
    """Return max(x, slope x), by a Maxout of one unit."""
    model = Sequential([layers.Maxout(1)], input_shape=(1,), dtype="float64")
    model.set_parameters({"maxout_0/kernel": [[[1.0, slope]]], "maxout_0/bias": [[0.0, 0.0]]})
    return model.predict(_X)


def _from_relu(values: np.ndarray) -> float:
    return float(np.abs(values - activations.get("relu")(_X)).max())


def _from_leaky(values: np.ndarray) -> float:
    return float(np.abs(values - activations.get("leaky_relu", negative_slope=0.01)(_X)).max())


def _maxout_from_both() -> float:
    return max(_from_relu(_as_maxout(0.0)), _from_leaky(_as_maxout(0.01)))


def _maxout_over_dense() -> float:
    return _size(layers.Maxout(7), inputs=5) / _size(layers.Dense(7), inputs=5)


def _named(name: str, formula: str) -> tuple[str, str]:
    return f"drawn weights against {name}, {formula}; dense and convolution", (
        f"뽑은 가중치와 {name} {formula}의 차이; 전결합과 합성곱"
    )


_INITIALIZERS = {
    "X6.a": ("glorot_uniform", "±√(6/(fan_in + fan_out))"),
    "X6.b": ("glorot_normal", "σ = √(2/(fan_in + fan_out))"),
    "X6.c": ("he_uniform", "±√(6/fan_in)"),
    "X6.d": ("he_normal", "σ = √(2/fan_in)"),
}
CHECKS = (
    *(
        Check(id_, "OPT", *_named(name, formula), "≤ 0.01", partial(_worst_spread, name))
        for id_, (name, formula) in _INITIALIZERS.items()
    ),
    Check(
        "X12",
        "L4",
        "parameters of 3072 → 100 → 10, biases included",
        "3072 → 100 → 10의 파라미터 수(편향 포함)",
        "308,310",
        lambda: _size(layers.Dense(100), layers.Dense(10), inputs=3072),
    ),
    Check(
        "X14.a",
        "L5",
        "PReLU with α = 0 is ReLU: largest difference",
        "α = 0인 PReLU는 ReLU: 최대 차이",
        "≤ 0",
        lambda: _from_relu(_as_prelu(0.0)),
    ),
    Check(
        "X14.b",
        "L5",
        "PReLU with α = 0.01 is Leaky ReLU: largest difference",
        "α = 0.01인 PReLU는 Leaky ReLU: 최대 차이",
        "≤ 1e-15",
        lambda: _from_leaky(_as_prelu(0.01)),
    ),
    Check(
        "X14.c",
        "L5",
        "Maxout contains both: largest difference",
        "Maxout은 둘을 포함한다: 최대 차이",
        "≤ 1e-15",
        _maxout_from_both,
    ),
    Check("X14.d", "L5", "weights of Maxout ÷ dense", "Maxout의 가중치 ÷ 전결합", "2.00", _maxout_over_dense),
)
