"""A page in a browser: clicks, letters, drags and keys do what they say, and a link shows it again."""

import csv
import io
from pathlib import Path

import pytest

from nnbench.reporting.blocks import Table
from nnbench.reporting.render import html, latex, markdown
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser

ROWS = "#s1 .table tbody tr"
STANDINGS = ".standings .row"


@pytest.fixture(scope="module")
def address(folder: Path) -> str:
    """Return where the page of 18 configurations with ten seeds lies."""
    path = folder / "crossed.html"
    path.write_text(html.render(page_samples.crossed().document()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def table() -> Table:
    blocks = page_samples.crossed().document().sections[0].blocks
    return next(block for block in blocks if isinstance(block, Table))


def first_table(browser: Browser) -> list[list[str]]:
    rows: list[list[str]] = browser.run(
        "[...document.querySelector('.table tbody').rows].filter((row) => !row.hidden)"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return rows


def hash_of(browser: Browser) -> str:
    return str(browser.run("decodeURIComponent(location.hash)"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_opens_without_a_complaint_and_asks_nobody(
    width: int, theme: str, browser: Browser, address: str
) -> None:
    """No error, nothing refused by the policy, no request but for the file, and no sideways scrolling."""
    browser.open(address, width=width, theme=theme)

    assert browser.complaints == []
    assert browser.requests == [address]
    assert browser.run("document.documentElement.scrollWidth") == width
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 600) == (theme == "light")


def test_a_header_sorts_up_then_down_then_not_at_all(browser: Browser, address: str) -> None:
    browser.open(address)
    header = browser.texts(".table th button")[2]
    assert header.startswith("accuracy")

    orders, signs = [], []
    for _ in range(3):
        browser.click(".table th button", text=header)
        orders.append([row[0] for row in first_table(browser)])
        signs.append(browser.run("document.querySelectorAll('.table th')[2].getAttribute('aria-sort')"))

    places = [f"{k}*" if k <= 3 else f"{k}" for k in range(1, 19)]
    assert orders == [places[::-1], places, places]
    assert signs == ["ascending", "descending", None]
    assert "sort" not in hash_of(browser)


def test_sorting_is_by_the_size_and_not_by_the_letters(browser: Browser, address: str) -> None:
    """Units, bounds, shares, intervals and the typographic minus are read; what is missing stands last."""
    browser.open(address)
    texts = ["12 ms", "—", "1.5 s", "900 µs", "2 min", ""]
    ordered = (
        "ordered({}.map((t) => ({{cells: [{{textContent: t}}]}})), 0, 1).map((r) => r.cells[0].textContent)"
    )

    assert browser.run(ordered.format(texts)) == ["900 µs", "12 ms", "1.5 s", "2 min", "—", ""]
    assert browser.run(ordered.format(["−0.3 [−1, +1]", "+2", "−10"])) == ["−10", "−0.3 [−1, +1]", "+2"]
    assert browser.run(ordered.format(["never", ">900", "900", "1,348"])) == ["900", ">900", "1,348", "never"]
    assert browser.run(ordered.format(["10/10", "9/10", "0/10"])) == ["0/10", "9/10", "10/10"]
    assert browser.run(ordered.format(["relu", "adam", "9 lives"])) == ["9 lives", "adam", "relu"]


def test_what_is_typed_filters_rows_and_is_counted(browser: Browser, address: str) -> None:
    browser.open(address)

    browser.click(".tools input")
    browser.write("adam TANH")

    assert [row[1] for row in first_table(browser)] == [
        "adam · tanh · glorot_uniform",
        "adam · tanh · he_normal",
    ]
    assert browser.texts(".tools .count")[0] == "2 of 18 rows"
    assert browser.text("[role=status]") == "2 of 18 rows"
    assert "t1.rows=adam+TANH" in hash_of(browser)


@pytest.mark.parametrize("has_clipboard", [True, False])
@pytest.mark.parametrize(("form", "render"), [("Markdown", markdown), ("LaTeX", latex)])
def test_a_copy_has_the_rows_that_the_report_in_that_form_has(
    form: str, render: object, has_clipboard: bool, browser: Browser, address: str, table: Table
) -> None:
    """Each row as Python renders it: the same columns, the same escapes, also without a clipboard.

    A paper's heads are broken into lines, a copy's are not.
    """
    browser.open(address)
    if not has_clipboard:
        browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")

    browser.click(".tools button", text=form)

    whole = render.render(page_samples.crossed().document())  # type: ignore[attr-defined]
    mark, rule = ("|", "| :--") if form == "Markdown" else (r" \\", r"    \midrule")
    rows, copied = (
        [line for line in text.partition(rule)[2].splitlines()[1:] if mark in line]
        for text in (whole, browser.clipboard())
    )
    assert copied == rows[: len(table.rows)]
    assert len(copied) == 18
    assert browser.text("[role=status]") == f"copied 18 rows as {form}"


def test_a_copy_as_csv_is_of_what_is_seen_with_numbers_to_compute_with(
    browser: Browser, address: str
) -> None:
    """Sorted and filtered as on the screen; an interval is two columns, and a minus sign is that of ASCII."""
    browser.open(f"{address}#t1.rows=sigmoid+he&t1.sort=-0")

    browser.click(".tools button", text="CSV")

    rows = list(csv.DictReader(io.StringIO(browser.clipboard())))
    names = [row["optimizer · activation · init"] for row in rows]
    assert names == [f"{o} · sigmoid · he_normal" for o in ("adam", "momentum", "sgd")]
    differences = [float(row["difference, pp"]) for row in rows]
    assert differences == sorted(differences)
    assert differences[0] < -4
    assert float(rows[0]["difference, pp low"]) == pytest.approx(differences[0] - 0.7, abs=0.02)
    assert float(rows[0]["accuracy, % high"]) > float(rows[0]["accuracy, %"])


def test_the_dots_and_intervals_stand_first_and_say_who_may_be_the_best(
    browser: Browser, address: str
) -> None:
    browser.open(address)

    said = browser.run(f"[...document.querySelectorAll('{STANDINGS}')].map((r) => r.ariaLabel)")

    assert len(said) == 18
    assert said[0] == "sgd · relu · glorot_uniform: reference. May be the best."
    assert said[2].endswith("May be the best.")
    assert said[3].endswith("Shown behind another.")
    assert browser.run(
        "document.querySelector('.standings').compareDocumentPosition(document.querySelector('table'))"
    ) == 4  # fmt: skip


def test_a_configuration_is_picked_with_the_keyboard_and_stands_out_everywhere(
    browser: Browser, address: str
) -> None:
    """Down and enter: the second configuration, its row of the table, and its line among the curves."""
    browser.open(address)

    browser.run(f"document.querySelector('{STANDINGS}').focus()")
    browser.press("ArrowDown")
    browser.press("Enter")

    name = "sgd · relu · he_normal"
    assert browser.texts("tr.marked td:nth-child(2)") == [name]
    lines = browser.run("[...document.querySelectorAll('.line.strong')].map((l) => l.dataset.name)")
    assert lines == [name]
    assert browser.run("document.activeElement.dataset.label") == name
    assert browser.run("document.activeElement.ariaSelected") == "true"
    browser.press("Enter")
    assert browser.texts("tr.marked td:nth-child(2)") == []


def test_a_choice_that_is_switched_off_leaves_all_figures_of_its_section(
    browser: Browser, address: str
) -> None:
    browser.open(address)

    browser.click(".legend button", text="momentum")

    assert len(browser.texts(STANDINGS)) == 12
    assert browser.texts(".panel .title") == ["sgd", "adam"]
    browser.click("#figure-3 .legend button", text="all")
    assert len(browser.texts(STANDINGS)) == 18


def test_single_seeds_are_the_trials_and_each_can_be_switched_off(browser: Browser, address: str) -> None:
    browser.open(address)
    n_lines = "document.querySelectorAll('.panel path.line').length"
    assert browser.run(n_lines) == 18
    assert browser.run("document.querySelectorAll('.panel .band').length") == 18

    browser.click("#figure-3 .tools button", text="single seeds")

    assert browser.run(n_lines) == 180
    assert browser.run("document.querySelectorAll('.panel .band').length") == 0
    browser.click("#figure-3 .legend button", text="7")
    browser.click("#figure-3 .legend button", text="relu · he_normal")
    assert browser.run(n_lines) == 15 * 9


def test_dragging_zooms_and_escape_ends_it(browser: Browser, address: str) -> None:
    browser.open(address)
    x, y = browser.place(".panel svg")
    whole = browser.texts(".panel svg .tick")

    browser.drag((x - 40, y - 30), (x + 60, y + 30))

    zoomed = [float(end) for end in hash_of(browser).split("zoom=")[1].split("&")[0].split(",")]
    assert 45 < zoomed[0] < zoomed[1] < 900
    assert 0.1 < zoomed[2] < zoomed[3] < 0.97
    assert browser.texts(".panel svg .tick") != whole
    browser.run("document.querySelector('.panel svg').focus()")
    browser.press("Escape")
    assert "zoom" not in hash_of(browser)
    assert browser.texts(".panel svg .tick") == whole


def test_the_pointer_reads_the_values_under_it(browser: Browser, address: str) -> None:
    """The box names the step, and for each line the median and its quartiles."""
    browser.open(address)

    x, y = browser.place(".panel svg")
    browser.mouse("mouseMoved", x + 10_000, y)
    browser.mouse("mouseMoved", x + 150, y)

    head, *lines = browser.texts(".tip > div")
    assert head.startswith("training steps ")
    assert len(lines) == 6
    assert all("%" in line and "[" in line for line in lines)


def test_the_arrow_keys_read_the_values_aloud(browser: Browser, address: str) -> None:
    """Right goes to the first evaluation, and down to the next line: the live region says what is there."""
    browser.open(address)

    browser.run("document.querySelector('.panel svg').focus()")
    browser.press("ArrowRight")
    first = browser.text("[role=status]")
    browser.press("ArrowDown")

    assert first.startswith("relu · glorot_uniform, training steps 45: ")
    assert browser.text("[role=status]").startswith("relu · he_normal, training steps 45: ")
    browser.press("+")
    assert "f3.zoom=" in hash_of(browser)


def test_scales_change_the_ticks(browser: Browser, address: str) -> None:
    browser.open(f"{address}#f3.x=linear&f3.y=linear")
    linear = browser.texts(".panel svg .tick")

    browser.click("#figure-3 [aria-label=steps] button", text="log")

    assert "200" in browser.texts(".panel svg .tick")
    assert browser.texts(".panel svg .tick") != linear


def test_a_link_shows_what_was_seen(browser: Browser, address: str) -> None:
    """Everything that was chosen is in the address: another window that opens it is the same."""
    browser.open(address)
    browser.click(".table th button", text="verdict")
    browser.click(".legend button", text="tanh")
    browser.click("#figure-3 .tools button", text="single seeds")
    browser.click("#figure-3 .panel .title", text="adam")
    browser.click(".theme button", text="dark")
    seen = browser.run("document.querySelector('main').innerHTML")
    link = str(browser.run("location.href"))

    browser.open(link)

    assert browser.run("document.querySelector('main').innerHTML") == seen
    assert browser.run("document.documentElement.style.colorScheme") == "dark"
    assert browser.texts(".panel .title") == ["adam"]
    browser.run("location.hash = ''")
    browser.run("new Promise((done) => setTimeout(done, 50))")
    assert browser.texts(".panel .title") == ["sgd", "momentum", "adam"]


@pytest.mark.parametrize(
    "wrong",
    [
        "t1.sort=99",
        "t1.sort=x",
        "f3.zoom=1,2",
        "f3.zoom=9,1,9,1",
        "f3.x=cube",
        "f3.view=%00",
        "s1.mark=%E0%A4%A",
    ],
)
def test_an_address_with_nonsense_shows_the_page(wrong: str, browser: Browser, address: str) -> None:
    browser.open(f"{address}#{wrong}")

    assert browser.complaints == []
    assert len(browser.texts(STANDINGS)) == 18


def test_on_a_phone_the_verdict_is_in_view(browser: Browser, address: str) -> None:
    """At 390 pixels: the sentence and the plot on the first screen, the verdicts within the width."""
    browser.open(address, width=390, height=844)

    top = browser.run(
        "document.querySelector('.standings .row:nth-of-type(3)').getBoundingClientRect().bottom"
    )
    assert top < 844
    ends = browser.run(
        f"[...document.querySelectorAll('{ROWS}')].slice(0, 18).map((row) => [...row.cells]"
        ".find((cell) => /worse|cannot|reference/.test(cell.textContent)).getBoundingClientRect().right)"
    )
    assert max(ends) <= 390
    more = next(text for text in browser.texts(".tools .more"))
    assert more.endswith("more columns")
    browser.click(".tools .more", text=more)
    assert len(
        browser.run(
            "[...document.querySelectorAll('.table')[0].querySelectorAll('th')]"
            ".filter((head) => head.checkVisibility()).map((head) => head.textContent)"
        )
    ) == len(first_table(browser)[0])


def test_without_script_the_page_is_whole(browser: Browser, address: str) -> None:
    """Figures are pictures, tables are tables, and no button waits for what will not come."""
    browser.do("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(address, runs=False)
        shown = browser.run(
            "[document.querySelectorAll('.still svg').length, document.querySelectorAll('button').length,"
            " document.querySelectorAll('td').length]"
        )
    finally:
        browser.do("Emulation.setScriptExecutionDisabled", value=False)

    assert shown[:2] == [3, 0]
    assert shown[2] > 180


def test_on_paper_there_are_no_tools(browser: Browser, address: str) -> None:
    browser.open(address, theme="dark")

    browser.do("Emulation.setEmulatedMedia", media="print")

    assert browser.texts(".tools, .theme") == []
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(browser.texts(STANDINGS)) == 18
    browser.do("Emulation.setEmulatedMedia", media="")


def test_what_is_chosen_elsewhere_draws_no_curve_anew(browser: Browser, address: str) -> None:
    """Sorting a table and picking a row leave the elements of the curves; a choice of theirs does not."""
    browser.open(address)
    browser.run("window.drawn = document.querySelector('.panel svg')")
    is_kept = "window.drawn === document.querySelector('.panel svg')"

    browser.click(".table th button", text="verdict")
    browser.run("document.querySelectorAll('.standings .row')[1].dispatchEvent(new MouseEvent('click'))")

    assert browser.run(is_kept)
    assert browser.run("document.querySelectorAll('.line.strong').length") == 1
    browser.click("#figure-3 .tools button", text="lines alone")
    assert not browser.run(is_kept)


def test_a_phone_shows_the_values_below_the_curves(browser: Browser, address: str) -> None:
    browser.open(address, width=390, height=844)
    x, y = browser.place(".panel svg")

    browser.mouse("mouseMoved", x + 60, y)

    gap = "document.querySelector('#figure-3 .tip').getBoundingClientRect().top - {}.bottom"
    assert browser.run(gap.format("document.querySelector('.panel svg').getBoundingClientRect()")) >= 0
    assert browser.run("document.querySelector('#figure-3 .tip').getBoundingClientRect().right") <= 390


def test_the_tab_key_reaches_everything_that_a_mouse_does(browser: Browser, address: str) -> None:
    """From the top of the page on: the plot, choices, filter, headers, copies, curves, and out again."""
    browser.open(address)
    wanted = {"row", "sort", "filter", "copy", "curves", "choice"}
    kind = (
        "(() => { const e = document.activeElement; return e.matches('.row') ? 'row' : e.matches('.sort') ?"
        " 'sort' : e.matches('input') ? 'filter' : e.matches('.panel svg') ? 'curves' :"
        " e.closest('.choice')?.ariaLabel?.startsWith('copy') ? 'copy' :"
        " e.matches('button') ? 'choice' : ''; })()"
    )

    reached = set()
    for _ in range(120):
        browser.press("Tab")
        reached.add(browser.run(kind))

    assert wanted <= reached
