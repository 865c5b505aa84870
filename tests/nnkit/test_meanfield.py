"""Mean-field theory: the published gains and factors, closed forms, and what is hard to integrate."""

import math

import numpy as np
import pytest

from nnkit import activations
from nnkit.activations import BoundActivation
from nnkit.activations.builtin import BUILTIN
from nnkit.activations.plugin import activation_of
from nnkit.errors import InvalidArgument
from nnkit.insight import meanfield

# activation, the gain that keeps variance 1, the gradient factor there
PUBLISHED = [
    ("relu", 1.41421, 1.000),
    ("leaky_relu(negative_slope=0.01)", 1.41414, 1.000),
    ("elu", 1.24520, 1.036),
    ("selu", 1.00000, 1.072),
    ("tanh", 1.59254, 1.178),
    ("sigmoid", 1.84623, 0.153),
    ("softplus", 1.04187, 0.3185),
    ("softsign", 2.33753, 1.244),
    ("gelu", 1.53353, 1.072),
    ("silu", 1.67653, 1.067),
    ("mish", 1.48685, 1.059),
]


@pytest.mark.parametrize(("name", "gain", "chi"), PUBLISHED)
def test_the_gain_that_keeps_variance_1_and_its_gradient_factor(name: str, gain: float, chi: float) -> None:
    found = meanfield.preserving_gain(name)

    assert found == pytest.approx(gain, abs=5e-6)  # half a unit of the last digit
    assert meanfield.gradient_factor(name, 1.0, gain=found) == pytest.approx(chi, abs=5e-4)
    assert meanfield.next_variance(name, 1.0, gain=found) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("relu", 1.0),
        ("elu", 34.0),
        ("selu", 2.9e3),
        ("tanh", 0.618),
        ("gelu", 3e-14),
        ("silu", 3e-15),
        ("mish", 8e-7),
    ],
)
def test_variance_after_50_layers_of_he_gain(name: str, variance: float) -> None:
    found = meanfield.variance_after(name, 50, gain=meanfield.HE_GAIN)

    assert found == pytest.approx(variance, rel=0.1 if variance < 1e-3 else 0.01)


def test_relu_under_glorot_loses_half_the_variance_a_layer() -> None:
    assert meanfield.variance_after("relu", 7, gain=1.0) == pytest.approx(2.0**-7, rel=1e-11)


@pytest.mark.parametrize("variance", [1e-14, 1e-3, 1.0, 50.0, 1e8])
def test_relu_has_the_moments_of_half_a_normal_distribution(variance: float) -> None:
    found = meanfield.moments("relu", variance)

    assert found.mean == pytest.approx(math.sqrt(variance / (2 * math.pi)), rel=1e-12)
    assert found.square == pytest.approx(variance / 2, rel=1e-12)
    assert found.slope_square == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("variance", [1e-6, 0.3, 1.0, 1e6])
def test_a_kink_anywhere_costs_no_digits(variance: float) -> None:
    """hard_tanh has its kinks at -1 and 1, far out or close to 0 in standard deviations."""
    found = meanfield.moments("hard_tanh", variance)

    k = 1.0 / math.sqrt(variance)
    inside = math.erf(k / math.sqrt(2))
    bell = math.exp(-k * k / 2) / math.sqrt(2 * math.pi)
    outside = math.erfc(k / math.sqrt(2))
    assert found.square == pytest.approx(variance * (inside - 2 * k * bell) + outside, rel=1e-9)
    assert found.slope_square == pytest.approx(inside, rel=1e-11)
    assert found.mean == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("variance", [1.0, 30.0, 200.0])
def test_growth_far_out_is_not_cut_off(variance: float) -> None:
    """E[exp(x)**2] = exp(2 variance): most of it comes from many standard deviations away."""
    found = meanfield.moments("exponential", variance)

    assert math.log(found.square) == pytest.approx(2 * variance, rel=1e-12)
    assert math.log(found.mean) == pytest.approx(variance / 2, rel=1e-12)


def test_what_overflows_is_infinite() -> None:
    assert meanfield.moments("exponential", 1e4).square == math.inf
    assert meanfield.variance_after("exponential", 50, gain=1.5) == math.inf


def test_a_large_variance_does_not_hide_a_narrow_slope() -> None:
    """The sigmoid's slope is a bump of width 1 in a distribution of width 100,000."""
    found = meanfield.moments("sigmoid", 1e10)

    # The square of the slope y(1 - y) integrates to 1/6 over the whole line.
    assert found.slope_square == pytest.approx(1 / 6 / (1e5 * math.sqrt(2 * math.pi)), rel=1e-8)


def test_a_jump_that_no_kink_announces_is_found() -> None:
    step = activation_of(
        "late_step",
        value=lambda x: 1.0 if x > 0.3 else 0.0,
        slope=lambda x: 0.0 * x,
        summary="",
        formula="",
        source="test",
    )

    found = meanfield.moments(BoundActivation(step, {}), 4.0)

    assert found.mean == pytest.approx(0.5 * math.erfc(0.15 / math.sqrt(2)), rel=1e-11)
    assert found.slope_square == 0.0


def test_without_variance_only_the_value_at_0_counts() -> None:
    assert meanfield.moments("sigmoid", 0.0).square == pytest.approx(0.25, rel=1e-13)
    assert meanfield.preserving_gain("relu", 0.0) == math.inf


def test_biases_add_their_variance() -> None:
    with_bias = meanfield.next_variance("tanh", 1.0, gain=1.3, bias_variance=0.25)

    assert with_bias - meanfield.next_variance("tanh", 1.0, gain=1.3) == pytest.approx(0.25, rel=1e-12)


def test_every_activation_agrees_with_a_plain_sum() -> None:
    """A trapezoidal sum over a fine grid knows nothing of panels, kinks or nodes."""
    z = np.linspace(-12.0, 12.0, 240_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    for record in BUILTIN:
        chosen = activations.get(record.name)
        if record.name in ("exponential", "linear", "step", "sign", "thresholded_relu", "hard_shrink"):
            continue  # closed forms, and those that jump on the grid; one of values is enough of the others
        found = meanfield.moments(chosen, 0.64)

        value = chosen(0.8 * z)
        assert found.mean == pytest.approx(float(value @ density), abs=1e-7), record.name
        assert found.square == pytest.approx(float(value**2 @ density), rel=1e-6), record.name


@pytest.mark.parametrize("variance", [-1.0, math.nan])
def test_a_variance_below_0_is_refused(variance: float) -> None:
    with pytest.raises(InvalidArgument, match="at least 0"):
        meanfield.moments("relu", variance)


def test_fewer_than_no_layers_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="n_layers"):
        meanfield.variance_after("relu", -1, gain=1.0)
