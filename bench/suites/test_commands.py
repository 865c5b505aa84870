"""How long a user waits: for help, for the first compilation, for a warm start, for a stored answer."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from children import Spent, measured

# What they should take at most.
COMMANDS = {
    "--help": "at most 0.3 s",
    "list optimizers": "at most 0.2 s",
    "show adam": "at most 0.2 s",
    "show relu": "at most 0.2 s",
}
FIRST_STEP = """
import time
began = time.perf_counter()
import numpy as np, nnkit
layers = [nnkit.layers.Dense(64, activation="relu"), nnkit.layers.Dense(10)]
model = nnkit.Sequential(layers, input_shape=(64,))
model.compile("adam", "sparse_categorical_crossentropy")
x, y = np.zeros((32, 64), np.float32), np.zeros(32, np.int32)
model.fit(x, y, batch_size=32)
print(time.perf_counter() - began)
"""


def summary(spent: list[Spent]) -> str:
    seconds = [each.elapsed_s for each in spent]
    cpu_s = np.median([each.cpu_s for each in spent])
    return f"{_seconds(seconds)}, {cpu_s:.2f} s of CPU"


def _seconds(seconds: list[float]) -> str:
    return f"{np.median(seconds):.2f} s [{min(seconds):.2f}, {max(seconds):.2f}] (n = {len(seconds)})"


@pytest.mark.parametrize(("words", "goal"), COMMANDS.items())
def test_small_commands(words: str, goal: str, tmp_path: Path, report) -> None:
    """Commands that train nothing, the interpreter's own start included."""
    spent = [measured(words.split(), tmp_path) for _ in range(9)]
    report(f"nnbench {words}", summary(spent), goal)


@pytest.mark.parametrize("case", ["digits", "digits_cnn"])
def test_cold_and_warm_run(tmp_path: Path, report, case: str) -> None:
    """``nnbench run``: with an empty kernel cache, with a full one, and from the store alone."""
    colds, warms, cached = [], [], []
    for attempt in range(3):
        folder, cache = tmp_path / f"work{attempt}", tmp_path / f"cache{attempt}"
        folder.mkdir()
        words = ["run", case, "--quiet"]
        colds.append(measured(words, folder, cache=cache))
        cached.append(measured(words, folder, cache=cache))
        (folder / ".nnbench" / "store.sqlite").unlink()
        warms.append(measured(words, folder, cache=cache))
    is_first = case == "digits"
    report(f"nnbench run {case}, nothing compiled", summary(colds), "at most 4 s" if is_first else "")
    report(f"nnbench run {case}, kernels cached", summary(warms), "at most 0.6 s" if is_first else "")
    report(f"nnbench run {case}, from the store", summary(cached), "at most 0.6 s" if is_first else "")


def test_warm_start(tmp_path: Path, report) -> None:
    """From ``import nnkit`` to the end of the first training step, kernels cached."""
    environment = {**os.environ, "NNKIT_CACHE_DIR": str(tmp_path)}
    seconds = []
    for _ in range(8):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_STEP], check=True, capture_output=True, text=True, env=environment
        )
        seconds.append(float(done.stdout))
    report("warm start to the first step", _seconds(seconds[1:]), "at most 0.2 s")


def test_judge(tmp_path: Path, report) -> None:
    """``nnbench judge``: 20 configurations by 50 seeds, with curves of 100 steps."""
    rows = [
        f"c{config},{seed},{step},{1 / (1 + step) + 0.01 * config + 0.001 * np.sin(seed * config + step):.5f}"
        for config in range(20)
        for seed in range(50)
        for step in range(100)
    ]
    (tmp_path / "curves.csv").write_text("\n".join(["config,seed,step,loss", *rows]))
    seconds = [measured(["judge", "curves.csv"], tmp_path) for _ in range(5)]
    report("nnbench judge, 100,000 rows", summary(seconds), "at most 3 s")
