"""The pages that docs/write_reference.py writes are those of today's program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.book import DOCS, ROOT

PAGES = ("verbs.md", "exit-codes.md", "files.md", "results.md")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "bench")))
    environment = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "80"}
    command = [sys.executable, str(DOCS / "write_reference.py"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return folder


def test_the_script_writes_these_pages(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_written_page_is_up_to_date(name: str, written: Path) -> None:
    """NNBENCH_UPDATE_GOLDEN=1 writes it anew."""
    page, expected = DOCS / "reference" / name, (written / name).read_text("utf-8")
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        page.write_text(expected, "utf-8", newline="\n")

    assert page.read_text("utf-8") == expected, "run this file with NNBENCH_UPDATE_GOLDEN=1"
