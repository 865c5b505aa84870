"""Activations by name: values, derivatives, the contract of the whole registry, plug-ins and mistakes."""

import re
import subprocess
import sys

import numpy as np
import pytest

from nnkit import activations
from nnkit.errors import InvalidArgument, UnknownName
from nnkit.registry import Registry
from tests.misspelt import NEAREST_ACTIVATION, NO_ACTIVATION
from tests.reference.activations import ACTIVATIONS
from tests.reference.numeric import relative_error

NAMES = activations.names()
DTYPES = ("float32", "float64")
# Every activation with its default, and those with a hyper-parameter with another value too.
CHOICES = [(name, {}) for name in NAMES] + [
    ("leaky_relu", {"negative_slope": 0.01}),
    ("leaky_relu", {"negative_slope": 0.0}),
    ("elu", {"alpha": 0.5}),
    ("elu", {"alpha": 0.0}),
]


def sample(n=997, dtype="float64"):
    return (np.random.default_rng(n).normal(size=n) * 3).astype(dtype)


def reference(bound):
    """Return value and derivative in textbook form, with the same hyper-parameter."""
    textbook = ACTIVATIONS[bound.name]
    return (
        lambda x: textbook.value(x, **bound.parameters),
        lambda x: textbook.derivative(x, **bound.parameters),
    )


def away_from_kinks(bound, x, margin):
    kinks = np.array(bound.record.kinks or [np.inf])
    return x[np.abs(x[:, None] - kinks).min(axis=1) > margin]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "parameters"), CHOICES)
def test_values_and_derivatives_are_those_of_the_textbook(name, parameters, dtype):
    """To 8 roundings of each value, or 2 of 1: that is all that an output near 1 can tell of the slope."""
    bound = activations.get(name, **parameters)
    value, derivative = reference(bound)
    x = sample(dtype=dtype)
    exact = x.astype(np.float64)
    eps = np.finfo(dtype).eps

    for found, expected in ((bound(x), value(exact)), (bound.gradient(x), derivative(exact))):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=8 * eps, atol=2 * eps)


# In the tail of gelu_tanh, exp magnifies the rounding of its argument, a cubic polynomial.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "gelu_tanh"])
def test_float32_values_are_within_ulps_of_float64(name):
    """3 ulp: 2 of the elementary function, and a product; mish takes one product more."""
    bound = activations.get(name)
    x = np.concatenate([sample(20_000, "float32"), np.linspace(-12, 12, 20_001, dtype="float32")])
    exact = bound(x.astype(np.float64))
    error = np.abs(bound(x) - exact) / np.spacing(np.abs(exact).astype(np.float32))

    assert error.max() <= (4.0 if name == "mish" else 3.0), x[error.argmax()]


@pytest.mark.parametrize(("name", "parameters"), CHOICES)
def test_the_slope_is_the_derivative_of_the_value(name, parameters):
    """Central differences of the kernel's own values, error of order h**4; kinks are kept 2 h away."""
    bound = activations.get(name, **parameters)
    h = 1e-3
    x = away_from_kinks(bound, sample(), 2 * h)
    near, far = bound(x + h) - bound(x - h), bound(x + 2 * h) - bound(x - 2 * h)
    numeric = (8 * near - far) / (12 * h)

    assert relative_error(bound.gradient(x), numeric) < 1e-9


def test_the_check_of_slopes_rejects_a_wrong_twin():
    """The same comparison finds the derivative of another activation to be wrong."""
    x = sample()
    wrong = activations.get("sigmoid").gradient(x)

    assert relative_error(wrong, ACTIVATIONS["tanh"].derivative(x)) > 1e-2


@pytest.mark.parametrize("name", NAMES)
def test_kinks_are_where_the_derivative_jumps(name):
    """And nowhere else on a grid of 64ths."""
    bound = activations.get(name, **({"alpha": 0.5} if name == "elu" else {}))
    x = np.arange(-8, 8, 1 / 64)
    before, behind = bound.gradient(x - 1e-9), bound.gradient(x + 1e-9)
    places = x[np.abs(behind - before) > 1e-6 * (1 + np.abs(before))]

    assert tuple(places) == bound.record.kinks


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_do_not_depend_on_place_or_shape(name, dtype):
    """The same bits in vectors, rest and alone; scalars and any shape in, the same shape out."""
    bound = activations.get(name)
    x = sample(33, dtype)
    together = bound(x)

    for n in (1, 3, 16, 17):
        assert np.array_equal(bound(x[-n:]), together[-n:])
    assert np.array_equal(bound(x.reshape(3, 11).T), together.reshape(3, 11).T)
    assert bound(x[0]).shape == ()
    assert bound(x[0]) == together[0]


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_not_swallowed(name):
    """A network that diverged must show it."""
    assert np.isnan(activations.get(name)(np.full(17, np.nan, np.float32))).all()


@pytest.mark.parametrize("name", NAMES)
def test_loops_become_vector_code(name):
    """Forward and backward alike: LLVM works on whole vectors of float32."""
    record = activations.record(name)
    x = sample(3, "float32")
    alpha = [float(hyper.default) for hyper in record.hyperparameters]
    record.forward_kernel()(x, x.copy(), *alpha)
    record.backward_kernel()(x, x, x.copy(), *alpha)

    for loop in (record.forward_kernel(), record.backward_kernel()):
        dispatcher = loop.callable()
        (code,) = (dispatcher.inspect_llvm(s) for s in dispatcher.signatures if s[0].dtype.name == "float32")
        assert re.search(r"<\d+ x float>", code)


@pytest.mark.parametrize("name", NAMES)
def test_the_python_twin_agrees(name):
    """Without the JIT the same functions run in Python."""
    record = activations.record(name)
    alpha = [float(hyper.default) for hyper in record.hyperparameters]
    x = np.array([-2.5, -0.4, 0.3, 1.7])
    y, slope = np.full_like(x, np.nan), np.full_like(x, np.nan)
    record.forward_kernel().python()(x, y, *alpha)
    record.backward_kernel().python()(y if record.slope_of == "output" else x, np.ones_like(x), slope, *alpha)
    bound = activations.get(name)

    np.testing.assert_allclose(y, bound(x), rtol=1e-14)
    np.testing.assert_allclose(slope, bound.gradient(x), rtol=1e-14, atol=1e-16)


def test_the_sigmoids_slope_is_its_identity():
    """s' = (1 - s) s, to the bit."""
    x = sample(dtype="float32")
    s = activations.get("sigmoid")(x)

    assert np.array_equal(activations.get("sigmoid").gradient(x), s * (1 - s))


def test_every_record_says_what_it_is():
    for record in activations.records():
        assert record.summary
        assert record.formula
        assert record.source
        assert len(record.hyperparameters) <= 1


def test_aliases_find_the_same_record():
    assert activations.get("swish").record is activations.record("silu")


def test_integers_become_float64_and_lists_arrays():
    found = activations.get("relu")([-1, 0, 2])

    assert found.dtype == np.float64
    assert found.tolist() == [0.0, 0.0, 2.0]


def test_mistakes_are_named():
    with pytest.raises(
        UnknownName, match=rf"no activation named {NO_ACTIVATION!r}\. Did you mean {NEAREST_ACTIVATION!r}"
    ):
        activations.get(NO_ACTIVATION)
    with pytest.raises(UnknownName, match="activation elu: no hyper-parameter named 'slope'"):
        activations.get("elu", slope=1.0)
    with pytest.raises(InvalidArgument, match="negative_slope must be at least 0, found -1"):
        activations.get("leaky_relu", negative_slope=-1)
    with pytest.raises(InvalidArgument, match="array of real numbers, found dtype 'complex128'"):
        activations.get("relu")(np.array([1j]))


def test_importing_activations_imports_no_numba():
    """Help and reports read the records and must not pay for the compiler."""
    code = "import sys; import nnkit.activations, nnkit.losses; sys.exit('numba' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def registry(monkeypatch):
    """Keep the plug-ins of a test out of the other tests."""
    own = Registry("activation")
    for record in activations.records():
        own.add(record)
    monkeypatch.setattr(activations, "_registry", own)


@pytest.mark.usefixtures("registry")
def test_two_functions_make_an_activation():
    """Plain functions of the input; a literal in them does not turn float32 into float64."""
    activations.register("bent", value=lambda x: x + 0.1 * x * x, slope=lambda x: 1 + 0.2 * x)
    bound = activations.get("bent")
    x = sample(33, "float32")

    assert "bent" in activations.names()
    assert bound(x).dtype == np.float32
    np.testing.assert_allclose(bound(x), x + 0.1 * x * x, rtol=1e-6)
    np.testing.assert_allclose(bound.gradient(x), 1 + 0.2 * x, rtol=1e-6)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("value", "what"),
    [
        (lambda x: x + 1j, "value"),
        (lambda x: "x", "value"),
        (lambda x, y: x, "value"),
        (lambda x: undefined(x), "value"),  # noqa: F821
        (lambda x: (x, x), "value"),
        (3.0, "value"),
    ],
)
def test_a_function_that_cannot_be_used_is_refused_at_registration(value, what):
    """The message names the activation and which of its functions; nothing is added."""
    with pytest.raises(InvalidArgument, match=f"activation 'bad', {what}: "):
        activations.register("bad", value=value, slope=lambda x: x)
    with pytest.raises(InvalidArgument, match="activation 'bad', slope: "):
        activations.register("bad", value=lambda x: x, slope=value)

    assert "bad" not in activations.names()


@pytest.mark.usefixtures("registry")
def test_a_taken_name_is_refused():
    with pytest.raises(InvalidArgument, match="'relu' exists already"):
        activations.register("relu", value=lambda x: x, slope=lambda x: 1.0)


# The limits of value and slope below, and above; None: the value grows like x, times the slope.
_LIKE_RELU = ((0.0, 0.0), (None, 1.0))
LIMITS = {
    "linear": ((None, 1.0), (None, 1.0)),
    "sigmoid": ((0.0, 0.0), (1.0, 0.0)),
    "tanh": ((-1.0, 0.0), (1.0, 0.0)),
    "leaky_relu": ((None, 0.2), (None, 1.0)),
    "relu6": ((0.0, 0.0), (6.0, 0.0)),
    "elu": ((-1.0, 0.0), (None, 1.0)),
    "selu": ((-1.7580993408473766, 0.0), (None, 1.0507009873554805)),
    "softsign": ((-1.0, 0.0), (1.0, 0.0)),
    "hard_sigmoid": ((0.0, 0.0), (1.0, 0.0)),
    "hard_tanh": ((-1.0, 0.0), (1.0, 0.0)),
    "exponential": ((0.0, 0.0), (np.inf, np.inf)),
    **dict.fromkeys(("relu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "hard_silu"), _LIKE_RELU),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_far_out_values_and_slopes_are_their_limits(name, dtype):
    """At every power of ten from 1e9 on, at the largest number and at infinity: no inf - inf, no 0 * inf."""
    bound = activations.get(name)
    far = np.array([float(f"1e{k}") for k in range(9, 39 if dtype == "float32" else 309)], dtype)
    far = np.concatenate([far, [np.finfo(dtype).max, np.inf]]).astype(dtype)

    if name not in LIMITS:  # one whose limits nobody wrote down has numbers at least
        for x in (far[:-1], -far[:-1]):
            assert not np.isnan(bound(x)).any()
            assert not np.isnan(bound.gradient(x)).any()
        return
    for x, (value, slope) in zip((-far, far), LIMITS[name], strict=True):
        slopes = np.full_like(x, slope)
        # The product may pass the largest number: selu's does.
        with np.errstate(over="ignore"):
            values = slopes * x if value is None else np.full_like(x, value)
        np.testing.assert_allclose(bound(x), values, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(bound.gradient(x), slopes, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_tiny_inputs_give_the_value_and_slope_at_zero(name, dtype):
    """At every power of ten down to the subnormal ones, on both sides, as at 1e-30."""
    bound = activations.get(name)
    tiny = np.array([float(f"1e{k}") for k in range(-45 if dtype == "float32" else -323, -30)], dtype)
    for x in (tiny, -tiny):
        near = np.array([np.copysign(1e-30, x[0])], dtype)

        np.testing.assert_allclose(bound.gradient(x), np.full_like(x, bound.gradient(near)[0]), rtol=1e-6)
        np.testing.assert_allclose(bound(x), np.full_like(x, bound(near)[0]), rtol=1e-6, atol=1e-29)


def test_a_leak_of_zero_is_zero_at_minus_infinity():
    assert activations.get("leaky_relu", negative_slope=0.0)(-np.inf) == 0.0
    assert activations.get("elu", alpha=0.0)(-np.inf) == 0.0
