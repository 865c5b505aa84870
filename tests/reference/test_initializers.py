"""Expected distributions are consistent with the papers' formulas, with scipy and with drawn values."""

import math

import numpy as np
import pytest
from scipy import stats

from tests.reference import initializers
from tests.reference.initializers import Distribution, compute_fans, expected
from tests.reference.normal import inverse_normal_cdf

NAMES = [
    "random_uniform",
    "random_normal",
    "truncated_normal",
    *initializers.VARIANCE_SCALING,
]


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((784, 128), (784, 128)),
        ((3, 3, 16, 32), (144, 288)),
        ((5, 4, 6), (20, 30)),
        ((7,), (7, 7)),
        ((), (1, 1)),
    ],
)
def test_fans_count_the_receptive_field(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    assert compute_fans(shape) == fans


def test_the_correction_is_the_deviation_of_a_normal_cut_at_two() -> None:
    density, inside = math.exp(-2) / math.sqrt(2 * math.pi), math.erf(math.sqrt(2))

    exact = math.sqrt(1 - 4 * density / inside)

    assert pytest.approx(exact, rel=1e-15) == initializers.TRUNCATED_STDDEV


def as_scipy(distribution: Distribution) -> stats.rv_continuous:
    if distribution.kind == "uniform":
        return stats.uniform(distribution.minimum, distribution.maximum - distribution.minimum)
    if distribution.kind == "normal":
        return stats.norm(distribution.mean, distribution.stddev)
    return stats.truncnorm(-2, 2, distribution.mean, (distribution.maximum - distribution.mean) / 2)


@pytest.mark.parametrize("name", NAMES)
def test_mean_deviation_and_distribution_function_are_those_of_scipy(name: str) -> None:
    found = expected(name, (30, 50))
    oracle = as_scipy(found)
    x = np.linspace(-0.6, 0.6, 97)

    assert found.mean == oracle.mean() == 0.0
    assert found.stddev == pytest.approx(oracle.std(), rel=1e-9)
    np.testing.assert_allclose(found.cdf(x), oracle.cdf(x), atol=1e-13)


def test_defaults_are_those_of_keras() -> None:
    assert (initializers.random_uniform().minimum, initializers.random_uniform().maximum) == (-0.05, 0.05)
    assert initializers.random_normal().stddev == 0.05
    assert (initializers.truncated_normal().minimum, initializers.truncated_normal().maximum) == (-0.1, 0.1)


@pytest.mark.parametrize(
    "distribution",
    [
        initializers.random_uniform(0.1, 0.5),
        initializers.random_normal(0.2, 0.3),
        initializers.truncated_normal(0.2, 0.3),
    ],
    ids=lambda distribution: distribution.kind,
)
def test_a_mean_moves_the_whole_distribution(distribution: Distribution) -> None:
    oracle = as_scipy(distribution)
    x = np.linspace(-1.0, 1.5, 97)

    assert distribution.mean == pytest.approx(oracle.mean(), rel=1e-12)
    assert distribution.stddev == pytest.approx(oracle.std(), rel=1e-9)
    np.testing.assert_allclose(distribution.cdf(x), oracle.cdf(x), atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_values_drawn_by_inversion_have_the_expected_moments(name: str) -> None:
    found = expected(name, (30, 50))
    p = (np.arange(200_000) + 0.5) / 200_000
    if found.kind == "uniform":
        values = found.minimum + (found.maximum - found.minimum) * p
    else:
        sigma = found.stddev if found.kind == "normal" else found.maximum / 2
        low = 0.0 if found.kind == "normal" else stats.norm.cdf(-2)
        values = sigma * inverse_normal_cdf(low + (1 - 2 * low) * p)

    assert values.std() == pytest.approx(found.stddev, rel=1e-4)
    assert found.minimum <= values.min() <= values.max() <= found.maximum


@pytest.mark.parametrize("shape", [(12, 20), (3, 3, 4, 6)])
def test_deviations_are_the_papers_and_uniform_limits_are_root_three_of_them(shape: tuple[int, ...]) -> None:
    fan_in, fan_out = compute_fans(shape)
    deviations = {
        "glorot": math.sqrt(2 / (fan_in + fan_out)),
        "he": math.sqrt(2 / fan_in),
        "lecun": math.sqrt(1 / fan_in),
    }

    for family, deviation in deviations.items():
        assert expected(f"{family}_normal", shape).stddev == pytest.approx(deviation, rel=1e-14)
        assert expected(f"{family}_uniform", shape).stddev == pytest.approx(deviation, rel=1e-14)
        assert expected(f"{family}_uniform", shape).maximum == pytest.approx(
            math.sqrt(3) * deviation, rel=1e-14
        )


@pytest.mark.parametrize(("name", "value"), [("zeros", 0.0), ("ones", 1.0)])
def test_constants_have_no_spread(name: str, value: float) -> None:
    found = expected(name, (2, 2))

    assert (found.mean, found.stddev, found.minimum, found.maximum) == (value, 0.0, value, value)
    assert found.cdf(np.array([value - 1e-9, value])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("shape", [(6, 6), (8, 3), (3, 8), (3, 3, 2, 5)])
def test_orthogonality_is_measured_along_the_shorter_side(shape: tuple[int, ...]) -> None:
    rows, columns = math.prod(shape[:-1]), shape[-1]
    square = np.linalg.qr(np.random.default_rng(0).normal(size=(max(rows, columns),) * 2))[0]
    weights = 1.5 * square[:rows, :columns].reshape(shape)

    assert initializers.orthogonality_error(weights, 1.5) <= 1e-14
    assert initializers.orthogonality_error(weights, 1.0) == pytest.approx(1.25, rel=1e-12)
    assert initializers.orthogonality_error(weights + 0.01, 1.5) > 1e-3
