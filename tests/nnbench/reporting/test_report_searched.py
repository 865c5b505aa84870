"""The report of a search over several hyper-parameters: what it says, shows, draws and never hides."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import searched_samples as samples

from nnbench.evidence.case import Findings
from nnbench.evidence.findings import find
from nnbench.evidence.searched import SearchedCase, searched_evidence
from nnbench.records.trials import RunRecord, Span, TrialRecord
from nnbench.reporting.blocks import Paragraph, SearchFigure, Table
from nnbench.reporting.document import build
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.figures.search import is_kept_share, panels_of
from nnbench.reporting.json import tune as tune_json
from nnbench.reporting.render import text
from nnbench.reporting.views.run import about
from nnbench.reporting.views.search.figure import search_figures
from nnbench.reporting.views.search.settings import best_settings
from nnbench.reporting.views.search.tuned import tuned, tuned_headline
from nnbench.store import Store
from nnbench.terminal.destination import ReportFormat
from nnbench.terminal.printing import report_of

Search = tuple[RunRecord, list[TrialRecord]]


def case_of(search: Search) -> SearchedCase:
    (case,) = searched_evidence(*search)
    return case


def column(table: Table, header: str) -> list[str]:
    place = next(i for i, each in enumerate(table.columns) if each.header.startswith(header))
    return [row[place].text for row in table.rows]


def texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(each.itertext()).strip() for each in root.iter() if each.tag.endswith("}text")]


def test_the_headline_says_who_leads_and_whom_tuning_helps() -> None:
    """Configurations are named as they were asked for, and compared at their tuned settings."""
    said = tuned_headline(case_of(samples.two_searched())).text

    assert said.startswith("With tuned settings momentum leads on digits-mlp; ")
    assert "It is better than adam" in said
    assert re.search(r"Tuning helps momentum and adam \(most momentum, \+\d\.\d+ pp ", said)


def test_the_headline_says_where_there_is_no_optimum_and_what_to_do() -> None:
    """The highest rate that was tried may not be the best there is."""
    said = tuned_headline(case_of(samples.two_searched())).text

    assert "The best learning_rate of adam is the highest that was tried: it is no optimum." in said
    assert said.endswith("Widen the search with --decades.")


def test_several_ends_are_named_in_one_sentence() -> None:
    """Each with its side."""
    run, trials = samples.two_searched()
    assert run.tuning is not None
    momentum, adam = run.tuning.searches
    top = tuple(max(own) for own in zip(*(point.values for point in momentum.points), strict=True))
    points = (*momentum.points[:-1], replace(momentum.points[-1], values=top))
    edged = replace(momentum, points=points, chosen=7)
    searches = replace(run.tuning, searches=(edged, adam))

    said = tuned_headline(case_of((replace(run, tuning=searches), trials))).text

    assert "no optima: " in said
    assert "momentum (highest learning_rate, highest momentum)" in said
    assert "adam (highest learning_rate)" in said


def test_a_share_that_is_the_least_there_can_be_is_not_to_be_widened() -> None:
    """Below a momentum of 0 there is none."""
    search = samples.search("momentum", ("learning_rate", "momentum"), chosen=3)
    scores = (0.9, 0.8, 0.8, 0.95, 0.8, 0.8, 0.8, 0.8)
    trials = samples.trials_of(search, scores)

    said = tuned_headline(case_of((samples.run_of([search], trials), trials))).text

    assert said.endswith("The best momentum of momentum is the lowest that was tried: it is no optimum.")


def test_a_default_that_is_the_best_is_said_to_be() -> None:
    """Nothing is said of a gain that could not be."""
    search = samples.one_searched((0.98, *samples.MOMENTUM_SCORES[1:]), chosen=0)

    said = tuned_headline(case_of(search)).text

    assert said.endswith("The default of momentum · relu is the best of the 8 settings tried.")
    assert "cannot be shown" not in said
    assert column(tuned(case_of(search)), "tuned − default") == ["same setting"]
    assert column(tuned(case_of(search)), "tuning is") == ["the default"]


def test_a_gain_that_is_none_is_not_claimed() -> None:
    """The tuned setting scores as the default does: nothing can be shown."""
    search = samples.one_searched((0.97, *samples.MOMENTUM_SCORES[1:]), chosen=6)

    said = tuned_headline(case_of(search)).text

    assert "That tuning helps cannot be shown." in said


def test_where_no_setting_works_it_says_so_and_claims_nothing() -> None:
    """Neither a leader nor a gain."""
    search = samples.one_searched([None] * samples.N_POINTS, chosen=None)
    case = case_of(search)

    said = tuned_headline(case).text

    told = "With tuned settings nothing was measured on digits-mlp."
    assert said == f"{told} No setting left a score for momentum · relu."
    assert column(tuned(case), "tuned setting") == ["none works"]
    assert column(best_settings(case), "within") == ["—", "—"]
    assert search_figures(case) == []


def test_one_configuration_is_named_without_a_rate() -> None:
    """Its rate is one part of its setting only, and the default one at that."""
    said = tuned_headline(case_of(samples.one_searched())).text

    assert said.startswith("With tuned settings momentum · relu has a median validation accuracy of ")


def test_tuned_and_default_stand_side_by_side_best_first() -> None:
    """The setting can be typed; the leader is in the first row, though it was asked for last."""
    run, trials = samples.two_searched()
    assert run.tuning is not None
    turned = replace(run.tuning, searches=run.tuning.searches[::-1])

    table = tuned(case_of((replace(run, tuning=turned), trials)))

    assert column(table, "optimizer") == ["momentum", "adam"]
    assert column(table, "tuned setting")[0] == "learning_rate=0.068275, momentum=0.80693"
    assert column(table, "tuning is") == ["better", "better"]
    assert column(table, "tuned − default")[0].startswith("+3.9")
    assert "adjusted over the 2 rows" in " ".join(table.notes)
    assert "n = 10 fresh seeds (0–9)" in " ".join(table.notes)


def test_the_table_says_where_the_best_settings_lie() -> None:
    """Of momentum two settings of eight are within half a point of the best; edges are marked."""
    table = best_settings(case_of(samples.two_searched()))

    assert column(table, "hyper-parameter") == [
        "learning_rate",
        "momentum",
        "learning_rate",
        "beta_1",
        "beta_2",
    ]
    assert column(table, "searched")[:2] == ["0.0003–0.3", "0–0.99"]
    assert column(table, "searched")[-1] == "0.9944–0.999822"
    assert column(table, "default") == ["0.01", "0.9", "0.01", "0.9", "0.999"]
    assert column(table, "tuned")[:2] == ["0.068275", "0.80693"]
    assert column(table, "tuned")[2].endswith(" (edge)")
    assert column(table, "within 0.5 pp of the best")[:2] == [
        "0.009487–0.068275, 2 of 8",
        "0.80693–0.9, 2 of 8",
    ]
    assert "Halton 1960" in " ".join(table.notes)
    assert "3 tuning seeds" in " ".join(table.notes)


def test_an_edge_is_explained_only_where_there_is_one() -> None:
    """Momentum alone has none."""
    assert "(edge)" in " ".join(best_settings(case_of(samples.two_searched())).notes)
    assert "(edge)" not in " ".join(best_settings(case_of(samples.one_searched())).notes)


@pytest.mark.parametrize(
    "search", [samples.two_searched(), samples.one_searched(), samples.several_searched(5)]
)
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(search: Search, width: int) -> None:
    """At 80 columns the verdict is still there, and the ranges of the best settings."""
    shown = text.render(build(Findings(*search)), width=width)

    own = [line for line in shown.splitlines() if not line.startswith("again")]
    assert max(map(len, own)) <= width
    assert "better" in shown
    assert "2 of 8" in shown


def test_the_budget_is_told() -> None:
    """Points, seeds and trials of each configuration."""
    (item,) = [item for item in about(Findings(*samples.two_searched())).items if item.name == "search"]

    assert item.text == (
        "every configuration: 8 settings on 3 tuning seeds (1000–1002), 24 trials; "
        "then the tuned and the default setting on 10 fresh seeds (0–9)"
    )


def findings(search: Search) -> Findings:
    run, trials = search
    return Findings(run, tuple(trials), (), ())


@pytest.mark.parametrize("form", ["text", "markdown", "html", "latex", "json", "csv"])
def test_every_format_tells_of_the_search(form: ReportFormat) -> None:
    """None of them takes it for an ordinary run."""
    shown = report_of(findings(samples.two_searched())).rendered(form)

    assert "momentum" in shown
    expected = {"json": '"nnbench.tune/1"', "csv": "momentum(momentum=0.80693)", "latex": "Where the best"}
    assert expected.get(form, "With tuned settings") in shown


def document(search: Search) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tune_json.render(*search))
    return found


def test_the_json_has_the_tuned_and_the_default_setting() -> None:
    """With their scores, the gain, and what the default falls short."""
    found = document(samples.two_searched())
    momentum, adam = found["configurations"]

    assert found["schema"] == "nnbench.tune/1"
    assert found["budget"] == {
        "points": 8,
        "tuning_seeds": [1000, 1001, 1002],
        "final_seeds": [],
        "finalists": 0,
        "trials": 24,
        "searches": 1,
        "repeats": [],
        "seeds": list(range(10)),
        "over": ["momentum", "beta_1", "beta_2"],
    }
    assert momentum["axes"] == {"optimizer": "momentum", "activation": "relu"}
    assert momentum["learning_rate"] == 0.068275
    assert momentum["hyperparameters"] == {"momentum": 0.80693}
    assert momentum["tuned_optimizer"] == "momentum(momentum=0.80693)"
    assert (momentum["default_learning_rate"], momentum["default_hyperparameters"]) == (
        0.01,
        {"momentum": 0.9},
    )
    assert (momentum["edge"], momentum["edges"]) == (False, [])
    assert (adam["edge"], adam["edges"]) == (True, ["learning_rate"])
    assert momentum["basin_width_decades"] is None
    assert momentum["default_regret"] == pytest.approx(momentum["gain"]["difference"])
    assert momentum["tuned"]["median"] > momentum["default"]["median"]
    assert (momentum["n"], momentum["n_tuning"]) == (10, 3)
    assert [each["name"] for each in adam["spans"]] == ["learning_rate", "beta_1", "beta_2"]
    assert found["verdicts"][0]["verdict"] == "worse"


def test_the_json_has_every_point_and_null_for_what_did_not_score() -> None:
    """A median of trials that diverged is no number."""
    momentum, _ = document(samples.two_searched())["configurations"]

    assert len(momentum["points"]) == 8
    lost = momentum["points"][2]
    assert (lost["median"], lost["diverged"], lost["n"]) == (None, 3, 3)
    assert momentum["points"][6]["hyperparameters"] == {"momentum": 0.80693}
    assert momentum["points"][6]["median"] == pytest.approx(0.97)


def test_the_settings_of_a_search_are_not_ranked_as_configurations(tmp_path: Path) -> None:
    """Read from a store, a search has its trials, and neither rows nor verdicts of an ordinary run."""
    run, trials = samples.two_searched()
    keyed = [
        replace(each, key=hashlib.sha256(each.key.encode()).hexdigest(), digest="0f" * 32) for each in trials
    ]
    with Store.open(tmp_path / "store.sqlite", create=True) as store:
        store.put_trials(keyed)

        found = find(store, replace(run, trial_keys=tuple(each.key for each in keyed)))

    assert len(found.trials) == len(trials)
    assert found.summaries == ()
    assert found.comparisons == ()
    assert "With tuned settings" in report_of(found).rendered("text")


def test_the_json_of_a_search_that_found_nothing_has_nulls() -> None:
    """No rate, no setting, no regret; it counts as an edge, since no optimum was found."""
    (found,) = document(samples.one_searched([None] * 8, chosen=None))["configurations"]

    assert found["learning_rate"] is None
    assert found["hyperparameters"] == {"momentum": None}
    assert found["tuned"] is None
    assert found["gain"] is None
    assert found["default_regret"] is None
    assert found["edge"] is True


def test_where_less_is_better_the_regret_is_still_positive() -> None:
    """The tuned loss lies below that of the default."""
    (found,) = document(samples.of_loss())["configurations"]

    assert found["gain"]["difference"] < 0 < found["default_regret"]


def figure_of(search: Search) -> SearchFigure:
    (figure,) = search_figures(case_of(search))
    return figure


def test_every_configuration_has_a_row_and_every_hyper_parameter_a_panel() -> None:
    """The first panel of a row says whose it is."""
    panels = panels_of(figure_of(samples.two_searched()))

    assert [(panel.row, panel.column) for panel in panels] == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert [panel.title for panel in panels] == ["momentum", "", "adam", "", ""]


def test_more_panels_than_a_row_holds_go_on_below() -> None:
    """Four in a row; the next row says that it belongs to the one above."""
    figure = figure_of(samples.two_searched())
    label, each = figure.rows[1]
    spans = tuple(Span(f"a{place}", 0.1, 10.0, 1.0) for place in range(6))
    values = tuple(tuple(0.5 + index + place for place in range(6)) for index in range(8))
    points = tuple(replace(point, values=own) for point, own in zip(each.points, values, strict=True))
    searched = tuple(
        replace(point, values=own) for point, own in zip(each.search.points, values, strict=True)
    )
    many = replace(each, search=replace(each.search, spans=spans, points=searched), points=points)
    wide = replace(figure, rows=((label, many),))

    panels = panels_of(wide)

    assert [(panel.row, panel.column) for panel in panels][3:] == [(0, 3), (1, 0), (1, 1)]
    assert [panel.title for panel in panels][::4] == ["adam", "adam, continued"]
    assert {"a0", "a5"} <= set(texts(figures.svg(wide)))


def test_the_figure_names_what_it_draws() -> None:
    """A share that is kept is drawn over the logarithm of what it lacks of 1, and says so."""
    found = texts(figures.svg(figure_of(samples.two_searched())))

    assert {"momentum", "adam", "learning_rate", "momentum (log of 1 − value)", "target 95 %"} <= set(found)
    assert "beta_2 (log of 1 − value)" in found
    assert "0.999" in found


def test_the_tuned_point_is_filled_the_default_open_and_a_lost_one_a_cross() -> None:
    """Every setting is on every panel, at its value and median."""
    plot = figures.draw(figure_of(samples.one_searched())).axes[0]
    marks = {
        mark: [
            (line.get_xdata()[0], line.get_markerfacecolor())
            for line in plot.lines
            if line.get_marker() == mark
        ]
        for mark in (".", "o", "x")
    }

    assert marks["o"] == [(0.01, "white"), (0.068275, figures.PALETTE[0])]
    assert len(marks["."]) == 7
    assert [x for x, _ in marks["x"]] == [samples.points(("learning_rate", "momentum"))[2][0]]
    assert plot.get_xscale() == "log"


def test_a_default_that_is_the_best_is_filled() -> None:
    """One mark says both."""
    search = samples.one_searched((0.98, *samples.MOMENTUM_SCORES[1:]), chosen=0)

    plot = figures.draw(figure_of(search)).axes[0]

    (mark,) = [line for line in plot.lines if line.get_marker() == "o"]
    assert mark.get_markerfacecolor() == figures.PALETTE[0]


def test_only_the_best_are_drawn_and_the_caption_says_so() -> None:
    """Three of five, best first."""
    figure = figure_of(samples.several_searched(5))

    assert [label for label, _ in figure.rows] == ["momentum0", "momentum1", "momentum2"]
    assert "the best 3 of 5 configurations" in figure.caption
    assert "the best" not in figure_of(samples.two_searched()).caption.partition(": ")[0]


def test_the_same_search_gives_the_same_bytes() -> None:
    """Drawn twice, it is one and the same file."""
    assert figures.svg(figure_of(samples.of_loss())) == figures.svg(figure_of(samples.of_loss()))


@pytest.mark.parametrize(
    ("name", "expected"), [("learning_rate", False), ("momentum", True), ("beta_2", True)]
)
def test_the_scale_is_that_of_the_search(name: str, expected: bool) -> None:
    """A rate is spread over its logarithm, a share over that of what it lacks of 1."""
    assert is_kept_share(samples.SPANS[name]) is expected


def lead(blocks: Sequence[object]) -> str:
    return next(block.text for block in blocks if isinstance(block, Paragraph) and block.lead)


def test_the_document_begins_with_the_headline_and_ends_with_what_was_run() -> None:
    """A section for the case, and one for the run."""
    document = build(Findings(*samples.two_searched()))

    assert [section.heading for section in document.sections] == [
        "digits-mlp: 2 configurations, tuned",
        "What was run",
    ]
    assert lead(document.sections[0].blocks).startswith("With tuned settings")
