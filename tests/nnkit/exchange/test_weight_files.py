"""Weights come back from a safetensors file to the bit; another model's, and damaged ones, are refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.errors import EnvironmentProblem, InvalidData, NnkitError
from tests.nnkit.exchange.onnx_models import scattered

STACK = [layers.Dense(4, "swish_beta"), layers.BatchNormalization(), layers.Dense(2)]
_REASON = "safetensors, of the extra [safetensors], is not installed"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_come_back_to_the_bit(dtype: str, tmp_path: Path) -> None:
    """Parameters, running statistics and learned numbers; names are those of `parameters` and `states`."""
    numpy = pytest.importorskip("safetensors.numpy", reason=_REASON)
    model = scattered(STACK, (3,), dtype)
    path = tmp_path / "w.safetensors"
    model.save_weights(path, metadata={"case": "mine"})
    other = nnkit.Sequential(STACK, input_shape=(3,), dtype=dtype, seed=9)
    assert other.digest() != model.digest()
    other.load_weights(path)

    assert other.digest() == model.digest()
    found = numpy.load_file(path)
    assert set(found) == {*model.parameters, *model.states}
    assert all(np.array_equal(found[name], values) for name, values in model.parameters.items())
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as opened:
        facts = {"nnkit": nnkit.__version__, "digest": model.digest(), "case": "mine"}
        assert opened.metadata() == facts


@pytest.mark.parametrize(
    ("stack", "dtype", "said"),
    [
        (
            [*STACK, layers.Dense(1)],
            "float32",
            r"another model's: the model has dense_2/bias",
        ),
        (STACK[:1], "float32", r"only the file has batch_normalization_0/beta, .* …"),
        ([*STACK[:2], layers.Dense(5)], "float32", r"dense_1/kernel: expected F32 of shape \(4, 5\), found"),
        (STACK, "float64", r"dense_0/kernel: expected F64 of shape \(3, 4\), found F32"),
    ],
    ids=["more_layers", "fewer_layers", "other_shape", "other_type"],
)
def test_weights_of_another_model_are_refused(
    stack: list[layers.Layer], dtype: str, said: str, tmp_path: Path
) -> None:
    """By the first name that differs; the model stays as it was."""
    pytest.importorskip("safetensors", reason=_REASON)
    scattered(STACK, (3,), "float32").save_weights(tmp_path / "w.safetensors")
    other = nnkit.Sequential(stack, input_shape=(3,), dtype=dtype)
    before = other.digest()

    with pytest.raises(InvalidData, match=said):
        other.load_weights(tmp_path / "w.safetensors")
    assert other.digest() == before


def test_damaged_files_are_refused_in_one_line(tmp_path: Path) -> None:
    """Cut anywhere, a header that promises more than there is, or another kind of file."""
    pytest.importorskip("safetensors", reason=_REASON)
    model = scattered(STACK, (3,), "float32")
    model.save_weights(tmp_path / "w.safetensors")
    whole = (tmp_path / "w.safetensors").read_bytes()
    damaged = [whole[:n] for n in (0, 4, 8, 100, len(whole) - 1)]
    damaged += [b"\xff" * 8 + whole[8:], b"PK\x03\x04" + bytes(60), whole.replace(b"[3,4]", b"[9,4]")]
    before = model.digest()

    for content in damaged:
        (tmp_path / "bad.safetensors").write_bytes(content)
        with pytest.raises(NnkitError) as refused:
            model.load_weights(tmp_path / "bad.safetensors")
        assert "\n" not in str(refused.value)
        assert "bad.safetensors" in str(refused.value)
    assert model.digest() == before


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, or the package."""
    pytest.importorskip("safetensors", reason=_REASON)
    model = nnkit.Sequential(STACK, input_shape=(3,))
    with pytest.raises(EnvironmentProblem, match="there is no such file"):
        model.load_weights(tmp_path / "none.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)

    with pytest.raises(EnvironmentProblem, match=r'pip install "nnkit-bench\[safetensors\]"'):
        model.save_weights(tmp_path / "w.safetensors")
