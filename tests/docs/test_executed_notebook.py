"""The notebook in docs/ runs from the store to the verdict, and shows what it printed when it ran."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from nnkit.jit import is_disabled
from tests.docs.book import DOCS, ROOT

NOTEBOOK = DOCS / "notebooks" / "from-store-to-verdict.ipynb"
_TIMEOUT_S = 120
for _package in ("nbclient", "ipykernel", "pandas"):
    pytest.importorskip(_package, reason=f"{_package} is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of the packages that run a notebook
    pytest.mark.skipif(is_disabled(), reason="trains through kernels"),
    pytest.mark.skipif(os.name == "nt", reason="its first cell is a line of a shell"),
]


def _read() -> Any:
    import nbformat

    return nbformat.read(NOTEBOOK, as_version=4)


def _executed(folder: Path) -> Any:
    """Return the notebook as it comes out of an empty folder, with this Python's nnbench on the path."""
    from nbclient import NotebookClient

    command = folder / "bin" / "nnbench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nnbench "$@"\n')
    command.chmod(0o755)
    place = folder / "work"
    place.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "bench"))))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        resources = {"metadata": {"path": str(place)}}
        return NotebookClient(
            _read(), timeout=_TIMEOUT_S, kernel_name="python3", resources=resources, record_timing=False
        ).execute()


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """NNBENCH_UPDATE_GOLDEN=1 writes the outputs anew."""
    import nbformat

    done = _executed(tmp_path_factory.mktemp("notebook"))
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        for cell in done.cells:
            cell.metadata.clear()
        done.metadata = _read().metadata
        nbformat.write(done, NOTEBOOK)
    return done


def _texts(cell: Any) -> list[str]:
    """Return what a cell printed or gave, but for pictures."""
    found = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return [text.replace("\r", "") for text in found]


def test_what_the_notebook_shows_is_what_it_prints(executed: Any) -> None:
    shown = [_texts(cell) for cell in _read().cells if cell.cell_type == "code"]

    assert shown == [_texts(cell) for cell in executed.cells if cell.cell_type == "code"]
    assert sum(map(len, shown)) >= 6


def test_it_ends_in_a_figure_and_a_verdict(executed: Any) -> None:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", ())]
    text = "".join(output.get("text", "") for output in outputs)

    assert [output for output in outputs if "image/png" in output.get("data", {})]
    assert re.search(r"sgd against adam|adam against sgd", text)
    assert re.search(r": (better|worse|equivalent|cannot_tell)\n", text)
