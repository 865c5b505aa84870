"""All cases together, as it is said: what few cases may say of ranks, and of equivalence."""

from dataclasses import replace

import pytest

from nnbench.records.trials import TrialRecord
from nnbench.reporting.blocks import Paragraph, RanksFigure, Section
from nnbench.reporting.figures.curves import svg
from nnbench.reporting.json.across import across_as_dict
from nnbench.reporting.views.suite.across import across
from nnbench.statistics.suite.overview import Overview, overview
from tests.nnbench.reporting.report_samples import FACTS, axes, run, trial


def over_cases(n: int, *levels: float) -> tuple[Overview, Section]:
    """Return n cases in which the first of the optimizers a, b, … always is the best."""
    cases = tuple(replace(FACTS, name=f"case{place}") for place in range(n))
    trials: list[TrialRecord] = [
        trial(axes(optimizer=name), seed, level, facts=facts)
        for facts in cases
        for name, level in zip("abcd", levels, strict=False)
        for seed in range(4)
    ]
    record = run(tuple(trials), cases=cases, varying=("optimizer",))
    found = overview(record, trials)
    assert found is not None
    return found, across(found, record)


def lead(section: Section) -> str:
    return next(block.text for block in section.blocks if isinstance(block, Paragraph))


def ranks_figure(section: Section) -> RanksFigure:
    return next(block for block in section.blocks if isinstance(block, RanksFigure))


def test_few_cases_cannot_tell_pairs_apart() -> None:
    """The ranks differ in 5 cases: one arrangement in 6^4. No pair is called, and no bar is drawn."""
    over, section = over_cases(5, 0.98, 0.96, 0.93)

    assert over.friedman is not None
    assert over.friedman.p == pytest.approx(6.0**-4)
    said = "The ranks differ (Friedman, p < 0.001); which of them, 5 cases cannot tell: that takes 6."
    assert said in lead(section)
    assert ranks_figure(section).critical_difference is None
    assert b"CD " not in svg(ranks_figure(section))
    assert across_as_dict(over)["friedman"]["critical_difference"] is None


def test_six_cases_tell_who_is_behind() -> None:
    over, section = over_cases(6, 0.98, 0.96, 0.93)

    assert "The ranks differ (Friedman, p < 0.001): c behind a." in lead(section)
    assert b"CD 1.35" in svg(ranks_figure(section))
    assert across_as_dict(over)["friedman"]["exact"] is True
