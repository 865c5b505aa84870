"""What a page is made of: one file, a policy for its own script alone, data that stay data."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nnbench.cases.resources import reports_folder
from nnbench.reporting.blocks import CurvesFigure, Document, FigureRef, Paragraph, Section, StandingsFigure
from nnbench.reporting.plots import plot
from nnbench.reporting.plots.numbers import column
from nnbench.reporting.render import html
from tests.nnbench.pages import page_samples
from tests.nnbench.reporting import report_samples as samples

SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
DATA = re.compile(r'<script id="data" type="application/json">(.*?)</script>', re.DOTALL)


@pytest.fixture(scope="module")
def page() -> str:
    return html.render(page_samples.crossed().document())


def figures_of(sample: samples.Sample) -> list[FigureRef]:
    blocks = [block for section in sample.document().sections for block in section.blocks]
    return [block for block in blocks if isinstance(block, FigureRef)]


def test_the_policy_names_the_script_that_is_there(page: str) -> None:
    """The hash is that of the text between the tags: a browser would not run another."""
    (script,) = SCRIPT.findall(page)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert f"script-src &#39;sha256-{digest}&#39;;" in policy
    assert policy.startswith("default-src &#39;none&#39;;")
    assert "unsafe-eval" not in policy


def test_eighteen_configurations_with_ten_seeds_are_below_400_kb(page: str) -> None:
    assert len(page.encode()) <= 400_000


def test_long_curves_lose_points_and_no_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty times as many evaluations: the curves are thinned, and each seed is still there."""
    monkeypatch.setattr(samples, "N_EVALUATIONS", 400)
    (figure,) = (each for each in figures_of(page_samples.crossed()) if isinstance(each, CurvesFigure))

    found = plot.data(figure)

    assert found is not None
    every = [series for panel in found["panels"] for series in panel["series"]]
    assert len(json.dumps(found)) < 200_000
    assert [len(series["seeds"]) for series in every] == [10] * 18
    assert {len(series["x"]) for series in every} == {len(every[0]["y"])}
    assert 24 <= len(every[0]["x"]) < 160


def test_the_script_is_one_that_a_parser_takes(tmp_path: Path, page: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which parses the script, is not installed")
    (tmp_path / "page.js").write_text(SCRIPT.findall(page)[0], encoding="utf-8")

    done = subprocess.run([node, "--check", str(tmp_path / "page.js")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_script_is_on_the_page_and_makes_no_markup_of_texts() -> None:
    """What would turn a name into markup or code stands nowhere in the script."""
    files = sorted(path.stem for path in (reports_folder() / "script").glob("*.js"))
    texts = [path.read_text(encoding="utf-8") for path in (reports_folder() / "script").glob("*.js")]

    assert files == sorted(html.SCRIPT)
    for text in texts:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        )
        assert text.isascii()
        assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("name", samples.EVERY_SAMPLE)
def test_the_data_are_json_that_every_browser_reads(name: str) -> None:
    """No NaN and no infinity, and nothing that a parser of HTML could take for an end of the data."""
    page = html.render(samples.EVERY_SAMPLE[name]().document())

    (text,) = DATA.findall(page)
    assert not re.search("[<>&\u2028\u2029]", text)
    samples.strict_json(text)


def test_numbers_keep_five_digits_and_what_is_not_finite_is_null() -> None:
    assert column([0.123456, 900.0, float("inf"), float("nan"), -1e-9]) == [0.12346, 900, None, None, -1e-9]


def test_the_band_of_the_data_is_the_median_and_the_quartiles_of_the_seeds() -> None:
    """Of ten seeds of one configuration: by hand, the mean of the fifth and sixth value at the last step."""
    (figure,) = (each for each in figures_of(samples.alone()) if isinstance(each, CurvesFigure))

    found = plot.data(figure)

    assert found is not None
    (series,) = found["panels"][0]["series"]
    ends = sorted(values[-1] for _, values in series["seeds"])
    assert len(ends) == 10
    assert series["y"][-1] == pytest.approx((ends[4] + ends[5]) / 2, abs=2e-5)
    assert series["low"][-1] <= series["y"][-1] <= series["high"][-1]
    assert series["x"] == [45 * k for k in range(1, 21)]


def test_a_trial_that_ended_has_no_values_behind_its_end() -> None:
    """Three of ten seeds of the last configuration diverge near step 320: null from there on."""
    (figure,) = (each for each in figures_of(samples.six_by_ten()) if isinstance(each, CurvesFigure))

    found = plot.data(figure)

    assert found is not None
    last = found["panels"][0]["series"][-1]
    broken = {seed: values for seed, values in last["seeds"] if None in values}
    assert sorted(broken) == [2, 5, 6]
    assert [x for x, value in zip(last["x"], broken[2], strict=True) if value is not None][-1] == 315
    assert last["label"].endswith("(3 of 10 diverged)")


def test_the_standings_of_the_data_are_those_of_the_figure() -> None:
    (figure,) = (each for each in figures_of(samples.six_by_ten()) if isinstance(each, StandingsFigure))

    found = plot.data(figure)

    assert found is not None
    rows = [(row["label"], row["difference"], row["best"]) for row in found["rows"]]
    assert rows == [(row.label, row.difference, row.may_be_best) for row in figure.rows]
    assert found["rows"][1]["text"] == "−0.33 [−0.58, +0.03]"
    assert found["rows"][1]["axes"] == {"optimizer": "momentum", "activation": "relu"}


def test_the_language_of_the_page_is_that_of_the_document() -> None:
    assert '<html lang="ko">' in html.render(Document("제목", (Section("", (Paragraph("글"),)),), "ko"))
