"""Whole trials through the tool's own runner, and how two threads scale."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnbench.training.precompile import warm_up
from nnbench.training.trial import run_trial

SEEDS = 600


def digits_trials(n: int):
    """Return ``n`` trials of digits_mlp with Adam and ReLU: 20 epochs of 43 steps."""
    given = {"optimizer": "adam", "activation": "relu", "seeds": str(n)}
    chosen = read_settings(from_options(given))
    return request.plan_for([request.one_case("digits")], chosen).matrix.trials()


def run_digits(folder: Path, n: int, *options: str) -> dict:
    command = [
        sys.executable,
        "-m",
        "nnbench",
        "run",
        "digits",
        "--optimizer",
        "adam",
        "--activation",
        "relu",
    ]
    command += ["--seeds", str(n), "--quiet", "--json", "--store", str(folder / "store.sqlite"), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_trials_per_second(tmp_path: Path, report) -> None:
    """What ``nnbench run`` manages: a long run less a short one, so that the start is not counted."""
    rates = []
    for attempt in range(3):
        seconds = {}
        for n in (40, 40 + SEEDS):
            folder = tmp_path / f"{attempt}-{n}"
            folder.mkdir()
            began = time.perf_counter()
            run_digits(folder, n)
            seconds[n] = time.perf_counter() - began
        rates.append(SEEDS / (seconds[40 + SEEDS] - seconds[40]))

    figure = f"{np.median(rates):.0f}/s [{min(rates):.0f}, {max(rates):.0f}] (n = 3)"
    report("digits trials of 20 epochs", figure, "at least 270/s on 2 cores")


def test_overhead_outside_the_driver(report) -> None:
    """The time of a trial that is not spent in steps or evaluations: data, arena, record, digest."""
    trials = digits_trials(200)
    warm_up(trials[:1], lambda *_: None)
    run_trial(trials[0])
    overheads = []
    for trial in trials:
        began = time.perf_counter()
        record = run_trial(trial)
        overheads.append(time.perf_counter() - began - record.train_s)

    low, median, high = 1e3 * np.quantile(overheads, (0.25, 0.5, 0.75))
    figure = f"{median:.2f} ms [{low:.2f}, {high:.2f}] (n = {len(trials)})"
    report("a trial outside its steps, evaluations included", figure, "at most 1 ms without evaluations")


def test_two_threads_against_one(report) -> None:
    """The same trials on one thread and on two, in turns: the GIL is released in the driver."""
    trials = digits_trials(60)
    warm_up(trials[:1], lambda *_: None)
    for trial in trials:
        run_trial(trial)  # the seeds' data are prepared before the clock runs

    def on_threads(n: int) -> float:
        began = time.perf_counter()
        workers = [
            threading.Thread(target=lambda part=trials[i::n]: [run_trial(t) for t in part]) for i in range(n)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - began

    ratios = [on_threads(1) / on_threads(2) for _ in range(9)]
    low, median, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    report(
        "two threads against one",
        f"{median:.2f}x [{low:.2f}, {high:.2f}] (n = 9)",
        "at least 1.9x on 2 cores",
    )


def test_digits_trial(benchmark) -> None:
    """One trial, for pytest-benchmark's own records."""
    trial = digits_trials(1)[0]
    warm_up([trial], lambda *_: None)
    benchmark(run_trial, trial)
