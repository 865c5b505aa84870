"""Every link of the pages leads to a file that is there, and to a heading that is in it."""

import re
from pathlib import Path

import pytest

from tests.docs.book import DOCS, PAGES, ROOT

_LINK = re.compile(r"(?<!!)\[(?:[^\]]|\n)*?\]\(([^)\s]+)\)")
_TREE = re.compile(r"```\{toctree\}\n(.*?)```", re.S)
DOCUMENTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "llms.txt"]


def _slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as MyST and GitHub make them."""
    plain = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    heads = re.findall(r"^#+ (.*)$", plain, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.M | re.S)
    for link in _LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _slugs(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not broken(page)


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Head\n[a](page.md#head) [b](none.md) [c](#tail)\n", "utf-8")

    assert broken(page) == ["none.md", "#tail"]


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = {line for tree in _TREE.findall((DOCS / "index.md").read_text("utf-8")) for line in tree.split()}
    pages = {page.relative_to(DOCS).as_posix().removesuffix(".md") for page in PAGES} - {"index"}

    assert not pages - listed


def test_every_page_is_named_in_the_index_for_machines() -> None:
    text = (ROOT / "llms.txt").read_text("utf-8")

    assert not [page.name for page in PAGES if f"({page.relative_to(ROOT).as_posix()})" not in text]
