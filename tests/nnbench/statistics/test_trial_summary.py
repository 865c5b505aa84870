"""From trials to rows and verdicts: what counts as evidence, and what is done with it."""

import math
from dataclasses import replace

import pytest
from scipy import stats

from nnbench.records.trials import Axes
from nnbench.statistics.trials.summary import comparisons, score, scores_by_configuration, summaries
from tests.nnbench.statistics.records_by_hand import facts, trial

ADAM = Axes((("optimizer", "adam"), ("activation", "relu")))
SGD = Axes((("optimizer", "sgd"), ("activation", "relu")))


def test_score_is_the_final_value_of_the_cases_metric() -> None:
    """Accuracy where the case compares accuracy, loss where it compares loss."""
    assert score(trial(accuracy=0.75), facts()) == 0.75
    assert score(trial(accuracy=0.75), facts(metric="loss", direction="min")) == 0.25


def test_a_trial_without_a_score_has_the_worst() -> None:
    """Diverged is -inf where more is better and +inf where less is."""
    assert score(trial(status="diverged"), facts()) == -math.inf
    assert score(trial(status="diverged"), facts(metric="loss", direction="min")) == math.inf


def test_a_finished_trial_without_the_metric_is_refused() -> None:
    """A hole in a record is an error that names trial and metric, not a score."""
    with pytest.raises(ValueError, match="digits-adam-relu-0: finished, but its final 'auc' is nan"):
        score(trial(), facts(metric="auc"))


def test_row_by_hand() -> None:
    """Median, success, steps and seconds of five trials, of which one missed the target and one diverged."""
    trials = [
        trial(seed=0, accuracy=0.95, steps_to_target=90, train_s=0.5),
        trial(seed=1, accuracy=0.93, steps_to_target=120, train_s=0.7),
        trial(seed=2, accuracy=0.91, steps_to_target=150, train_s=0.6),
        trial(seed=3, accuracy=0.85, steps_to_target=None, train_s=0.9),
        trial(seed=4, status="diverged", steps_to_target=60, train_s=0.1),
    ]
    wilson = stats.binomtest(3, 5).proportion_ci(0.95, method="wilson")

    (row,) = summaries(trials, facts())

    assert (row.case, row.axes, row.n, row.median) == ("digits", ADAM, 5, 0.91)
    assert row.interval == (-math.inf, math.inf)
    assert row.success_rate == 0.6
    assert row.success_interval == pytest.approx((wilson.low, wilson.high))
    assert row.failures == {"diverged": 1}
    assert row.median_steps_to_target == 150.0
    assert row.train_s == pytest.approx(0.65)


def test_most_trials_without_a_score_leave_the_worst_median() -> None:
    """Infinities take part in the median: three of five diverged is -inf, and never reached is inf."""
    trials = [trial(seed=i, status="diverged" if i < 3 else "finished") for i in range(5)]

    (row,) = summaries(trials, facts())

    assert (row.median, row.median_steps_to_target) == (-math.inf, math.inf)


def test_errors_and_cancelled_trials_are_no_evidence() -> None:
    """A failed trial is counted as a failure and nothing else; a cancelled one leaves no trace."""
    trials = [trial(seed=0), trial(seed=1, status="failed"), trial(seed=2, status="cancelled")]

    (row,) = summaries(trials, facts())

    assert (row.n, row.median, row.success_rate, row.failures) == (1, 0.95, 1.0, {"failed": 1})
    assert scores_by_configuration(trials, facts()) == {ADAM: {0: 0.95}}


def test_a_configuration_of_errors_keeps_its_row() -> None:
    """Without evidence the row stands there with n = 0, the worst median and nothing known."""
    (row,) = summaries([trial(status="failed"), trial(seed=1, status="failed")], facts())

    assert (row.n, row.median, row.interval) == (0, -math.inf, (-math.inf, math.inf))
    assert (row.success_rate, row.success_interval, row.failures) == (0.0, (0.0, 1.0), {"failed": 2})


def test_without_a_target_success_is_to_finish() -> None:
    """A case without a target asks no more than a score."""
    trials = [trial(seed=0, steps_to_target=None), trial(seed=1, status="diverged", steps_to_target=None)]

    (row,) = summaries(trials, facts(target=None))

    assert row.success_rate == 0.5


def test_rows_come_in_order_of_appearance_and_of_one_case() -> None:
    """Other cases' trials are not mixed in."""
    trials = [trial("sgd"), trial("adam"), trial("sgd", 1), trial("adam", case="moons")]

    assert [(row.axes, row.n) for row in summaries(trials, facts())] == [(SGD, 2), (ADAM, 1)]


def test_the_recorded_failure_kind_is_believed() -> None:
    """What the runner saw of a trial while it ran goes before what its curves suggest."""
    (row,) = summaries([trial(failure="dead")], facts())

    assert row.failures == {"dead": 1}


def test_the_same_seed_twice_is_refused() -> None:
    """Two trials of one configuration and seed would pair with one another's partner."""
    with pytest.raises(ValueError, match=r"have seed 0\. Give each trial once"):
        summaries([trial(), replace(trial(), key="again")], facts())


def test_comparison_by_hand() -> None:
    """Eight seeds ahead by 0.05: the lagging side is worse than the leader."""
    trials = [trial("adam", seed, accuracy=0.95 + 0.002 * (seed % 3)) for seed in range(8)]
    trials += [trial("sgd", seed, accuracy=0.90 + 0.001 * (seed % 4)) for seed in range(8)]

    (found,) = comparisons(trials, facts())

    assert (found.case, found.a, found.b, found.verdict, found.n) == ("digits", SGD, ADAM, "worse", 8)
    assert found.difference == pytest.approx(-0.05025)
    assert found.interval[0] < found.difference < found.interval[1] < -0.04
    assert (found.p, found.seeds_needed) == (2 / 2**8, None)


def test_the_reference_can_be_named() -> None:
    """Against sgd, adam is better."""
    trials = [
        trial(name, seed, accuracy=0.95 if name == "adam" else 0.9)
        for name in ("adam", "sgd")
        for seed in range(8)
    ]

    (found,) = comparisons(trials, facts(), against=SGD)

    assert (found.a, found.b, found.verdict) == (ADAM, SGD, "better")


def test_a_failed_trial_makes_no_pair() -> None:
    """An error on five of eight seeds leaves three pairs, and three pairs cannot tell."""
    trials = [trial("adam", seed, accuracy=0.95) for seed in range(8)]
    trials += [
        trial("sgd", seed, accuracy=0.5, status="failed" if seed < 5 else "finished") for seed in range(8)
    ]

    (found,) = comparisons(trials, facts())

    few = "3 seeds cannot decide anything: 6 would"
    assert (found.verdict, found.n, found.reason) == ("cannot_tell", 3, few)


def test_later_looks_are_judged_at_their_own_level() -> None:
    """Eight seeds tell at the second look, at 1.15 %, and not at the third, at 0.41 %."""
    trials = [
        trial(name, seed, accuracy=0.95 if name == "adam" else 0.9)
        for name in ("adam", "sgd")
        for seed in range(8)
    ]

    verdicts = [comparisons(trials, facts(), look=look)[0].verdict for look in (2, 3)]

    assert verdicts == ["worse", "cannot_tell"]


def test_the_interval_of_an_accuracy_stays_an_accuracy() -> None:
    """Student's interval of three spread accuracies would reach beyond 1; no accuracy does."""
    trials = [trial(seed=seed, accuracy=score) for seed, score in enumerate((0.3, 0.8, 0.99))]

    (found,) = summaries(trials, facts())

    assert found.interval[1] == 1.0
    assert 0.0 <= found.interval[0] < 0.3
