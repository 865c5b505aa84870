"""What axe, the checker of accessibility, finds on pages: nothing, wide and narrow, by day and by night."""

import importlib.util
from pathlib import Path

import pytest

from nnbench.reporting.render import html
from tests.nnbench.pages import page_samples
from tests.nnbench.pages.browser import Browser
from tests.nnbench.reporting import report_samples as samples

_PACKAGES = ("axe_playwright_python", "axe_core_python")


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the script of axe, from one of the packages that bring it; neither package is imported."""
    for name in _PACKAGES:
        found = importlib.util.find_spec(name)
        if found is not None and found.submodule_search_locations:
            return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
    pytest.skip(f"axe is not installed, which finds barriers: pip install {_PACKAGES[1].replace('_', '-')}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["crossed", "two_cases"])
def test_axe_finds_nothing_serious(
    name: str, width: int, theme: str, axe: str, browser: Browser, folder: Path
) -> None:
    made = page_samples.crossed() if name == "crossed" else samples.two_cases()
    path = folder / f"{name}.html"
    path.write_text(html.render(made.document()), encoding="utf-8")
    browser.do("Page.setBypassCSP", enabled=True)  # for the checker, which is not of the page
    browser.open(f"{path.as_uri()}#f3.view=seeds&t1.rows=a", width=width, theme=theme)

    browser.run(f"{axe};0")
    found = browser.run("axe.run().then((found) => found.violations)")

    browser.do("Page.setBypassCSP", enabled=False)
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not serious, [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in serious]
    assert not found, [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found]
