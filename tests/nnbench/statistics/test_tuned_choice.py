"""Which point a search chooses: by the mean with failures in it, then one standard error to the middle."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nnbench.records.trials import Axes, CaseFacts, TrialRecord
from nnbench.statistics.tuning.choice import (
    Standing,
    basin_around,
    best_of,
    may_be_as_good,
    middle_of,
    spread_over,
    standings_by_axes,
    trimmed_mean,
)
from tests.nnbench.statistics.records_by_hand import facts, trial

RATES = (0.001, 0.00316, 0.01, 0.0316, 0.1)
LOSS = {"metric": "loss", "direction": "min"}


def at(rate: str, *scores: float | None, case: CaseFacts | None = None) -> list[TrialRecord]:
    """Return trials at a rate, a seed each; None: it diverged."""
    metric = (case or facts()).metric
    made = [
        trial(seed=seed, status="finished" if score is not None else "diverged")
        for seed, score in enumerate(scores)
    ]
    where = Axes((("optimizer", "sgd"), ("learning_rate", rate)))
    return [
        replace(each, axes=where, final={} if score is None else {**each.final, metric: score})
        for each, score in zip(made, scores, strict=True)
    ]


def standing(trials: Sequence[TrialRecord], rate: str, case: CaseFacts | None = None) -> Standing:
    known = standings_by_axes(trials, case or facts())
    return known[Axes((("optimizer", "sgd"), ("learning_rate", rate)))]


def test_a_point_is_scored_by_its_mean_and_the_error_of_it() -> None:
    """As SciPy has the standard error."""
    found = standing(at("0.1", 0.90, 0.94, 0.95), "0.1")

    assert found.score == pytest.approx(0.93)
    assert found.error == pytest.approx(stats.sem([0.90, 0.94, 0.95]))


def test_a_failing_seed_counts_as_an_accuracy_of_nothing() -> None:
    """A median of 0.97 would hide that one of three diverges: the steady 0.9 is better."""
    trials = at("0.1", 0.97, None, 0.98) + at("0.01", 0.90, 0.90, 0.91)

    assert standing(trials, "0.1").score == pytest.approx((0.97 + 0.98) / 3)
    assert standing(trials, "0.1").score < standing(trials, "0.01").score


def test_a_failing_seed_counts_as_more_than_the_worst_loss() -> None:
    """Of 2.5 and chance at 2.3 the larger, and a noticeable difference more."""
    case = facts(chance=2.3, noticeable=0.1, direction="min", metric="loss")
    trials = at("0.1", 0.2, None, case=case) + at("0.01", 2.5, 0.4, case=case)

    assert standing(trials, "0.1", case).score == pytest.approx((0.2 + 2.6) / 2)


def test_where_nothing_scored_there_is_no_best() -> None:
    """Not even of several."""
    trials = at("0.1", None, None) + at("0.01", None)

    assert best_of(list(standings_by_axes(trials, facts()).values()), "max") is None


def test_a_trial_that_failed_with_an_error_says_nothing_of_its_rate() -> None:
    """It is not taken for one that diverged."""
    trials = at("0.1", 0.9, 0.8)
    broken = replace(trials[1], status="failed", final={})

    assert standing([trials[0], broken], "0.1").score == 0.9


def test_the_basin_ends_at_the_first_rate_that_is_not_as_good() -> None:
    """A second basin behind it does not count."""
    standings = [Standing(score, 0.0, 0.01) for score in (0.95, 0.90, 0.955, 0.96, 0.951)]

    assert basin_around(3, standings) == range(2, 5)


def test_the_error_is_that_of_the_difference_by_seed() -> None:
    """Seeds scatter by 0.1, and two points differ by 0.01 on each, give or take what SciPy says."""
    high, low = (0.80, 0.90, 1.00), (0.789, 0.8906, 0.9904)
    trials = at("0.1", *high) + at("0.01", *low)
    best, other = standing(trials, "0.1"), standing(trials, "0.01")
    error = stats.sem(np.subtract(high, low))
    near = standing(at("0.01", 0.80, 0.90 - 3 * error, 1.0 + error), "0.01")

    assert best.error > 0.05 > 0.01 > error
    assert basin_around(0, [best, other]) == range(1)
    assert basin_around(0, [best, near]) == range(2)


def test_what_may_be_as_good_is_measured_by_the_error_of_the_difference() -> None:
    """0.018 is more than the best's own error of 0.01, and less than sqrt(0.01² + 0.02²) = 0.022."""
    best, other = Standing(0.96, 0.0, 0.01), Standing(0.942, 0.0, 0.02)

    assert basin_around(0, [best, other]) == range(1)
    assert basin_around(0, [best, other], good=may_be_as_good) == range(2)


def test_scores_that_do_not_vary_are_told_apart_by_the_loss() -> None:
    """All are right all of the time."""
    standings = [Standing(1.0, 0.3), Standing(1.0, 0.1), Standing(1.0, 0.1), Standing(1.0, 0.2)]

    assert basin_around(1, standings) == range(1, 3)


def test_the_middle_of_a_basin_is_chosen_and_not_its_cliff() -> None:
    """The best mean stands beside a rate at which most fail; three rates are as good."""
    standings = [Standing(score, 0.0, 0.01) for score in (0.80, 0.955, 0.958, 0.96, 0.30)]

    assert middle_of(basin_around(3, standings), RATES, standings, 3) == 2


def test_of_two_in_the_middle_the_better_mean_is_chosen() -> None:
    """0.00316 and 0.01 are as far from the middle, but for the rounding of rates to three digits."""
    standings = [Standing(score, 0.0, 0.01) for score in (0.80, 0.952, 0.96, 0.70, 0.30)]

    assert middle_of(range(1, 3), RATES, standings, 2) == 2
    assert middle_of(range(1, 3), RATES, standings[:1] + standings[2:0:-1] + standings[3:], 1) == 1


@pytest.mark.parametrize(
    ("basin", "n", "places"),
    [
        (range(4, 5), 5, (2, 3, 4, 5, 6)),  # those around it
        (range(1), 5, (0, 1, 2, 3, 4)),
        (range(8, 9), 5, (4, 5, 6, 7, 8)),
        (range(2, 5), 5, (1, 2, 3, 4, 5)),
        (range(9), 5, (0, 2, 4, 6, 8)),  # evenly over it
        (range(9), 9, tuple(range(9))),
        (range(2), 12, tuple(range(9))),  # there are no more
    ],
)
def test_finalists_cover_the_basin(basin: range, n: int, places: tuple[int, ...]) -> None:
    """Nine rates, evenly spaced."""
    assert spread_over(basin, np.geomspace(1e-4, 1.0, 9).tolist(), n) == places


def test_the_choice_is_steadier_than_the_best_of_medians() -> None:
    """Two searches on seeds of their own agree more often, and the rule stays off the cliff.

    Beside the best rate a third of the trials fails; a median of three climbs there more often than not.
    """
    rng = np.random.default_rng(3)
    share_failing = (0.0, 0.0, 0.0, 0.0, 0.35)
    level = (0.90, 0.93, 0.95, 0.95, 0.97)

    def chosen(n: int) -> tuple[int, int]:
        scores = [
            np.where(rng.random(n) < failing, 0.0, mean + 0.01 * rng.standard_normal(n))
            for failing, mean in zip(share_failing, level, strict=True)
        ]
        standings = [
            Standing(float(own.mean()), 0.0, float(own.std(ddof=1)) / math.sqrt(n)) for own in scores
        ]
        best = best_of(standings, "max")
        assert best is not None
        by_mean = middle_of(basin_around(best, standings), RATES, standings, best)
        return by_mean, int(np.argmax([np.median(own[:3]) for own in scores]))

    found = [chosen(20) for _ in range(300)]

    assert np.mean([by_mean == 4 for by_mean, _ in found]) == 0.0
    assert np.mean([by_median == 4 for _, by_median in found]) > 0.5


def test_from_twenty_seeds_on_the_mean_leaves_out_the_outermost_twentieth() -> None:
    """SciPy's trimmed mean, with Yuen's error; below twenty values the plain ones."""
    values = np.random.default_rng(4).standard_t(2, 45)

    for n in (2, 19, 20, 39, 40, 45):
        mean, error = trimmed_mean(values[:n])
        cut = n // 20
        assert mean == pytest.approx(stats.trim_mean(values[:n], cut / n + 1e-9))
        winsorised = np.asarray(stats.mstats.winsorize(values[:n], (cut / n + 1e-9, cut / n + 1e-9)))
        assert error == pytest.approx(winsorised.std(ddof=1) / ((1 - 2 * cut / n) * np.sqrt(n)))


def test_one_collapse_of_twenty_does_not_decide_and_two_do() -> None:
    """A rate at which one seed of hundreds collapses is the better one on all the others."""
    sound = at("0.1", *(0.94 + 0.001 * (seed % 3) for seed in range(20)))

    for n_collapsed, chosen in ((1, 1), (2, 0)):
        risky = at("0.3", *(0.1 if seed < n_collapsed else 0.96 for seed in range(20)))
        standings = list(standings_by_axes([*sound, *risky], facts()).values())
        assert best_of(standings, "max") == chosen
