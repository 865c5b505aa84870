"""``--init dbn``: hidden layers start as a deep belief net; a part of the key, refused where it cannot be."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cases import catalogue
from nnbench.cases.axis import INIT
from nnbench.cli import main
from nnbench.training.layers import make_layers
from nnbench.training.pretraining import hidden_sizes
from nnkit import datasets, initializers
from nnkit.datasets.prepare import prepare
from nnkit.errors import InvalidArgument, NnkitError
from nnkit.layers import Activation, Conv2D, Dense, Dropout, Flatten
from nnkit.pretraining import DBN

RUN = ("run", "iris_hidden.toml", "--init", "dbn(epochs=2),glorot_uniform", "--epochs", "1", "--seeds", "2")
CASE = """
name = "iris_hidden"
summary = "Iris with two hidden layers"
[data]
dataset = "iris"
validation = 0.2
scale = "SCALE"
[model]
layers = [
  { type = "Dense", units = 6, kernel_initializer = "$init" },
  { type = "Activation", activation = "$activation" },
  { type = "Dense", units = 5, activation = "sigmoid", kernel_initializer = "$init" },
  { type = "Dense", units = 3, kernel_initializer = "$init" },
]
[axes]
optimizer = "sgd"
activation = "sigmoid"
init = "glorot_uniform"
[training]
loss = "sparse_categorical_crossentropy"
epochs = 1
batch_size = 16
[measure]
metric = "accuracy"
target = 0.9
noticeable = 0.02
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def document(scale: str, *more: str) -> list[dict[str, Any]]:
        (tmp_path / "iris_hidden.toml").write_text(CASE.replace("SCALE", scale), encoding="utf-8")
        capsys.readouterr()
        code = main([*RUN, *more, "--json"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)["trials"]

    return document


@pytest.mark.parametrize(("scale", "visible"), [("unit", "bernoulli"), ("standardize", "gaussian")])
def test_hidden_layers_start_as_a_belief_net_of_the_training_inputs(scale, visible, run):
    """At a rate of nearly 0 the weights stay: their digest is that of the net put together by hand."""
    (trial,) = [
        one
        for one in run(scale, "--lr", "1e-300")
        if one["axes"]["init"].startswith("dbn") and one["seed"] == 1
    ]

    parts = prepare(datasets.load("iris"), validation=0.2, split_seed=1, scale=scale)
    net = DBN([6, 5], seed=1, visible=visible).fit(parts.x_train, epochs=2, batch_size=20).classifier(3)
    assert trial["digest"] == net.digest()
    assert trial["train_s"] > 0


def test_the_number_of_workers_does_not_show(run):
    alone = [(one["key"], one["digest"]) for one in run("unit", "--jobs", "1", "--store", "one.sqlite")]
    together = [(one["key"], one["digest"]) for one in run("unit", "--jobs", "2", "--store", "two.sqlite")]

    assert sorted(alone) == sorted(together)
    assert len({key for key, _ in alone}) == 4


def test_a_choice_has_one_spelling():
    assert INIT.read("dbn(k=1, epochs=20)", "--init") == "dbn"
    assert INIT.read("dbn( rate=0.05,epochs=5)", "--init") == "dbn(epochs=5, rate=0.05)"


def test_sizes_are_those_of_the_hidden_dense_layers():
    case = catalogue.case_named("deep_sigmoid")
    chosen = {"activation": "sigmoid", "init": "dbn", "norm": "none"}

    assert hidden_sizes(make_layers(case, chosen), "here") == [32] * 10
    model = [
        Flatten(),
        Dense(4),
        Activation("sigmoid"),
        Dropout(0.1),
        Dense(3, activation="sigmoid"),
        Dense(2),
    ]
    assert hidden_sizes(model, "here") == [4, 3]


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ([Dense(2)], "no hidden layer before the last one"),
        ([Dense(3, activation="relu"), Dense(2)], "a hidden layer with relu"),
        ([Dense(3), Dense(2)], "a hidden layer with linear"),
        ([Conv2D(3, 3), Flatten(), Dense(2)], "Conv2D"),
        (
            [Dense(3, activation="sigmoid"), Dense(2), Activation("sigmoid")],
            "a hidden layer with linear|Activation",
        ),
    ],
)
def test_what_cannot_be_pretrained_is_refused_in_words(model, found):
    with pytest.raises(NnkitError, match=f"here: a deep belief net is for dense hidden layers.*({found})"):
        hidden_sizes(model, "here")


def test_a_run_is_refused_before_anything_is_trained(capsys):
    assert main(["run", "digits", "--init", "dbn", "--seeds", "1", "--epochs", "1"]) != 0
    assert "a hidden layer with relu. Use --activation sigmoid" in capsys.readouterr().err


def test_a_layer_alone_has_no_data_to_learn_from():
    with pytest.raises(InvalidArgument, match=r"learnt from data.*nnkit\.pretraining\.DBN"):
        initializers.get("dbn")
    assert "dbn" not in initializers.names()
    assert np.isfinite(initializers.get("glorot_uniform")((2, 2))).all()
