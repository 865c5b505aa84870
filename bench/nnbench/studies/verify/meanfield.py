"""Mean-field theory: the gains that keep the variance of wide nets, and what becomes of gradients there."""

from collections.abc import Iterator
from functools import partial

from nnbench.studies.verify.check import Check
from nnkit.insight import meanfield
from nnkit.registry import parse_choice

# The gain that keeps a variance of 1, and the gradient factor chi at it, as published or by quadrature.
_PUBLISHED = {
    "relu": ("1.41421", "1.000"),
    "leaky_relu(negative_slope=0.01)": ("1.41414", "1.000"),
    "elu": ("1.24520", "1.036"),
    "selu": ("1.00000", "1.072"),
    "tanh": ("1.59254", "1.178"),
    "sigmoid": ("1.84623", "0.153"),
    "softplus": ("1.04187", "0.32"),
    "softsign": ("2.33753", "1.244"),
    "gelu": ("1.53353", "1.072"),
    "silu": ("1.67653", "1.067"),
    "mish": ("1.48685", "1.059"),
}
# The variance after 50 layers of He's gain.
_AFTER_50 = {"relu": "1.00", "elu": "34", "selu": "2900", "tanh": "0.618"}


def checks() -> Iterator[Check]:
    for spelling, (gain, chi) in _PUBLISHED.items():
        claim = f"{spelling}: the gain that keeps a variance of 1, and the gradient factor there"
        id_ = f"meanfield.{parse_choice(spelling)[0]}.1"
        yield Check(id_, "", claim, claim, f"{gain}, {chi}", partial(_gain_and_factor, spelling))
    for spelling, variance in _AFTER_50.items():
        claim = f"{spelling}: the variance after 50 layers of He's gain"
        yield Check(f"meanfield.{spelling}.2", "", claim, claim, variance, partial(_after_50, spelling))
    claim = "relu under Glorot's gain with equal widths: the variance after 1 and 7 layers"
    yield Check("meanfield.relu.3", "", claim, claim, "0.5000, 0.0078", _under_glorot)


def _gain_and_factor(spelling: str) -> list[float]:
    gain = meanfield.preserving_gain(spelling)
    return [gain, meanfield.gradient_factor(spelling, 1.0, gain=gain)]


def _after_50(spelling: str) -> float:
    found = meanfield.variance_after(spelling, 50, gain=meanfield.HE_GAIN)
    # What is printed has two digits.
    return round(found, -2) if found > 1000 else found


def _under_glorot() -> list[float]:
    return [meanfield.variance_after("relu", layers, gain=1.0) for layers in (1, 7)]
