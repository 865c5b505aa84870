"""A page on paper: full sheets, tables with their titles and heads, nothing that was made to click."""

import base64
import re
from pathlib import Path

import pytest

from nnbench.reporting.render import html
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser

SHEET = re.compile(rb"/Type\s*/Page\b(?!s)")


@pytest.fixture(scope="module")
def address(folder: Path) -> str:
    """Return where the page of 18 configurations lies."""
    path = folder / "printed.html"
    path.write_text(html.render(page_samples.crossed().document()), encoding="utf-8")
    return path.as_uri()


def n_sheets(browser: Browser) -> int:
    a4 = {"paperWidth": 8.27, "paperHeight": 11.69}
    return len(SHEET.findall(base64.b64decode(browser.do("Page.printToPDF", **a4)["data"])))


def test_a_section_begins_on_the_first_sheet(browser: Browser, address: str) -> None:
    """A break before it makes one sheet more, which it would not if the first sheet had only the heading."""
    browser.open(address)
    printed = n_sheets(browser)

    browser.run("document.querySelector('section').style.breakBefore = 'page'")

    assert n_sheets(browser) == printed + 1


def test_titles_and_heads_of_tables_are_printed(browser: Browser, address: str) -> None:
    """Buttons in a head are boxes, and Chromium repeats no head with boxes in it on the next sheet."""
    browser.open(address, theme="dark")
    browser.do("Emulation.setEmulatedMedia", media="print")

    heads = browser.run(
        "[...new Set([...document.querySelectorAll('th button')].map((e) => getComputedStyle(e).display))]"
    )
    titles = browser.run(
        "[...document.querySelectorAll('caption')].map((e) => e.getBoundingClientRect().height)"
    )
    ink = browser.run("getComputedStyle(document.body).color")
    browser.do("Emulation.setEmulatedMedia", media="")

    assert heads == ["contents"]
    assert titles
    assert min(titles) > 10
    assert ink == "rgb(34, 34, 34)"
