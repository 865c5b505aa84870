"""Profiles, microscopes, claims and rooflines on a page: numbers drawn where they belong."""

import re
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases.resources import reports_folder
from nnbench.records.claims import Line
from nnbench.reporting.blocks import (
    Cell,
    ClaimFigure,
    Column,
    Curve,
    Document,
    FigureRef,
    LabelledLine,
    Plot,
    ProfileFigure,
    RanksFigure,
    RooflineFigure,
    RooflinePoint,
    Section,
    SmallMultiples,
    Table,
)
from nnbench.reporting.plots import plot
from nnbench.reporting.render import html, playground
from nnbench.reporting.texts.page import WORDS
from nnbench.studies.playground.training import DEFAULTS
from tests.nnbench.pages.browser import Browser

NAMES = ("figure", "A caption.", "What it shows.")
PROFILE = ProfileFigure(
    *NAMES,
    curves=(
        Curve("adam  1.00", (1.0, 2.0, 4.0), (0.5, 1.0, 1.0), (0.25, 1.0, 1.0), (0.75, 1.0, 1.0)),
        Curve("sgd  0.50", (1.0, 2.0, 4.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 0.5, 1.0)),
    ),
    legend="score",
    x_label="steps over those of the fastest",
    y_label="share of cases, %",
    unit="×",
)
MULTIPLES = SmallMultiples(
    *NAMES,
    x_label="training steps",
    plots=(
        Plot("dead", (Curve("dense_0", (0.0, 10.0), (0.0, 0.25)),), is_share=True),
        Plot(
            "gradient",
            (
                Curve("dense_0", (0.0, 10.0), (1.0, 0.001), look="points"),
                Curve("expected", (0.0, 10.0), (1.0, 0.01), look="expected"),
            ),
            is_log=True,
        ),
    ),
)
LAYERS = SmallMultiples(
    *NAMES,
    x_label="training steps",
    plots=(
        Plot("dead", tuple(Curve(f"layer_{k}", (0.0, 10.0), (0.0, 0.0)) for k in range(3)), is_share=True),
        Plot(
            "gradient",
            (
                Curve("measured", (0.0,), (0.5,), (-0.5,), (1.5,), look="points"),
                Curve("last", (10.0,), (2.0,)),
            ),
            is_log=True,
        ),
    ),
    order=("first layer", "last layer"),
)
LINE = Line((1.0, 10.0, 100.0), (0.5, 0.2, 0.1), (0.4, 0.1, 0.05), (0.6, 0.3, 0.2))
CLAIM = ClaimFigure(*NAMES, "units", "error", True, False, (), lines=(LabelledLine("relu", LINE),))
NAMED = ClaimFigure(*NAMES, "sign", "error", False, False, ("a", "b", "c"), lines=(LabelledLine("x", LINE),))
ROOFLINE = RooflineFigure(
    *NAMES,
    peak_flops_s=2e11,
    levels=((16384, 4e11), (10**9, 2e10)),
    points=(
        RooflinePoint("dense", "32x64", "products", 4.0, 1e11),
        RooflinePoint("relu", "32x64", "activations", 0.1, 2e10),
    ),
)


def data(figure: FigureRef) -> dict[str, Any]:
    found = plot.data(figure)
    assert found is not None
    return found


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Browser:
    """Return a browser that shows one figure of each kind."""
    figures = (PROFILE, MULTIPLES, CLAIM, NAMED, ROOFLINE)
    path = tmp_path / "plots.html"
    path.write_text(html.render(Document("Plots", (Section("", figures),))), encoding="utf-8")
    browser.open(path.as_uri())
    assert browser.complaints == []
    return browser


def test_a_profile_keeps_its_shares_and_bands() -> None:
    found = data(PROFILE)

    adam, sgd = found["panels"][0]["series"]
    assert (adam["x"], adam["y"], adam["low"]) == ([1, 2, 4], [0.5, 1, 1], [0.25, 1, 1])
    assert sgd["steps"] is True
    assert found["y"]["factor"] == 100.0


def test_each_plot_of_several_has_its_own_scale() -> None:
    dead, gradient = data(MULTIPLES)["panels"]

    assert (dead["y"]["kind"], dead["y"]["unit"]) == ("linear", "%")
    assert (gradient["y"]["kind"], gradient["y"]["unit"]) == ("log", "")
    assert [series.get("look") for series in gradient["series"]] == ["points", "expected"]


def test_names_on_the_axis_of_a_claim_stand_at_their_places() -> None:
    """The numbers 1, 10 and 100 have the names a, b and c: the first, second and third place."""
    assert data(NAMED)["panels"][0]["series"][0]["x"] == [0, 1, 2]
    assert data(NAMED)["x"]["ticks"] == ["a", "b", "c"]
    assert data(CLAIM)["panels"][0]["series"][0]["x"] == [1, 10, 100]
    assert data(CLAIM)["x"]["kind"] == "log"


def test_a_ceiling_of_the_roofline_meets_the_peak_where_its_bandwidth_feeds_it() -> None:
    """2e11 FLOP/s over 2e10 bytes/s are 10 FLOP per byte."""
    peak, fast, slow = data(ROOFLINE)["guides"]

    assert peak["y"] == [200, 200]
    assert (slow["x"][1], slow["y"][1]) == (10, 200)
    assert slow["y"][0] == pytest.approx(20 * slow["x"][0])
    assert (fast["text"], slow["text"]) == ("400 GB/s, 16.0 KiB", "20.0 GB/s, memory")


def test_what_is_no_curve_stays_a_picture() -> None:
    assert plot.data(ClaimFigure(*NAMES, "", "", False, False, ())) is None


def test_layers_have_colours_in_their_order_and_a_share_begins_at_none(
    browser: Browser, tmp_path: Path
) -> None:
    """From dark to bright on white; an axis of a share that is 0 everywhere has no share below it."""
    path = tmp_path / "layers.html"
    path.write_text(html.render(Document("Layers", (Section("", (LAYERS,)),))), encoding="utf-8")
    browser.open(path.as_uri())

    hues = browser.run(
        "[...document.querySelectorAll('.panel:first-child path.line')].map((line) =>"
        " getComputedStyle(line).stroke.match(/\\d+/g).map(Number).reduce((a, b) => a + b))"
    )
    assert hues == sorted(set(hues))
    ticks = browser.texts("#figure-1 .panel:first-child .tick.end")
    assert [tick for tick in ticks if tick.startswith("−")] == []


def test_a_single_value_is_a_dot_and_an_end_without_a_logarithm_lies_beyond_the_edge(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "layers.html"
    path.write_text(html.render(Document("Layers", (Section("", (LAYERS,)),))), encoding="utf-8")
    browser.open(path.as_uri())

    assert browser.complaints == []
    assert browser.run("document.querySelectorAll('.panel:last-child circle[data-label=last]').length") == 1
    bar = browser.run(
        "(() => { const bar = document.querySelector('.panel:last-child line.line');"
        " return ['y1', 'y2'].map((end) => Number(bar.getAttribute(end))); })()"
    )
    assert bar[0] > bar[1]


def ranked(browser: Browser, path: Path, critical: float | None) -> Browser:
    """Show three configurations whose ranks are 1.2, 1.9 and 2.9."""
    figure = RanksFigure(*NAMES, (("a", 1.2), ("b", 1.9), ("c", 2.9)), critical)
    page = html.render(Document("Ranks", (Section("", (figure,)),)))
    path.write_text(page, encoding="utf-8")
    browser.open(path.as_uri())
    assert browser.complaints == []
    return browser


def test_ranks_within_the_critical_difference_of_the_picked_one_are_filled(
    browser: Browser, tmp_path: Path
) -> None:
    """A difference of 1 joins a and b, and c with b; whoever is picked is the centre."""
    filled = "[...document.querySelectorAll('.row.best')].map((row) => row.dataset.label)"
    opened = ranked(browser, tmp_path / "ranks.html", 1.0)
    assert opened.run(filled) == ["a", "b"]

    opened.click(".standings .row[data-label=b]")

    assert opened.run(filled) == ["a", "b", "c"]
    said = opened.run("[...document.querySelectorAll('.row')].map((row) => row.ariaLabel)")
    assert said == ["a: 1.20. Not told apart from b.", "b: 1.90.", "c: 2.90. Not told apart from b."]
    assert "s1.mark=b" in opened.run("location.hash")


def test_without_a_critical_difference_no_rank_is_said_to_be_like_another(
    browser: Browser, tmp_path: Path
) -> None:
    opened = ranked(browser, tmp_path / "ranks.html", None)

    assert opened.run("document.querySelectorAll('.row.best').length") == 1
    assert opened.texts("figure .note")[0].startswith("Too few cases for a critical difference.")


def test_a_stepped_line_stays_what_it_was_until_the_next_factor(opened: Browser) -> None:
    """Each segment runs along or up, and none aslant."""
    path = str(opened.run("document.querySelector('#figure-1 path.line').getAttribute('d')"))

    assert path.count("H") == 2
    numbers = [part.split() for part in path.replace("H", "L").replace("M", "L").split("L")[1:]]
    assert [len(each) for each in numbers] == [2, 1, 2, 1, 2]


def test_the_plots_name_their_axes_and_units(opened: Browser) -> None:
    assert {"0", "10", "20", "%"} <= set(opened.texts("#figure-2 .panel:first-child .tick"))
    assert {"1", "0.1", "0.01"} <= set(opened.texts("#figure-2 .panel:last-child .tick"))
    assert {"a", "b", "c", "sign"} <= set(opened.texts("#figure-4 .tick"))
    assert {"1×", "2×", "4×"} <= set(opened.texts("#figure-1 .tick"))


def test_a_point_of_the_roofline_tells_which_kernel_it_is(opened: Browser) -> None:
    x, y = opened.place("#figure-5 circle.dot[data-label=activations]")

    opened.mouse("mouseMoved", x + 3, y - 4)

    assert opened.texts("#figure-5 .tip > div") == ["FLOP per byte 0.1", "relu 32×64  20 GFLOP/s"]


def test_a_page_in_korean_says_what_its_buttons_do_in_korean(browser: Browser, tmp_path: Path) -> None:
    table = Table(
        "표", (Column("이름"), Column("값")), tuple((Cell(f"행 {k}"), Cell(str(k))) for k in range(9))
    )
    path = tmp_path / "korean.html"
    path.write_text(html.render(Document("제목", (Section("", (table, CLAIM)),), "ko")), encoding="utf-8")
    browser.open(path.as_uri())

    browser.click(".table th button", text="값")
    assert browser.text("[role=status]") == "값의 오름차순"
    browser.click(".tools input")
    browser.write("행 3")
    assert browser.text("[role=status]") == "9행 중 1행"
    said = [text for text in browser.texts("button, .tools b, .hint") if text.isascii()]
    assert said == ["Markdown", "LaTeX", "CSV", "x"]


def _spoken() -> str:
    """Return the texts of what says a phrase: scripts, and the playground's page."""
    folder = reports_folder()
    files = [*folder.glob("script/*.js"), *folder.glob("playground/*.js"), folder / "playground.html.j2"]
    return "".join(path.read_text(encoding="utf-8") for path in files)


def test_everything_that_is_translated_is_said_somewhere() -> None:
    """A phrase that no script has would be translated for nobody."""
    python = {"lines and bands", "mean and interval", "median and quartiles"}  # come with a figure's data
    python |= {playground._words(name) for name in DEFAULTS} | set(playground._END_WORDS.values())
    python |= {"Playground: {0}", "{0} settings, trained on seed {1} alone.", "last value", "end"}
    python |= {"status", "finished", "diverged", "cancelled"}
    spoken = _spoken()

    assert not [each for each in WORDS["ko"] if each not in python and f'"{each}"' not in spoken]


def test_everything_that_is_said_is_translated() -> None:
    """Every phrase of a script, and every name of a scale, has Korean words."""
    spoken = _spoken()
    said = re.findall(r'phrase\(\s*"([^"]+)"', spoken) + re.findall(r'phrase\([^"()]*\? "([^"]+)"', spoken)
    said += re.findall(r'phrase\([^"()]*\? "[^"]+"\s*: "([^"]+)"', spoken)
    (scales,) = re.findall(r"SCALE_NAMES = \{(.*?)\}", spoken)
    said += re.findall(r'"([^"]+)"', scales)

    assert len(said) > 60
    assert sorted({each for each in said if each not in WORDS["ko"]}) == []
