"""The other formats: comma-separated values, LaTeX, and one HTML page."""

import csv
import io
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import report_samples as samples

from nnbench.reporting.blocks import Document, Paragraph, Section
from nnbench.reporting.render import csv as csv_renderer
from nnbench.reporting.render import html


def test_csv_has_a_row_for_every_trial_and_full_numbers() -> None:
    """Reading the file back gives the records: each trial, each number to its last bit."""
    sample = samples.six_by_ten()

    rows = list(csv.DictReader(io.StringIO(csv_renderer.render(sample))))

    assert len(rows) == 60
    assert [row["optimizer"] for row in rows] == [each.axes.as_dict()["optimizer"] for each in sample.trials]
    assert float(rows[0]["final_accuracy"]) == sample.trials[0].final["accuracy"]
    assert rows[52]["status"] == "diverged"
    assert rows[52]["final_accuracy"] == ""
    assert rows[59]["steps_to_target"] == ""
    assert not re.search("nan|inf|None", csv_renderer.render(sample))


def test_csv_leaves_what_is_not_finite_empty() -> None:
    """A loss that overflowed is no number, and every reader of such files spells infinity another way."""
    sample = samples.alone(n=1)
    odd = replace(sample.trials[0], best={"loss": math.inf, "accuracy": math.nan, "step": 45.0})

    (row,) = csv.DictReader(io.StringIO(csv_renderer.render(replace(sample, trials=(odd,)))))

    assert (row["best_loss"], row["best_accuracy"], row["best_step"]) == ("", "", "45")


def test_csv_keeps_cases_with_other_axes_and_metrics_apart() -> None:
    """A column exists for every metric of any case, and is empty where a case has no such metric."""
    sample = samples.two_cases()

    rows = list(csv.DictReader(io.StringIO(csv_renderer.render(sample))))

    assert rows[0]["final_loss"] == ""
    assert rows[-1]["final_accuracy"] == ""
    assert float(rows[-1]["final_loss"]) > 0


class Tags(HTMLParser):
    """Collects the tags that are open, and fails where they do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "xlink:href")]

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_file_with_its_figures_inside() -> None:
    """The page nests properly, holds curves and heat map, and asks nothing of the network."""
    page = html.render(samples.six_by_ten().document())
    tags = Tags()
    tags.feed(page)

    assert tags.open == []
    assert page.count("<svg") == 3
    assert all(link.startswith("#") for link in tags.links)
    assert page.count("<script") == 2  # its data and its own
    assert "@import" not in page
    assert '<td class="left bad">worse</td>' in page


def test_html_escapes_what_users_name() -> None:
    """A name with angle brackets is shown and not obeyed."""
    page = html.render(Document("<b>", (Section("", (Paragraph("<script>alert(1)</script>"),)),)))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>" not in page
