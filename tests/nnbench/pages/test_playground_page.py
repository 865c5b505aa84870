"""The page to play with, driven in a browser: dials, keys, time, address, pictures, narrow and dark."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnbench.cases.resources import reports_folder
from nnbench.reporting.render import playground as page
from nnbench.studies.playground.descending import descents
from tests.nnbench.pages import test_page_accessible
from tests.nnbench.pages.browser import Browser
from tests.nnbench.playground import playground_samples as samples

axe = test_page_accessible.axe  # the fixture, for this file too
# The arrays are unpacked in the background.
_READY = (
    "new Promise((done) => { const look = () => document.documentElement.dataset.ready"
    " ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(look, 10); look(); })"
)


@pytest.fixture(scope="module")
def address(folder: Path) -> str:
    path = folder / "playground.html"
    path.write_text(page.render(samples.trained()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def ways(folder: Path) -> str:
    path = folder / "ways.html"
    found = descents(
        "quadratic", optimizer="sgd", rates="0.01,0.1,0.5", command="nnbench playground quadratic"
    )
    path.write_text(page.render(found), encoding="utf-8")
    return path.as_uri()


def shown(browser: Browser, address: str, *, width: int = 1280, theme: str = "light") -> Browser:
    browser.open(address, width=width, theme=theme)
    browser.run(_READY)
    return browser


def pixel(browser: Browser, across: float, down: float) -> list[int]:
    """Return red, green and blue of the picture at these shares of its size."""
    found: list[int] = browser.run(
        "(() => { const c = document.querySelector('canvas'); const d = c.getContext('2d').getImageData("
        f"{across} * c.width, {down} * c.height, 1, 1).data; return [d[0], d[1], d[2]]; }})()"
    )
    return found


def is_blue(colour: list[int]) -> bool:
    return colour[2] > colour[0]


def test_the_page_opens_with_the_best_setting_at_its_end(browser: Browser, address: str) -> None:
    shown(browser, address)

    # adam at 0.1 has the highest validation accuracy, 1 − 1.2 / 4 / 2.1; at 1.0 it diverges.
    assert browser.text(".outcome").startswith("Epoch 4:")
    assert "validation accuracy 85.71 %. adam · 0.1: trained for 4 epochs." in browser.text(".outcome")
    assert browser.complaints == []
    assert [url for url in browser.requests if url != address] == []


def test_the_picture_is_the_frame_of_the_epoch(browser: Browser, address: str) -> None:
    """The border is in the middle after epoch 4 and at an eighth of the width after epoch 1."""
    shown(browser, address)
    assert is_blue(pixel(browser, 0.4, 0.1))
    assert not is_blue(pixel(browser, 0.6, 0.1))

    shown(browser, f"{address}#at=1")
    assert is_blue(pixel(browser, 0.05, 0.1))
    assert not is_blue(pixel(browser, 0.2, 0.1))


def test_samples_lie_where_they_are_in_the_colour_of_their_class(browser: Browser, address: str) -> None:
    """(−0.5, 0.5) is of class 0, and (−0.5, −0.5) below it of class 1."""
    shown(browser, address)

    assert pixel(browser, 0.25, 0.25) == browser.run("rgbOf('--c0')")
    assert pixel(browser, 0.25, 0.75) == browser.run("rgbOf('--c3')")


def test_the_first_row_of_a_frame_is_the_upper_one_of_the_picture(browser: Browser, ways: str) -> None:
    """The start of the quadratic's path is drawn where the plane has it."""
    shown(browser, f"{ways}#at=0")
    data = json.loads(browser.text("#data"))
    left, right, bottom, top = data["landscape"]["extent"]
    x, y = browser.run("unpacked(page.points, Float32Array).then((a) => [a[0], a[1]])")

    colour = pixel(browser, (x - left) / (right - left), (top - y) / (top - bottom))

    assert colour == browser.run("rgbOf('--c3')")


def test_keys_turn_the_dials_and_the_address_keeps_them(browser: Browser, address: str) -> None:
    shown(browser, address)

    browser.run("document.querySelector('.dials input[type=range]').focus()")
    browser.press("ArrowLeft")

    assert "adam · 0.01: trained" in browser.text(".outcome")
    kept = browser.run("location.hash")
    assert "learning_rate=0.01" in kept
    assert "optimizer=adam" in kept
    assert (
        browser.run("document.querySelector('.dials input[type=range]').getAttribute('aria-valuetext')")
        == "0.01"
    )
    assert "adam · 0.01" in browser.text("[role=status]")

    shown(browser, f"{address}{kept}")
    assert "adam · 0.01: trained" in browser.text(".outcome")


def test_a_setting_that_diverged_ends_early_and_says_so(browser: Browser, address: str) -> None:
    shown(browser, f"{address}#optimizer=adam&learning_rate=1.0&at=4")

    assert browser.text(".outcome").startswith("Epoch 1:")
    assert browser.text(".outcome").endswith("adam · 1.0: diverged in epoch 2.")
    assert browser.run("document.querySelector('.time input').max") == "1"


@pytest.mark.parametrize("wrong", ["optimizer=nobody&at=7", "at=NaN", "learning_rate=%3Cscript%3E"])
def test_an_address_of_nothing_shows_the_page_as_it_is(wrong: str, browser: Browser, address: str) -> None:
    shown(browser, f"{address}#{wrong}")

    assert "Epoch 4:" in browser.text(".outcome")
    assert browser.complaints == []


def test_play_goes_from_the_start_to_the_end_and_rests(browser: Browser, address: str) -> None:
    shown(browser, address)

    browser.click(".time button", text="Play")
    assert browser.text(".outcome").startswith("Epoch 0: before any training.")
    browser.run(
        "new Promise((done) => { const look = () => document.querySelector('.time button').textContent"
        " === 'Play' ? done() : setTimeout(look, 20); look(); })"
    )

    assert browser.text(".outcome").startswith("Epoch 4:")
    assert "at=4" in browser.run("location.hash")


def test_a_row_of_the_table_shows_its_setting(browser: Browser, address: str) -> None:
    shown(browser, address)
    browser.click("#ends summary")

    browser.run("document.querySelectorAll('#ends tbody button')[1].click()")

    assert "sgd · 0.1: trained" in browser.text(".outcome")
    assert browser.texts("#ends tr.marked td")[:2] == ["sgd", "0.1"]


def test_curves_say_their_values_at_the_epoch(browser: Browser, address: str) -> None:
    shown(browser, f"{address}#optimizer=sgd&learning_rate=0.01&at=2")

    labels = browser.run(
        "[...document.querySelectorAll('.curves svg')].map((e) => e.getAttribute('aria-label'))"
    )
    assert labels == [
        "accuracy, epoch 2: training 50 %, validation 40 %",
        "loss, epoch 2: training 0.5, validation 0.6",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_its_colours_follow_the_theme(
    width: int, theme: str, browser: Browser, address: str
) -> None:
    shown(browser, address, width=width, theme=theme)

    assert browser.run("document.documentElement.scrollWidth") <= width
    paper = browser.run("rgbOf('--paper')")
    assert (min(paper) > 200) == (theme == "light")
    assert browser.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_barrier(width: int, theme: str, axe: str, browser: Browser, address: str) -> None:
    browser.do("Page.setBypassCSP", enabled=True)  # for the checker, which is not of the page
    shown(browser, address, width=width, theme=theme)
    browser.run(f"document.getElementById('ends').open = true; {axe};0")

    found = browser.run("axe.run().then((found) => found.violations)")

    browser.do("Page.setBypassCSP", enabled=False)
    assert not found, [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found]


def test_a_function_that_overflows_is_drawn(browser: Browser, folder: Path) -> None:
    """Infinite and missing heights are as high as the picture goes."""
    found = descents("quadratic", optimizer="sgd", rates="0.1", command="")
    heights = found.landscape.z.copy()
    heights[0, :2] = np.inf, np.nan
    path = folder / "overflow.html"
    path.write_text(page.render(replace(found, landscape=replace(found.landscape, z=heights))), "utf-8")

    shown(browser, path.as_uri())

    assert browser.complaints == []
    assert pixel(browser, 0.0, 0.999) != pixel(browser, 0.5, 0.5)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_function_shows_its_way(width: int, browser: Browser, ways: str) -> None:
    """Above 2 / 4.414 gradient descent diverges on the notes' quadratic."""
    shown(browser, f"{ways}#learning_rate=0.5", width=width)

    assert "sgd · 0.5: diverged. Gradient descent diverges above a rate of 0.4531." in browser.text(
        ".outcome"
    )
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.complaints == []


def test_without_its_script_the_table_is_open(browser: Browser, address: str) -> None:
    browser.do("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(address, runs=False)
        picture = browser.do("DOM.getDocument", depth=-1)
    finally:
        browser.do("Emulation.setScriptExecutionDisabled", value=False)

    assert '"open"' in json.dumps(picture)


def test_every_script_is_on_the_page_and_makes_no_markup_of_texts() -> None:
    texts = {path.stem: path.read_text("utf-8") for path in (reports_folder() / "playground").glob("*.js")}

    assert sorted(texts) == sorted(page.OWN)
    for text in texts.values():
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch("):
            assert danger not in text
