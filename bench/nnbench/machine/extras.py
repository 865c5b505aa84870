"""Packages that only some users need: imported when they are, or named in one line."""

from importlib import import_module
from typing import Any

from nnbench.errors import EnvironmentProblem


def extra(module: str, name: str, what: str) -> Any:
    """Return a module that the extra of this name brings, or raise with the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        missing = (error.name or module).partition(".")[0]
        raise EnvironmentProblem(
            f'{what} needs {missing}, which is not installed: pip install "nnkit-bench[{name}]"'
        ) from None
