"""Models with weights of no special value, and what ONNX's own evaluator makes of their files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit.layers import Layer

Array = NDArray[Any]


def library() -> Any:
    """Return the package onnx, or skip the test: before it compiles anything."""
    return pytest.importorskip("onnx", reason="onnx, of the extra [onnx], is not installed")


def scattered(
    layers: Sequence[Layer], shape: tuple[int, ...], dtype: str, *, keep: bool = False
) -> nnkit.Sequential:
    """Return a model whose weights and running statistics are random: none is 0 or 1, variances are above 0.

    With ``keep`` each is moved by a tenth at most, for numbers that have a range.
    """
    model = nnkit.Sequential(layers, input_shape=shape, dtype=dtype, seed=3)
    generator = np.random.default_rng(7)
    for name, array in (model.parameters | model.states).items():
        drawn = generator.uniform(0.3, 1.2, array.shape)
        signs = 1.0 if "variance" in name else generator.choice([-1.0, 1.0], array.shape)
        array[...] = array * (0.9 + drawn / 6.0) + 0.05 if keep else drawn * signs
    return model


def inputs(shape: tuple[int, ...], rows: int, dtype: str) -> Array:
    return np.random.default_rng(11).normal(0.0, 2.0, (rows, *shape)).astype(dtype)


def evaluated(path: Path, x: Array) -> Array:
    """Return what `onnx.reference` computes with the file: NumPy, operator by operator as ONNX defines it."""
    onnx = library()
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        (found,) = ReferenceEvaluator(onnx.load(path)).run(None, {"input": x})
    y: Array = found
    return y


def worst(model: nnkit.Sequential, path: Path, rows: Sequence[int] = (1, 3)) -> float:
    """Return the largest difference of file and `predict`, as a share of the largest output above 1."""
    model.export(path)
    differences = []
    for n in rows:
        x = inputs(model.input_shape, n, model.dtype)
        expected, found = model.predict(x), evaluated(path, x)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        differences.append(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
    return float(max(differences))
