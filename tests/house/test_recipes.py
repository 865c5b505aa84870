"""The recipes of CONTRIBUTING.md, executed as they are printed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnkit
from nnbench.cases.catalogue import read_case
from nnbench.training.facts import facts
from nnkit.activations.record import BoundActivation
from nnkit.optimizers.bound import BoundOptimizer

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(heading: str, language: str) -> str:
    """Return the first code block below a heading."""
    found = re.search(rf"### {heading}\n.*?```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None, heading
    return found.group(1)


def executed(heading: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(block(heading, "python"), scope)
    return scope


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_optimizer_steps_as_its_formula_says(dtype: str) -> None:
    """p moves by the rate, against the sign, where the gradient exceeds the margin."""
    record = executed("A new optimizer")["SIGN"]
    optimizer = BoundOptimizer(record, record.resolve({"learning_rate": 0.5, "margin": 0.1}))
    p = np.array([1.0, 1.0, 1.0, 1.0], dtype)

    optimizer.apply({"w": p}, {"w": np.array([2.0, -3.0, 0.05, -0.05], dtype)})

    np.testing.assert_array_equal(p, np.array([0.5, 1.5, 1.0, 1.0], dtype))


def test_the_optimizer_trains_a_model() -> None:
    """A record is all that a model needs: no other table knows the optimizer."""
    record = executed("A new optimizer")["SIGN"]
    model = nnkit.Sequential([nnkit.layers.Dense(1)], input_shape=(3,), seed=1)
    model.compile(BoundOptimizer(record, record.resolve({})), "mean_squared_error")
    x = np.random.default_rng(0).normal(size=(64, 3))

    history = model.fit(x, x.sum(axis=1, keepdims=True), epochs=100, batch_size=8)

    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]


def test_the_activation_has_the_slope_it_declares() -> None:
    """Central differences of the value agree with the slope to 1e-9; the effect of a wrong sign is 1."""
    record = executed("A new activation")["BENT"]
    activation = BoundActivation(record, {})
    x = np.array([-3.0, -0.5, 0.25, 2.0])
    h = 1e-5

    numerical = (activation(x + h) - activation(x - h)) / (2 * h)

    np.testing.assert_allclose(activation.gradient(x), numerical, rtol=1e-9)


def test_the_case_can_be_read_and_built() -> None:
    """The file of the recipe is a complete case."""
    case = read_case(tomllib.loads(block("A new case", "toml")), "CONTRIBUTING.md")

    found = facts(case)

    assert found.n_parameters == 13 * 128 + 128 + 128 * 3 + 3
