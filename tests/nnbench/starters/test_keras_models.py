"""A Keras Sequential becomes a case: the same size, and the same outputs with the same weights."""

import copy
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.starters.case_of_model import case_text
from nnbench.starters.keras_config import read_keras
from nnbench.starters.model import Model
from nnkit import datasets
from tests.nnbench.starters.filled import inputs_for, weights_for
from tests.nnbench.starters.keras_nets import FOLDER
from tests.nnbench.starters.made import case_in, native, outputs, squashed, variables

Command = Callable[..., tuple[int, str, str]]
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
# Keras itself rounds to float32 in its tanh, exp, batch statistics and other functions, also in float64.
ROUNDED = ("cnn", "groups", "norms", "sequence", "tanh_end")


def recorded(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def case_of(content: Any, dataset: str | None = None) -> tuple[Model, Any]:
    model = read_keras(content, "model.json")
    return model, case_in(case_text(model, "mine", dataset))


@pytest.mark.parametrize("name", NAMES)
def test_size_and_outputs_are_keras_s(name: str) -> None:
    """With the weights that Keras had: to 1e-12 in float64, to 1e-6 where Keras rounds to float32."""
    known = recorded(name)
    model, case = case_of(known["model"])
    made = native(case)
    for place, (variable, value) in enumerate(variables(made)):
        value[...] = weights_for(variable, value.shape, place)
    inputs = inputs_for(model.input_shape or ()) / (255 if name == "scaled_pixels" else 1)

    assert sum(value.size for value in made.parameters.values()) == known["n_parameters"]
    head = {"tanh_end": "", "regression": "", "cnn": "", "binary": "sigmoid"}.get(name, "softmax")
    found = squashed(head, outputs(case, made, inputs))
    tolerance = 1e-6 if name in ROUNDED else 1e-12
    np.testing.assert_allclose(found, known["outputs"], rtol=tolerance, atol=tolerance)


def test_a_wrong_twin_has_other_outputs() -> None:
    """The comparison sees another slope, another order of layers, and padding on the other side."""
    for name, change in {
        "cnn": ("negative_slope", 0.1, 0.11),
        "norms": ("alpha", 0.5, 0.51),
        "groups": ("groups", 2, 1),
    }.items():
        known = recorded(name)
        text = json.dumps(known["model"])
        key, before, after = change[0], json.dumps(change[1]), json.dumps(change[2])
        assert f'"{key}": {before}' in text
        content = json.loads(text.replace(f'"{key}": {before}', f'"{key}": {after}'))
        model, case = case_of(content)
        made = native(case)
        for place, (variable, value) in enumerate(variables(made)):
            value[...] = weights_for(variable, value.shape, place)
        found = outputs(case, made, inputs_for(model.input_shape or ()))
        head = "" if name == "cnn" else "softmax"
        assert not np.allclose(squashed(head, found), known["outputs"], rtol=1e-5, atol=1e-5), name


@pytest.mark.parametrize("name", NAMES)
def test_the_case_is_written_and_trains_at_once(
    name: str, nnb: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the data that fit by their shape, where they ship with nnbench."""
    monkeypatch.chdir(tmp_path)
    Path("model.json").write_text(json.dumps(recorded(name)["model"]))
    code, out, err = nnb("init", "case", "mine.toml", "--from", "model.json")
    assert (code, out) == (0, "wrote mine.toml. Next: nnbench run mine.toml\n")
    assert ("is left out" in err) == (name not in ("tanh_end", "regression", "cnn"))

    case = case_in(Path("mine.toml").read_text())
    if not datasets.record(case.data.dataset).files:
        code, out, err = nnb("run", "mine.toml", "--seeds", "1", "--epochs", "1", "--json")
        assert code == 0, err
        assert {trial["status"] for trial in json.loads(out)["trials"]} == {"finished"}


def test_what_a_model_was_compiled_with_is_taken() -> None:
    axes = {name: case_of(recorded(name)["model"])[1].axes for name in ("mlp", "cnn", "binary", "tanh_end")}

    assert axes["mlp"].optimizer == "adam(epsilon=1e-07, epsilon_hat=true)"
    assert axes["cnn"].optimizer == "sgd(global_clipnorm=1, learning_rate=0.1, momentum=0.9)"
    assert axes["binary"].optimizer == "rmsprop"
    assert axes["tanh_end"].optimizer == "sgd"
    content = recorded("tanh_end")["model"]
    content["compile_config"]["loss"] = {"class_name": "function", "config": "mse"}
    assert case_of(content)[1].training.loss == "mean_squared_error"
    content = recorded("mlp")["model"]
    smoothed = {"label_smoothing": 0.1, "name": "categorical_crossentropy", "from_logits": False}
    content["compile_config"]["loss"] = {"class_name": "CategoricalCrossentropy", "config": smoothed}
    spelt = "sparse_categorical_crossentropy(label_smoothing=0.1)"
    assert case_of(content)[1].training.loss == spelt
    content = recorded("tanh_end")["model"]
    content["compile_config"]["loss"] = {
        "class_name": "Huber",
        "config": {"name": "huber_loss", "delta": 2.0},
    }
    assert case_of(content)[1].training.loss == "huber(delta=2)"
    losses = {name: case_of(recorded(name)["model"])[1].training.loss for name in axes}
    assert losses["mlp"] == losses["cnn"] == "sparse_categorical_crossentropy"
    assert (losses["binary"], losses["tanh_end"]) == ("binary_crossentropy", "mean_squared_error")


def test_the_commonest_choices_become_those_of_the_axes() -> None:
    """So --init and --activation put others in their place, and nobody asking leaves Keras's."""
    _, mlp = case_of(recorded("mlp")["model"])
    kernels = [layer["kernel_initializer"] for layer in mlp.model.unrolled() if layer["type"] == "Dense"]

    assert (mlp.axes.init, mlp.axes.activation) == ("he_normal", "relu")
    assert kernels == ["$init", "$init", "glorot_uniform"]
    _, tanh_end = case_of(recorded("tanh_end")["model"])
    assert [layer.get("activation") for layer in tanh_end.model.unrolled()][-1] == "tanh"


def test_initializers_and_penalties_are_those_of_the_configuration() -> None:
    _, prelu = case_of(recorded("prelu")["model"])
    _, reshape = case_of(recorded("reshape")["model"])
    _, regression = case_of(recorded("regression")["model"])
    _, tanh_end = case_of(recorded("tanh_end")["model"])
    first = next(layer for layer in reshape.model.unrolled() if layer["type"] == "Conv2D")

    assert prelu.model.unrolled()[1]["bias_initializer"] == "constant(value=0.1)"
    assert prelu.model.unrolled()[2]["alpha_initializer"] == "constant(value=0.25)"
    assert (first["kernel_l1"], first["kernel_l2"]) == (0.001, 0.002)
    assert "zeros" in (regression.axes.init, regression.model.unrolled()[-1]["kernel_initializer"])
    assert "he_normal" in str((tanh_end.axes, tanh_end.model.unrolled()))


def as_of_keras_2(content: Any) -> Any:
    """Return the configuration as Keras 2 wrote it: no InputLayer, other names, axes in lists."""
    old = copy.deepcopy(content) | {"keras_version": "2.12.0", "backend": "tensorflow"}
    shape = old["config"]["layers"].pop(0)["config"]["batch_shape"]
    old["config"].pop("build_input_shape")
    old["config"]["layers"][0]["config"]["batch_input_shape"] = shape
    for layer in old["config"]["layers"]:
        for key in ("module", "registered_name", "build_config"):
            layer.pop(key, None)
        own = layer["config"]
        own["dtype"] = "float32"
        if layer["class_name"] == "LeakyReLU":
            own["alpha"] = own.pop("negative_slope")
        if layer["class_name"] == "BatchNormalization":
            own["axis"] = [3]
    old.pop("compile_config", None)
    return old


def test_keras_2_says_the_same_in_other_words() -> None:
    _, new = case_of(recorded("cnn")["model"])
    _, old = case_of(as_of_keras_2(recorded("cnn")["model"]))

    assert old.model == new.model
    with pytest.raises(Exception, match=r"hard_sigmoid of Keras 2\.12\.0 has slope 0\.2"):
        case_of({**recorded("norms")["model"], "keras_version": "2.12.0"})


def test_a_keras_file_holds_the_same_model(nnb: Command, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    content = json.dumps(recorded("mlp")["model"])
    Path("m.json").write_text(content)
    with zipfile.ZipFile("m.keras", "w") as archive:
        archive.writestr("config.json", content)
    nnb("init", "case", "a.toml", "--from", "m.json")
    nnb("init", "case", "b.toml", "--from", "m.keras")

    a, b = (case_in(Path(name).read_text()) for name in ("a.toml", "b.toml"))
    assert (a.model, a.axes) == (b.model, b.axes)


def changed(name: str, place: int, **values: Any) -> Any:
    content = recorded(name)["model"]
    layer = content["config"]["layers"][place]
    for key, value in values.items():
        if key == "class_name":
            layer["class_name"] = value
        else:
            layer["config"][key] = value
    return content


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (changed("mlp", 1, class_name="LSTM"), "layer 1, LSTM: nnkit has no layer of this class"),
        (changed("mlp", 1, class_name="Embedding"), "layer 1, Embedding: nnkit has no layer"),
        (changed("mlp", 1, class_name="Bidirectional"), "layer 1, Bidirectional: nnkit has no layer"),
        (changed("cnn", 1, data_format="channels_first"), "nnkit has no data_format = 'channels_first'"),
        (changed("cnn", 1, trainable=False), "layer 1, Conv2D: trainable is false"),
        (changed("cnn", 1, kernel_constraint={"class_name": "MaxNorm"}), "no kernel_constraint = 'MaxNorm'"),
        (changed("cnn", 2, center=False), "layer 2, BatchNormalization: nnkit has no center = False"),
        (changed("cnn", 2, axis=1), "layer 2, BatchNormalization: nnkit has no axis = 1"),
        (changed("mlp", 1, activation="softmax"), "nnkit has a softmax at the end only, and Dropout follows"),
        (changed("mlp", 1, activation="soft_step"), "nnkit has no activation = 'soft_step'"),
        (changed("mlp", 1, kernel_initializer={"class_name": "Identity", "config": {}}), "= 'Identity'"),
        (changed("prelu", 2, shared_axes=None), "one slope per channel. Set shared_axes=[1, 2]"),
        ({"class_name": "Functional", "config": {}}, "expected a Keras Sequential, as"),
        ({"class_name": "Functional", "config": {}}, "found a Functional model"),
        ([], "found something else"),
        (changed("mlp", 2, rate=1.5), "on digits: Dropout: rate must be at least 0 and below 1, found 1.5"),
        (changed("cnn", 5, kernel_size=[9, 9]), "on digits: conv2d_1: a window of 9 x 9 does not fit"),
        (changed("mlp", 4, units=11), "no data set fits its 11 outputs and inputs of shape (64)"),
        (
            {**recorded("mlp")["model"], "compile_config": {"loss": "ctc", "optimizer": "adam"}},
            "loss: nnkit has no ctc",
        ),
        (
            {**recorded("mlp")["model"], "compile_config": {"loss": "mse", "optimizer": "adam"}},
            "no data set fits",
        ),
        (
            {**recorded("mlp")["model"], "compile_config": {"loss": None, "optimizer": "ftrl"}},
            "optimizer ftrl: nnkit has none of this name",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_nnkit_has_not_is_one_line_and_no_file(
    content: Any, line: str, nnb: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.json").write_text(json.dumps(content))
    code, out, err = nnb("init", "case", "mine.toml", "--from", "model.json")

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err
    assert not Path("mine.toml").exists()


BROKEN = (
    *("", "{", "[[[", "NaN", '{"class_name": 3}', '{"class_name": "Sequential"}'),
    *(f'{{"class_name": "Sequential", "config": {config}}}' for config in ("3", '{"layers": [3]}', '["a"]')),
    '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"units": "a"}}]}',
    '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {}}]}',
    '{"class_name": "Sequential", "config": [], "compile_config": {"loss": [1], "optimizer": 3}}',
)


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("file", ["bad.json", "bad.keras"])
def test_files_that_hold_no_model_are_one_line(
    text: str, file: str, nnb: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(file).write_text(text)
    code, _, err = nnb("init", "case", "--from", file)

    assert (code, err.count("\n")) == (2, 1), err
