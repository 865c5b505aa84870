"""Reports, stores and plans of many trials: seconds of CPU, the peak of the memory, bytes of the file."""

from pathlib import Path

import pytest

import stores
from children import measured

# Trials, and what a report of them may take: seconds, megabytes.
REPORTS = {1_000: "at most 0.5 s", 10_000: "", 100_000: "at most 5 s, 300 MB"}
PLANS = {1_000: "", 10_000: "", 100_000: "", 1_000_000: "at most 1 s, 100 MB"}
CONFIGURATIONS = 10


@pytest.mark.parametrize("n", REPORTS)
def test_report(n: int, tmp_path: Path, report) -> None:
    """``nnbench report`` of ten configurations, and what the store takes for a trial."""
    store = tmp_path / "store.sqlite"
    stores.fill(store, (CONFIGURATIONS,), n // CONFIGURATIONS)

    found = measured(["report", "--store", str(store)], tmp_path)
    report(f"nnbench report, {n:,} trials", str(found), REPORTS[n])
    if n == 10_000:
        report("  bytes a trial in the store", f"{store.stat().st_size / n:,.0f}", "at most 3,000")


@pytest.mark.parametrize(
    ("n", "seeds", "goal"), [(300, 24, ""), (1_000, 10, "at most 5 s, 500 MB"), (2, 20_000, "")]
)
def test_report_of_many_configurations(n: int, seeds: int, goal: str, tmp_path: Path, report) -> None:
    """``nnbench report`` where all are compared with the best."""
    store = tmp_path / "store.sqlite"
    stores.fill(store, (n,), seeds)

    found = measured(["report", "--store", str(store)], tmp_path)
    report(f"nnbench report, {n:,} configurations × {seeds:,} seeds", str(found), goal)


@pytest.mark.parametrize("n", PLANS)
def test_dry_run(n: int, tmp_path: Path, report) -> None:
    """``nnbench run --dry-run``: ten optimizers by rates, 100 seeds each."""
    rates = ",".join(f"{1e-4 * 1.002**place:.6g}" for place in range(n // 1_000))
    optimizers = "sgd,momentum,nesterov,adagrad,rmsprop,adam,adamw,lion,nadam,radam"
    chosen = ["--optimizer", optimizers, "--lr", rates, "--seeds", "100"]

    found = measured(["run", "digits", *chosen, "--dry-run", "--store", "none.sqlite"], tmp_path)
    report(f"dry run of {n:,} trials", str(found), PLANS[n])
