"""How metrics are read: units, ends of ranges, names, and those that are measured besides."""

import math
from dataclasses import replace

import pytest
import report_samples as samples

from nnbench.records.trials import CaseFacts, MetricFacts
from nnbench.reporting import digits
from nnbench.reporting.texts import words
from nnbench.reporting.views.also import also_measured
from nnbench.statistics.trials.summary import within_range
from nnbench.statistics.tuning.choice import lost_value

F1 = MetricFacts("f1", "max", "", 0.0, 1.0)
RMSE = MetricFacts("rmse", "min", "", 0.0, None)
R2 = MetricFacts("r2", "max", "", None, 1.0)
BALANCED = MetricFacts("balanced_accuracy", "max", "%", 0.0, 1.0)


def facts_of(metric: MetricFacts, **changes: object) -> CaseFacts:
    said = {name: getattr(metric, name) for name in ("metric", "direction", "unit", "least", "most")}
    return replace(samples.FACTS, **said, **changes)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.97249, "0.972"), (0.9996, "0.9996"), (0.00003, "0.00003"), (1.0, "1"), (0.0, "0"), (0.5, "0.500")],
)
def test_a_share_is_one_only_where_it_is_meant(value: float, shown: str) -> None:
    assert digits.scaled(value, digits.scale_of(F1)) == shown


def test_the_record_says_the_unit_and_else_the_name() -> None:
    by_name = MetricFacts("balanced_accuracy", "max")

    assert digits.scale_of(BALANCED) == digits.scale_of(by_name) == digits.PERCENT
    assert digits.scale_of(F1) == digits.SHARE
    assert digits.scale_of(MetricFacts("f1", "max")) == digits.scale_of(R2) == digits.PLAIN
    assert words.median(0.5, (0.25, 0.75), facts_of(F1)) == "0.50 [0.25, 0.75]"


def test_a_metric_of_the_training_part_is_called_so() -> None:
    assert words.metric(facts_of(replace(BALANCED, metric="train_accuracy"))) == "training accuracy"
    assert words.metric(facts_of(F1)) == "validation f1"


@pytest.mark.parametrize(
    ("metric", "cut"), [(F1, (0.0, 1.0)), (RMSE, (0.0, 1.5)), (R2, (-0.5, 1.0)), (BALANCED, (0.0, 1.0))]
)
def test_an_interval_ends_where_the_metric_does(metric: MetricFacts, cut: tuple[float, float]) -> None:
    assert within_range((-0.5, 1.5), facts_of(metric)) == cut
    assert within_range((-math.inf, math.inf), facts_of(metric)) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("metric", "lost", "said"),
    [
        (F1, 0.0, "an f1 of 0"),
        (BALANCED, 0.0, "a balanced accuracy of 0"),
        (R2, -2.0 - 0.25, "less than the worst r2"),
        (RMSE, 3.0 + 0.25, "more than the worst rmse"),
    ],
)
def test_a_lost_trial_is_worse_than_every_other(metric: MetricFacts, lost: float, said: str) -> None:
    """The end of the range, or beyond the worst that was seen: an R² of 0 would be better than -2."""
    facts = facts_of(metric, noticeable=0.25, chance=0.5)

    assert lost_value([[3.0, -2.0], [math.nan, 0.5]], facts) == lost
    assert words.lost(facts) == said


def test_what_is_measured_besides_is_a_table_of_medians() -> None:
    """Of the trials of each configuration, in the order of the verdicts, each metric in its own unit."""
    sample = samples.alone(n=7)
    trials = tuple(
        replace(trial, final={**trial.final, "f1": 0.5 + 0.01 * place, "rmse": 2.0 + place})
        for place, trial in enumerate(sample.trials)
    )
    (case,) = replace(
        sample, trials=trials, run=replace(sample.run, cases=(replace(samples.FACTS, also=(F1, RMSE)),))
    ).cases()
    table = also_measured(case)

    assert table is not None
    assert [column.header for column in table.columns[1:]] == ["validation f1", "validation rmse"]
    ((_, f1, rmse),) = table.rows
    assert f1.text == "0.530 [0.500, 0.560]"
    assert rmse.text == "5.0 [2.0, 8.0]"


def test_where_nothing_is_measured_besides_there_is_no_table() -> None:
    (case,) = samples.alone().cases()

    assert also_measured(case) is None
