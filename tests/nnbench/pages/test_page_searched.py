"""The pictures of a search on a page: rates and settings are read, compared in one plot, and zoomed."""

from pathlib import Path
from typing import Any

import pytest

from nnbench.evidence.case import Findings
from nnbench.evidence.searched import searched_evidence
from nnbench.records.trials import RunRecord, TrialRecord
from nnbench.reporting.blocks import SearchFigure
from nnbench.reporting.document import build
from nnbench.reporting.plots import plot
from nnbench.reporting.render import html
from nnbench.reporting.views.search.figure import search_figures
from tests.nnbench.pages.browser import Browser
from tests.nnbench.reporting import searched_samples as samples

RATES, POINTS = samples.rates_searched(), samples.two_searched()


def figure_of(search: tuple[RunRecord, list[TrialRecord]]) -> SearchFigure:
    (case,) = searched_evidence(*search)
    (figure,) = search_figures(case)
    return figure


def data(search: tuple[RunRecord, list[TrialRecord]]) -> dict[str, Any]:
    found = plot.data(figure_of(search))
    assert found is not None
    return found


def page_of(search: tuple[RunRecord, list[TrialRecord]], path: Path) -> str:
    path.write_text(html.render(build(Findings(*search, (), ()))), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def rates(folder: Path) -> str:
    return page_of(RATES, folder / "rates.html")


@pytest.fixture(scope="module")
def points(folder: Path) -> str:
    return page_of(POINTS, folder / "points.html")


def test_the_rates_carry_what_was_chosen_and_where_trials_were_lost() -> None:
    """Of three seeds the middle one is the median; all three diverge at a rate of 10."""
    sgd, adam = (panel["series"][0] for panel in data(RATES)["panels"])

    assert sgd["x"] == list(samples.RATES)
    assert sgd["y"] == [0.1, 0.3, 0.8, 0.97, 0.6, None]
    assert (sgd["low"][0], sgd["high"][0]) == (0.098, 0.102)
    assert (sgd["marks"], adam["marks"]) == ({"2": "default", "3": "chosen"}, {"2": "both"})
    assert (sgd["lost"], sgd["notes"]["5"]) == ({"5": True}, "3 of 3 diverged")
    assert sgd["axes"] == {"optimizer": "sgd"}
    assert sgd["basin"][0] <= 0.1 <= sgd["basin"][1]


def test_each_hyper_parameter_has_an_axis_of_its_own() -> None:
    """A rate is searched over its logarithm, a share that is kept over that of what it lacks of 1."""
    panels = data(POINTS)["panels"]

    axes = {panel["x"]["label"]: panel["x"]["kind"] for panel in panels}
    assert axes == {"learning_rate": "log", "momentum": "error", "beta_1": "error", "beta_2": "error"}
    assert panels[0]["series"][0]["names"][0] == "learning_rate 0.01, momentum 0.9"


@pytest.mark.parametrize(("n", "drawn"), [(60, 60), (61, 60)])
def test_of_many_configurations_the_best_and_the_worst_are_drawn(n: int, drawn: int) -> None:
    """Each is a little worse than the one before; five figures of twelve have room for sixty."""
    (case,) = searched_evidence(*samples.many_rates_searched(n))

    figures = search_figures(case)

    labels = [label for figure in figures for label, _ in figure.rows]
    names = [f"sgd{place}" for place in range(n)]
    assert (labels, len(figures)) == (names[:48] + names[-12:], 5)
    assert len(labels) == drawn
    said = f"Drawn on all figures: the 48 best of {n} configurations, tuned, and the 12 worst."
    assert [said in figure.caption for figure in figures] == [n > 60] * 5


def test_a_rate_is_read_with_its_score_and_its_part(browser: Browser, rates: str) -> None:
    """Arrow keys through the rates of the first panel: the default, the tuned one, and one that diverges."""
    browser.open(rates)
    said = []
    browser.run("document.querySelector('.panel svg').focus()")
    for _ in samples.RATES:
        browser.press("ArrowRight")
        said.append(browser.text("[role=status]"))

    assert browser.complaints == []
    assert said[2] == "sgd, learning_rate 0.01: 80 % [79.8, 80.2], default"
    assert said[3] == "sgd, learning_rate 0.1: 97 % [96.8, 97.2], tuned"
    assert said[5] == "sgd, learning_rate 10: —, 3 of 3 diverged"
    assert browser.run("document.querySelectorAll('.panel:first-child .lost').length") == 1
    assert browser.run("document.querySelectorAll('.panel:first-child .mark.open').length") == 1


def test_all_rates_can_be_seen_in_one_plot_and_a_link_says_so(browser: Browser, rates: str) -> None:
    browser.open(rates)
    assert browser.texts(".panel .title") == ["sgd: 0.1", "adam: 0.01"]

    browser.click(".tools button", text="in one")

    assert browser.run("document.querySelectorAll('.panel').length") == 1
    assert browser.run("document.querySelectorAll('.panel path.line').length") == 2
    browser.open(str(browser.run("location.href")))
    assert browser.run("document.querySelectorAll('.panel .basin').length") == 2
    browser.click(".legend button", text="sgd")
    assert browser.run("document.querySelectorAll('.panel path.line').length") == 1


def test_a_setting_that_is_read_is_shown_at_its_other_values(browser: Browser, points: str) -> None:
    """A point under the pointer tells all its values; a ring marks it on the other panel of its search."""
    browser.open(points)
    n_rings = "document.querySelectorAll('.ring').length"
    x, y = browser.place(".panel circle.dot[data-label=momentum]")

    browser.mouse("mouseMoved", x + 1, y)

    head, *rows = browser.texts(".tip > div")
    assert head.startswith("learning_rate ")
    assert "learning_rate 0.01, momentum 0.9" in rows[0]
    assert browser.run(n_rings) == 1
    browser.mouse("mouseMoved", x + 2000, y)
    assert browser.run(n_rings) == 0


def test_a_zoom_is_of_all_panels_with_the_same_hyper_parameter(browser: Browser, points: str) -> None:
    browser.open(points)
    labels = (
        "[...document.querySelectorAll('.panel svg')].map((s) => [...s.querySelectorAll('.tick.middle')]"
        ".map((t) => t.textContent).join(' '))"
    )
    before = browser.run(labels)
    x, y = browser.place(".panel svg")

    browser.drag((x - 30, y - 20), (x + 30, y + 20))

    after = browser.run(labels)
    moved = [place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    names = [text.split()[-1] for text in after]
    assert [names[place] for place in moved] == ["learning_rate"] * 2
    assert browser.complaints == []
    browser.click(".tools button", text="zoom out")
    assert browser.run(labels) == before
