"""Every activation has closed forms, which hold, and which a wrong activation misses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit import activations
from nnkit.activations import Activation, RowActivation
from nnkit.registry import ClosedForm

Array = NDArray[np.float64]
NAMES = activations.names()


def error_of(form: ClosedForm, measured: Any, name: str) -> float:
    """Return how far a measurement is from what the form says, as a share of its largest magnitude."""
    expected = form.expected
    if callable(expected):
        expected = expected(activations.record(name).resolve(form.options))
    found = np.asarray(form.measure(measured), np.float64)
    assert found.shape == np.shape(expected), form.claim
    return float(np.abs(found - expected).max() / np.abs(expected).max())


class Moved:
    """A wrong twin: the activation with its values, or its slopes, a thousandth too large or moved."""

    def __init__(self, right: Any, value: Callable[[Array], Array], slope: Callable[[Array], Array]) -> None:
        self._right, self._value, self._slope = right, value, slope

    def __call__(self, x: Array) -> Array:
        return self._value(self._right(x))

    def gradient(self, x: Array) -> Array:
        return self._slope(self._right.gradient(x))


def same(y: Array) -> Array:
    return y


def larger(y: Array) -> Array:
    return 1.001 * y


@pytest.mark.parametrize("name", NAMES)
def test_closed_forms_hold(name: str) -> None:
    forms = activations.record(name).closed_forms

    assert forms
    for form in forms:
        assert error_of(form, activations.get(name, **form.options), name) <= form.tolerance, form.claim


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("twin", [(larger, same), (same, lambda slope: slope + 0.001)])
def test_closed_forms_reject_a_wrong_value_and_a_wrong_slope(name: str, twin: Any) -> None:
    errors = [
        error_of(form, Moved(activations.get(name, **form.options), *twin), name) / form.tolerance
        for form in activations.record(name).closed_forms
    ]

    assert max(errors) > 10.0


# What each is mistaken for: a neighbour, or itself with the default of another library.
NEIGHBOURS = {
    "linear": "relu", "step": "sign", "sign": "step", "relu": "relu6", "leaky_relu": "relu", "relu6": "relu",
    "thresholded_relu": "relu", "threshold": "thresholded_relu", "relu2": "relu", "hard_silu": "silu",
    "hard_sigmoid": "hard_sigmoid(slope=0.2)", "hard_tanh": "tanh", "hard_shrink": "soft_shrink",
    "soft_shrink": "hard_shrink", "sparse_plus": "softplus", "sparse_sigmoid": "hard_sigmoid",
    "sigmoid": "hard_sigmoid", "log_sigmoid": "softplus", "tanh": "softsign", "softsign": "tanh",
    "elu": "selu", "celu": "elu(alpha=1.5)", "selu": "elu", "gelu": "gelu_tanh", "gelu_tanh": "gelu",
    "quick_gelu": "silu", "silu": "quick_gelu", "mish": "silu", "softplus": "squareplus",
    "squareplus": "squareplus(b=1)", "tanh_shrink": "soft_shrink", "exponential": "softplus",
    "prelu": "prelu(negative_slope=0)", "rrelu": "leaky_relu", "swish_beta": "silu", "snake": "linear",
    "starrelu": "relu2", "xielu": "elu", "dyt": "tanh", "derf": "dyt", "softmax": "sparsemax",
    "log_softmax": "softmax", "sparsemax": "softmax", "glu": "swiglu", "swiglu": "geglu", "geglu": "swiglu",
    "reglu": "geglu",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in NAMES if name in NEIGHBOURS])
def test_closed_forms_tell_an_activation_from_its_neighbour(name: str) -> None:
    from nnkit.layers.activation import resolve_activation

    wrong = resolve_activation(NEIGHBOURS[name])

    assert any(error_of(form, wrong, name) > form.tolerance for form in activations.record(name).closed_forms)


class Swapped:
    """A wrong twin of a gate: its halves the other way round."""

    def __init__(self, right: Any) -> None:
        self._right = right

    def __call__(self, x: Array) -> Array:
        return self._right(np.concatenate(np.split(x, 2, axis=-1)[::-1], axis=-1))


@pytest.mark.parametrize("name", ["glu", "swiglu", "geglu", "reglu"])
def test_closed_forms_reject_gates_whose_halves_are_swapped(name: str) -> None:
    (values, _) = activations.record(name).closed_forms

    assert error_of(values, Swapped(activations.get(name)), name) > 0.01


def test_there_are_36_activations_and_the_gates() -> None:
    records = activations.records()
    gates = [record for record in records if isinstance(record, RowActivation) and record.halves]

    assert len(records) - len(gates) >= 36
    assert {record.name for record in gates} == {"glu", "swiglu", "geglu", "reglu"}
    assert all(isinstance(record, Activation | RowActivation) for record in records)
