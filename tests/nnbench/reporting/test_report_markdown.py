"""The report as Markdown: tables that GitHub draws, figures beside the file, no markup by accident."""

import re

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from nnbench.reporting.render import markdown


def test_golden() -> None:
    """Six configurations with ten seeds look as they looked when somebody last looked."""
    samples.check_golden("report.md", markdown.render(samples.six_by_ten().document()))


@pytest.mark.parametrize("name", samples.EVERY_SAMPLE)
def test_every_row_has_as_many_cells_as_its_header(name: str) -> None:
    """GitHub drops what stands beyond the header's columns without a word."""
    shown = markdown.render(samples.EVERY_SAMPLE[name]().document())

    blocks = [block.splitlines() for block in shown.split("\n\n") if block.startswith("|")]
    assert blocks
    for lines in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
        assert re.fullmatch(r"\|( (:--|--:) \|)+", lines[1])


@given(st.text())
def test_no_text_ends_a_cell_or_starts_markup(text: str) -> None:
    """Bars, stars, angle brackets and backquotes are escaped, and a cell stays on one line."""
    shown = markdown.escaped(text)

    assert not re.search(r"(?<!\\)(\\\\)*[`*|<~$]", shown)
    assert "\n" not in shown
    assert "\r" not in shown


def test_names_and_intervals_stay_readable() -> None:
    """What is no markup is not escaped: the source of a report is read too."""
    assert markdown.escaped("leaky_relu 97.1 [96.7, 97.8]") == "leaky_relu 97.1 [96.7, 97.8]"
    assert markdown.escaped("[a](b) _x_ a|b") == r"[a\](b) \_x\_ a\|b"


def test_every_figure_that_a_report_names_is_drawn() -> None:
    """The report names its figures relative to itself."""
    document = samples.two_cases().document()

    files = markdown.figures(document)

    named = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", markdown.render(document))
    assert named == [
        "digits-mlp-standings.svg",
        "digits-mlp-curves.svg",
        "sine-standings.svg",
        "sine-curves.svg",
        "across-profile.svg",
        "across-scores.svg",
        "across-ranks.svg",
    ]
    assert [name for name, _ in files] == named
    assert all(drawn.startswith(b"<?xml") for _, drawn in files)
