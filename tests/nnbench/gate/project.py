"""A small project under git with an optimizer of its own, and a gate that guards what it learns."""

import os
import subprocess
import sys
from pathlib import Path

OPTIMIZER = """\
import numpy as np

RATE, BETA1, BETA2, EPSILON = 0.05, 0.9, 0.999, 1e-8


class Adam:
    def __init__(self):
        self.m, self.v, self.t = 0.0, 0.0, 0

    def step(self, w, g):
        self.t += 1
        self.m = BETA1 * self.m + (1 - BETA1) * g
        self.v = BETA2 * self.v + (1 - BETA2) * g * g
        m = self.m / (1 - BETA1**self.t)
        v = self.v / (1 - BETA2**self.t)
        return w - RATE * m / (np.sqrt(v) + EPSILON)
"""
SUBJECT = """\
import numpy as np
from optimizer import Adam


def train(seed, log):
    fixed, random = np.random.default_rng(7), np.random.default_rng(seed)
    x = fixed.standard_normal((400, 10))
    y = (np.tanh(x @ fixed.standard_normal((10, 3))).sum(1) > 0).astype(float)
    w, optimizer = 0.1 * random.standard_normal(10), Adam()
    log(0, weights={"w": w})
    for step in range(1, 61):
        rows = random.integers(0, 300, 32)
        p = 1 / (1 + np.exp(-x[rows] @ w))
        w = optimizer.step(w, x[rows].T @ (p - y[rows]) / 32)
        accuracy = np.mean((x[300:] @ w > 0) == (y[300:] > 0.5))
        loss = np.mean(np.logaddexp(0, x[300:] @ w) - y[300:] * (x[300:] @ w))
        log(step, weights={"w": w}, val_accuracy=accuracy, val_loss=loss)
    return {"w": w}
"""
CONFIG = """\
[tool.nnbench.gate]

[[tool.nnbench.gate.learning]]
name = "logistic adam"
call = "learn:train"
metric = "val_loss"
margin = 0.02
"""


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, as somebody and without the settings of this machine."""
    as_somebody = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(
        ["git", *as_somebody, "-c", "commit.gpgsign=false", "-C", str(folder), *words],
        check=True,
        capture_output=True,
        env={"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]},
    )


def make(folder: Path, **files: str) -> Path:
    """Make a project of one commit; further files by their names with __ for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, pyproject__toml=CONFIG, learn__py=SUBJECT, optimizer__py=OPTIMIZER)
    write(folder, README__md="# A project\n", **files)
    commit(folder, "first")
    return folder


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text that is there in one of the project's files, and commit."""
    file = folder / name
    content = file.read_text(encoding="utf-8")
    assert old in content, (name, old)
    file.write_text(content.replace(old, new), encoding="utf-8")
    commit(folder, f"{new} for {old}")


def commit(folder: Path, why: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", why)


def gate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the gate in a project as its author would."""
    command = [sys.executable, "-m", "nnbench", "gate", "--quiet", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
