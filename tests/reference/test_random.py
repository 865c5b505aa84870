"""Philox gives the published words, and AS 241 the normal quantiles to a few units in the last place."""

from decimal import Decimal
from statistics import NormalDist

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from scipy.special import ndtri

from tests.reference import normal
from tests.reference.normal import inverse_normal_cdf
from tests.reference.philox import philox4x32

# Random123 1.14 (D. E. Shaw Research, BSD), tests/kat_vectors: rounds, counter, key, answer.
KNOWN_ANSWERS = """
7  00000000 00000000 00000000 00000000 00000000 00000000 5f6fb709 0d893f64 4f121f81 4f730a48
7  ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 5207ddc2 45165e59 4d8ee751 8c52f662
7  243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 4dfccaba 190a87f0 c47362ba b6b5242a
10 00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8
10 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd
10 243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1
"""


@pytest.mark.parametrize("line", KNOWN_ANSWERS.strip().splitlines())
def test_philox_gives_the_known_answers(line: str) -> None:
    rounds, *words = line.split()
    numbers = np.array([int(word, 16) for word in words], dtype=np.uint32)

    found = philox4x32(numbers[:4], numbers[4:6], rounds=int(rounds))

    assert found.dtype == np.uint32
    assert np.array_equal(philox4x32(numbers[:4], numbers[4:6]), found) == (rounds == "10")
    assert [f"{word:08x}" for word in found] == words[6:]


def test_many_counters_at_once_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)
    counters = rng.integers(0, 2**32, size=(50, 4), dtype=np.uint32)
    keys = rng.integers(0, 2**32, size=(50, 2), dtype=np.uint32)

    together = philox4x32(counters, keys)
    one_key = philox4x32(counters, keys[0])

    assert together.shape == (50, 4)
    for i in range(50):
        np.testing.assert_array_equal(together[i], philox4x32(counters[i], keys[i]))
        np.testing.assert_array_equal(one_key[i], philox4x32(counters[i], keys[0]))


def test_every_input_bit_changes_about_half_of_the_output_bits() -> None:
    base = np.array([1, 2, 3, 4, 5, 6], dtype=np.uint32)
    reference = philox4x32(base[:4], base[4:])

    for bit in range(192):
        flipped = base.copy()
        flipped[bit // 32] ^= np.uint32(1 << bit % 32)
        changed = philox4x32(flipped[:4], flipped[4:]) ^ reference
        n_changed = sum(int(word).bit_count() for word in changed)
        # 64 of 128 with a deviation of 5.7: 30 away would be five deviations.
        assert 34 <= n_changed <= 94, bit


@pytest.mark.parametrize(
    ("function", "published"),
    [
        (normal.CENTRAL, "55.8831928806149014439"),
        (normal.MIDDLE, "49.33206503301610289036"),
        (normal.TAIL, "47.52583317549289671629"),
    ],
)
def test_the_mantissas_add_up_to_the_papers_hash_sums(function: tuple[str, str], published: str) -> None:
    printed = [number for text in function for number in text.split() if number != "1.0"]

    total = sum(Decimal(number.split("e")[0]) for number in printed)

    assert len(printed) == 15
    assert total == Decimal(published)


PROBABILITIES = np.concatenate(
    [
        np.linspace(0.0005, 0.9995, 1000),
        10.0 ** -np.arange(1.0, 308.0, 3.0),
        1 - 10.0 ** -np.arange(1.0, 16.0),
        [0.075, 0.925, np.nextafter(0.925, 1), np.exp(-25.0), 1.0001 * np.exp(-25.0), np.nextafter(1, 0)],
    ]
)


def test_quantiles_agree_with_scipy_and_with_the_standard_library() -> None:
    found = inverse_normal_cdf(PROBABILITIES)

    library = [NormalDist().inv_cdf(float(p)) for p in PROBABILITIES]
    np.testing.assert_allclose(found, ndtri(PROBABILITIES), rtol=1e-15)
    np.testing.assert_allclose(found, library, rtol=5e-16)


def test_quantiles_are_right_to_three_units_in_the_last_place() -> None:
    found = inverse_normal_cdf(PROBABILITIES)

    with mpmath.workdps(60):
        errors = [
            _error(mpmath.mpf(float(p)), mpmath.mpf(float(z)))
            for p, z in zip(PROBABILITIES, found, strict=True)
        ]
    assert max(errors) <= 7e-16


def _error(p: mpmath.mpf, z: mpmath.mpf) -> float:
    """Return the relative error of quantile ``z``: one Newton step, in the tail where p is small."""
    missing = mpmath.erfc(-z / mpmath.sqrt(2)) / 2 - p
    if p > 0.5:
        missing = (1 - p) - mpmath.erfc(z / mpmath.sqrt(2)) / 2
    return float(abs(missing / mpmath.npdf(z) / z)) if z != 0 else 0.0


def test_quantiles_of_special_probabilities() -> None:
    # Wichura's own three test values, one for each branch.
    found = inverse_normal_cdf(np.array([0.25, 0.001, 1e-20]))

    np.testing.assert_allclose(
        found, [-0.6744897501960817, -3.090232306167814, -9.262340089798408], rtol=1e-15
    )
    assert inverse_normal_cdf(np.array([0.5])) == 0.0


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, np.nan])
def test_a_probability_outside_the_open_interval_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="above 0 and below 1"):
        inverse_normal_cdf(np.array([0.5, p]))
