"""How often the tool is wrong: what it calls different that is the same, and what it misses that is there.

Scores are those of real cases: shares of a validation part, so that ties are common, on seeds that are easy
or hard for every configuration alike. The pairs of a comparison are drawn from one distribution.
"""

import math

import numpy as np
import pytest
from nnbench.statistics.estimation.significance import holm, pairs_to_reach, sign_flip_p_values
from numpy.typing import NDArray

from nnbench.statistics.comparing.pairs import compare
from nnbench.statistics.comparing.planning import seeds_for_difference
from nnbench.statistics.comparing.verdicts import decide, decide_family

LEVEL = 0.05
_Array = NDArray[np.float64]


def accuracies(rng: np.random.Generator, shape: tuple[int, ...], *, n_validation: int = 449) -> _Array:
    """Return scores of equals, as (…, configurations, seeds): a seed is hard or easy for all of them."""
    hard = 0.008 * rng.normal(size=(*shape[:-2], 1, shape[-1]))
    own = 0.004 * rng.normal(size=shape)
    return np.asarray(rng.binomial(n_validation, np.clip(0.96 + hard + own, 0.0, 1.0)) / n_validation)


def false_families(differences: _Array) -> _Array:
    """Return for each family, (families, comparisons, seeds), whether Holm calls any of its comparisons."""
    n_families, n_comparisons, n_seeds = differences.shape
    p_values = sign_flip_p_values(differences.reshape(-1, n_seeds)).reshape(n_families, n_comparisons)
    return np.array([holm(row).min() <= LEVEL for row in p_values])


@pytest.mark.parametrize("n_seeds", [6, 10, 20])
@pytest.mark.parametrize("n_validation", [45, 449])
def test_equals_are_called_different_in_at_most_five_per_cent(n_seeds: int, n_validation: int) -> None:
    """1,000 comparisons of a configuration with itself on other draws, by the verdict that is printed."""
    rng = np.random.default_rng(n_seeds)
    scores = accuracies(rng, (1000, 2, n_seeds), n_validation=n_validation)
    p_values = sign_flip_p_values(scores[:, 0] - scores[:, 1])

    verdicts = [
        decide_family([compare(a, b, direction="max", noticeable=1e-6)])[0].verdict
        for (a, b), p in zip(scores, p_values, strict=True)
        if p <= LEVEL  # the others are called neither, and their intervals take a while
    ]

    called = [verdict for verdict in verdicts if verdict in ("better", "worse")]
    assert len(called) <= LEVEL * 1000
    assert len(called) >= 10 or n_validation == 45  # a test that calls nothing would pass as well


def test_fresh_seeds_for_each_side_change_nothing() -> None:
    """Pairs of unlike seeds: what is hard for all no longer cancels, and the level holds (± two errors)."""
    rng = np.random.default_rng(11)
    scores = accuracies(rng, (5000, 1, 20))[:, 0]

    p_values = sign_flip_p_values(scores[:, :10] - scores[:, 10:])

    assert np.mean(p_values <= LEVEL) <= LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / 5000)


@pytest.mark.parametrize(("n_comparisons", "n_families"), [(20, 1000), (200, 500)])
def test_a_family_of_equals_is_called_in_at_most_six_per_cent(n_comparisons: int, n_families: int) -> None:
    """All against a named reference, which binds the comparisons together: at most 1.2 of the nominal 5 %."""
    rng = np.random.default_rng(n_comparisons)
    scores = accuracies(rng, (n_families, 1 + n_comparisons, pairs_to_reach(LEVEL, n_comparisons) + 1))

    false = false_families(scores[:, 1:] - scores[:, :1])

    assert false.mean() <= 1.2 * LEVEL
    assert false.any()


def test_a_family_of_equals_without_a_common_reference_is_called_as_seldom() -> None:
    rng = np.random.default_rng(5)
    scores = accuracies(rng, (1000, 2, 20, 11))

    false = false_families(scores[:, 0] - scores[:, 1])

    assert false.mean() <= 1.2 * LEVEL


@pytest.mark.parametrize("k", [2, 7, 20])
def test_no_leader_of_equals_can_be_called_better_more_often(k: int) -> None:
    """Whoever leads, its comparisons are among all the pairs, 1 to 190: seldom is any of them called."""
    rng = np.random.default_rng(k)
    n_pairs = k * (k - 1) // 2
    tables = accuracies(rng, (500, k, pairs_to_reach(LEVEL, n_pairs) + 1))
    one, other = np.triu_indices(k, 1)

    false = false_families(tables[:, one] - tables[:, other])

    assert false.mean() <= 1.2 * LEVEL


@pytest.mark.parametrize("family", [1, 15])
def test_one_sigma_is_found_with_the_seeds_that_the_tool_asks_for(family: int) -> None:
    """Nine of ten runs at the planned number of seeds, within three errors of 1,500 runs."""
    n_seeds = seeds_for_difference(1.0, 1.0, level=LEVEL / family)
    samples = np.random.default_rng(family).normal(loc=1.0, size=(1500, n_seeds))

    found = np.mean(sign_flip_p_values(samples) * family <= LEVEL)

    assert found >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / 1500)


@pytest.mark.parametrize("family", [1, 15])
def test_one_sigma_is_found_by_whoever_follows_the_advice_of_ten_seeds(family: int) -> None:
    """Ten seeds, and where they cannot tell, as many as the tool then asks for, from the spread it saw."""
    rng = np.random.default_rng(3 + family)
    samples = rng.normal(loc=1.0, size=(300, 400))

    found = sum(_is_found(sample, family) for sample in samples) / len(samples)

    assert found >= 0.9 - 2 * math.sqrt(0.9 * 0.1 / 300)


def _is_found(sample: _Array, family: int) -> bool:
    pair = compare(sample[:10], np.zeros(10), direction="max", noticeable=1.0)
    decision = decide(pair, min(1.0, pair.p * family), family=family, level=LEVEL)
    if decision.seeds_needed is None:
        return decision.verdict == "better"
    p = sign_flip_p_values(sample[np.newaxis, : decision.seeds_needed], n_draws=9_999)[0]
    return bool(p * family <= LEVEL)
