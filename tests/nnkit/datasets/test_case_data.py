"""The data of every built-in case load and split, and its model and loss fit them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnkit import datasets
from nnkit.datasets import Dataset, DatasetRecord
from nnkit.datasets.prepare import prepare
from nnkit.registry import parse_choice

CASES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).parents[3].joinpath("cases").glob("*.toml"))
}
CASES = {stem: case for stem, case in CASES.items() if "model" in case}  # the rest are matrices and claims
EACH = pytest.mark.parametrize("stem", CASES)


def record_of(case: dict[str, Any]) -> DatasetRecord:
    return datasets.record(parse_choice(case["data"]["dataset"])[0])


def data_of(case: dict[str, Any]) -> Dataset:
    name, hyperparameters = parse_choice(case["data"]["dataset"])
    return datasets.load(name, **hyperparameters)


# What must be fetched is not there when tests run; its records say what the model has to fit.
AT_HAND = pytest.mark.parametrize("stem", [stem for stem in CASES if not record_of(CASES[stem]).files])


def unrolled(layers: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for layer in layers:
        if "repeat" in layer:
            yield from list(unrolled(layer["layers"])) * layer["repeat"]
        else:
            yield layer


def test_the_promised_cases_are_there() -> None:
    """The cases that documents and examples name exist."""
    promised = "iris_softmax digits_mlp breast_cancer_mlp wine_mlp diabetes_mlp spirals_mlp xor_mlp"

    fetched = "mnist_mlp mnist_cnn fashion_mnist_cnn cifar10_cnn"

    assert set(CASES) >= {*promised.split(), "mnist1d_mlp", "deep_sigmoid", *fetched.split()}


@EACH
def test_case_is_named_like_its_file(stem: str) -> None:
    """A case is found by its file's name; names and aliases are taken once."""
    names = [name for case in CASES.values() for name in (case["name"], *case.get("aliases", ()))]

    assert CASES[stem]["name"] == stem
    assert len(names) == len(set(names))


@AT_HAND
@pytest.mark.parametrize("seed", range(10))
def test_case_data_can_be_prepared_with_every_seed(stem: str, seed: int) -> None:
    """The split leaves every class in both parts, and nothing that is not finite."""
    case = CASES[stem]
    data, section = data_of(case), case["data"]
    parts = prepare(data, validation=section["validation"], split_seed=seed, scale=section["scale"])

    assert np.isfinite(parts.x_train).all()
    assert np.isfinite(parts.x_val).all()
    if data.task != "regression":
        assert set(parts.y_val) == set(parts.y_train) == set(range(data.n_classes))


@EACH
def test_output_layer_and_loss_fit_the_task(stem: str) -> None:
    """One logit for two classes, one per class for several, one value for a regression."""
    case = CASES[stem]
    data = record_of(case)
    # A transfer is to some of the classes.
    n_classes = len(case["transfer"]["target"]) if "transfer" in case else data.n_classes
    expected = {
        "binary": ("binary_crossentropy", 1),
        "classification": ("sparse_categorical_crossentropy", n_classes),
        "regression": ("mean_squared_error", 1),
    }
    last = list(unrolled(case["model"]["layers"]))[-1]

    assert (case["training"]["loss"], last["units"]) == expected[data.task]
    assert case["measure"]["metric"] == ("loss" if data.task == "regression" else "accuracy")


@EACH
def test_placeholders_stand_for_axes_of_the_case(stem: str) -> None:
    """Each ``$axis`` in the model has a value in [axes], and what [run] varies is used by the model."""
    case = CASES[stem]
    layers = list(unrolled(case["model"]["layers"]))
    used = {value[1:] for layer in layers for value in layer.values() if re.match(r"\$\w", str(value))}
    varied = set(case["run"]) - {"seeds"}

    assert used <= set(case["axes"])
    assert varied & {"activation", "init", "norm"} <= used


@AT_HAND
def test_target_lies_between_chance_and_perfect(stem: str) -> None:
    """The target is better than a useless model and short of the best value there is."""
    case = CASES[stem]
    data, target = data_of(case), case["measure"]["target"]

    if data.task == "regression":
        assert 0 < target < 1
    else:
        assert np.bincount(data.y).max() / len(data) < target < 1
    assert 0 < case["measure"]["noticeable"] < 0.1


@EACH
def test_images_are_validated_on_their_published_test_part(stem: str) -> None:
    """Fetched data have an official split, which is the same for every seed, and pixels from 0 to 1."""
    case = CASES[stem]
    if record_of(case).files:
        assert case["data"]["validation"] == "official"
        assert case["data"]["scale"] == "unit"
        assert 0.1 < case["measure"]["target"] < 1  # ten classes of equal size: a guess is right at 0.1
        assert 0 < case["measure"]["noticeable"] < 0.1


def test_deep_sigmoid_has_ten_hidden_layers() -> None:
    """The repeated block unrolls to ten dense layers before the output."""
    dense = [
        layer for layer in unrolled(CASES["deep_sigmoid"]["model"]["layers"]) if layer["type"] == "Dense"
    ]

    assert [layer["units"] for layer in dense] == [32] * 10 + [10]
