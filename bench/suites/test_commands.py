"""How long a user waits: for help, for the first compilation, for a warm start, for a stored answer."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

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


def nnbench(*words: str, cache: Path | None = None, folder: Path | None = None) -> float:
    """Run the tool and return the seconds it took."""
    environment = {**os.environ, **({"NNKIT_CACHE_DIR": str(cache)} if cache else {})}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "nnbench", *words],
        check=True,
        capture_output=True,
        env=environment,
        cwd=folder,
    )
    return time.perf_counter() - began


def summary(seconds: list[float]) -> str:
    return f"{np.median(seconds):.2f} s [{min(seconds):.2f}, {max(seconds):.2f}] (n = {len(seconds)})"


def test_help(report) -> None:
    """``nnbench --help``, the interpreter's own start included."""
    report("nnbench --help", summary([nnbench("--help") for _ in range(9)]), "at most 0.3 s")


@pytest.mark.parametrize(("case", "most_s"), [("digits", 6), ("digits_cnn", 8)])
def test_cold_and_warm_run(tmp_path: Path, report, case: str, most_s: int) -> None:
    """``nnbench run``: with an empty kernel cache, with a full one, and from the store alone."""
    colds, warms, cached = [], [], []
    for attempt in range(3):
        folder, cache = tmp_path / f"work{attempt}", tmp_path / f"cache{attempt}"
        folder.mkdir()
        colds.append(nnbench("run", case, "--quiet", cache=cache, folder=folder))
        cached.append(nnbench("run", case, "--quiet", cache=cache, folder=folder))
        (folder / ".nnbench" / "store.sqlite").unlink()
        warms.append(nnbench("run", case, "--quiet", cache=cache, folder=folder))
    compile_s = np.median(colds) - np.median(warms)
    report(f"nnbench run {case}, nothing compiled", summary(colds))
    report(f"nnbench run {case}, kernels cached", summary(warms))
    report("  so the compilation takes", f"{compile_s:.2f} s", f"at most {most_s} s")
    report(f"nnbench run {case}, from the store", summary(cached), "at most 1 s")


def test_warm_start(tmp_path: Path, report) -> None:
    """From ``import nnkit`` to the end of the first training step, kernels cached."""
    environment = {**os.environ, "NNKIT_CACHE_DIR": str(tmp_path)}
    seconds = []
    for _ in range(8):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_STEP], check=True, capture_output=True, text=True, env=environment
        )
        seconds.append(float(done.stdout))
    report("warm start to the first step", summary(seconds[1:]), "at most 0.2 s")


def test_judge(tmp_path: Path, report) -> None:
    """``nnbench judge``: 20 configurations by 50 seeds, with curves of 100 steps."""
    rows = [
        f"c{config},{seed},{step},{1 / (1 + step) + 0.01 * config + 0.001 * np.sin(seed * config + step):.5f}"
        for config in range(20)
        for seed in range(50)
        for step in range(100)
    ]
    (tmp_path / "curves.csv").write_text("\n".join(["config,seed,step,loss", *rows]))
    seconds = [nnbench("judge", "curves.csv", folder=tmp_path) for _ in range(5)]
    report("nnbench judge, 100,000 rows", summary(seconds), "at most 3 s")
