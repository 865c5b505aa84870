"""All cases together, as it is said: what few cases may say of ranks, and of equivalence."""

from dataclasses import replace

import pytest

from nnbench.records.trials import TrialRecord
from nnbench.reporting.blocks import Document, Paragraph, ProfileFigure, RanksFigure, Section, Table
from nnbench.reporting.figures.curves import svg
from nnbench.reporting.json.across import across_as_dict
from nnbench.reporting.render import text
from nnbench.reporting.views.suite.across import across
from nnbench.statistics.estimation.signed_rank import Posterior
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


def test_six_cases_say_how_probable_each_is() -> None:
    """b is 0.2 points behind in every case, which nobody notices; c is 5 points behind."""
    over, section = over_cases(6, 0.98, 0.979, 0.93)

    a, b, c = over.members
    assert a.posterior is None
    assert b.posterior == Posterior(0.0, 1.0, 0.0, 6)
    assert c.posterior is not None
    assert c.posterior.worse > 0.998
    table = next(block for block in section.blocks if isinstance(block, Table))
    place = [column.header for column in table.columns].index("better · same · worse, %")
    assert [row[place].text for row in table.rows] == ["reference", "<1 · >99 · <1", "<1 · <1 · >99"]
    assert any("(Bayesian signed-rank, prior 0.5 at 0;" in note for note in table.notes)
    entries = across_as_dict(over)["configurations"]
    assert [entry["signed_rank"] for entry in entries[:2]] == [
        None,
        {"better": 0.0, "equivalent": 1.0, "worse": 0.0, "n_cases": 6},
    ]


def test_fewer_cases_have_no_posterior() -> None:
    """Of equals over 2 cases it calls one better in two of five tables: too few cases to say."""
    over, section = over_cases(5, 0.98, 0.93)

    table = next(block for block in section.blocks if isinstance(block, Table))
    assert all(each.posterior is None for each in over.members)
    assert not any("worse" in column.header for column in table.columns)


def test_the_table_fits_eighty_columns() -> None:
    shown = text.render(Document("", (over_cases(6, 0.98, 0.979, 0.93)[1],)), width=80)

    assert max(map(len, shown.splitlines())) <= 80
    assert "Not shown at this width: " in " ".join(shown.split())


def test_profiles_over_scores_stand_beside_those_over_steps() -> None:
    """A figure with everybody's IQM, and the numbers in JSON; a run without a target has neither."""
    over, section = over_cases(2, 0.98, 0.93)

    steps, scores = (block for block in section.blocks if isinstance(block, ProfileFigure))
    assert [curve.label for curve in scores.curves] == ["a  1.03", "b  0.97"]
    assert scores.curves[0].y[0] == 1.0
    assert scores.curves[1].y[-1] == 0.0
    assert steps.x_label != scores.x_label
    assert "×" in svg(steps).decode()
    drawn = svg(scores).decode()
    assert "a  1.03" in drawn
    assert "×" not in drawn
    found = across_as_dict(over)["configurations"][1]["score_profile"]
    assert found["share"] == list(scores.curves[1].y)
    assert len(found["thresholds"]) == len(found["low"]) == len(found["high"]) == 51
