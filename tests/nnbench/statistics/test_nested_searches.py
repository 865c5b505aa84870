"""Verdicts over several searches, and tuning debt: Student's intervals of means, against SciPy."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from records_by_hand import facts
from scipy import stats

from nnbench.records.trials import Axes, Tuning
from nnbench.statistics.estimation.distributions import share_error, t_two_sided_p
from nnbench.statistics.tuning.nested import debts, nested_judged, nested_verdicts, share_of

A, B, C = (Axes((("optimizer", name),)) for name in ("adam", "sgd", "lion"))
SEEDS = tuple(range(9))
ONE = dict.fromkeys(SEEDS, 0)
THREE = {seed: seed % 3 for seed in SEEDS}


def scored(mean: float, *, by_search: tuple[float, ...] = (0.0,), spread: float = 0.01) -> dict[int, float]:
    """Return scores that differ by seed, and by search as much as is said."""
    return {
        seed: mean + spread * math.sin(3.0 * seed * seed + 100 * mean) + by_search[seed % len(by_search)]
        for seed in SEEDS
    }


def differences(a: Mapping[int, float], b: Mapping[int, float]) -> list[float]:
    return [a[seed] - b[seed] for seed in SEEDS]


@pytest.mark.parametrize("dof", [1, 2, 5, 30])
@pytest.mark.parametrize("t", [0.0, 0.3, -2.5, 12.7])
def test_the_tail_of_student_is_that_of_scipy(t: float, dof: int) -> None:
    """Both sides of it."""
    assert t_two_sided_p(t, dof) == pytest.approx(2 * stats.t.sf(abs(t), dof), abs=1e-12)


def test_the_error_of_a_share_is_that_of_a_binomial() -> None:
    """Of 10,000 test examples 98 % right: 0.27 points."""
    expected = stats.norm.ppf(0.975) * stats.binom.std(10_000, 0.98) / 10_000

    assert share_error(0.98, 10_000) == pytest.approx(expected)
    assert share_error(0.98, 10_000) == pytest.approx(0.0027, abs=5e-5)


def test_seeds_take_turns_over_the_searches() -> None:
    """Of seven seeds the first search has one more."""
    one = Tuning("grid", (100,), tuple(range(7)), ())
    repeated = Tuning("grid", (100,), tuple(range(7)), (), repeats=(one, one))

    assert share_of(repeated) == {0: 0, 3: 0, 6: 0, 1: 1, 4: 1, 2: 2, 5: 2}
    assert [repeated.fresh(place) for place in range(3)] == [(0, 3, 6), (1, 4), (2, 5)]


def test_the_sample_is_one_mean_for_each_search() -> None:
    """One pair: the interval and p of SciPy's one-sample t test over three means."""
    a, b = scored(0.95, by_search=(0.0, 0.004, -0.005)), scored(0.90)
    means = np.reshape(differences(a, b), (3, 3)).mean(axis=0)
    expected = stats.ttest_1samp(means, 0.0)

    (found,) = nested_verdicts(facts(), [(A, B, a, b)], THREE)

    assert found.difference == pytest.approx(means.mean())
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert (found.verdict, found.n) == ("better", 9)


def test_what_searches_differ_by_takes_a_verdict_back() -> None:
    """The nine seeds alone would call 3 points significant; the searches differ by as much."""
    a, b = scored(0.95, by_search=(0.03, -0.03, 0.0)), scored(0.92)

    (found,) = nested_verdicts(facts(), [(A, B, a, b)], THREE)

    assert stats.ttest_1samp(differences(a, b), 0.0).pvalue < 0.05
    assert found.verdict == "cannot_tell"
    assert "3 searches" in found.reason


def test_interval_and_verdict_never_contradict_each_other() -> None:
    """Corrected alike: whatever the family, 0 is outside where p is at most the level."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        scores = {each: dict(enumerate(0.9 + 0.02 * rng.standard_normal(9))) for each in (A, B, C)}
        for found in nested_judged(facts(noticeable=1e-9), scores, THREE)[0]:
            low, high = found.interval
            assert (low > 0 or high < 0) == (found.p <= 0.05) == (found.verdict in ("better", "worse"))


def test_the_null_holds_where_searches_scatter() -> None:
    """Two equals, searches off by as much as seeds: 5 % of 2,000 are called, where seeds call 10 or more."""
    rng = np.random.default_rng(2)
    n_called = n_by_seeds = 0
    for _ in range(2000):
        effects = 0.01 * rng.standard_normal((2, 3))
        a, b = (
            {seed: 0.9 + effects[side][seed % 3] + 0.01 * rng.standard_normal() for seed in SEEDS}
            for side in (0, 1)
        )
        (found,) = nested_verdicts(facts(noticeable=1e-9), [(A, B, a, b)], THREE)
        n_called += found.verdict in ("better", "worse")
        n_by_seeds += bool(stats.ttest_1samp(differences(a, b), 0.0).pvalue <= 0.05)

    assert 0.035 <= n_called / 2000 <= 0.065
    assert n_by_seeds / 2000 > 0.1


def test_where_less_is_better_the_lower_loss_leads() -> None:
    """And the sign of the difference is that of the metric."""
    case = facts(metric="loss", direction="min")
    found, judgement = nested_judged(case, {A: scored(0.2), B: scored(0.5)}, THREE)

    assert [(each.a, each.b, each.verdict) for each in found] == [(B, A, "worse")]
    assert found[0].difference > 0
    assert judgement is not None
    assert (judgement.may_be_best, judgement.n_pairs) == ((A,), 1)


def test_a_trial_without_a_score_is_worse_than_the_worst_by_a_noticeable_difference() -> None:
    """0.80 is the worst; the lost one counts as 0.79."""
    a, b = dict.fromkeys(SEEDS, 0.9), dict.fromkeys(SEEDS, 0.8)
    (found,) = nested_verdicts(facts(noticeable=0.01), [(A, B, a, {**b, 0: -math.inf})], THREE)

    assert found.difference == pytest.approx(0.1 + 0.01 / 9)


def test_one_pair_of_equal_scores_is_no_difference() -> None:
    """Nothing is divided by the spread of nothing."""
    same = dict.fromkeys(SEEDS, 0.9)

    (found,) = nested_verdicts(facts(), [(A, B, same, same)], THREE)

    assert (found.verdict, found.p, found.difference) == ("equivalent", 1.0, 0.0)


def test_the_tuning_debt_is_the_first_gain_less_the_second() -> None:
    """By hand over the pairs, with SciPy's interval; what the leader is drops out of it."""
    tuned, default = {A: scored(0.96), B: scored(0.94)}, {A: scored(0.95), B: scored(0.80)}

    (found,) = debts(facts(), tuned, default, ONE)

    paired = np.array(differences(tuned[A], default[B])) - differences(tuned[A], tuned[B])
    assert (found.a, found.b, found.n) == (A, B, 9)
    assert found.over_default.value == pytest.approx(np.mean(differences(tuned[A], default[B])))
    assert found.over_tuned.value == pytest.approx(np.mean(differences(tuned[A], tuned[B])))
    assert found.debt.value == pytest.approx(found.over_default.value - found.over_tuned.value)
    expected = stats.ttest_1samp(paired, 0.0).confidence_interval(0.95)
    assert found.debt.interval == pytest.approx(tuple(expected))


def test_a_gain_in_loss_is_above_nothing() -> None:
    """Where less is better too."""
    case = facts(metric="loss", direction="min")
    (found,) = debts(case, {A: scored(0.1), B: scored(0.3)}, {B: scored(0.9)}, ONE)

    assert found.over_default.value > found.over_tuned.value > 0
    assert found.debt.value == pytest.approx(0.6, abs=0.02)
