"""The elementary functions against NumPy and SciPy in higher precision, to the last bits."""

import re

import numpy as np
import pytest
from scipy import special

from nnkit.kernels import elementwise, scalar

NAMES = ("exp", "expm1", "log", "log1p", "sigmoid", "tanh", "softplus", "erf", "normal_cdf")
DTYPES = ("float32", "float64")
# The sum of a few roundings of half an ulp each, as the docstring of nnkit.kernels.scalar promises.
ULPS = {"float32": 2.0, "float64": 3.0}
INF, NAN = float("inf"), float("nan")

LOOPS = {name: elementwise.map_forward.bind(value=getattr(scalar, name)) for name in NAMES}


def apply(name, x):
    y = np.full_like(x, NAN)
    LOOPS[name](x, y)
    return y


def samples(dtype):
    """Return numbers of every size and sign, and many where the functions bend."""
    random = np.random.default_rng(7)
    size = 40_000
    spread = random.choice([-1.0, 1.0], size) * 2.0 ** random.uniform(-40, 11, size)
    near = [random.uniform(-reach, reach, size) for reach in (1.0, 20.0, 110.0)]
    return np.concatenate([spread, *near]).astype(dtype)


def wide(x):
    return x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)


def normal_cdf_reference(x):
    """Return the normal distribution function: Taylor series up to 2.5, continued fraction beyond.

    Abramowitz and Stegun (1964), 26.2.11 and 26.2.14, in the precision of ``x``.
    """
    a = np.abs(x)
    bell = np.exp(-a * a / 2) / np.sqrt(2 * np.arctan(np.ones_like(x)) * 4)
    inner, far = np.minimum(a, 2.5), np.maximum(a, 2.5)
    term, series = inner, inner
    for k in range(1, 60):
        term = term * inner * inner / (2 * k + 1)
        series = series + term
    fraction = far
    for k in range(120, 0, -1):
        fraction = far + k / fraction
    tail = np.where(a <= 2.5, 0.5 - bell * series, bell / fraction)
    return np.where(x < 0, tail, 1 - tail)


def erf_reference(x):
    return (
        special.erf(x)
        if x.dtype == np.float64
        else 2 * normal_cdf_reference(x * np.sqrt(x.dtype.type(2))) - 1
    )


REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "erf": erf_reference,
    "normal_cdf": normal_cdf_reference,
}


def domain(name, x):
    if name == "log":
        return np.abs(x[x != 0])
    if name == "log1p":
        return x[x > -1]
    # erf near 0 is x itself, which the reference by differences of 1 does not see.
    return x[np.abs(x) > 0.3] if name == "erf" and x.dtype == np.float64 else x


def ulps(found, exact):
    """Return the distances in units of the last place of the exact results."""
    narrow = exact.astype(found.dtype)
    with np.errstate(invalid="ignore"):
        distance = np.abs(found.astype(exact.dtype) - exact) / np.spacing(np.abs(narrow))
    return np.where(found == narrow, 0, distance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_results_are_within_ulps_of_the_exact_ones(name, dtype):
    """At most 2 ulp in float32 and 3 in float64 where the result is a normal number."""
    if dtype == "float64" and np.finfo(np.longdouble).nmant < 63:
        pytest.skip("needs a long double that is longer than a double")
    x = domain(name, samples(dtype))
    with np.errstate(all="ignore"):
        exact = REFERENCES[name](wide(x))
    normal = (np.abs(exact) >= np.finfo(dtype).smallest_normal) & (np.abs(exact) <= np.finfo(dtype).max)

    assert normal.sum() > 10_000
    error = ulps(apply(name, x)[normal], exact[normal])
    assert error.max() <= ULPS[dtype], f"{error.max():.2f} ulp at {x[normal][error.argmax()]!r}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_erf_is_x_near_zero(dtype):
    """erf(x) = 2 / sqrt(pi) (x - x**3 / 3 + x**5 / 10 - ...)."""
    x = np.geomspace(1e-12, 2e-3, 500).astype(dtype)
    exact = 2 / np.sqrt(np.pi) * (wide(x) - wide(x) ** 3 / 3 + wide(x) ** 5 / 10)

    np.testing.assert_allclose(apply("erf", x), exact.astype(np.float64), rtol=3 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_small_results_fade_out_through_the_subnormal_numbers(dtype):
    """exp and the tail of the normal distribution reach 0 gradually, as IEEE 754 numbers do."""
    lowest = np.finfo(dtype).smallest_normal
    for name, x in (("exp", np.log(lowest) - 3.0), ("normal_cdf", -13.2 if dtype == "float32" else -37.9)):
        found = apply(name, np.array([x], dtype))[0]
        exact = float(np.exp(np.longdouble(x)) if name == "exp" else special.ndtr(x))

        assert 0 < found < lowest
        assert found == pytest.approx(exact, rel=1e-3 if dtype == "float64" else 1e-2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_of_subnormal_numbers_are_exact_too(dtype):
    """Their exponent is not in its bits: to 1 ulp all the same."""
    x = np.finfo(dtype).smallest_subnormal * np.geomspace(1, 1e6, 50).astype(dtype)

    assert (x < np.finfo(dtype).smallest_normal).all()
    np.testing.assert_allclose(apply("log", x), np.log(wide(x)).astype(dtype), rtol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [INF, -INF, 0.0, 1e4, -1e4], [INF, 0.0, 1.0, INF, 0.0]),
        ("expm1", [INF, -INF, 0.0, 1e4, -1e4], [INF, -1.0, 0.0, INF, -1.0]),
        ("log", [INF, 0.0, 1.0, -1.0, -INF], [INF, -INF, 0.0, NAN, NAN]),
        ("log1p", [INF, -1.0, 0.0, -2.0, -INF], [INF, -INF, 0.0, NAN, NAN]),
        ("sigmoid", [INF, -INF, 0.0, 1e4, -1e4], [1.0, 0.0, 0.5, 1.0, 0.0]),
        ("tanh", [INF, -INF, 0.0, 1e4, -1e4], [1.0, -1.0, 0.0, 1.0, -1.0]),
        ("softplus", [INF, -INF, 1e4, -1e4], [INF, 0.0, 1e4, 0.0]),
        ("erf", [INF, -INF, 0.0, 1e4, -1e4], [1.0, -1.0, 0.0, 1.0, -1.0]),
        ("normal_cdf", [INF, -INF, 0.0, 1e4, -1e4], [1.0, 0.0, 0.5, 1.0, 0.0]),
    ],
)
def test_limits_are_exact(name, x, expected, dtype):
    """Infinities, zeros and arguments far out of range."""
    assert np.array_equal(apply(name, np.array(x, dtype)), np.array(expected, dtype), equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name, dtype):
    assert np.isnan(apply(name, np.full(17, NAN, dtype))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_odd_functions_are_odd_to_the_bit(name, dtype):
    """The sign of zero included."""
    x = np.append(samples(dtype), np.zeros(1, dtype))
    left, right = apply(name, -x), -apply(name, x)

    assert np.array_equal(left, right)
    assert np.array_equal(np.signbit(left), np.signbit(right))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_functions_rise(name, dtype):
    """On steps of 0.01, which are far above the rounding error wherever the function still rises."""
    x = domain(name, np.sort(np.arange(-40, 40, 0.01).astype(dtype)))
    y = apply(name, np.sort(x))

    assert (np.diff(y) >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_vectors_and_single_values_give_the_same_bits(name, dtype):
    """A value's result does not depend on its place: in a full vector, or in the rest of the array."""
    x = domain(name, samples(dtype))[:33]
    together = apply(name, x)
    for n in (1, 3, 16, 17, 33):
        assert np.array_equal(apply(name, x[-n:]), together[-n:])
    alone = np.concatenate([apply(name, x[i : i + 1]) for i in range(x.size)])

    assert np.array_equal(alone, together)


@pytest.mark.parametrize("name", NAMES)
def test_loops_become_vector_code(name):
    """LLVM multiplies whole vectors of float32, and nothing calls the C library."""
    apply(name, np.ones(1, np.float32))
    dispatcher = LOOPS[name].callable()
    (code,) = (dispatcher.inspect_llvm(s) for s in dispatcher.signatures if s[0].dtype.name == "float32")

    assert re.search(r"fmul <\d+ x float>", code)
    assert not re.search(r"call .*@(exp|log|tanh|erf)f?\(", code)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_the_python_twin_agrees(name, dtype):
    """Without the JIT the same formulas run in Python; a few ulp may differ where fma is imitated."""
    x = np.array([0.01, 0.3, 0.7, 1.5, 4.0, 11.0], dtype)
    twin = np.full_like(x, NAN)
    LOOPS[name].python()(x, twin)

    np.testing.assert_allclose(twin, apply(name, x), rtol=4 * np.finfo(dtype).eps)
