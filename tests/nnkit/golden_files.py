"""Golden files of the engine: compared, or written anew with ``NNBENCH_UPDATE_GOLDEN=1``."""

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"


def assert_golden(name: str, text: str) -> None:
    """Compare ``text`` with the golden file of this name."""
    path = FOLDER / name
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    found = path.read_text(encoding="utf-8")
    assert text == found, f"{name} differs: look at it, then NNBENCH_UPDATE_GOLDEN=1"
