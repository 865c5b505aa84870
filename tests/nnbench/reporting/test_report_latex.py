"""Tables in LaTeX: what they say, that they do nothing else, and that they are no wider than a page."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest
from matplotlib import ft2font

from nnbench.reporting.blocks import Cell, Column, Document, Section, Table
from nnbench.reporting.render import latex
from tests.nnbench.pages import page_samples
from tests.nnbench.reporting import report_samples as samples

_TABULAR = re.compile(
    r"\\begin\{(tabular|longtable)\}\{@\{\}([lr]|p\{\d+pt\})+@\{\}\}(.*?)\\end\{\1\}", re.DOTALL
)
_POINTS_OF_A_PAGE = 345


def _document(*tables: Table) -> Document:
    return Document("", (Section("some_case: 2 configurations", tables),))


def _crossed() -> str:
    """Return the tables of 18 configurations on three axes."""
    return latex.render(page_samples.crossed().document())


def test_the_caption_says_first_who_may_be_the_best() -> None:
    """A table that is put into a paper takes the answer with it, and only the first table of a case does."""
    shown = latex.render(samples.six_by_ten().document())

    said = r"\caption{adam $\cdot$ relu leads on digits-mlp; 2 of 6 may be the best:"
    assert shown.count("may be the best:") == 1
    assert said in shown


def test_what_latex_reads_is_escaped() -> None:
    """Per cent, underscores and braces in names would end the table or the compilation."""
    table = Table("", (Column("a_b, %"),), ((Cell("x{y} & 5 % #1 ~ ^ \\ $ |"),), (Cell("[−∞, ≤1]"),)))

    shown = latex.render(_document(table))

    assert r"a\_b, \%" in shown
    assert r"x\{y\} \& 5 \% \#1 \textasciitilde{} \textasciicircum{} \textbackslash{} \$ \textbar{}" in shown
    assert r"{}[$-$$\infty$, $\le$1]" in shown


def test_what_turns_a_line_round_is_spelt_out() -> None:
    shown = latex.render(_document(Table("a\u202eb", (Column("\x1b"),), ((Cell("x\ny"),),), ("\u2066",))))

    assert shown.replace("\n", "").isprintable()
    assert r"a\textbackslash{}u202eb" in shown


def test_captions_labels_and_notes_have_their_places() -> None:
    table = Table("A title", (Column("loss, nats"),), ((Cell("1"),),), ("A note, 5 %.", "Another."))

    shown = latex.render(_document(table, table))

    assert shown.startswith("% \\usepackage{booktabs, longtable, graphicx}\n")
    assert shown.count(r"\caption{A title.}") == 2
    assert re.findall(r"\\label\{(.*?)\}", shown) == ["tab:some-case-1", "tab:some-case-2"]
    assert shown.count(r"\parbox{\linewidth}{\footnotesize A note, 5 \%. Another.}") == 2
    assert re.search(r"\\end\{tabular\}\s+\\par\\smallskip\s+\\parbox", shown)


@pytest.mark.parametrize("name", samples.EVERY_SAMPLE)
def test_rows_have_as_many_cells_as_columns(name: str) -> None:
    """Each row of a table has one separator fewer than the table has columns."""
    shown = latex.render(samples.EVERY_SAMPLE[name]().document())

    for found in _TABULAR.finditer(shown):
        columns = re.findall(r"[lr]|p\{\d+pt\}", found[0].split("@{}")[1])
        rows = [line for line in found[3].splitlines() if line.endswith(r" \\")]
        assert rows
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns) - 1}


def test_a_table_that_is_longer_than_a_page_goes_on_over_pages() -> None:
    columns = (Column("what"), Column("value, %", "right"))
    rows = tuple((Cell(f"row {i}"), Cell(str(i))) for i in range(90))

    shown = latex.render(_document(Table("Many", columns, rows, ("A note.",))))

    assert r"\begin{longtable}{@{}lr@{}}" in shown
    assert r"\begin{table}" not in shown
    assert shown.count(r"\toprule") == 2, "the head stands on the first page and on those that follow"
    assert shown.count("row 89") == 1
    assert shown.index(r"\end{longtable}") < shown.index("A note.")


def _computer_modern(text: str) -> float:
    """Return the width of a text in points, by the font of ten points that matplotlib brings."""
    font = ft2font.FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "cmr10.ttf"))
    font.set_size(10, 72)
    return sum(font.load_char(ord(letter)).linearHoriAdvance for letter in text) / 65536


@pytest.mark.parametrize(
    "text",
    [
        "adam · relu · glorot_uniform",
        "rmsprop(rho=0.95) · tanh · he_normal",
        "96.7 [93.3, 100]",
        "The quick brown fox jumps over the lazy dog",
        "WMAXIMUM & 100 %",
    ],
)
def test_widths_are_those_of_computer_modern(text: str) -> None:
    letters = text.replace("_", "-").replace("·", ",")  # the font itself has something else in their places

    assert latex.width_pt(letters) == pytest.approx(_computer_modern(letters), rel=0.12)


def _set_pt(tabular: str) -> Iterator[float]:
    """Yield the width of every row of a table in letters of ten points, without what stands between cells."""
    for row in re.findall(r"^(.*) \\\\$", tabular, re.M):
        plain = re.sub(r"\$\\(cdot|times|pm)\$", "+", row).replace("$-$", "+").replace("\\", "")
        yield sum(_computer_modern(cell.strip().replace("_", "-")) for cell in plain.split(" & "))


def test_a_wide_table_is_set_smaller_and_only_then_shrunk() -> None:
    """Letters of 18 configurations on three axes are never smaller than seven tenths of the smallest size."""
    found = next(_TABULAR.finditer(_crossed()))
    before = _crossed()[: found.start()]

    assert r"\scriptsize\setlength{\tabcolsep}{3pt}" in before
    assert r"\resizebox{\linewidth}{!}{%" in before
    assert max(_set_pt(found[3])) * 0.797 + 8 * 6 < _POINTS_OF_A_PAGE / 0.7


def test_a_narrow_table_keeps_its_letters() -> None:
    shown = latex.render(_document(Table("", (Column("a"), Column("b")), ((Cell("1"), Cell("2")),))))

    assert r"\setlength" not in shown
    assert r"\resizebox" not in shown


def test_a_long_text_breaks_so_that_the_others_keep_their_letters() -> None:
    columns = (Column("what"), Column("why", wraps=True), Column("n", "right"))
    words = "the loss left the numbers after a step that was too long, " * 3

    shown = latex.render(_document(Table("", columns, ((Cell("sgd"), Cell(words), Cell("1")),))))

    assert re.search(r"\{@\{\}lp\{2\d\dpt\}r@\{\}\}", shown)
    assert r"\resizebox" not in shown


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("size", ["10pt", "12pt"])
def test_latex_sets_every_table_within_the_page(size: str, tmp_path: Path) -> None:
    long = Table("Long", (Column("a"), Column("b")), tuple((Cell(f"x_{i}"), Cell("%")) for i in range(120)))
    bad = Table("Bad", (Column("#_{}"),), ((Cell("\\input{x} $ & ~ ^ < > | \u202e 5 %"),),))
    body = _crossed() + latex.render(_document(long, bad))
    packages = latex.render(_document(bad)).splitlines()[0].removeprefix("% ")
    text = rf"\documentclass[{size}]{{article}}{packages}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "paper.tex").write_text(text.replace(packages, packages + "\n", 1), "utf-8")

    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )

    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
