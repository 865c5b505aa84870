"""The native model of a case that was made of another framework's, with known weights."""

import tomllib
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnkit
from nnbench.cases.axis import own_choices
from nnbench.cases.catalogue import read_case
from nnbench.cases.spec import CaseSpec
from nnbench.training.layers import make_layers
from nnkit import datasets

Array = NDArray[Any]


def case_in(text: str) -> CaseSpec:
    return read_case(tomllib.loads(text), "made.toml")


def native(case: CaseSpec, *, dtype: str = "float64") -> nnkit.Sequential:
    """Return the case's model, as it would begin to train with its own choices."""
    shape = datasets.record(case.data.dataset).input_shape
    return nnkit.Sequential(make_layers(case, own_choices(case)), input_shape=shape, dtype=dtype)


def outputs(case: CaseSpec, model: nnkit.Sequential, inputs: Array) -> Array:
    """Return what the model gives for inputs in whatever shape the other framework takes them."""
    shape = datasets.record(case.data.dataset).input_shape
    return model.predict(inputs.reshape(len(inputs), *shape))


def variables(model: nnkit.Sequential) -> list[tuple[str, Array]]:
    """Return parameters and running statistics layer by layer, the latter behind the former."""
    found: dict[str, list[tuple[str, Array]]] = {}
    for name, value in (*model.parameters.items(), *model.states.items()):
        found.setdefault(name.rpartition("/")[0], []).append((name, value))
    return [pair for pairs in found.values() for pair in pairs]


def squashed(head: str, values: Array) -> Array:
    """Return what the head that was left out makes of the outputs, in textbook form."""
    if head == "softmax":
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)
    return 1.0 / (1.0 + np.exp(-values)) if head == "sigmoid" else values
