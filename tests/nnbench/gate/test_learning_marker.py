"""Tests that are marked ``learning``: trained once by pytest, and over seeds by ``nnbench gate``."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.nnbench.gate import project
from tests.nnbench.gate.project import gate

TEST = """\
import pytest
from learn import train


@pytest.mark.learning(metric="val_loss", margin=0.02)
def test_it_learns(seed, log):
    train(seed, log)


def test_something_else():
    assert True
"""
CONFIG = '[tool.nnbench.gate]\n[[tool.nnbench.gate.learning]]\npytest = "checks"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = project.make(tmp_path / "project", pyproject__toml=CONFIG)
    (made / "checks").mkdir()
    (made / "checks" / "test_it.py").write_text(TEST, encoding="utf-8")
    project.commit(made, "marked tests")
    return made


def pytest_alone(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers"]
    if not entry_points(group="pytest11", name="nnbench"):  # of a checkout that is not installed
        command += ["-p", "nnbench.learning_marker"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "checks"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pytest_trains_it_once(folder: Path) -> None:
    done = pytest_alone(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('metric="val_loss"', 'metric="f1"', "it never logged 'f1'; it logged val_accuracy, val_loss"),
        ("train(seed, log)", "log(1, val_loss=float('nan'))", "val_loss ended at nan"),
        ("(seed, log):\n    train(seed, log)", "():\n    pass", "takes seed and log"),
    ],
)
def test_pytest_holds_it_to_its_metric(folder: Path, old: str, new: str, words: str) -> None:
    project.change(folder, "checks/test_it.py", old, new)

    done = pytest_alone(folder)

    assert done.returncode == 1
    assert words in done.stdout


def test_the_gate_finds_marked_tests(folder: Path) -> None:
    project.change(folder, "optimizer.py", "w - RATE", "w + RATE")

    done = gate(folder)

    assert done.returncode == 1, done.stderr
    assert "REGRESSED  learning  test_it_learns" in done.stdout


def test_a_marked_test_that_is_gone_has_vanished(folder: Path) -> None:
    project.change(folder, "checks/test_it.py", "test_it_learns", "test_it_learns_still")

    done = gate(folder)

    assert done.returncode == 6
    assert "vanished: test_it_learns" in done.stdout


def test_a_folder_without_marked_tests_is_wrong_usage(folder: Path) -> None:
    project.change(folder, "checks/test_it.py", '@pytest.mark.learning(metric="val_loss", margin=0.02)\n', "")

    done = gate(folder)

    assert done.returncode == 2
    assert "no test has the mark" in done.stderr


def test_a_mark_with_an_unknown_word_is_named(folder: Path) -> None:
    project.change(folder, "checks/test_it.py", "margin=", "margn=")

    done = gate(folder)

    assert done.returncode == 2
    assert "the mark has no 'margn'" in done.stderr
