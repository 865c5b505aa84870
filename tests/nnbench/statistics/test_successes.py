"""Exact McNemar: against scipy's binomial test, and over the trials of a case."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from nnbench.records.trials import Status, TrialRecord
from nnbench.statistics.estimation.mcnemar import mcnemar_p
from nnbench.statistics.trials.successes import success_pairs
from tests.nnbench.statistics.records_by_hand import facts, trial


@pytest.mark.parametrize("only_a", [0, 1, 3, 6, 40])
@pytest.mark.parametrize("only_b", [0, 1, 5, 6, 700])
def test_the_p_value_is_the_binomial_tests(only_a: int, only_b: int) -> None:
    n = only_a + only_b
    expected = stats.binomtest(only_a, n, 0.5).pvalue if n else 1.0

    assert mcnemar_p(only_a, only_b) == pytest.approx(expected, rel=1e-12)


def test_six_against_none() -> None:
    """2 / 2^6: what ten of ten against four of ten says."""
    assert mcnemar_p(0, 6) == 1 / 32


def trials_of(**reached: str) -> list[TrialRecord]:
    """Return a trial for each letter: 1 reached the target, 0 did not, x diverged later, ? failed."""
    status: dict[str, Status] = {"x": "diverged", "?": "failed"}
    return [
        trial(
            name, seed, steps_to_target=100 if letter in "1x" else None, status=status.get(letter, "finished")
        )
        for name, letters in reached.items()
        for seed, letter in enumerate(letters)
        if letter != " "
    ]


def test_counts_are_over_the_seeds_that_both_have() -> None:
    """A trial that diverged reached nothing, one that failed or is missing makes no pair."""
    trials = trials_of(adam="11110?1", sgd="10x0111", lion="1111 11")

    sgd, lion = success_pairs(trials, facts(), trials[0].axes, is_named=True)

    assert (sgd.n, sgd.n_a, sgd.n_b, sgd.only_a, sgd.only_b) == (6, 3, 5, 1, 3)
    assert (lion.n, lion.n_a, lion.n_b, lion.only_a, lion.only_b) == (5, 5, 5, 0, 0)
    assert (sgd.p, lion.p) == (0.625, 1.0)  # 2 · (1 + 4) / 2^4: all the flips of four


@pytest.mark.parametrize("is_named", [True, False])
def test_p_is_corrected_over_the_family_of_the_verdicts(is_named: bool) -> None:
    """Over k − 1 comparisons with a named reference, over all pairs with a leader."""
    rows = {"a": "1" * 12, "b": "1" * 11 + "0", "c": "1" + "0" * 11, "d": "000111" * 2}
    trials = trials_of(**rows)

    found = success_pairs(trials, facts(), trials[12].axes, is_named=is_named)

    bits = {name: np.array(list(row)) == "1" for name, row in rows.items()}
    pairs = [pair for pair in combinations(bits, 2) if "b" in pair or not is_named]
    flips = np.array(list(product((1, -1), repeat=12)))
    rows_of = {pair: bits[pair[0]].astype(int) - bits[pair[1]] for pair in pairs}
    size = {pair: np.sqrt(max(1, np.abs(row).sum())) for pair, row in rows_of.items()}
    z = {pair: abs(row.sum()) / size[pair] for pair, row in rows_of.items()}
    stepped, largest = {}, 0.0
    ordered = sorted(pairs, key=lambda pair: -z[pair])
    for place, pair in enumerate(ordered):
        flipped = [np.abs(flips @ rows_of[each]) / size[each] for each in ordered[place:]]
        largest = max(largest, float(np.mean(np.max(flipped, axis=0) >= z[pair] - 1e-9)))
        stepped[pair] = largest
    expected = {next(name for name in pair if name != "b"): p for pair, p in stepped.items() if "b" in pair}
    assert {each.a.as_dict()["optimizer"]: each.p for each in found} == pytest.approx(expected)
    assert {each.family for each in found} == {len(pairs)}
    assert [each.only_a for each in found] == [1, 0, 1]


def test_a_case_without_a_target_has_no_success() -> None:
    trials = trials_of(adam="11", sgd="00")

    assert success_pairs(trials, facts(target=None), trials[0].axes, is_named=True) == []
