"""Whole trials through the tool's own runner, and how two threads scale."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from children import measured
from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnbench.training.precompile import warm_up
from nnbench.training.trial import run_trial

# The axes of a run, how many more seeds its long form has, and what it should manage by the number of jobs.
ADAM_RELU = ("--optimizer", "adam", "--activation", "relu")
RUNS = {
    "digits": (ADAM_RELU, 600, {1: "", 2: "at least 320/s on AMD, 250/s on Intel"}),
    "iris": (("--optimizer", "adam"), 640, {1: "", 2: ""}),
}


def digits_trials(n: int):
    """Return ``n`` trials of digits_mlp with Adam and ReLU: 20 epochs of 43 steps."""
    given = {"optimizer": "adam", "activation": "relu", "seeds": str(n)}
    chosen = read_settings(from_options(given))
    return request.plan_for([request.one_case("digits")], chosen).matrix.trials()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("case", RUNS)
def test_trials_per_second(case: str, jobs: int, tmp_path: Path, report) -> None:
    """What ``nnbench run`` manages: a long run less a short one, so that the start is not counted."""
    axes, n_more, goals = RUNS[case]
    rates, cpu_ms = [], []
    for attempt in range(3):
        spent = {}
        for n in (40, 40 + n_more):
            store = str(tmp_path / f"{attempt}-{n}.sqlite")
            words = ["run", case, *axes, "--seeds", str(n), "--jobs", str(jobs), "--quiet", "--store", store]
            spent[n] = measured(words, tmp_path)
        short, long = spent.values()
        rates.append(n_more / (long.elapsed_s - short.elapsed_s))
        cpu_ms.append(1e3 * (long.cpu_s - short.cpu_s) / n_more)

    what = f"{case} trials, {jobs} job{'s' if jobs > 1 else ''}"
    report(what, f"{np.median(rates):.0f}/s [{min(rates):.0f}, {max(rates):.0f}] (n = 3)", goals[jobs])
    figure = f"{np.median(cpu_ms):.2f} ms [{min(cpu_ms):.2f}, {max(cpu_ms):.2f}] (n = 3)"
    report(f"  CPU time of one, {what}", figure, "at most 0.5 ms" if case == "iris" else "")


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


def test_iris_trial(report) -> None:
    """One trial whole, in CPU time of the thread."""
    given = {"optimizer": "adam", "seeds": "200"}
    chosen = read_settings(from_options(given))
    trials = request.plan_for([request.one_case("iris")], chosen).matrix.trials()
    warm_up(trials[:1], lambda *_: None)
    run_trial(trials[0])
    seconds = []
    for trial in trials:
        began = time.thread_time()
        run_trial(trial)
        seconds.append(time.thread_time() - began)

    low, median, high = 1e3 * np.quantile(seconds, (0.25, 0.5, 0.75))
    report("an iris trial", f"{median:.2f} ms [{low:.2f}, {high:.2f}] (n = {len(trials)})", "at most 0.5 ms")


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
