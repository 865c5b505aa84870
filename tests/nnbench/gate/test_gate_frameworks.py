"""The gate on projects in torch, Keras, JAX and scikit-learn, each with one regression that it must call."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.nnbench.gate import project
from tests.nnbench.gate.project import gate

EXAMPLES = Path(__file__).with_name("examples")
# The framework, the packages that it needs, a file, what stands there, and the mistake.
REGRESSIONS = [
    ("torch", ("torch",), "optimizer.py", "p.sub_(", "p.add_("),
    ("keras", ("keras", "torch"), "schedule.py", "0.5 ** (step / 100)", "0.5 ** step"),
    ("jax", ("jax",), "loss.py", "- labels * logits", "+ labels * logits"),
    ("sklearn", ("sklearn",), "prepare.py", "x - train.mean(0)", "x + 9 * train.mean(0)"),
]


@pytest.fixture(params=REGRESSIONS, ids=[each[0] for each in REGRESSIONS])
def example(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, tuple[str, str, str]]:
    framework, packages, *change = request.param
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLES / framework, folder, ignore=shutil.ignore_patterns("__pycache__"))
    project.git(folder, "init", "--quiet", "--initial-branch=main")
    # Eight pairs: the fewest with a sign flip below 1 %, since these trainings are slow.
    config = project.CONFIG.replace("margin = 0.02", "margin = 0.02\nseeds = [8]")
    project.write(folder, pyproject__toml=config, README__md="# An example\n")
    project.commit(folder, "first")
    return folder, (change[0], change[1], change[2])


def test_a_change_of_words_leaves_the_same_bits(example: tuple[Path, tuple[str, str, str]]) -> None:
    folder, (name, *_) = example
    file = folder / name
    file.write_text(file.read_text(encoding="utf-8") + "\n# Nothing new.\n", encoding="utf-8")

    done = gate(folder, "--json")

    assert done.returncode == 0, done.stderr
    assert [item["why"] for item in json.loads(done.stdout)["items"]] == ["same bits (2 seeds)"]


def test_the_regression_is_called_and_its_first_step_named(
    example: tuple[Path, tuple[str, str, str]],
) -> None:
    folder, change = example
    project.change(folder, *change)

    done = gate(folder, "--json")

    assert done.returncode == 1, done.stderr
    (item,) = json.loads(done.stdout)["items"]
    assert item["verdict"] == "regressed"
    # Keras's second rate is the first that differs; the others differ at once.
    assert item["found"][0].startswith(("first difference: step 1,", "first difference: step 2,"))
