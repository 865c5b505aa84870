"""What the suites measured, in one table at the end: the figure, its spread, and its goal.

``--figures FILE.json`` keeps them too, each with its date: `speed_table.py` makes README's table of these.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from figures import Figure, keep, machine_line
from interleaved import Ratio

_FIGURES = pytest.StashKey[list[Figure]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--figures", type=Path, metavar="FILE.json", help="keep what was measured here, beside what is there"
    )


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that notes a figure beside its floor for the table at the end."""
    found = request.config.stash.setdefault(_FIGURES, [])

    def note(what: str, figure: Ratio | str, floor: str = "") -> None:
        found.append(Figure(what, figure, floor))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_FIGURES, [])
    if not found:
        return
    terminalreporter.section("measured")
    terminalreporter.write_line(machine_line())
    width = max(len(each.what) for each in found)
    for each in found:
        terminalreporter.write_line(f"{each.what:<{width}}  {each.text:<40}  {each.goal}".rstrip())
    file = config.getoption("--figures")
    if file is not None:
        keep(file, found)
