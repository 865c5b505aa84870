"""Worse by more than a margin: exact sign flips, Student's t on the logit, and levels spent over looks."""

import itertools
import math

import numpy as np
import pytest

from nnbench.statistics.comparing.non_inferiority import LEVEL, look_at, spent
from nnbench.statistics.estimation.fisher import fisher_p

LOOKS = (6, 10, 20)
ACCURACY = {"margin": 0.003, "is_better_higher": True, "level": 0.01}


def flipped_p(shifted: np.ndarray) -> float:
    """Return the share of all sign flips whose sum is at most the observed one, all written out."""
    sums = [np.dot(signs, shifted) for signs in itertools.product((-1, 1), repeat=len(shifted))]
    return float(np.mean(np.array(sums) <= shifted.sum() + 1e-15))


def test_the_shares_of_the_level_add_up_to_it_and_begin_small() -> None:
    shares = spent(LEVEL, LOOKS)

    assert sum(shares) == pytest.approx(LEVEL)
    assert shares == sorted(shares)


def test_the_spending_is_that_of_o_brien_and_fleming() -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the oracle here")
    z = stats.norm.ppf(1 - LEVEL / 2)

    upto = np.cumsum(spent(LEVEL, LOOKS))

    assert upto == pytest.approx([2 * stats.norm.sf(z / math.sqrt(n / 20)) for n in LOOKS], rel=1e-9)


def test_few_pairs_are_judged_by_all_sign_flips() -> None:
    differences = np.array([-0.004, -0.006, 0.001, -0.009, -0.005, -0.007, -0.002])
    base = np.full(7, 0.9)

    look = look_at(base, base + differences, **ACCURACY)

    assert look.p_worse == pytest.approx(flipped_p(differences + 0.003))


def test_many_pairs_are_judged_by_t_on_the_logit() -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the oracle here")
    random = np.random.default_rng(0)
    base = 0.95 + 0.004 * random.standard_normal(20)
    head = base - 0.006 + 0.003 * random.standard_normal(20)

    look = look_at(base, head, **ACCURACY)

    def logit(share: float | np.ndarray) -> np.ndarray:
        return np.log(share / (1 - share))

    centre = base.mean()
    margin = logit(centre) - logit(centre - 0.003)
    expected = stats.ttest_1samp(logit(head) - logit(base), -margin, alternative="less").pvalue
    assert look.p_worse == pytest.approx(expected, rel=1e-9)
    low, high = stats.t.interval(0.95, 19, loc=np.mean(logit(head) - logit(base)), scale=stats.sem(
        logit(head) - logit(base)
    ))  # fmt: skip
    back = [1 / (1 + np.exp(-(logit(centre) + end))) - centre for end in (low, high)]
    assert look.interval == pytest.approx(back, rel=1e-9)


def test_a_loss_is_worse_when_it_is_higher() -> None:
    random = np.random.default_rng(1)
    base = np.exp(0.1 * random.standard_normal(20))

    look = look_at(base, 1.5 * base, margin=0.1, is_better_higher=False, level=0.01)

    assert look.called == "worse"
    assert look.difference > 0.4


@pytest.mark.parametrize(("shift", "called"), [(0.0, "not_worse"), (-0.02, "worse"), (0.02, "better")])
def test_what_is_called_follows_the_interval(shift: float, called: str) -> None:
    random = np.random.default_rng(2)
    base = 0.9 + 0.001 * random.standard_normal(20)

    assert look_at(base, base + shift, **ACCURACY).called == called


def test_six_pairs_cannot_call_anything_worse_at_one_percent() -> None:
    base = np.linspace(0.9, 0.91, 6)

    assert look_at(base, base - 0.2, **ACCURACY).called == "cannot_tell"


def test_equal_trainings_are_not_worse_and_have_no_width() -> None:
    base = np.linspace(0.9, 0.91, 6)

    look = look_at(base, base, **ACCURACY)

    assert look.called == "not_worse"
    assert look.interval == pytest.approx((0.0, 0.0), abs=1e-9)


def test_the_interval_of_few_pairs_holds_what_the_test_accepts() -> None:
    random = np.random.default_rng(3)
    base = 0.9 + 0.01 * random.standard_normal(10)
    head = base - 0.004 + 0.004 * random.standard_normal(10)

    low, high = look_at(base, head, **ACCURACY).interval

    assert flipped_p(head - base - (high + 1e-6)) <= 0.025 < flipped_p(head - base - (high - 1e-6))
    assert flipped_p(low - 1e-6 - (head - base)) <= 0.025 < flipped_p(low + 1e-6 - (head - base))


def test_other_seeds_of_the_same_code_are_rarely_called_worse() -> None:
    random = np.random.default_rng(4)
    shares = spent(LEVEL, LOOKS)
    n_worse = 0
    for _ in range(300):
        base, head = 0.95 + 0.004 * random.standard_normal((2, 20))
        looks = (
            look_at(base[:n], head[:n], margin=1e-9, is_better_higher=True, level=share)
            for n, share in zip(LOOKS, shares, strict=True)
        )
        n_worse += any(look.called == "worse" for look in looks)

    # With a margin of nothing the level itself is reached: 3 of 300 are expected, and 9 have 0.4 %.
    assert n_worse <= 9


@pytest.mark.parametrize("table", [(6, 6, 0, 6), (3, 10, 1, 8), (0, 4, 2, 4), (5, 20, 1, 20), (0, 3, 0, 3)])
def test_fisher_is_scipys(table: tuple[int, int, int, int]) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the oracle here")
    a, n_a, b, n_b = table

    expected = stats.fisher_exact([[a, n_a - a], [b, n_b - b]], alternative="greater")[1]

    assert fisher_p(*table) == pytest.approx(expected, rel=1e-12)


def test_fisher_refuses_more_failures_than_trials() -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        fisher_p(5, 4, 0, 4)
