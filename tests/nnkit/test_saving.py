"""A saved model comes back to the bit; a file that is none, or is damaged, is refused in one line."""

import io
import json
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import activations, initializers, layers
from nnkit.errors import EnvironmentProblem, InvalidArgument, InvalidData, NnkitError
from nnkit.layers import Layer
from tests.nnkit.small_models import blobs, build, perceptron

EVERY_LAYER: list[Layer] = [
    layers.Dense(6, activation="elu(alpha=0.5)", kernel_initializer="constant(value=0.1)", kernel_l2=0.01),
    layers.Reshape((2, 3)),
    layers.Dense(
        4, activation=activations.get("leaky_relu", negative_slope=0.1), use_bias=False,
        kernel_initializer=initializers.get("random_normal", stddev=0.3), kernel_l1=0.02,
    ),
    layers.BatchNormalization(momentum=0.5, epsilon=0.01),
    layers.LeakyReLU(0.2),
    layers.ELU(0.7),
    layers.Activation("tanh"),
    layers.Dropout(0.25),
    layers.Flatten(),
    layers.Dense(3),
]  # fmt: skip


def trained(dtype: str = "float32") -> nnkit.Sequential:
    x, y = blobs()
    model = build(EVERY_LAYER, (4,), optimizer="adam", dtype=dtype, seed=5, metrics=("accuracy",))
    model.fit(x, y, epochs=2)
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_comes_back_to_the_bit(dtype: str, tmp_path: Path) -> None:
    """Architecture, weights, running statistics and seed."""
    model = trained(dtype)
    x, _ = blobs()
    model.save(tmp_path / "model.npz")
    loaded = nnkit.load_model(tmp_path / "model.npz")

    assert loaded.digest() == model.digest()
    assert np.array_equal(loaded.predict(x), model.predict(x))
    assert list(loaded.parameters) == list(model.parameters)
    assert model.states
    assert all(np.array_equal(loaded.states[name], value) for name, value in model.states.items())
    assert (loaded.seed, loaded.dtype, loaded.input_shape) == (5, dtype, (4,))


def test_a_loaded_model_trains_on_from_its_weights(tmp_path: Path) -> None:
    """As the model that was saved does, once both are compiled with a fresh optimizer."""
    model = trained()
    x, y = blobs()
    model.save(tmp_path / "model.npz")
    loaded = nnkit.load_model(tmp_path / "model.npz")
    for one in (model, loaded):
        one.compile("adam", "sparse_categorical_crossentropy", ("accuracy",))
    before = loaded.evaluate(x, y)
    histories = [one.fit(x, y) for one in (model, loaded)]

    assert before == pytest.approx(model.evaluate(x, y), rel=0.5)
    assert histories[0].step_loss.tolist() == histories[1].step_loss.tolist()
    assert model.digest() == loaded.digest()


def test_every_layer_is_made_again_from_its_description(tmp_path: Path) -> None:
    """Every layer type there is; a part given as an object is spelled by name."""
    model = trained()
    model.save(tmp_path / "model.npz")
    loaded = nnkit.load_model(tmp_path / "model.npz")

    assert {type(layer).__name__ for layer in EVERY_LAYER} >= {
        "Dense", "BatchNormalization", "Dropout", "Flatten", "Reshape", "Activation", "LeakyReLU", "ELU",
    }  # fmt: skip
    for made, given in zip(loaded.layers, model.layers, strict=True):
        assert type(made) is type(given)
        assert {**made.config(), **_parts(given)} == {**given.config(), **_parts(given)}


def _parts(layer: Layer) -> dict[str, object]:
    return {name: None for name, value in layer.config().items() if hasattr(value, "record")}


def test_the_file_needs_no_pickle_and_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    trained().save(path)
    first = path.read_bytes()
    trained().save(path)

    assert [file.name for file in tmp_path.iterdir()] == ["model.npz"]
    with np.load(io.BytesIO(first), allow_pickle=False) as found:
        assert json.loads(str(found["model"]))["dtype"] == "float32"


@pytest.mark.parametrize("place", ["missing/model.npz", "file/model.npz", "folder"])
def test_a_place_that_cannot_be_written_is_named(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()

    with pytest.raises(EnvironmentProblem, match=r"the model cannot be written \("):
        perceptron((4, 3)).save(tmp_path / place)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    """With the file's own permissions; a link to a file that is not there yet makes it."""
    model, kept, link = perceptron((4, 3)), tmp_path / "kept.npz", tmp_path / "link.npz"
    kept.write_bytes(b"old")
    kept.chmod(0o600)
    link.symlink_to("kept.npz")
    model.save(link)
    (tmp_path / "next.npz").symlink_to("new.npz")
    model.save(tmp_path / "next.npz")

    assert link.is_symlink()
    assert (
        nnkit.load_model(kept).digest() == nnkit.load_model(tmp_path / "new.npz").digest() == model.digest()
    )
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["kept.npz", "link.npz", "new.npz", "next.npz"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_regular_file_is_neither_written_nor_read(kind: str, tmp_path: Path) -> None:
    """At once, and nothing is replaced; a link to it is no way around."""
    place = tmp_path / "place"
    if kind == "pipe":
        os.mkfifo(tmp_path / "pipe")
    elif kind == "folder":
        (tmp_path / "folder").mkdir()
    place.symlink_to({"device": "/dev/null", "loop": "place"}.get(kind, kind))
    before = sorted(file.name for file in tmp_path.iterdir())

    for use in (perceptron((4, 3)).save, nnkit.load_model):
        with pytest.raises(EnvironmentProblem, match=f"{kind}, not a regular file|[Ll]inks|[Ll]oop"):
            use(place)
    assert sorted(file.name for file in tmp_path.iterdir()) == before
    assert place.is_symlink()


@pytest.mark.parametrize("path", [None, 3, "", "a\0b", b""])
def test_what_is_no_path_is_refused_in_words(path: Any) -> None:
    for verb, use in (("save", perceptron((4, 3)).save), ("load_model", nnkit.load_model)):
        with pytest.raises(InvalidArgument, match=f"{verb}: expected the path of a file"):
            use(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"none.npz: there is no such file"):
        nnkit.load_model(tmp_path / "none.npz")
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        nnkit.load_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100, b"\x93NUMPY\x01\x00", "array", "archive"])
def test_a_foreign_file_is_refused(content: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    if content == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    elif content == "archive":
        np.savez(path, x=np.zeros(3))
    else:
        assert isinstance(content, bytes)
        path.write_bytes(content)

    with pytest.raises(InvalidData, match="is not a saved model, or is damaged"):
        nnkit.load_model(path)


def test_every_damaged_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    """One byte turned over, all through the file: never a foreign exception, never other numbers."""
    path = tmp_path / "model.npz"
    model = perceptron((2, 3))
    model.save(path)
    whole = path.read_bytes()
    for index in range(0, len(whole), 7):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 0x41]) + whole[index + 1 :])
        try:
            loaded = nnkit.load_model(path)
        except NnkitError:
            continue
        assert loaded.digest() == model.digest(), index


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    perceptron((4, 3)).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    with pytest.raises(InvalidData, match="is not a saved model, or is damaged"):
        nnkit.load_model(path)


def rewrite(
    path: Path, *, drop: str = "", facts: Mapping[str, object] | None = None,
    others: Mapping[str, NDArray[Any]] | None = None,
) -> None:  # fmt: skip
    """Save the file again, an array less, with other facts, or with other arrays."""
    with np.load(path, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files if name != drop}
    arrays["model"] = np.array(json.dumps({**json.loads(str(arrays["model"])), **(facts or {})}))
    arrays |= others or {}
    np.savez(path, allow_pickle=False, **arrays)


@pytest.mark.parametrize("name", ["parameter:dense_0/bias", "state:batch_normalization_0/moving_mean"])
def test_a_file_without_one_of_the_arrays_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    trained().save(path)
    rewrite(path, drop=name)

    with pytest.raises(InvalidData, match=name.split(":")[1]):
        nnkit.load_model(path)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"layers": [{"type": "Dence", "units": 3}]}, "no layer named 'Dence'. Did you mean 'Dense'"),
        ({"layers": [{"type": "Activation", "activation": "mine"}]}, "no activation named 'mine'"),
        ({"layers": [{"type": "Dense", "unit": 3}]}, "is not a saved model, or is damaged"),
        ({"layers": [{"type": "Dense", "units": 4}]}, "dense_0/kernel"),
        ({"dtype": "float16"}, "dtype must be"),
        ({"input_shape": None}, "input_shape"),
        ({"input_shape": [5]}, "dense_0/kernel"),
    ],
)
def test_facts_that_do_not_fit_are_named(facts: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    perceptron((4, 3)).save(path)
    rewrite(path, facts=facts)

    with pytest.raises(InvalidData, match=message) as raised:
        nnkit.load_model(path)
    assert str(path) in str(raised.value)


def dense(**arguments: object) -> dict[str, object]:
    return {"layers": [{"type": "Dense", "units": 3, **arguments}]}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (dense(activation=True), "activation must be a name such as 'relu'"),
        (dense(activation=["relu"]), "activation must be a name such as 'relu'"),
        (dense(kernel_initializer=None), "initializer must be a name such as 'he_normal'"),
        (dense(use_bias="yes"), "use_bias must be True or False"),
        (dense(units=-3), "units must be at least 1"),
        (dense(units=10**9), "units must be at most 1,000,000"),
        ({"input_shape": [-4]}, "input_shape must hold sizes of at least 1"),
        ({"input_shape": [10**15]}, "the model needs .* GB"),
        ({"layers": [{"type": "Dense", "units": 10**6}] * 2}, "the model needs .* GB"),
        ({"layers": [{"type": "Dense", "units": 10**6}]}, r"dense_0/kernel: expected .* \(4, 1000000\)"),
        ({"layers": [{"type": "Conv2D", "filters": 1, "kernel_size": 10**7}]}, "kernel_size must cover"),
        ({"layers": 5}, "damaged"),
        ({"layers": [5]}, "damaged"),
        ({"seed": 1e400}, "seed must be a whole number"),
    ],
)  # fmt: skip
def test_facts_that_no_model_has_are_refused_before_memory_is_asked_for(
    facts: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.npz"
    perceptron((4, 3)).save(path)
    rewrite(path, facts=facts)

    with pytest.raises(InvalidData, match=message):
        nnkit.load_model(path)


@pytest.mark.parametrize(
    "array",
    [
        np.ones(3, complex), np.ones(3, int), np.array(["a"] * 3), np.ones(3, bool), np.ones((3, 1)),
        np.ones(4), np.ones(3, np.longdouble), np.array(1.0), np.zeros(3, [("x", "f4")]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)  # fmt: skip
def test_an_array_that_is_no_weight_is_refused(array: NDArray[Any], tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    perceptron((4, 3)).save(path)
    rewrite(path, others={"parameter:dense_0/bias": array})

    with pytest.raises(
        InvalidData, match=r"parameter dense_0/bias: expected real numbers of shape \(3,\), found"
    ):
        nnkit.load_model(path)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    for name in ("model", "parameter:dense_0/bias"):
        perceptron((4, 3)).save(path)
        with np.load(path) as found:
            arrays = {key: found[key] for key in found.files}
        np.savez(path, **{**arrays, name: np.array([None] * 3, dtype=object)})

        with pytest.raises(InvalidData):
            nnkit.load_model(path)


def test_a_small_file_that_would_unpack_to_a_large_one_is_refused(tmp_path: Path) -> None:
    """A hundredth of what it could be, to keep the test small: 80 MB of zeros in 80 kB."""
    path, zeros = tmp_path / "model.npz", np.zeros((4, 5_000_000), np.float32)
    perceptron((4, 3)).save(path)
    with np.load(path) as found:
        arrays = {key: found[key] for key in found.files}
    np.savez_compressed(path, **{**arrays, "parameter:dense_0/kernel": zeros})

    assert path.stat().st_size < 200_000
    with pytest.raises(InvalidData, match="would unpack to 8000"):
        nnkit.load_model(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    perceptron((4, 3)).save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("parameter:dense_0/bias.npy", archive.read("parameter:dense_0/bias.npy"))

    with pytest.raises(InvalidData, match="two members of one name"):
        nnkit.load_model(path)


def test_a_number_of_numpy_s_is_saved_as_a_number(tmp_path: Path) -> None:
    units: Any = np.array([3, 7]).max()
    model = build([layers.Dense(units), layers.Dense(3)], (4,))
    model.save(tmp_path / "model.npz")

    assert nnkit.load_model(tmp_path / "model.npz").digest() == model.digest()


def test_a_compressed_archive_is_read_too(tmp_path: Path) -> None:
    model = perceptron((4, 3))
    model.save(tmp_path / "plain.npz")
    with (
        zipfile.ZipFile(tmp_path / "plain.npz") as plain,
        zipfile.ZipFile(tmp_path / "small.npz", "w", zipfile.ZIP_DEFLATED) as small,
    ):
        for name in plain.namelist():
            small.writestr(name, plain.read(name))

    assert nnkit.load_model(tmp_path / "small.npz").digest() == model.digest()
