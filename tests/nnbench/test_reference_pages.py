"""The documents of reference in docs/ are what nnbench says of the parts of today."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nnkit import activations, initializers, layers, optimizers, schedules
from nnkit.registry import parse_choice

DOCS = Path(__file__).parents[2] / "docs"
KINDS = ("optimizers", "wrappers", "activations", "initializers", "schedules", "losses", "layers", "metrics")
# A process of its own: here, other tests may have registered plug-ins.
WRITE = """
import sys
from nnbench.cli import main
for kind in sys.argv[2:]:
    assert main(["list", kind, "--long", "--format", "markdown", "--output", f"{sys.argv[1]}/{kind}.md"]) == 0
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, "-c", WRITE, str(folder), *KINDS], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_each_kind_is_up_to_date(kind: str, pages: Path) -> None:
    """NNBENCH_UPDATE_GOLDEN=1 writes it anew."""
    page, expected = DOCS / "reference" / f"{kind}.md", (pages / f"{kind}.md").read_text("utf-8")
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        page.write_text(expected, "utf-8", newline="\n")

    assert page.read_text("utf-8") == expected, "run this file with NNBENCH_UPDATE_GOLDEN=1"


def test_what_the_table_of_differences_advises_can_be_chosen() -> None:
    advised = re.findall(
        r"`(?:--init )?([A-Za-z_]+(?:\([^`]*\))?)` \|$", (DOCS / "differences.md").read_text("utf-8"), re.M
    )

    assert len(advised) > 5
    for choice in advised:
        name, given = parse_choice(choice)
        homes = [
            kind
            for kind in (optimizers, initializers, activations, schedules, layers)
            if name in kind.names()
        ]
        assert homes, choice
        homes[0].record(name).resolve(given)
