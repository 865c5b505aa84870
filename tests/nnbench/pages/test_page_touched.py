"""Pictures under a finger: a tap reads a value, and what it shows stays when the finger is lifted."""

from pathlib import Path

import pytest

from nnbench.reporting.blocks import ClaimFigure, Document, DotRow, Section
from nnbench.reporting.render import html
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser

NAMES = ("figure", "A caption.", "What it shows.")
DOTS = (DotRow("gap", "1 [0, 2]", 1.0, 0.0, 2.0, edges=(0.0,), side=1, counts=True, seeds=((7, 1.5),)),)
CLAIM = ClaimFigure(*NAMES, "", "", False, False, (), dots=DOTS)


@pytest.fixture(scope="module")
def address(folder: Path) -> str:
    path = folder / "touched.html"
    document = page_samples.crossed(n_seeds=4).document()
    added = Document("Touched", (*document.sections, Section("Claim", (CLAIM,))))
    path.write_text(html.render(added), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        (".panel svg", "training steps "),
        (".heat tbody tr:nth-child(2) td:nth-child(3)", "place "),
        (".dotrow svg", "seed 7: 1.5"),
    ],
    ids=["curves", "heat map", "dots"],
)
def test_a_tap_reads_and_what_it_shows_stays(
    selector: str, said: str, browser: Browser, address: str
) -> None:
    browser.open(f"{address}#f4.view=seeds", width=390, height=844)

    browser.tap(*browser.place(selector))

    (tip,) = browser.texts(".tip")
    assert said in tip
    assert browser.run("document.querySelector('.tip:not([hidden])').getBoundingClientRect().right") <= 390
    assert browser.complaints == []
