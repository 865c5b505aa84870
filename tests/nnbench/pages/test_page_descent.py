"""A descent on a page: paths are gone step by step, with the value beside them."""

from pathlib import Path as File
from typing import Any

import numpy as np
import pytest

from nnbench.records.descent import Descent, End, Landscape, Path, Values
from nnbench.reporting.blocks import DescentFigure, Document, Section
from nnbench.reporting.plots import plot
from nnbench.reporting.render import html
from tests.nnbench.pages.browser import Browser

N_STEPS = 400


def bowl(points: Values) -> Values:
    return np.asarray((points**2).sum(axis=-1))


def path(optimizer: str, rate: float, n_steps: int, end: End) -> Path:
    """Return gradient descent on x² + y² from (4, 2): each step multiplies the point by 1 − 2 rate."""
    points = np.array([4.0, 2.0]) * (1 - 2 * rate) ** np.arange(n_steps + 1)[:, None]
    last = tuple(map(float, points[-1]))
    return Path(optimizer, rate, "constant", None, None, points, bowl(points), last, end, "", None, 1.0)


def descent() -> Descent:
    grid = np.linspace(-5, 5, 21)
    z = bowl(np.stack(np.meshgrid(grid, grid), axis=-1))
    return Descent(
        function="bowl",
        formula="x**2 + y**2",
        source="",
        summary="",
        start=(4.0, 2.0),
        least=0.0,
        curvature=2.0,
        noise=0.0,
        paths=(path("sgd", 0.01, N_STEPS, "converged"), path("sgd", 1.5, 12, "diverged")),
        landscape=Landscape(grid, grid, z, "x", "y"),
        minima=np.zeros((1, 2)),
        others=np.empty((0, 2)),
        command="nnbench descend bowl",
    )


FIGURE = DescentFigure("d", "A caption.", "Two paths.", descent())


@pytest.fixture
def opened(browser: Browser, tmp_path: File) -> Browser:
    file = tmp_path / "descent.html"
    file.write_text(html.render(Document("Descent", (Section("", (FIGURE,)),))), encoding="utf-8")
    browser.open(file.as_uri())
    assert browser.complaints == []
    return browser


def data() -> dict[str, Any]:
    found = plot.data(FIGURE)
    assert found is not None
    return found


def test_the_first_steps_are_all_there_and_the_last_one_is() -> None:
    """A path leaps at its beginning; later steps are thinned, and a short path keeps all of its own."""
    found = data()

    assert found["frames"][:81] == list(range(81))
    assert found["frames"][-1] == N_STEPS
    assert len(found["frames"]) < 200
    slow, wild = found["panels"][0]["series"]
    assert slow["steps"] == found["frames"]
    assert wild["steps"] == list(range(13))
    assert (slow["x"][:2], slow["values"][:2]) == ([4, 3.92], [20, 19.208])


def test_the_contours_lie_at_the_heights_that_they_name() -> None:
    """On x² + y² a contour is a circle; between the points of the grid it is its chord, a little within."""
    for level, xs, ys in data()["panels"][0]["contours"]:
        heights = bowl(np.column_stack([xs, ys]))
        assert heights == pytest.approx(np.full(len(xs), level), abs=0.1)


def test_a_path_that_diverges_squeezes_no_other() -> None:
    """It reaches 2^24 times the value at the start; the axis ends below a thousand times."""
    low, high = data()["panels"][1]["range"][2:]

    assert high <= 2 * 1e3 * 20
    assert 0 < low < 20 * 0.98 ** (2 * N_STEPS)


def test_the_arrow_keys_go_through_the_steps_and_the_address_keeps_them(opened: Browser) -> None:
    """From the last step back, where the slow path is; then the other, which ended at step 12."""
    opened.run("document.querySelector('.panel svg').focus()")

    opened.press("ArrowLeft")

    step = data()["frames"][-2]
    x = 4 * 0.98**step
    assert opened.text("[role=status]").startswith(f"sgd 0.01: converged, step {step}: x {x:.4g}")
    assert opened.run("location.hash") == f"#f1.step={step}"
    opened.press("ArrowDown")
    assert "diverged, step 12" in opened.text("[role=status]")


def test_the_slider_draws_the_paths_as_far_as_its_step(opened: Browser) -> None:
    """At step 1 each path is one segment, and the line in the other panel stands at 1."""
    slide = "(() => { const e = document.querySelector('[type=range]'); e.value = 1;"
    opened.run(f"{slide} e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }})()")

    lines = "[...document.querySelectorAll('.panel:first-child [data-label]')]"
    paths = opened.run(f"{lines}.map((line) => line.getAttribute('d'))")
    assert [each.count("L") for each in paths] == [1, 1]
    assert opened.texts(".step") == ["step 1"]
    link = str(opened.run("location.href"))
    opened.open(link)
    assert opened.texts(".step") == ["step 1"]
    opened.click(".legend button", text="sgd 1.5: diverged")
    assert opened.run("document.querySelectorAll('.panel:first-child [data-label]').length") == 1


def test_playing_begins_at_the_first_step_and_can_be_stopped(opened: Browser) -> None:
    """The clock of the page stands still, so that it is at the first step however long this takes."""
    opened.run("performance.now = () => 0")

    opened.click(".tools button", text="play")

    assert opened.texts(".tools [aria-pressed=true]") == ["stop"]
    opened.click(".tools button", text="stop")
    assert opened.texts(".tools [aria-pressed=true]") == []
    assert opened.texts(".step") == ["step 0"]


def test_the_pointer_reads_the_nearest_point_of_a_path(opened: Browser) -> None:
    x, y = opened.place(".panel .start")

    opened.mouse("mouseMoved", x + 2, y)

    assert opened.texts("#figure-1 > .lively > .tip > div")[0] == "step 0"
    assert "x 4, y 2, value 20" in opened.text(".tip")
