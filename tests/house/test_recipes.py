"""The recipes of CONTRIBUTING.md, followed: in a copy of the project, sentence by sentence."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.recipe import Recipe, copy_project, recipes

RECIPES = {recipe.heading: recipe for recipe in recipes()}
_HANG_S = 600


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold once a recipe was followed: tests of the project, and a program that ends well."""

    program: str
    tests: tuple[str, ...] = ()
    chosen: str = ""  # which of the tests, as pytest's -k says it


_MODEL = (
    "import numpy as np, nnkit; x = np.random.default_rng(0).normal(size=(64, 3)); y = x.sum(1)[:, None]\n"
)
CHECKS = {
    "A new optimizer": Check(
        _MODEL + "model = nnkit.Sequential([nnkit.layers.Dense(1)], input_shape=(3,), seed=1)\n"
        "model.compile('sign(margin=0.001)', 'mean_squared_error')\n"
        "losses = model.fit(x, y, epochs=200, batch_size=8).history['loss']\n"
        "assert losses[-1] < 0.5 * losses[0], losses",
        (
            "tests/nnkit/optimizers/test_optimizers.py",
            "tests/nnkit/optimizers/test_closed_forms.py",
            "tests/nnkit/compiler/test_explain.py",
        ),
        "sign or slots_are_regions",
    ),
    "A new activation": Check(
        "import nnkit; assert nnkit.activations.get('bent')([-1.0, 2.0]).tolist() == [-0.5, 2.0]",
        (
            "tests/nnkit/test_activations.py",
            "tests/nnkit/test_activation_forms.py",
            "tests/nnkit/test_gradients.py",
        ),
        "bent",
    ),
    "A new initializer": Check(
        "import nnkit; w = nnkit.initializers.get('fan_out_uniform')((5, 3)); assert abs(w).max() < 1",
        ("tests/nnkit/test_initializers.py", "tests/nnkit/layers/test_layers.py"),
        "fan_out_uniform",
    ),
    "A new schedule": Check(
        "import nnkit; assert nnkit.schedules.get('square_decay').table(21).tolist()[::20] == [1.0, 0.25]",
        ("tests/nnkit/test_schedules.py",),
        "square_decay",
    ),
    "A new loss": Check(
        _MODEL + "model = nnkit.Sequential([nnkit.layers.Dense(1)], input_shape=(3,), seed=1)\n"
        "model.compile('sgd', 'quartic_error')\n"
        "losses = model.fit(x, y, epochs=20).history['loss']\n"
        "assert losses[-1] < 0.5 * losses[0], losses",
        ("tests/nnkit/test_losses.py",),
        "quartic_error",
    ),
    "A new layer": Check(
        _MODEL + "stack = [nnkit.layers.Dense(4, 'tanh'), nnkit.layers.Offset(0.5), nnkit.layers.Dense(1)]\n"
        "model = nnkit.Sequential(stack, input_shape=(3,), seed=1, dtype='float64')\n"
        "model.compile('sgd', 'mean_squared_error')\n"
        "_, gradients = model.loss_and_gradients(x, y)\n"
        "w, h = model.parameters['dense_0/kernel'].copy(), 1e-6\n"
        "def at(d):\n"
        "    v = w.copy(); v[0, 0] += d; model.set_parameters({'dense_0/kernel': v})\n"
        "    return model.loss_and_gradients(x, y)[0]\n"
        "numerical = (at(h) - at(-h)) / (2 * h)\n"
        "assert abs(numerical - gradients['dense_0/kernel'][0, 0]) < 1e-7 * abs(numerical)",
        ("tests/nnkit/layers/test_layers.py", "tests/nnbench/test_kernel_peers.py"),
        "Offset or peers_name",
    ),
    "A new case": Check(
        "from nnbench.cases.catalogue import case_named; from nnbench.training.facts import facts\n"
        "assert facts(case_named('wine_wide')).n_parameters == 13 * 128 + 128 + 128 * 3 + 3",
    ),
    "A new claim": Check(
        "from nnbench.cli import main\n"
        "assert main(['claims', 'Z1', '--seeds', '2', '--jobs', '1', '--quiet']) == 0",
        ("tests/nnbench/claims/test_shipped_claims.py",),
        "Z1",
    ),
    "A new axis": Check(
        "from nnbench.cli import main\n"
        "assert main(['explain', 'iris', '--l1', '0.01']) == 0",
        ("tests/nnbench/test_axis_records.py", "tests/nnbench/test_pinned_keys.py"),
        "l1 or a_trial_keeps_its_key or every_axis",
    ),
    "A new data set": Check(
        "import nnkit.datasets; assert nnkit.datasets.load('stripes').x.shape == (300, 2)",
        ("tests/nnkit/datasets/test_dataset_catalogue.py",),
        "stripes",
    ),
    "A new view of a report": Check(
        "from tests.nnbench.reporting import report_samples as samples\n"
        "from nnbench.reporting.views.standstill import standstill\n"
        "from nnbench.evidence.case import CaseEvidence\n"
        "none = CaseEvidence(samples.FACTS, (), (), (), (), 0.05, False, False)\n"
        "assert standstill(none).text == 'No trial of digits-mlp was recorded.'",
        ("tests/nnbench/reporting/test_report_text.py", "tests/nnbench/reporting/test_report_imports.py"),
    ),
    "A new verb": Check(
        "from nnbench.cli import main; assert main(['where', '--store', 'here']) == 0",
        ("tests/nnbench/test_cli.py",),
        "where or line_for_every_verb",
    ),
}  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    """Return where a child process finds the copy, and no other."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(folder / "bench")))}


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=_HANG_S,
    )  # fmt: skip


def run_tests(folder: Path, check: Check) -> "subprocess.CompletedProcess[str]":
    chosen = ("-k", check.chosen) if check.chosen else ()
    return run(folder, "-m", "pytest", "-x", "-p", "no:cacheprovider", *check.tests, *chosen)


def test_every_recipe_is_followed() -> None:
    assert set(RECIPES) == set(CHECKS)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.heading)
def test_following_the_recipe_makes_a_part_that_works(recipe: Recipe, tmp_path: Path) -> None:
    """It touches as many files as it says, the part does what it is for, and the tests of its kind hold."""
    folder, check = copy_project(tmp_path), CHECKS[recipe.heading]

    touched = recipe.follow(folder)

    assert len(touched) == recipe.n_files, sorted(touched)
    done = run(folder, "-c", check.program)
    assert done.returncode == 0, done.stderr
    if check.tests:
        done = run_tests(folder, check)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_part_without_its_reference_is_refused(tmp_path: Path) -> None:
    """The tests that a recipe runs would see it: an optimizer whose reference function is left out."""
    recipe = RECIPES["A new optimizer"]
    text, _, _ = recipe.text.partition("In `tests/reference/")
    folder = copy_project(tmp_path)

    Recipe(recipe.heading, text).follow(folder)

    assert "has no attribute 'sign'" in run_tests(folder, CHECKS[recipe.heading]).stdout
