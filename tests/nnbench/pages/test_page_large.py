"""A page of many configurations: its picture of curves has the best and the worst, the rest when asked."""

import re
from pathlib import Path

import pytest

from nnbench.reporting.blocks import CurvesFigure
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.render import html, markdown
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser
from tests.nnbench.reporting.report_samples import Sample

N = 100
SAID = "Drawn: the 48 best at the end and the 16 worst of 100 configurations."


@pytest.fixture(scope="module")
def many() -> Sample:
    return page_samples.many(N, 2)


@pytest.fixture(scope="module")
def page(many: Sample) -> str:
    return html.render(many.document())


def curves_of(sample: Sample) -> CurvesFigure:
    blocks = [block for section in sample.document().sections for block in section.blocks]
    return next(block for block in blocks if isinstance(block, CurvesFigure))


def test_the_picture_has_the_best_and_the_worst_and_says_so(many: Sample) -> None:
    figure = curves_of(many)

    still = [series.label for panel in figure.still for series in panel.series]
    every = [series.label for panel in figure.panels for series in panel.series]
    assert (len(every), still) == (N, every[:48] + every[-16:])
    assert figure.of_still == SAID
    assert SAID in markdown.render(many.document())


@pytest.mark.parametrize("sample", [page_samples.crossed(n_seeds=2), page_samples.many(64, 2)])
def test_where_all_lines_have_room_nothing_is_cut(sample: Sample) -> None:
    assert (curves_of(sample).still, curves_of(sample).of_still) == ((), "")


def test_crossed_axes_keep_the_panels_in_which_a_line_is_left() -> None:
    """A hundred configurations in five panels of twenty: the last but one panel has none of the 64."""
    figure = curves_of(page_samples.crossed(tuple("abcde"), tuple("fghij"), tuple("klmn"), n_seeds=2))

    assert [panel.title for panel in figure.panels] == list("abcde")
    assert [(panel.title, len(panel.series)) for panel in figure.still] == [
        ("a", 20),
        ("b", 20),
        ("c", 8),
        ("e", 16),
    ]


def test_the_size_of_a_page_grows_with_the_numbers_and_not_with_the_picture(page: str) -> None:
    """The picture of 100 lines is not larger than that of 64, of which it has as many."""
    figures_of = re.compile(r'<div class="still">.*?</div>', re.DOTALL)

    def size(page: str) -> int:
        return max(map(len, figures_of.findall(page)))

    assert size(page) <= 1.1 * size(html.render(page_samples.many(64, 2).document()))


def test_a_picture_on_a_page_has_hundredths_and_the_letters_of_the_page() -> None:
    """A number of a label keeps its digits: it is text, and no place of a picture."""
    sample = page_samples.many(3, 2)
    figure = curves_of(sample)
    assert b"font-family" in figures.svg(figure)

    page = html.render(sample.document())

    still = re.findall(r'<div class="still">(.*?)</div>', page, re.DOTALL)[-1]
    assert "font-family" not in still
    assert not re.search(r"\.\d{3}", " ".join(re.findall(r"<[^>]*>", still)).replace("beta_1=", ""))
    assert "adam(beta_1=0.6667)" in still


def test_all_lines_are_drawn_when_asked_for(page: str, browser: Browser, folder: Path) -> None:
    path = folder / "many.html"
    path.write_text(page, encoding="utf-8")
    browser.open(path.as_uri())
    n_lines = "document.querySelectorAll('.panel path.line').length"
    assert browser.run(n_lines) == 64
    assert browser.texts(".panel .title")[-1] == "places 97–100"

    browser.click(".tools button", text="all 100")

    assert browser.run(n_lines) == N
    browser.open(str(browser.run("location.href")))
    assert browser.run(n_lines) == N
    assert browser.complaints == []
