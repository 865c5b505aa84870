"""Heat maps on a page: every cell is read, put in order, and coloured as it was asked for."""

from pathlib import Path
from typing import Any

import pytest

from nnbench.reporting.blocks import HeatMaps
from nnbench.reporting.figures.heat_map import draw
from nnbench.reporting.plots import plot
from nnbench.reporting.render import html
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser

MAP = ".map:first-child .heat"
CELLS = f"[...document.querySelectorAll('{MAP} tbody td')]"


@pytest.fixture(scope="module")
def address(folder: Path) -> str:
    path = folder / "heat.html"
    path.write_text(html.render(page_samples.crossed(n_seeds=6).document()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def figure() -> HeatMaps:
    blocks = page_samples.crossed(n_seeds=6).document().sections[0].blocks
    return next(block for block in blocks if isinstance(block, HeatMaps))


def data(figure: HeatMaps) -> dict[str, Any]:
    found = plot.data(figure)
    assert found is not None
    return found


def test_every_cell_has_its_lines_and_its_value(figure: HeatMaps) -> None:
    found = data(figure)

    assert found["moreIsBetter"] is True
    assert [each["axes"] for each in found["maps"]] == [list(each.axes) for each in figure.maps]
    for each, made in zip(figure.maps, found["maps"], strict=True):
        assert made["lines"] == [[list(cell.lines) for cell in row] for row in each.cells]
        for row, values in zip(each.cells, made["values"], strict=True):
            assert values == pytest.approx([cell.value for cell in row], rel=1e-4)


def test_the_colours_on_a_page_are_those_of_the_picture(
    figure: HeatMaps, browser: Browser, address: str
) -> None:
    """Mixed between 17 stops, no part of a colour is further than three of 255 from the whole ramp's."""
    patches = draw(figure).axes[0].patches
    wanted = [tuple(round(255 * part) for part in patch.get_facecolor()[:3]) for patch in patches]
    browser.open(address)

    shown = browser.run(
        "[...document.querySelectorAll('.heat tbody td')]"
        ".map((cell) => getComputedStyle(cell).backgroundColor.match(/\\d+/g).map(Number))"
    )

    assert browser.complaints == []
    assert len(shown) == len(wanted)
    parts = [part for colour in shown for part in colour]
    pairs = zip(parts, (part for colour in wanted for part in colour), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= 3


def test_the_arrow_keys_go_through_the_cells_and_read_them(
    figure: HeatMaps, browser: Browser, address: str
) -> None:
    """Each cell says its choices, its value, and how far it is behind the best."""
    (first, *_) = figure.maps
    values = sorted((cell.value for row in first.cells for cell in row), reverse=True)
    browser.open(address)
    browser.run(f"{CELLS}[0].focus()")

    browser.press("ArrowDown")
    browser.press("ArrowRight")

    cell = first.cells[1][1]
    said = browser.text("[role=status]")
    assert said.startswith(f"{first.rows[1]}, {first.columns[1]}: {' '.join(cell.lines)}. ")
    assert f"place {1 + values.index(cell.value)} of {len(values)}" in said
    gap = f"{100 * abs(cell.value - values[0]):.4g}"
    assert f"−{gap} pp from the best" in said
    assert browser.texts(".heat th.strong") == [first.columns[1], first.rows[1]]
    browser.press("Escape")
    assert browser.texts(".tip") == []


def test_best_first_puts_rows_and_columns_in_order_and_a_link_says_so(
    figure: HeatMaps, browser: Browser, address: str
) -> None:
    (first, *_) = figure.maps
    means = {
        row: -sum(cell.value for cell in cells) for row, cells in zip(first.rows, first.cells, strict=True)
    }
    browser.open(address)

    browser.click(".tools button", text="best first")
    browser.click("#figure-2 .title", text=first.title)
    browser.open(str(browser.run("location.href")))

    rows = browser.texts(f"{MAP} tbody th")
    assert rows == sorted(means, key=means.__getitem__)
    assert browser.texts(".map .title") == [first.title]
    values = browser.run(f"{CELLS}.map((cell) => parseFloat(cell.firstChild.textContent))")
    assert values[0] == max(values)


def test_brightness_may_be_that_of_each_map(browser: Browser, address: str) -> None:
    """Then the best cell of every map is as bright as any can be."""
    browser.open(address)
    brightest = (
        "new Set([...document.querySelectorAll('.heat .best')]"
        ".map((cell) => getComputedStyle(cell).backgroundColor)).size"
    )
    assert browser.run(brightest) > 1

    browser.click(".tools button", text="in each map")

    assert browser.run(brightest) == 1


def test_a_choice_that_is_off_leaves_the_maps_and_the_other_figures(browser: Browser, address: str) -> None:
    browser.open(address)
    n_rows = len(browser.texts(".standings .row"))

    browser.click("#figure-2 .legend button", text="sigmoid")

    assert "sigmoid" not in browser.texts(".heat th")
    assert len(browser.texts(".standings .row")) == n_rows * 2 // 3
