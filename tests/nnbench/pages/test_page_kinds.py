"""Every kind of page, as its command makes it, opens in silence, asks nobody, and begins with a finding."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nnbench import cli
from nnbench.reporting.render import html
from nnbench.reporting.views import kernels
from tests.nnbench.claims import test_claims_command as claims
from tests.nnbench.judging import judge_samples
from tests.nnbench.pages import test_page_accessible
from tests.nnbench.pages.browser import Browser
from tests.nnbench.reporting import kernel_samples

axe = test_page_accessible.axe  # the fixture, for this file too
SHORT = ("--seeds", "2", "--epochs", "1", "--quiet")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "run": ("run", "wine", "--optimizer", "sgd,adam", "--activation", "relu,tanh", *SHORT),
    "failures": ("run", "iris", "--optimizer", "sgd", "--lr", "1e30,0.1", *SHORT),
    "one configuration": ("run", "iris", "--optimizer", "sgd", *SHORT),
    "compare": ("compare", "adam,relu", "sgd,relu", "--run", "first"),
    "tune": ("tune", "iris", "--optimizer", "sgd", *SHORT),
    "diagnose": ("diagnose", "wine", "--seeds", "2", "--epochs", "1"),
    "check": ("diagnose", "wine", "--activation", "relu,tanh", "--init", "he_normal,glorot_uniform"),
    "descend": ("descend", "quadratic"),
    "judge": ("judge", "judged.csv"),
    "claims": ("claims", "mine.toml", "--seeds", "6"),
    "claims in Korean": ("claims", "mine.toml", "--seeds", "6", "--lang", "ko"),
}
KINDS = (*COMMANDS, "kernels")


@pytest.fixture(scope="module")
def pages(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the addresses of all pages; without a browser none is made."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "pair.py").write_text(claims.FUNCTION, encoding="utf-8")
    (folder / "mine.toml").write_text(claims.CLAIM, encoding="utf-8")
    judge_samples.twelve(folder / "judged.csv")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for name, words in COMMANDS.items():
            given = [_first_run(folder) if word == "first" else word for word in words]
            assert cli.main([*given, "--output", f"{name}.html"]) in (0, 3), name
    made = html.render(kernels.document(kernel_samples.run()))
    (folder / "kernels.html").write_text(made, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in KINDS}


def _first_run(folder: Path) -> str:
    return (folder / "run.html").read_text(encoding="utf-8").partition("<h1>Run ")[2].partition("<")[0]


@pytest.mark.parametrize("name", KINDS)
def test_a_phone_shows_what_was_found_at_once(name: str, pages: dict[str, str], browser: Browser) -> None:
    """Nothing scrolls sideways, and the first sentence or verdict stands on the first screen."""
    browser.open(pages[name], width=390, height=844)

    assert browser.complaints == []
    assert browser.requests == [pages[name]]
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.run("document.body.innerText.match(/\\b(null|undefined|\\[object \\w+\\])\\b/)") is None
    end = browser.run(
        "document.querySelector('.lead, td:is(.good, .bad, .same, .unsure)').getBoundingClientRect().bottom"
    )
    assert 0 < end < 844


@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing(name: str, pages: dict[str, str], axe: str, browser: Browser) -> None:
    browser.do("Page.setBypassCSP", enabled=True)  # for the checker, which is not of the page
    browser.open(pages[name], width=390, theme="dark")
    browser.run(f"{axe};0")
    found = browser.run("axe.run().then((found) => found.violations)")
    browser.do("Page.setBypassCSP", enabled=False)

    assert not found, [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found]
