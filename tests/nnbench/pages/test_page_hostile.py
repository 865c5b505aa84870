"""Names that would be markup, script, style, formulas or orders to a terminal are shown, and do nothing."""

import csv
import io
import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nnbench.machine.writing import printable
from nnbench.records.trials import Axes
from nnbench.reporting.render import csv as csv_renderer
from nnbench.reporting.render import curves as curves_renderer
from nnbench.reporting.render import html, latex, markdown, text
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser
from tests.nnbench.reporting.report_samples import Sample

HOSTILE = {
    "script": "</script><script>window.harmed=1</script>",
    "comment": "<!--<script>window.harmed=1</script>",
    "image": "<img src=x onerror=window.harmed=1>",
    "picture": "</title></svg><svg onload=window.harmed=1>",
    "attribute": "\" onfocus=window.harmed=1 autofocus x='' onmouseover=window.harmed=1 '",
    "style": "</style><style>body{display:none}</style>}*{display:none}",
    "template": "{{ 7*7 }}${window.harmed=1}{% raw %}",
    "address": "javascript:window.harmed=1//&#s1.mark=x~y%00",
    "right to left": "\u202egnirts\u2066hidden\u200f",
    "line separators": "one\u2028two\u2029three",
    "escape": "\x1b]0;title\x07\x1b[2Jred\x9b31m",
    "LaTeX": "\\input{/etc/passwd}$x$ \\write18{ls} %}",
    "Markdown": "[click](javascript:alert(1)) ![x](http://example.org/x.png) | `a`",
    "formula": "=HYPERLINK(\"http://example.org\",\"x\")",
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
}  # fmt: skip
every_name = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
# Letters that turn the direction of a line, end it, or begin what a terminal obeys.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def named(name: str) -> Sample:
    """Return a run in which a choice, the case, its summary and the command have this name."""
    plain = page_samples.crossed(optimizers=("sgd", "adam"), n_seeds=6)

    def renamed(axes: Axes) -> Axes:
        return axes.at("optimizer", name) if axes.as_dict()["optimizer"] == "adam" else axes

    (facts,) = plain.run.cases
    run = replace(plain.run, cases=(replace(facts, name=name, summary=name),), command=f"nnbench run {name}")
    return Sample(
        run,
        tuple(replace(each, axes=renamed(each.axes), case=name) for each in plain.trials),
        tuple(replace(each, axes=renamed(each.axes), case=name) for each in plain.summaries),
        tuple(
            replace(each, a=renamed(each.a), b=renamed(each.b), case=name, reason=name)
            for each in plain.comparisons
        ),
    )


@cache
def page_of(name: str) -> str:
    return html.render(named(name).document())


class Elements(HTMLParser):
    """Collects what elements and attributes there are."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":  # where a long word may break
            self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}


def elements(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    return found


@every_name
def test_a_page_has_the_elements_that_it_has_with_a_harmless_name(name: str) -> None:
    """No tag more, no attribute that acts, nothing that turns a line; and the data say what was named."""
    page, harmless = page_of(name), page_of("adam")

    found, wanted = elements(page), elements(harmless)
    figures = (
        "path",
        "use",
        "g",
        "text",
        "tspan",
        "defs",
        "clippath",
        "rect",
    )  # labels are broken into lines
    assert [t for t in found.tags if t not in figures] == [t for t in wanted.tags if t not in figures]
    assert not [each for each in found.attributes if each.startswith("on")]
    assert not OBEYED.search(page.replace("\n", ""))
    (data,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    names = [row["label"] for figure in json.loads(data)["figures"] for row in figure.get("rows", ())]
    assert any(printable(name)[:20] in each for each in names)  # a long one is cut in the figure
    assert not OBEYED.search("".join(names))


@every_name
def test_a_browser_shows_the_name_and_does_nothing(name: str, browser: Browser, folder: Path) -> None:
    """Opened, sorted, filtered, hovered over, picked: nothing runs, nothing is asked for, nothing hides."""
    path = folder / "hostile.html"
    path.write_text(page_of(name), encoding="utf-8")
    browser.open(path.as_uri())

    browser.run("document.querySelectorAll('.standings .row')[7].dispatchEvent(new MouseEvent('click'))")
    browser.run("document.querySelectorAll('.legend button, th button').forEach((each) => each.click())")
    browser.run("document.querySelectorAll('[tabindex]').forEach((each) => each.focus())")
    link = str(browser.run("location.href"))
    browser.open(link)

    assert browser.run("typeof window.harmed") == "undefined"
    assert browser.complaints == []
    assert browser.requests == [link.split("#")[0]]
    assert browser.run("document.body.checkVisibility()")
    assert " ".join(printable(name).split())[:12] in browser.text("section")


@every_name
def test_a_copy_of_a_table_is_as_harmless(name: str, browser: Browser, folder: Path) -> None:
    """Markdown and LaTeX are escaped, and no field of the CSV begins like a formula."""
    path = folder / "copied.html"
    path.write_text(page_of(name), encoding="utf-8")
    browser.open(path.as_uri())

    copies = {f: browser.run(f"as{f}(document.querySelector('table'))") for f in ("Markdown", "Latex", "Csv")}

    assert all(cell[:1] not in ("=", "@") for row in csv.reader(io.StringIO(copies["Csv"])) for cell in row)
    assert not re.search(r"\\(input|write18)\b", copies["Latex"].replace(r"\textbackslash{}", ""))
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)\]\(", copies["Markdown"])


@every_name
def test_text_markdown_and_latex_obey_nothing(name: str) -> None:
    document = named(name).document()

    shown = text.render(document, width=80)
    written = markdown.render(document)
    papers = printable(latex.render(document), keep="\n\t")

    for each in (shown, written, papers):
        assert not OBEYED.search(each.replace("\n", ""))
    outside = re.sub(r"(`+).*?\1", "", written)
    assert not re.search(r"(?<!\\)<|(?<!\\)\]\((?!digits|[\w-]+\.svg)", outside)
    assert not re.search(r"(?<!\\)\\(input|write)", papers.replace(r"\textbackslash{}", ""))


@every_name
def test_no_field_of_a_csv_file_begins_like_a_formula(name: str) -> None:
    """A spreadsheet shows the name, behind an apostrophe, and computes nothing; numbers stay numbers."""
    sample = named(name)

    for made in (csv_renderer.render(sample), "".join(curves_renderer.render(sample))):
        rows = list(csv.reader(io.StringIO(made)))
        fields = [field for row in rows for field in row]
        assert not [field for field in fields if field[:1] in ("=", "@", "\t", "\r")]
        signed = [field for field in fields if field[:1] in ("+", "-")]
        assert all(float(field) < 0 for field in signed)


def test_numbers_below_zero_are_no_formulas() -> None:
    shown = csv_renderer.table([{"a": -0.5, "b": "-0.5", "c": "-x", "d": "+inf", "e": "=1"}])

    assert shown.splitlines()[1] == "-0.5,-0.5,'-x,'+inf,'=1"
