"""A browser for the tests of pages, one for each file of tests; where none is installed they are skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nnbench.pages.browser import Browser, executable, started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if executable() is None:
        pytest.skip("no Chromium is installed, which shows the pages")
    with started(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")
