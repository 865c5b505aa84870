"""``nnbench show`` of a part waits neither for numba nor for the checks of every case."""

import subprocess
import sys

import pytest

from nnbench.cases import inventory
from nnbench.cases.inventory import entries, entries_named

_SHOW = """
import sys
from nnbench.cli import main
code = main(["show", {name!r}])
slow = sorted({{"numba", "pydantic"}} & sys.modules.keys())
sys.exit(f"{{code}} {{slow}}" if code or slow else 0)
"""


@pytest.mark.parametrize("name", ["adam", "gelu", "focal", "cosine"])
def test_a_part_is_drawn_without_numba(name: str) -> None:
    """Some hundred numbers are computed by the kernels' Python twins."""
    done = subprocess.run([sys.executable, "-c", _SHOW.format(name=name)], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert name in done.stdout


@pytest.mark.parametrize("kind", ["cases", "suites", "claims"])
def test_files_are_found_by_every_name_and_alias(kind: str) -> None:
    """That most files are not checked hides none of them."""
    for entry in entries(kind):
        for name in (entry.name, *entry.aliases):
            assert entry in entries_named(name)


def test_no_case_is_checked_for_the_name_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking all cases and claims takes longer than everything else."""
    asked: list[str] = []
    original = inventory.entries

    def entries_of(kind: str) -> tuple[inventory.Entry, ...]:
        asked.append(kind)
        return original(kind)

    monkeypatch.setattr(inventory, "entries", entries_of)

    entries_named("relu")

    assert "activations" in asked
    assert not {"cases", "suites", "claims"} & set(asked)
