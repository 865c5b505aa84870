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

NAMES = [part.name for part in activations.records() if isinstance(part, activations.Activation)]
DTYPES = ("float32", "float64")
# Every activation with its default, and those with a hyper-parameter with another value too.
CHOICES = [(name, {}) for name in NAMES] + [
    ("leaky_relu", {"negative_slope": 0.01}),
    ("leaky_relu", {"negative_slope": 0.0}),
    ("elu", {"alpha": 0.5}),
    ("elu", {"alpha": 0.0}),
    ("hard_sigmoid", {"slope": 0.2}),
    ("threshold", {"threshold": -0.5, "value": 2.0}),
    ("celu", {"alpha": 0.4}),
    ("swish_beta", {"beta": -2.5}),
    ("squareplus", {"b": 0.5}),
    ("snake", {"alpha": 3.0}),
    ("derf", {"alpha": 0.8, "shift": -0.4, "gamma": 3.0, "beta": 0.3}),
]
# Where a value or a slope cancels, in a tail or near one of its zeros, or where exp magnifies the rounding of
# its argument: float32 is then within 1.5e-7 of the exact one beside 1, and float64 within 5e-16.
CANCELS = {
    "value": {
        "gelu", "gelu_tanh", "quick_gelu", "swish_beta", "mish", "tanh_shrink", "snake", "starrelu", "xielu",
        "squareplus", "hard_silu", "hard_sigmoid",
    },
    "slope": {
        "sigmoid", "tanh", "softsign", "elu", "celu", "selu", "gelu", "gelu_tanh", "quick_gelu", "silu",
        "swish_beta", "mish", "snake", "xielu", "dyt", "derf", "hard_silu", "squareplus", "tanh_shrink",
    },
}  # fmt: skip


def sample(n=997, dtype="float64"):
    return (np.random.default_rng(n).normal(size=n) * 3).astype(dtype)


def reference(bound):
    """Return value and derivative in textbook form, with the same hyper-parameters."""
    textbook = ACTIVATIONS[bound.name]
    given = dict(zip(bound.record.number_names, bound.numbers, strict=True))
    return lambda x: textbook.value(x, **given), lambda x: textbook.derivative(x, **given)


def in_type(bound, dtype):
    """Return the activation with the numbers that its kernels compute with."""
    names, numbers = bound.record.number_names, bound.numbers
    rounded = {name: float(np.dtype(dtype).type(number)) for name, number in zip(names, numbers, strict=True)}
    return activations.get(bound.name, **bound.parameters | rounded)


def away_from_kinks(bound, x, margin):
    kinks = np.array(bound.kinks or [np.inf])
    return x[np.abs(x[:, None] - kinks).min(axis=1) > margin]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "parameters"), CHOICES)
def test_values_and_derivatives_are_those_of_the_textbook(name, parameters, dtype):
    """To 8 roundings of each value, or 2 of 1: that is all that an output near 1 can tell of the slope."""
    bound = in_type(activations.get(name, **parameters), dtype)
    value, derivative = reference(bound)
    x = away_from_kinks(bound, sample(dtype=dtype), 1e-6)
    exact = x.astype(np.float64)
    eps = np.finfo(dtype).eps

    for found, expected in ((bound(x), value(exact)), (bound.gradient(x), derivative(exact))):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=8 * eps, atol=2 * eps)


def everywhere(dtype):
    """Return 10,001 points around 0, both signs of every power of two, zeros, and the ends of the type."""
    info = np.finfo(dtype)
    powers = np.ldexp(1.0, np.arange(info.minexp, info.maxexp))
    ends = [0.0, -0.0, float(info.tiny), -float(info.tiny), float(info.max), -float(info.max)]
    return np.concatenate([np.linspace(-30, 30, 10_001), powers, -powers, ends]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in NAMES if name in ACTIVATIONS])
def test_values_and_slopes_are_exact_to_two_roundings(name, dtype):
    """In float32 to 2 ulp, in float64 to 1e-13; where one cancels, to as much beside 1."""
    bound = in_type(activations.get(name), dtype)
    x = away_from_kinks(bound, everywhere(dtype), 1e-6)
    if name == "snake":  # which leaves the wave out beyond that
        x = x[np.abs(x) < 4e6]
    if name == "squareplus":  # whose textbook form squares x
        x = x[np.abs(x) < 1e18]
    with np.errstate(all="ignore"):
        expected = dict(
            zip(("value", "slope"), (f(x.astype(np.float64)) for f in reference(bound)), strict=True)
        )
    largest, tiny = float(np.finfo(dtype).max), float(np.finfo(dtype).tiny)
    for what, found in (("value", bound(x)), ("slope", bound.gradient(x))):
        exact = expected[what]
        kept = np.isfinite(exact) & (np.abs(exact) <= largest)
        size = np.maximum(np.abs(exact[kept]), tiny)
        error = np.abs(found[kept].astype(np.float64) - exact[kept])
        # An ulp of float32 is 2**-23 times the power of two below.
        rounding = 2.0 ** (np.frexp(size)[1] - 23.0) if dtype == "float32" else 1e-13 * size
        close = error <= rounding
        if name in CANCELS[what] or name not in LIMITS:  # one that nobody looked at closer yet
            close |= error <= (1.5e-7 if dtype == "float32" else 5e-16)

        assert close.all(), (what, x[kept][~close], error[~close])
        assert np.isinf(found[np.abs(exact) > 1.001 * largest]).all(), what


@pytest.mark.parametrize(("name", "parameters"), CHOICES)
def test_the_slope_is_the_derivative_of_the_value(name, parameters):
    """Central differences of the kernel's own values, error of order h**4; kinks are kept 2 h away."""
    bound = activations.get(name, **parameters)
    h = 1e-3
    x = away_from_kinks(bound, sample(), 2 * h)
    x = x[np.abs(np.abs(x) - 1) > 2 * h]  # where the slope of sparse_plus has kinks
    near, far = bound(x + h) - bound(x - h), bound(x + 2 * h) - bound(x - 2 * h)
    numeric = (8 * near - far) / (12 * h)

    assert relative_error(bound.gradient(x), numeric) < 1e-9


def test_the_check_of_slopes_rejects_a_wrong_twin():
    """The same comparison finds the derivative of another activation to be wrong."""
    x = sample()
    wrong = activations.get("sigmoid").gradient(x)

    assert relative_error(wrong, ACTIVATIONS["tanh"].derivative(x)) > 1e-2


@pytest.mark.parametrize("name", NAMES)
def test_kinks_are_where_the_value_or_the_derivative_jumps(name):
    """And nowhere else on a grid of 64ths."""
    bound = activations.get(name, **({"alpha": 0.5} if name == "elu" else {}))
    x = np.arange(-8, 8, 1 / 64)
    jumps = np.zeros(x.shape, dtype=bool)
    for function in (bound, bound.gradient):
        before, behind = function(x - 1e-9), function(x + 1e-9)
        jumps |= np.abs(behind - before) > 1e-6 * (1 + np.abs(before))

    assert tuple(x[jumps]) == bound.kinks


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


@pytest.mark.parametrize("name", activations.names())
def test_nan_is_not_swallowed(name):
    """A network that diverged must show it."""
    assert np.isnan(activations.get(name)(np.full(18, np.nan, np.float32))).all()


@pytest.mark.parametrize("name", NAMES)
def test_loops_become_vector_code(name):
    """Forward and backward alike: LLVM works on whole vectors of float32."""
    record = activations.record(name)
    x = sample(3, "float32")
    alpha = activations.get(name).numbers
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
    alpha = activations.get(name).numbers
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


def test_aliases_find_the_same_record():
    assert activations.get("swish").record is activations.record("silu")
    assert activations.get("hardswish").record is activations.record("hard_silu")
    assert activations.get("squared_relu").record is activations.record("relu2")


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
    "step": ((0.0, 0.0), (1.0, 0.0)),
    "sparse_sigmoid": ((0.0, 0.0), (1.0, 0.0)),
    "log_sigmoid": ((None, 1.0), (0.0, 0.0)),
    "celu": ((-1.0, 0.0), (None, 1.0)),
    "prelu": ((None, 0.25), (None, 1.0)),
    "rrelu": ((None, 11 / 48), (None, 1.0)),
    **dict.fromkeys(("sign", "dyt", "derf"), ((-1.0, 0.0), (1.0, 0.0))),
    **dict.fromkeys(("hard_shrink", "soft_shrink", "tanh_shrink", "snake"), ((None, 1.0), (None, 1.0))),
    **dict.fromkeys(("relu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "hard_silu"), _LIKE_RELU),
    **dict.fromkeys(("thresholded_relu", "threshold", "quick_gelu", "squareplus"), _LIKE_RELU),
    **dict.fromkeys(("swish_beta", "sparse_plus"), _LIKE_RELU),
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

        slopes = np.full_like(x, bound.gradient(near)[0])
        np.testing.assert_allclose(bound.gradient(x), slopes, rtol=1e-6, atol=1e-29)
        np.testing.assert_allclose(bound(x), np.full_like(x, bound(near)[0]), rtol=1e-6, atol=1e-29)


def test_a_leak_of_zero_is_zero_at_minus_infinity():
    assert activations.get("leaky_relu", negative_slope=0.0)(-np.inf) == 0.0
    assert activations.get("elu", alpha=0.0)(-np.inf) == 0.0
