"""Smaller studies: counted by hand, and against a list of all subsets."""

import math
from itertools import combinations

import numpy as np
import pytest

from nnbench.records.trials import Direction, TrialRecord
from nnbench.statistics.trials.fewer_seeds import SmallerStudies, fewer_seeds
from tests.nnbench.statistics.records_by_hand import facts, trial


def trials_of(**scores: list[float]) -> list[TrialRecord]:
    return [
        trial(name, seed, accuracy=score, status="finished" if math.isfinite(score) else "diverged")
        for name, own in scores.items()
        for seed, score in enumerate(own)
    ]


def shares(trials: list[TrialRecord], direction: Direction = "max") -> dict[int, float]:
    metric = "accuracy" if direction == "max" else "loss"
    found = fewer_seeds(trials, facts(metric=metric, direction=direction))
    assert all(each.is_exact for each in found)
    return {each.n_seeds: each.another_winner for each in found}


def test_counted_by_hand() -> None:
    """adam's median is 0.75, sgd's 0.725; seed 0 alone names sgd, and so do the triples 0 1 3 and 0 2 3."""
    found = shares(trials_of(adam=[0.1, 0.7, 0.8, 0.9], sgd=[0.9, 0.5, 0.6, 0.85]))

    assert found[1] == 1 / 4
    assert found[3] == 2 / 4


def test_a_loss_is_better_when_smaller() -> None:
    """The records' loss is 1 − accuracy, so the winners are the same."""
    trials = trials_of(adam=[0.1, 0.7, 0.8, 0.9], sgd=[0.9, 0.5, 0.6, 0.85])

    assert shares(trials, "min") == shares(trials)


def test_ties_name_each_in_an_equal_part() -> None:
    """On the first seed all three tie for the best; on the others adam stands alone."""
    found = shares(trials_of(adam=[0.5, 0.9], sgd=[0.5, 0.1], lion=[0.5, 0.2]))

    assert found == {1: pytest.approx((2 / 3 + 0) / 2)}


def test_equal_medians_are_told_apart_by_the_mean_and_not_by_its_last_bits() -> None:
    """0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 differ in the last bit, and tie."""
    rows = {"adam": [0.1, 0.2, 0.3, 0.9], "sgd": [0.3, 0.2, 0.1, 0.8]}

    found = shares(trials_of(**rows))

    expected = []
    for chosen in combinations(range(4), 3):
        drawn = [np.take(row, chosen) for row in rows.values()]
        best = [(np.median(own), round(float(np.mean(own)), 9)) for own in drawn]
        expected.append(1 / 2 if best[0] == best[1] else float(best[1] > best[0]))
    assert found[3] == pytest.approx(np.mean(expected))


def test_a_trial_without_a_score_is_the_worst() -> None:
    """sgd's one good seed does not outweigh that it diverged on the others."""
    found = shares(trials_of(adam=[0.5] * 4, sgd=[0.9, -math.inf, -math.inf, -math.inf]))

    assert found == {1: 1 / 4, 3: 0.0}


def test_only_sizes_below_the_number_of_seeds_and_never_for_one_configuration() -> None:
    assert [each.n_seeds for each in fewer_seeds(trials_of(adam=[0.5] * 5, sgd=[0.4] * 5), facts())] == [1, 3]
    assert fewer_seeds(trials_of(adam=[0.5], sgd=[0.4]), facts()) == []
    assert fewer_seeds(trials_of(adam=[0.5] * 9), facts()) == []


def test_who_left_a_race_takes_no_part() -> None:
    trials = trials_of(adam=[0.5] * 6, sgd=[0.4] * 6, lion=[0.9])

    found = fewer_seeds(trials, facts(), left={trials[-1].axes})

    assert found == [SmallerStudies(n, 0.0, is_exact=True) for n in (1, 3, 5)]


def test_many_subsets_are_drawn() -> None:
    """30 seeds have 142,506 subsets of 5: 2,000 drawn ones are near to what 20,000 others say."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(0.55, 0.1, 30), generator.normal(0.5, 0.1, 30)

    found = fewer_seeds(trials_of(adam=list(a), sgd=list(b)), facts())

    rows = np.array([generator.choice(30, 5, replace=False) for _ in range(20_000)])
    share = np.mean(np.median(a[rows], axis=1) < np.median(b[rows], axis=1))
    assert [each.is_exact for each in found] == [True, False, False]
    assert found[2].another_winner == pytest.approx(share, abs=3.2 * math.sqrt(share * (1 - share) / 2_000))
    assert 0.01 < share < 0.5
