"""Test files have names of their own: pytest imports those outside of packages by their bare names."""

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_no_two_files_share_a_name() -> None:
    names = Counter(
        path.name for path in TESTS.rglob("test_*.py") if not (path.parent / "__init__.py").exists()
    )

    assert [name for name, times in names.items() if times > 1] == []
