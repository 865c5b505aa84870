"""The quantities of a claim on a page: mean, interval and rule, and what every seed measured."""

import math
from pathlib import Path
from typing import Any

import pytest

from nnbench.reporting.blocks import ClaimFigure, Document, DotRow, Section
from nnbench.reporting.plots import plot
from nnbench.reporting.render import html
from tests.nnbench.pages.browser import Browser

SHARE = DotRow(
    "relu − sigmoid",
    "4 [2, 6] pp",
    0.04,
    0.02,
    0.06,
    edges=(0.0,),
    side=1,
    counts=True,
    told="> 0: supported",
    seeds=((0, 0.05), (1, 0.01), (2, 0.06)),
    factor=100.0,
    unit="pp",
)
RATIO = DotRow(
    "time over time",
    "2 [1, 4]",
    math.log(2),
    0.0,
    math.log(4),
    edges=(0.0,),
    side=-1,
    counts=False,
    told="< 1: refuted",
    is_log=True,
)
OPEN = DotRow("gap", "1 [−∞, 2]", 1.0, -math.inf, 2.0, edges=(-1.0, 1.0), side=0, counts=True)
FIGURE = ClaimFigure("c", "A caption.", "A claim.", "", "", False, False, (), dots=(SHARE, RATIO, OPEN))


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Browser:
    path = tmp_path / "dots.html"
    path.write_text(html.render(Document("Claims", (Section("", (FIGURE,)),))), encoding="utf-8")
    browser.open(path.as_uri())
    assert browser.complaints == []
    return browser


def rows() -> list[dict[str, Any]]:
    found = plot.data(FIGURE)
    assert found is not None
    return list(found["rows"])


def test_the_numbers_are_those_that_are_shown() -> None:
    """Shares in points, logarithms as ratios, and an infinite end as none."""
    share, ratio, gap = rows()

    assert (share["mean"], share["interval"], share["edges"]) == (4, [2, 6], [0])
    assert share["seeds"] == [[0, 5], [1, 1], [2, 6]]
    assert (ratio["mean"], ratio["interval"], ratio["edges"], ratio["scale"]) == (2, [1, 4], [1], "log")
    assert gap["interval"] == [None, 2]


def test_each_quantity_says_its_rule_and_its_verdict(opened: Browser) -> None:
    said = opened.run("[...document.querySelectorAll('.dotrow')].map((row) => row.ariaLabel)")

    assert said[0] == "relu − sigmoid: 4 [2, 6] pp · > 0: supported"
    assert said[1] == "time over time: 2 [1, 4] · < 1: refuted"


def test_the_claim_holds_where_the_ground_is_green(opened: Browser) -> None:
    """Above the edge to the right end, below it from the left end, or between two edges."""
    ends = opened.run(
        "[...document.querySelectorAll('.dotrow')].map((row) => { const zero = row.querySelector('.zero');"
        " const box = row.querySelector('.holds'), axis = row.querySelector('.axis');"
        " const n = (e, k) => Number(e.getAttribute(k)); return ["
        "n(box, 'x') - n(zero, 'x1'), n(box, 'x') + n(box, 'width') - n(zero, 'x1'),"
        " n(axis, 'x2') - n(box, 'x') - n(box, 'width')]; })"
    )

    (share_start, _, share_rest), (_, ratio_end, _), (gap_start, gap_end, gap_rest) = ends
    assert (share_start, share_rest) == pytest.approx((0, 0), abs=0.01)
    assert ratio_end == pytest.approx(0, abs=0.01)
    assert gap_start == pytest.approx(0, abs=0.01)
    assert min(gap_end, gap_rest) > 0


def test_every_seed_is_drawn_and_read_with_the_keyboard(opened: Browser) -> None:
    """Right goes to the least of the three, then to the next; down goes to the next quantity."""
    opened.click(".tools button", text="single seeds")
    assert opened.run("document.querySelectorAll('.seed').length") == 3
    opened.run("document.querySelector('.dotrow').focus()")

    opened.press("ArrowRight")
    assert opened.text("[role=status]") == "seed 1: 1 pp"
    opened.press("ArrowRight")
    assert opened.text("[role=status]") == "seed 0: 5 pp"
    opened.press("ArrowDown")
    assert opened.run("document.activeElement.ariaLabel").startswith("time over time")
    assert opened.texts(".tip") == []
    assert "f1.view=seeds" in opened.run("location.hash")


def test_the_pointer_reads_the_nearest_seed(opened: Browser) -> None:
    opened.click(".tools button", text="single seeds")
    x, y = opened.place(".seed")

    opened.mouse("mouseMoved", x + 4, y)

    assert opened.texts(".tip") == ["seed 0: 5 pp"]


def test_a_ratio_may_be_seen_on_a_linear_scale(opened: Browser) -> None:
    """On the log scale 2 lies in the middle of 1 and 4, on the linear one at a third."""
    share = (
        "(() => { const row = document.querySelectorAll('.dotrow')[1], line = row.querySelector('.interval');"
        " const n = (e, k) => Number(e.getAttribute(k)); return (n(row.querySelector('.point'), 'cx')"
        " - n(line, 'x1')) / (n(line, 'x2') - n(line, 'x1')); })()"
    )
    assert opened.run(share) == pytest.approx(1 / 2, abs=0.01)

    opened.click(".tools button", text="linear")

    assert opened.run(share) == pytest.approx(1 / 3, abs=0.01)
