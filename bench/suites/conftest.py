"""What the suites measured, in one table at the end: the figure, its spread, and its floor."""

from collections.abc import Callable

import pytest

from interleaved import Ratio

_LINES = pytest.StashKey[list[tuple[str, str, str]]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that notes a figure beside its floor for the table at the end."""
    lines = request.config.stash.setdefault(_LINES, [])

    def note(what: str, figure: Ratio | str, floor: str = "") -> None:
        lines.append((what, str(figure), floor))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(_LINES, [])
    if not lines:
        return
    terminalreporter.section("measured")
    width = max(len(what) for what, _, _ in lines)
    for what, figure, floor in lines:
        terminalreporter.write_line(f"{what:<{width}}  {figure:<40}  {floor}")
