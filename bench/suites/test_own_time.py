"""What the tool itself takes: to expand a matrix, to hand out trials, to load data."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnbench.records.trials import TrialRecord
from nnbench.running.engines import ThreadEngine
from nnbench.running.runner import run_trials
from nnkit import datasets
from nnkit.datasets.dataset import Dataset


def figure(seconds: list[float], unit_s: float, unit: str) -> str:
    low, middle, high = np.array([min(seconds), np.median(seconds), max(seconds)]) / unit_s
    return f"{middle:.2f} {unit} [{low:.2f}, {high:.2f}] (n = {len(seconds)})"


def timed(work: Callable[[], object], *, n: int = 5) -> list[float]:
    found = []
    for _ in range(n):
        began_s = time.perf_counter()
        work()
        found.append(time.perf_counter() - began_s)
    return found


def trials(n: int):
    given = {"optimizer": "sgd,adam", "seeds": str(n // 2)}
    return request.plan_for([request.one_case("digits")], read_settings(from_options(given))).matrix.trials()


def test_expanding_a_matrix(report) -> None:
    """A hundred thousand trials with their keys."""
    n = 100_000
    report("a trial of a matrix", figure(timed(lambda: trials(n)), 1e-6 * n, "µs"), "at most 100 µs")


@pytest.mark.parametrize("n", [100, 20_000])
def test_handing_out_trials(n: int, report) -> None:
    """Trials that do nothing, on two threads."""
    each = trials(n)
    record = TrialRecord(
        each[0].key, "digits", each[0].axes, 0, "finished", {}, {}, steps=1, steps_to_target=None,
        train_s=0.0, digest="",
    )  # fmt: skip

    def run() -> None:
        engine = ThreadEngine(2)
        run_trials(
            each, execute=lambda trial: record, engine=engine, keep=lambda kept: None, stop=threading.Event()
        )
        engine.close()

    report(f"handing out one of {n} trials", figure(timed(run), 1e-6 * n, "µs"), "at most 500 µs")


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes", "mnist1d"])
def test_loading_data(name: str, report) -> None:
    """Read from the package or generated, and checked."""
    record = datasets.record(name)

    def load() -> None:
        x, y = record.build(**record.resolve({}))
        Dataset(record.name, x, y, record.task, record.n_classes)

    floor = "at most 1.5 s" if name == "mnist1d" else "at most 0.05 s"
    report(f"loading {name}", figure(timed(load), 1e-3, "ms"), floor)
