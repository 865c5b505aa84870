"""Shares of variance, main effects and interactions: against the classical formulas and projections."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nnbench.statistics.factors.effects import Effects, Measured, analyze_effects

A, B, C = ("a0", "a1", "a2"), ("b0", "b1"), ("c0", "c1")
SEEDS = range(4)
ROWS = list(itertools.product(A, B, C, SEEDS))


def analyze(scores: NDArray[np.float64], rows: list[tuple[str, str, str, int]]) -> Effects:
    """Return the effects of three factors on the scores of these rows."""
    levels = {name: [str(row[i]) for row in rows] for i, name in enumerate("abc")}
    return analyze_effects(levels, scores, [row[3] for row in rows])


def values(measured: Mapping[Any, Measured]) -> dict[Any, float]:
    return {key: each.value for key, each in measured.items()}


@pytest.fixture
def scores() -> NDArray[np.float64]:
    """Return the scores of the balanced matrix: factors that matter unevenly, and noise."""
    rng = np.random.default_rng(3)
    cell = rng.normal(size=(3, 2, 2, 1)) + np.arange(3.0)[:, None, None, None]
    return np.asarray((cell + 0.5 * rng.normal(size=(3, 2, 2, 4))).ravel())


def test_balanced_shares_are_the_classical_ones(scores: NDArray[np.float64]) -> None:
    """Every share is the sum of squares of marginal means over the total, and all add up to 1."""
    table = scores.reshape(3, 2, 2, 4)
    mean, total = table.mean(), np.sum((table - table.mean()) ** 2)
    of_a = 16 * np.sum((table.mean(axis=(1, 2, 3)) - mean) ** 2)
    ab, a, b = table.mean(axis=(2, 3)), table.mean(axis=(1, 2, 3)), table.mean(axis=(0, 2, 3))
    of_ab = 8 * np.sum((ab - a[:, None] - b[None, :] + mean) ** 2)

    found = analyze(scores, ROWS)
    share = {item.term: item.share for item in found.shares}

    assert share["a",] == pytest.approx(of_a / total, rel=1e-12)
    assert share["a", "b"] == pytest.approx(of_ab / total, rel=1e-12)
    assert list(share) == [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c")]
    assert sum(share.values()) + found.residual.value == pytest.approx(1.0)
    assert (found.is_balanced, found.n, found.n_without_score) == (True, 48, 0)
    assert [item.dof for item in found.shares] == [2, 1, 1, 2, 2, 1]
    of_the_rest = found.residual.value / (47 - 9)
    assert [item.share_by_chance for item in found.shares] == pytest.approx(
        [dof * of_the_rest for dof in (2, 1, 1, 2, 2, 1)]
    )


def test_balanced_tables_are_marginal_means(scores: NDArray[np.float64]) -> None:
    """A main effect is a marginal mean less the mean; an interaction what a cell has beyond its margins."""
    table = scores.reshape(3, 2, 2, 4)

    found = analyze(scores, ROWS)

    assert found.mean.value == pytest.approx(table.mean())
    of_a = table.mean(axis=(1, 2, 3)) - table.mean()
    assert list(values(found.main["a"]).values()) == pytest.approx(of_a)
    expected = table[2, 0].mean() - table[2].mean() - table[:, 0].mean() + table.mean()
    assert found.interactions["a", "b"]["a2", "b0"].value == pytest.approx(expected)
    assert found.cells["a", "b"]["a2", "b0"].value == pytest.approx(table[2, 0].mean())
    assert found.cells["a", "b"]["a2", "b0"].n == 8
    assert found.main["a"]["a2"].n == 16


def test_unbalanced_shares_are_differences_of_models(scores: NDArray[np.float64]) -> None:
    """Type II by explicit projections on indicator columns: the term's models with it less without it."""
    rows = [row for i, row in enumerate(ROWS) if i % 5 and i != 7]
    y = np.array([scores[i] for i in range(48) if i % 5 and i != 7])

    def left(*terms: str) -> float:
        """Return the residual sum of squares of the model with one indicator per cell of each term."""
        columns = [np.ones(len(rows))]
        for term in terms:
            cells = [tuple(row["abc".index(factor)] for factor in term) for row in rows]
            columns += [np.array([cell == other for cell in cells], dtype=float) for other in set(cells)]
        matrix = np.stack(columns, axis=1)
        return float(np.sum((y - matrix @ np.linalg.pinv(matrix) @ y) ** 2))

    found = analyze(y, rows)
    share = {item.term: item.share for item in found.shares}
    total = np.sum((y - y.mean()) ** 2)

    assert not found.is_balanced
    assert share["a",] == pytest.approx((left("bc") - left("bc", "a")) / total, rel=1e-9)
    assert share["b", "c"] == pytest.approx((left("ab", "ac") - left("ab", "ac", "bc")) / total, rel=1e-9)
    assert found.residual.value == pytest.approx(left("ab", "ac", "bc") / total, rel=1e-9)


def test_unbalanced_main_effects_hold_the_others_equal() -> None:
    """Where a0 was mostly tried with the good b, its marginal mean flatters it; its effect does not."""
    rows = [("a0", "b0", 5), ("a0", "b1", 1), ("a1", "b0", 1), ("a1", "b1", 5)]
    expanded = [(a, b) for a, b, n in rows for _ in range(n)]
    y = [1.0 * (a == "a1") + 10.0 * (b == "b0") for a, b in expanded]

    found = analyze_effects({"a": [a for a, _ in expanded], "b": [b for _, b in expanded]}, y, [0] * 12)

    assert values(found.main["a"]) == pytest.approx({"a0": -0.5, "a1": 0.5})
    assert found.mean.value == pytest.approx(5.5)


def test_an_empty_cell_is_absent_and_costs_its_degree_of_freedom() -> None:
    """A pair of levels that was never tried has no interaction, and the pair one degree fewer."""
    rows = [
        (a, b, seed) for a in A for b in ("b0", "b1", "b2") for seed in range(2) if (a, b) != ("a0", "b0")
    ]
    y = np.random.default_rng(0).normal(size=len(rows))

    found = analyze_effects(
        {"a": [row[0] for row in rows], "b": [row[1] for row in rows]}, y, [row[2] for row in rows]
    )

    assert ("a0", "b0") not in found.interactions["a", "b"]
    assert {item.term: item.dof for item in found.shares} == {("a",): 2, ("b",): 2, ("a", "b"): 3}


def test_trials_without_a_score_are_left_out_and_counted(scores: NDArray[np.float64]) -> None:
    """A diverged trial has no square; the rest is analysed as if it had not been planned."""
    lost = scores.copy()
    lost[[3, 20]] = -math.inf
    kept = [row for i, row in enumerate(ROWS) if i not in (3, 20)]

    found, without = analyze(lost, ROWS), analyze(np.delete(scores, [3, 20]), kept)

    assert (found.n, found.n_without_score, found.is_balanced) == (46, 2, False)
    assert found.shares == without.shares


def test_factors_with_one_level_are_left_out(scores: NDArray[np.float64]) -> None:
    """What does not vary explains nothing; without any factor there is nothing to say."""
    levels = {"a": [row[0] for row in ROWS], "fixed": ["x"] * 48}

    found = analyze_effects(levels, scores, [row[3] for row in ROWS])

    assert [item.term for item in found.shares] == [("a",)]
    with pytest.raises(ValueError, match="no factor has two levels"):
        analyze_effects({"fixed": ["x"] * 48}, scores, [0] * 48)


def test_equal_scores_have_no_shares() -> None:
    """Nothing varies, so nothing is explained: 0, and not 0 / 0 – nor what rounding leaves of a mean."""
    found = analyze(np.full(48, 0.97), ROWS)

    assert {item.share for item in found.shares} == {0.0}
    assert {item.interval for item in found.shares} == {(0.0, 0.0)}
    assert {(each.value, each.interval) for each in found.main["a"].values()} == {(0.0, (0.0, 0.0))}


def test_pure_noise_explains_its_share_by_chance() -> None:
    """Averaged over 200 matrices of noise, each share is what chance is said to explain of it."""
    rng = np.random.default_rng(1)
    levels = {"a": [row[0] for row in ROWS], "b": [row[1] for row in ROWS]}
    runs = [analyze_effects(levels, rng.normal(size=48), [row[3] for row in ROWS]).shares for _ in range(200)]

    for i, item in enumerate(runs[0]):
        shares = [run[i].share for run in runs]
        by_chance = np.mean([run[i].share_by_chance for run in runs])
        assert np.mean(shares) == pytest.approx(by_chance, abs=4 * stats.sem(shares))
        assert np.mean(shares) == pytest.approx(item.dof / 47, abs=4 * stats.sem(shares))
        assert np.mean([run[i].is_beyond_chance for run in runs]) < 0.06


def test_a_small_effect_beside_a_large_one_is_seen() -> None:
    """Chance is measured by what the rest leaves: 2 % of the spread is much where the seeds leave 0.1 %."""
    rng = np.random.default_rng(5)
    y = np.array([10.0 * (row[0] == "a0") + 1.0 * (row[1] == "b0") for row in ROWS])

    found = analyze(y + 0.1 * rng.normal(size=48), ROWS)

    beyond = {item.term: item.is_beyond_chance for item in found.shares}
    share = next(item.share for item in found.shares if item.term == ("b",))
    assert share < 1 / 47  # what pure noise of the same spread would explain
    assert beyond["a",]
    assert beyond["b",]
    assert not beyond["c",]


def test_shifts_of_a_balanced_matrix_have_students_interval_over_seeds(scores: NDArray[np.float64]) -> None:
    """Each seed has a whole matrix and so a shift of its own: the interval is that of their mean."""
    table = scores.reshape(3, 2, 2, 4)
    of_seeds = table.mean(axis=(1, 2)) - table.mean(axis=(0, 1, 2))

    found = analyze(scores, ROWS).main["a"]["a1"]

    expected = stats.t.interval(0.95, 3, of_seeds[1].mean(), stats.sem(of_seeds[1]))
    assert found.interval == pytest.approx(expected, rel=1e-9)


def test_what_one_seed_alone_determines_has_no_interval(scores: NDArray[np.float64]) -> None:
    """a2 has a score on one seed: without that seed nothing is known of it, but b is bounded as before."""
    lost = scores.copy()
    lost[[i for i, row in enumerate(ROWS) if row[0] == "a2" and row[3] > 0]] = math.inf

    found = analyze(lost, ROWS)

    assert found.main["a"]["a2"].interval == (-math.inf, math.inf)
    assert found.main["a"]["a0"].interval == (-math.inf, math.inf)
    assert all(math.isfinite(end) for end in found.main["b"]["b0"].interval)
    assert found.cells["a", "b"]["a2", "b0"].interval == (-math.inf, math.inf)
    assert all(math.isfinite(end) for end in found.cells["a", "b"]["a0", "b0"].interval)


def test_levels_that_go_together_have_no_shift() -> None:
    """Where d names the same trials as a does, no number is made up for either; b keeps its own."""
    levels = {
        "a": [row[0] for row in ROWS],
        "d": ["d" + row[0] for row in ROWS],
        "b": [row[1] for row in ROWS],
    }
    y = np.random.default_rng(2).normal(size=48)

    found = analyze_effects(levels, y, [row[3] for row in ROWS])

    assert math.isnan(found.main["a"]["a0"].value)
    assert math.isnan(found.main["d"]["da0"].value)
    of_b = np.mean([y[i] for i, row in enumerate(ROWS) if row[1] == "b0"]) - y.mean()
    assert found.main["b"]["b0"].value == pytest.approx(of_b)


def test_a_saturated_model_leaves_nothing_to_tell_chance_by() -> None:
    """One seed of two factors: everything is explained, so that nothing is known of chance."""
    rows = list(itertools.product(A, B))
    y = np.random.default_rng(0).normal(size=6)

    found = analyze_effects({"a": [a for a, _ in rows], "b": [b for _, b in rows]}, y, [0] * 6)

    assert found.residual.value == 0.0
    assert all(math.isnan(item.share_by_chance) for item in found.shares)
    assert not any(item.is_beyond_chance for item in found.shares)


def test_a_seed_is_left_out_whole(scores: NDArray[np.float64]) -> None:
    """Scores that repeat on every seed give an interval of no width; one seed alone gives 0 to 1."""
    repeated = np.repeat(scores.reshape(12, 4)[:, :1], 4, axis=1).ravel()
    one_seed = [row for row in ROWS if row[3] == 0]

    item = analyze(repeated, ROWS).shares[0]

    assert item.interval == pytest.approx((item.share, item.share))
    assert analyze(scores[::4], one_seed).shares[0].interval == (0.0, 1.0)
