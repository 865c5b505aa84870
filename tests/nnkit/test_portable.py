"""Powers and cosines from IEEE operations: accurate, and independent of NumPy's own."""

import inspect

import mpmath
import numpy as np
import pytest

from nnkit.schedules import portable

RANDOM = np.random.default_rng(0)


def test_cosines_are_accurate():
    """2 ulp of 1 against 50 digits, exact at the quarters' ends."""
    x = np.concatenate([np.linspace(0, 1, 401), RANDOM.random(400)])
    expected = np.array([float(mpmath.cospi(mpmath.mpf(value))) for value in x])

    np.testing.assert_allclose(portable.cosine_of_pi(x), expected, rtol=0, atol=2.3e-16)
    assert portable.cosine_of_pi(np.array([0.0, 0.5, 1.0])).tolist() == [1.0, 0.0, -1.0]


def test_powers_are_accurate():
    """Against 50 digits: the error grows with the logarithm of the result, as the docstring says."""
    base, exponent = RANDOM.random(2000) * 10, RANDOM.random(2000) * 40 - 20
    with mpmath.workdps(50):
        expected = np.array(
            [float(mpmath.mpf(b) ** mpmath.mpf(e)) for b, e in zip(base, exponent, strict=True)]
        )
    error = np.abs(portable.power(base, exponent) / expected - 1)

    assert np.all(error < 4e-16 * (2 + np.abs(exponent * np.log(base))))


def test_powers_at_the_edges():
    assert portable.power(0.0, np.array([0.0, 0.5, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert portable.power(0.3, 1.0) == 0.3
    assert portable.power(0.5, np.arange(5.0)).tolist() == [1.0, 0.5, 0.25, 0.125, 0.0625]
    assert portable.power(1e300, 5.0) == np.inf
    assert portable.power(1e-300, 5.0) == 0.0
    assert portable.power(2.0, -1074.0) == 2.0**-1074


@pytest.mark.parametrize(
    "forbidden", ["np.cos", "np.sin", "np.exp(", "np.log(", "np.power", "math.", ") **", "]**"]
)
def test_nothing_that_differs_between_machines_is_called(forbidden):
    code = inspect.getsource(portable).partition('"""\n\n')[2]

    assert forbidden not in code
