"""Hostile names in what a gate and a judge write: XML, orders of GitHub, and every format of a report."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnbench.machine.writing import printable
from nnbench.records.gate import GateItem, GateReport
from nnbench.reporting.render import annotations, html, junit, markdown, text
from nnbench.reporting.views import gate
from tests.nnbench.judging import judge_samples
from tests.nnbench.pages.test_page_hostile import HOSTILE, OBEYED, elements, every_name

TODAY = date(2026, 1, 1)
ORDERS = "\n::error::harm\r\n::set-env name=A::b%0A::add-mask::x"
MORE = {
    **HOSTILE,
    "orders": ORDERS,
    "NUL": "a\0b\x7f\ud800",
    "combining": "Z" + "\u0351" * 60,
    "right": "אבג",
}
every_other_name = pytest.mark.parametrize("name", MORE.values(), ids=MORE)


def gated(name: str) -> GateReport:
    item = GateItem(name, "quality", "regressed", name, found=(name,), place=(name, 3), metric=name)
    return GateReport(name, name, name, 1.0, (item,), 1, name, (name,))


@every_other_name
def test_junit_is_xml_with_one_case(name: str) -> None:
    made = junit.render(gated(name))

    root = ElementTree.fromstring(made.encode("utf-8"))
    assert [case.tag for case in root.iter() if case.tag not in ("properties", "property")] == [
        "testsuites", "testsuite", "testcase", "failure",
    ]  # fmt: skip
    (case,) = root.iter("testcase")
    assert case.get("name") == printable(name)
    assert not OBEYED.search(made.replace("\n", ""))


@every_other_name
def test_github_gets_two_orders_and_no_third(name: str) -> None:
    lines = annotations.render(gated(name)).splitlines()

    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice"]
    assert lines[0].split("::")[1].count(",") == 2  # file, line and title
    assert not OBEYED.search("".join(lines))


@every_other_name
def test_a_gate_in_text_markdown_and_html_obeys_nothing(name: str) -> None:
    document = gate.build(gated(name), TODAY)

    page, wanted = html.render(document), html.render(gate.build(gated("harmless"), TODAY))
    said = printable(gate.text(gated(name), TODAY, 80), keep="\n")  # as it is printed
    assert set(elements(page).tags) == set(elements(wanted).tags)
    for made in (page, said, text.render(document, width=80), markdown.render(document)):
        assert not OBEYED.search(made.replace("\n", ""))
        made.encode("utf-8")


@every_name
@pytest.mark.parametrize("form", ["text", "markdown", "html", "latex", "json", "csv"])
def test_a_judged_name_does_nothing(form: str, name: str, nnb: object, tmp_path: Path) -> None:
    """The configuration of a file that came from elsewhere, in every format of the verdict."""
    file = tmp_path / "judged.csv"
    made = io.StringIO()
    best, worst, *_ = judge_samples.LEVELS
    named = ((name, best), ("b", worst))
    rows = [(shown, seed, judge_samples.score(known, seed)) for shown, known in named for seed in range(10)]
    csv.writer(made).writerows([["config", "seed", "accuracy"], *rows])
    file.write_text(made.getvalue(), encoding="utf-8", newline="")

    code, out, err = nnb("judge", str(file), "--format", form)  # type: ignore[operator]

    assert (code, err) == (0, "")
    assert not OBEYED.search(out.replace("\n", ""))
    if form == "json":
        assert json.loads(out)
    if form == "csv":
        assert not [f for row in csv.reader(io.StringIO(out)) for f in row if f[:1] in ("=", "@", "\t", "\r")]
