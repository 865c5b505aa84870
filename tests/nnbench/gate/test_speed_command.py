"""``nnbench gate`` on code that is timed in real processes: what its author reads."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nnbench.gate import project

CONFIG = """\
[tool.nnbench.gate]

[[tool.nnbench.gate.speed]]
name = "sums"
call = "bench:sums"
"""
KERNEL = """\
def total(n):
    s = 0
    for i in range(n):
        s += i
    return s
"""
BENCH = """\
from kernel import total


def sums():
    return total(2000)
"""
SUITE = """\
from kernel import total


def test_short(benchmark):
    assert benchmark(total, 1000) == 499500


def test_long(benchmark):
    assert benchmark(total, 3000) == 4498500
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project.make(tmp_path / "project", pyproject__toml=CONFIG, kernel__py=KERNEL, bench__py=BENCH)


def items(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.stdout, done.stderr
    return {item["name"]: item for item in json.loads(done.stdout)["items"]}


def test_twice_the_work_is_a_regression_confirmed_in_new_pairs(folder: Path) -> None:
    project.change(folder, "kernel.py", "range(n)", "range(2 * n)")

    done = project.gate(folder, "--json")

    item = items(done)["sums"]
    assert (item["verdict"], item["family"]) == ("regressed", "speed")
    assert item["ratio"] == pytest.approx(2.0, abs=0.6)
    assert item["n"] >= 8
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("    s = 0\n", "    # From nothing.\n    s = 0\n"), ("total(n):\n", 'total(n):\n    """Add."""\n')],
)
def test_comments_and_docstrings_are_identical_code(folder: Path, old: str, new: str) -> None:
    project.change(folder, "kernel.py", old, new)

    item = items(project.gate(folder, "--json"))["sums"]

    assert (item["verdict"], item["n"], item["ratio"]) == ("ok", 0, None)
    assert item["why"] == "identical code"


def test_a_call_that_raises_on_the_head_is_a_crash_with_its_line(folder: Path) -> None:
    project.change(folder, "kernel.py", "s = 0", "s = 1 / 0")

    done = project.gate(folder)

    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stdout


def test_a_call_that_the_base_has_not_is_new(folder: Path) -> None:
    more = '\n[[tool.nnbench.gate.speed]]\nname = "more"\ncall = "more:sums"\n'
    project.write(folder, pyproject__toml=CONFIG + more, more__py=BENCH)
    project.commit(folder, "more")

    item = items(project.gate(folder, "--json"))["more"]

    assert item["verdict"] == "ok"
    assert item["why"].startswith("new, nothing to compare")


def test_a_call_that_the_head_does_not_name_any_more_has_vanished(folder: Path) -> None:
    project.write(folder, pyproject__toml=CONFIG.replace("sums", "total").replace("bench:", "kernel:"))
    project.commit(folder, "another subject")

    assert project.gate(folder).returncode in (3, 6)


def test_each_benchmark_of_a_suite_is_an_item(folder: Path) -> None:
    pytest.importorskip("pytest_benchmark", reason="the suite is one of pytest-benchmark")
    config = '[tool.nnbench.gate]\n[[tool.nnbench.gate.speed]]\npytest = "test_speed.py"\nmargin = 0.9\n'
    project.write(folder, pyproject__toml=config, test_speed__py=SUITE)
    project.commit(folder, "a suite")
    project.change(folder, "test_speed.py", "test_long", "test_longer")

    done = project.gate(folder, "--json")

    found = items(done)
    assert len(found) == 3, (found, done.stderr)
    short, long, longer = (found[f"test_speed.py::test_{name}"] for name in ("short", "long", "longer"))
    assert short["n"] == 8
    assert short["ratio"] == pytest.approx(1.0, abs=0.5)
    assert (long["verdict"], done.returncode) == ("crashed", 6)
    assert longer["why"].startswith("new")


NUMBA = """\
import numpy as np
from numba import njit

X = np.ones(1000)


@njit
def total(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
    return s


@njit
def other(x):
    return x[0]


def sums():
    return total(X)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "for i in range(x.size):\n        s += x[i]",
            "for place in range(x.size):\n        s = s + x[place]",
        ),
        ("return x[0]", "return x[1]"),
    ],
    ids=["the same sum in other words", "a function that is not run"],
)
def test_a_kernel_in_other_words_is_identical_machine_code(folder: Path, old: str, new: str) -> None:
    project.write(folder, bench__py=NUMBA)
    project.commit(folder, "numba")
    project.change(folder, "bench.py", old, new)

    item = items(project.gate(folder, "--json"))["sums"]

    assert (item["verdict"], item["why"], item["n"]) == ("ok", "identical machine code", 0)


def test_machine_code_that_differs_has_another_digest(folder: Path) -> None:
    project.write(folder, bench__py=NUMBA)
    before = _digest(folder)
    project.write(folder, bench__py=NUMBA.replace("s += x[i]", "s += 2.0 * x[i]"))

    assert _digest(folder) != before


def _digest(folder: Path) -> str:
    from nnbench.studies.gate.speed import cold

    caches = folder / "caches"
    request = {"folder": str(folder), "calls": ["bench:sums"], "cpu": None, "caches": str(caches)}
    done = subprocess.run(
        [sys.executable, cold.__file__],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    found = json.loads(done.stdout)["calls"]["bench:sums"]
    assert found["compiled"] == 1
    return str(found["digest"])
