"""The test of a whole table: against the textbook's, beyond what can be listed, and what must not matter."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from nnbench.statistics.comparing import maxt
from nnbench.statistics.comparing.flips import N_DRAWS
from nnbench.statistics.comparing.maxt import Judged, all_pairs, beyond_worst, judge
from tests.reference import step_down_max_t as textbook

LEVEL = 0.032  # of a first look
_Array = NDArray[np.float64]
TABLES = st.integers(2, 5).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 64), min_size=k, max_size=k), min_size=2, max_size=9)
)


def judged(table: _Array, *, pairs: Sequence[tuple[int, int]] = (), noticeable: float = 0.01) -> Judged:
    """Return the test of a table in which -inf is a lost score and NaN no trial; all pairs unless named."""
    members = np.array(pairs, dtype=np.intp) if pairs else all_pairs(len(table))
    lost = table == -math.inf
    return judge(beyond_worst(table, lost, noticeable), lost, members, level=LEVEL)


def pairs_of(k: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(k) for b in range(a + 1, k)]


def normal(seed: int, k: int, n: int, *, spread: float = 1.0) -> _Array:
    """Return a table whose rows differ in truth by up to ``spread``."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(np.linspace(0.0, spread, k)[:, np.newaxis], size=(k, n)))


def accuracies(seed: int, k: int, n: int) -> _Array:
    """Return shares of 38 examples, which are often the same."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.binomial(38, np.linspace(0.85, 0.97, k)[:, np.newaxis], size=(k, n)) / 38)


def failing(table: _Array, seed: int, *, share: float = 0.25) -> _Array:
    """Return the table without some scores of every other row."""
    lost = np.random.default_rng(seed).random(table.shape) < share
    lost[::2] = False
    return np.where(lost, -math.inf, table)


@pytest.mark.parametrize(
    "table",
    [
        normal(0, 5, 8),
        normal(1, 3, 10, spread=2.0),
        normal(2, 11, 6, spread=5.0),
        -np.exp(normal(3, 4, 9, spread=3.0)),
        accuracies(4, 5, 8),
        accuracies(5, 8, 7),
        np.vstack([normal(6, 3, 7), normal(6, 3, 7), normal(6, 3, 7)[:1] + 0.5, np.zeros((1, 7))]),
        failing(normal(7, 5, 8), 7),
        failing(accuracies(8, 6, 8), 8, share=0.5),
        np.vstack([np.full((1, 8), -math.inf), normal(9, 3, 8)]),
    ],
    ids=["normal", "steps", "wide", "skewed", "shares", "ties", "copies", "lost", "lost-ties", "never"],
)
def test_p_of_all_pairs_is_the_textbooks(table: _Array) -> None:
    """By z and half of the flips what the book has by Student's t and all of them, ties and zeros too."""
    expected = textbook.p_of_pairs(table.tolist(), pairs_of(len(table)))

    assert judged(table).p == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("table", [normal(0, 9, 8), failing(accuracies(1, 7, 9), 1)], ids=["full", "lost"])
def test_p_against_one_is_the_textbooks(table: _Array) -> None:
    pairs = [(a, 2) for a in range(len(table)) if a != 2]

    found = judged(table, pairs=pairs)

    assert found.p == pytest.approx(textbook.p_of_pairs(table.tolist(), pairs), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_p_of_pairs_that_share_few_seeds_is_the_textbooks_by_z(seed: int) -> None:
    """t of few seeds has heavier tails and would swamp the others; z is at most √n."""
    table = failing(normal(seed, 5, 9, spread=3.0), seed, share=0.2)
    table[np.random.default_rng(seed).random(table.shape) < 0.25] = math.nan

    expected = textbook.p_of_pairs(table.tolist(), pairs_of(5), statistic=textbook.normalised_sum)

    assert np.isnan(table).any()
    assert judged(table).p == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [2, 6, 9, 12])
def test_p_of_one_pair_is_scipys(n: int) -> None:
    """A family of one is the sign-flip test of the mean."""
    table = normal(n, 2, n)
    expected = stats.permutation_test(
        (table[0] - table[1],), np.mean, permutation_type="samples", n_resamples=math.inf
    ).pvalue

    assert judged(table).p == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize(
    "table",
    [
        failing(normal(1, 12, 7, spread=30.0), 1),
        failing(normal(1, 16, 7, spread=30.0), 1),
        normal(8, 17, 10, spread=4.0),
    ],
    ids=["two-blocks", "three-blocks", "called-near-the-level"],
)
def test_a_large_family_is_decided_as_the_textbook_does(table: _Array) -> None:
    """Where a block of pairs cannot be called any more, their p is not worked out but bounded from above."""
    expected = np.array(textbook.p_of_pairs(table.tolist(), pairs_of(len(table))))

    found = judged(table).p

    is_called = expected <= LEVEL
    assert len(found) > 64
    assert 10 < is_called.sum() < len(found) - 10
    assert np.array_equal(found <= LEVEL, is_called)
    assert found[is_called] == pytest.approx(expected[is_called], rel=1e-12)
    assert (found >= expected - 1e-12).all()


def test_drawn_flips_estimate_the_exact_p() -> None:
    """14 seeds have 16,384 flips: the drawn p is within four binomial errors; the observed one counts."""
    table = normal(3, 3, 14, spread=0.9)
    exact = np.array(textbook.p_of_pairs(table.tolist(), pairs_of(3)))

    found = judged(table).p

    assert ((exact > 0.01) & (exact < 0.6)).sum() >= 2
    assert (np.abs(found - exact) <= 4 * np.sqrt(exact * (1 - exact) / N_DRAWS)).all()
    assert found * (N_DRAWS + 1) == pytest.approx(np.round(found * (N_DRAWS + 1)))


def test_drawn_flips_are_the_same_every_time() -> None:
    """A verdict that was near its level does not change when the report is made again."""
    table = normal(4, 4, 20)

    found = [judged(table) for _ in range(2)]

    assert found[0].p.tolist() == found[1].p.tolist()
    assert found[0].residual == found[1].residual


def test_a_drawn_p_is_never_zero() -> None:
    """No flip of 30 comes near a lead on all of them; the observed one is counted."""
    found = judged(np.stack([np.ones(30), np.zeros(30)]))

    assert found.p.tolist() == [1 / (N_DRAWS + 1)]


@pytest.mark.parametrize("n_configurations", [2, 20, 60])
def test_six_seeds_suffice_for_any_number_of_configurations(n_configurations: int) -> None:
    """One far ahead of up to 59 others is told from all of them: p is 2 / 2^6 for each of 1,770 pairs."""
    table = np.random.default_rng(0).normal(size=(n_configurations, 6))
    table[0] += 1e5

    found = judged(table)

    of_first = found.members[:, 0] == 0
    assert (found.p[of_first] == 2 / 2**6).all()
    assert (found.by_scores[of_first] == 1).all()
    assert found.behind() == set(range(1, n_configurations))


@given(TABLES)
def test_p_is_a_share_of_the_flips(rows: list[list[int]]) -> None:
    """At least 2 / 2^n, since the observed signs and their mirror image always count, and never above 1."""
    p = judged(np.array(rows).T / 64).p

    assert (p >= 2 / 2 ** len(rows)).all()
    assert (p <= 1.0).all()


@given(TABLES, st.randoms())
def test_the_order_of_configurations_does_not_matter(rows: list[list[int]], random: object) -> None:
    table = np.array(rows).T / 64
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]

    plain, shuffled = judged(table), judged(table[order])

    for place, (a, b) in enumerate(shuffled.members.tolist()):
        assert shuffled.tested(place) == plain.against(order[b])[order[a]]


@given(TABLES, st.integers(-9, 9), st.sampled_from([0.25, 4.0, 1024.0]))
def test_unit_common_shifts_and_sign_do_not_matter(rows: list[list[int]], shift: int, unit: float) -> None:
    """What is hard about a seed falls out. The scores are 64ths and the unit a power of 2: all is exact."""
    table = np.array(rows).T / 64
    plain = judged(table)

    moved = judged(unit * (table + shift * np.arange(len(rows))))
    mirrored = judged(-table)

    assert [moved.tested(place) for place in range(len(plain))] == [
        plain.tested(place) for place in range(len(plain))
    ]
    assert [mirrored.tested(place) for place in range(len(plain))] == [
        plain.tested(place).turned() for place in range(len(plain))
    ]


def test_tiny_and_huge_differences_are_tested_as_any_others() -> None:
    """Squares of 1e-200 are 0, and those of 1e200 infinite."""
    table = normal(5, 3, 8)

    for unit in (1e-200, 1e200):
        assert judged(unit * table, noticeable=0.0).p.tolist() == judged(table).p.tolist()


def test_a_configuration_that_loses_its_scores_is_behind_by_its_failures() -> None:
    """Its few scores are the best there are; six lost of eight are told all the same."""
    table = np.full((2, 12), 0.9) + 0.001 * np.arange(12) % 3
    table[1, 2:] = -math.inf

    found = judged(table)

    assert found.tested(0) == maxt.Tested(2 / 2**10, 1, 1)
    assert found.against(0)[1] == maxt.Tested(2 / 2**10, -1, -1)


def test_better_scores_and_more_failures_are_told_as_a_contradiction() -> None:
    """Ahead by far on 12 seeds and without a score on 8: neither is the better one."""
    table = np.stack([[1.0] * 12 + [-math.inf] * 8, [0.5] * 20])

    tested = judged(table).tested(0)

    assert (tested.by_scores, tested.by_failures, tested.side) == (1, -1, 0)
    assert judged(table).behind() == set()


def test_what_stands_for_a_lost_score_lies_below_all_others() -> None:
    """By the noticeable difference, or where that is 0, by as little as there is."""
    table = np.array([[0.5, 0.25, -math.inf], [math.nan, 0.75, 1.0]])
    lost = table == -math.inf

    assert beyond_worst(table, lost, 0.125)[0].tolist() == [0.5, 0.25, 0.125]
    assert beyond_worst(table, lost, 0.0)[0, 2] == np.nextafter(0.25, 0.0)
    assert math.isnan(beyond_worst(table, lost, 0.125)[1, 0])
    assert np.unique(beyond_worst(np.full((2, 3), -math.inf), np.ones((2, 3), dtype=bool), 0.1)).size == 1


@pytest.mark.parametrize("n", [2, 6, 10, 25])
def test_one_pair_has_students_interval(n: int) -> None:
    found = judged(normal(0, 2, n))

    assert found.critical_t(n) == pytest.approx(stats.t.ppf(0.975, n - 1), rel=1e-9)
    assert found.critical_t(1) == math.inf


@pytest.mark.parametrize(("k", "n"), [(3, 8), (8, 10), (18, 12), (18, 20)])
def test_simultaneous_intervals_lie_between_students_and_bonferronis(k: int, n: int) -> None:
    found = judged(np.random.default_rng(k).normal(size=(k, n)))

    bonferroni = stats.t.ppf(1 - 0.025 / len(found), n - 1)
    assert stats.t.ppf(0.975, n - 1) < found.critical_t(n) <= bonferroni * (1 + 1e-9)
    assert found.critical_t(n) < bonferroni * (1 - 1e-9) or k < 18


def test_pairs_that_have_nearly_all_in_common_cost_nearly_nothing() -> None:
    """Against a reference that alone is noisy, nineteen differences are one; Bonferroni asks for 3.6."""
    table = np.random.default_rng(0).normal(scale=0.01, size=(20, 12))
    table[0] *= 100

    found = judged(table, pairs=[(a, 0) for a in range(1, 20)])

    assert found.critical_t(12) == pytest.approx(stats.t.ppf(0.975, 11), rel=0.1)


def test_what_is_different_makes_no_interval_wider() -> None:
    """The quantile is that of residuals: leads of a hundred spreads leave it where it is."""
    table = np.random.default_rng(0).normal(scale=0.01, size=(20, 12))
    table[0] *= 100
    leads = 100.0 * np.arange(20)[:, np.newaxis]
    against_first = [(a, 0) for a in range(1, 20)]

    reach = judged(table, pairs=against_first).critical_t(12)

    assert judged(table + leads, pairs=against_first).critical_t(12) == pytest.approx(reach, rel=1e-4)


@pytest.mark.parametrize("n", [0, 1])
def test_tables_without_evidence_tell_nothing(n: int) -> None:
    """No seed at all, as when every trial failed with an error, and a single one."""
    found = judged(np.zeros((3, n)))

    assert found.p.tolist() == [1.0] * 3
    assert found.behind() == set()
