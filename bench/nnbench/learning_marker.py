"""The pytest plug-in: tests that are marked ``learning`` are what ``nnbench gate`` trains over many seeds.

A marked test takes ``seed`` and ``log`` as a subject does. Under pytest alone it is trained once, with
seed 0, and passes if it logs the metric that its mark names, as a finite number. This module is imported at
the start of every pytest where nnbench is installed, so it imports nothing but what pytest has.
"""

import math
from collections.abc import Generator
from typing import Any

import pytest

SEED = 0
_MARK = "learning(metric, margin, better): trained over many seeds by `nnbench gate`; takes seed and log"


class Log:
    """What a test logs: the last value of each metric."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def __call__(self, step: int, weights: Any = None, **values: Any) -> None:
        """Take what was measured at a step; of the weights nothing is kept."""
        self.last |= {name: float(value) for name, value in values.items()}


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", _MARK)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, bool | None, bool | None]:
    """Hold a marked test to the metric that its mark names."""
    called = yield
    mark = pyfuncitem.get_closest_marker("learning")
    if mark is not None:
        _check(pyfuncitem.funcargs.get("log"), mark.kwargs.get("metric", "val_loss"))
    return called


def _check(log: object, metric: str) -> None:
    if not isinstance(log, Log):
        pytest.fail(
            "a test that is marked learning takes seed and log: def test_it(seed, log)", pytrace=False
        )
    value = log.last.get(metric)
    if value is None:
        pytest.fail(
            f"it never logged {metric!r}; it logged {', '.join(log.last) or 'nothing'}", pytrace=False
        )
    if not math.isfinite(value):
        pytest.fail(f"{metric} ended at {value}", pytrace=False)


@pytest.fixture
def seed() -> int:
    """The seed of a test that is marked ``learning``."""
    return SEED


@pytest.fixture
def log() -> Log:
    """What a test that is marked ``learning`` logs to."""
    return Log()
