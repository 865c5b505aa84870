"""Activations agree with 40-digit arithmetic, with differences, and with published mean-field values."""

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from tests.reference import activations
from tests.reference.activations import ACTIVATIONS
from tests.reference.numeric import numeric_gradient, relative_error

Array = NDArray[np.float64]
Function = Callable[[Any], Any]

# Away from the kinks at 0, +-1, +-3 and 6 by more than the two steps of a difference.
GRID = np.array(
    [-40, -12.5, -6.2, -4, -2.7, -1.3, -0.75, -0.3, -1e-2, 1e-2, 0.2, 0.8, 1.6, 2.9, 4.4, 6.5, 7, 13, 40.0]
)


def softplus(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def clip(x: Any, low: float, high: float) -> Any:
    return min(max(x, mpmath.mpf(low)), mpmath.mpf(high))


def gelu_tanh(x: Any) -> Any:
    return x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)))


def selu(x: Any) -> Any:
    scale, alpha = (
        mpmath.mpf("1.0507009873554804934193349852946"),
        mpmath.mpf("1.6732632423543772848170429916717"),
    )
    return scale * (x if x > 0 else alpha * mpmath.expm1(x))


def sparse_plus(x: Any) -> Any:
    return mpmath.mpf(0) if x <= -1 else x if x >= 1 else (x + 1) ** 2 / 4


def xielu(x: Any) -> Any:
    alpha = mpmath.mpf(0.8)
    return (alpha * x**2 if x > 0 else alpha * (mpmath.expm1(x) - x)) + x / 2


ROOT_FIFTH = 1 / np.sqrt(5)
EXACT: dict[str, Function] = {
    "linear": lambda x: x,
    "sigmoid": sigmoid,
    "tanh": mpmath.tanh,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "leaky_relu": lambda x: x if x > 0 else x * mpmath.mpf(0.3),
    "relu6": lambda x: clip(x, 0, 6),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "selu": selu,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": gelu_tanh,
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "mish": lambda x: x * mpmath.tanh(softplus(x)),
    "hard_sigmoid": lambda x: clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: clip(x, -1, 1),
    "exponential": mpmath.exp,
    "step": lambda x: mpmath.mpf(x > 0),
    "sign": mpmath.sign,
    "thresholded_relu": lambda x: x if x > 1 else mpmath.mpf(0),
    "threshold": lambda x: max(x, mpmath.mpf(0)),
    "relu2": lambda x: max(x, mpmath.mpf(0)) ** 2,
    "hard_shrink": lambda x: x if abs(x) > 0.5 else mpmath.mpf(0),
    "soft_shrink": lambda x: x - clip(x, -0.5, 0.5),
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": lambda x: clip((x + 1) / 2, 0, 1),
    "log_sigmoid": lambda x: -softplus(-x),
    "celu": lambda x: x if x > 0 else mpmath.expm1(x),
    "quick_gelu": lambda x: x * sigmoid(mpmath.mpf(1.702) * x),
    "squareplus": lambda x: (x + mpmath.sqrt(x**2 + 4)) / 2,
    "snake": lambda x: x + mpmath.sin(x) ** 2,
    "tanh_shrink": lambda x: x - mpmath.tanh(x),
    "prelu": lambda x: x if x > 0 else x / 4,
    "rrelu": lambda x: x if x > 0 else x * (mpmath.mpf(1 / 8) + mpmath.mpf(1 / 3)) / 2,
    "swish_beta": lambda x: x * sigmoid(x),
    "starrelu": lambda x: mpmath.mpf(2 * ROOT_FIFTH) * max(x, mpmath.mpf(0)) ** 2 - mpmath.mpf(ROOT_FIFTH),
    "xielu": xielu,
    "dyt": lambda x: mpmath.tanh(x / 2),
    "derf": lambda x: mpmath.erf(x / 2),
}


def test_every_activation_has_an_exact_formula_here() -> None:
    assert set(EXACT) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_value_keeps_13_digits_in_both_tails(name: str) -> None:
    # exp(-u) with u near 2000 magnifies the rounding of u: such values are below 1e-300 and drop out.
    with mpmath.workdps(400):
        exact = np.array([float(EXACT[name](mpmath.mpf(float(x)))) for x in GRID])

    found = ACTIVATIONS[name].value(GRID)

    np.testing.assert_allclose(found, exact, rtol=2e-14 if name != "gelu" else 2e-13, atol=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_keeps_12_digits_in_both_tails(name: str) -> None:
    step = mpmath.mpf("1e-60")
    with mpmath.workdps(400):
        points = [mpmath.mpf(float(x)) for x in GRID]
        exact = np.array(
            [float((EXACT[name](x + step) - EXACT[name](x - step)) / (2 * step)) for x in points]
        )

    found = ACTIVATIONS[name].derivative(GRID)

    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_agrees_with_differences(name: str) -> None:
    x = GRID[np.abs(GRID) < 10]

    expected = numeric_gradient(lambda v: float(np.sum(ACTIVATIONS[name].value(v))), x)

    assert relative_error(ACTIVATIONS[name].derivative(x), expected) <= 1e-9


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_huge_inputs_raise_no_warning_and_nan_passes_through(name: str) -> None:
    x = np.array([-700.0, 700.0])

    for function in ACTIVATIONS[name]:
        assert np.isfinite(function(x)).all()
    assert np.isnan(ACTIVATIONS[name].value(np.array([np.nan]))).all()


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "relu6"])
def test_at_zero_the_derivative_is_that_of_the_left_branch(name: str) -> None:
    at_zero = ACTIVATIONS[name].derivative(np.array([0.0]))
    just_below = ACTIVATIONS[name].derivative(np.array([-1e-300]))

    assert at_zero == just_below


def test_parameters_of_leaky_relu_and_elu_are_slope_and_floor() -> None:
    x = np.array([-50.0, 2.0])

    assert activations.leaky_relu(x, 0.01).tolist() == [-0.5, 2.0]
    assert activations.leaky_relu_derivative(x, 0.01).tolist() == [0.01, 1.0]
    np.testing.assert_allclose(activations.elu(x, 3.0), [-3.0, 2.0], rtol=1e-15)


def gaussian_mean(function: Callable[[float], float]) -> float:
    """Return E[function(z)] for standard normal z, in two halves because of the kink at 0."""
    weight = 1 / np.sqrt(2 * np.pi)
    halves = [
        quad(lambda z: function(z) * weight * np.exp(-z * z / 2), *ends, epsabs=1e-12)[0]
        for ends in ((-12.0, 0.0), (0.0, 12.0))
    ]
    return float(sum(halves))


# Gain that keeps the pre-activation variance at 1, and the gradient factor there (Poole et al. 2016,
# Schoenholz et al. 2017).
MEAN_FIELD = {
    "relu": (1.41421, 1.000),
    "elu": (1.24520, 1.036),
    "selu": (1.00000, 1.072),
    "tanh": (1.59254, 1.178),
    "sigmoid": (1.84623, 0.153),
    "softplus": (1.04187, 0.318),  # its derivative is the sigmoid: 1.04187**2 / 1.84623**2 = 0.3185
    "softsign": (2.33753, 1.244),
    "gelu": (1.53353, 1.072),
    "silu": (1.67653, 1.067),
    "mish": (1.48685, 1.059),
}


@pytest.mark.parametrize("name", MEAN_FIELD)
def test_gain_and_gradient_factor_are_those_of_the_mean_field_papers(name: str) -> None:
    value, derivative = ACTIVATIONS[name]
    expected_gain, expected_factor = MEAN_FIELD[name]

    gain = gaussian_mean(lambda z: float(value(np.array(z))) ** 2) ** -0.5
    factor = gain**2 * gaussian_mean(lambda z: float(derivative(np.array(z))) ** 2)

    assert gain == pytest.approx(expected_gain, abs=5e-6)
    assert factor == pytest.approx(expected_factor, abs=5e-4)


def test_leaky_relu_with_slope_001_has_the_published_gain() -> None:
    gain = gaussian_mean(lambda z: float(activations.leaky_relu(np.array(z), 0.01)) ** 2) ** -0.5

    assert gain == pytest.approx(1.41414, abs=5e-6)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    mean = gaussian_mean(lambda z: float(activations.selu(np.array(z))))
    square = gaussian_mean(lambda z: float(activations.selu(np.array(z))) ** 2)

    assert mean == pytest.approx(0.0, abs=1e-10)
    assert square == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(
    ("name", "expected", "rel"),
    [
        ("relu", 1.0, 1e-9),
        ("elu", 34.0, 0.02),
        ("selu", 2.9e3, 0.02),
        ("tanh", 0.618, 1e-3),
        ("gelu", 3e-14, 0.2),
        ("silu", 3e-15, 0.2),
        ("mish", 8e-7, 0.1),
    ],
)
def test_variance_after_50_layers_under_hes_gain(name: str, expected: float, rel: float) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(201)
    weights = weights / weights.sum()
    q = 1.0

    for _ in range(50):
        q = 2 * float(np.sum(weights * ACTIVATIONS[name].value(np.sqrt(q) * nodes) ** 2))

    assert q == pytest.approx(expected, rel=rel)
