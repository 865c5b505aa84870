"""Normalisations and PReLU in vectors: the bits of the readable kernels, the values of the textbook."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit.layers import normalization
from nnkit.layers import prelu as prelu_layer
from nnkit.tiling.columns import Columns
from tests.nnkit.kernels import readable_batch_norm as normalize
from tests.nnkit.kernels import readable_layer_norm as layer_norm
from tests.nnkit.kernels import readable_prelu as prelu
from tests.nnkit.kernels.entry_call import call_entry, draw, nan_like
from tests.reference import layers as reference

Array = NDArray[Any]
DTYPES = ("float32", "float64")
LANES = {"float32": 16, "float64": 8}
# Around the sizes of vectors, of blocks of rows, and of the most sums in registers.
SHAPES = [(1, 1), (3, 5), (2, 16), (17, 1), (50, 3), (40, 8), (33, 17), (9, 33), (5, 130), (300, 2)]
SIZES = pytest.mark.parametrize("shape", SHAPES, ids=str)
TYPES = pytest.mark.parametrize("dtype", DTYPES)
EPSILON, MOMENTUM = 1e-3, 0.9


def partial_sums(channels: int, dtype: str) -> Array:
    return nan_like(Columns(channels, LANES[dtype]).rows, channels, dtype=dtype)


def columns(channels: int, dtype: str) -> Array:
    return nan_like(Columns(channels, LANES[dtype]).scratch_size, dtype=dtype)


def numbers(channels: int, dtype: str, *names: str) -> dict[str, Array]:
    """Return a positive number per channel for every name."""
    seeds = enumerate(names, start=7)
    return {name: 0.1 + np.abs(draw(channels, dtype=dtype, seed=seed)) for seed, name in seeds}


def same(found: dict[str, Array], expected: dict[str, Array]) -> bool:
    return all(np.array_equal(found[name], expected[name]) for name in expected)


@TYPES
@SIZES
def test_batch_normalisation_in_training(shape: tuple[int, int], dtype: str) -> None:
    x = draw(*shape, dtype=dtype)
    own = numbers(shape[1], dtype, "gamma", "beta", "running_mean", "running_variance")
    outputs = {
        "y": np.full_like(x, np.nan),
        "normal": np.full_like(x, np.nan),
        "scale": nan_like(shape[1], dtype=dtype),
    }
    arrays = {"x": x, **own, **outputs, "columns": columns(shape[1], dtype)}
    scalars = {"momentum": MOMENTUM, "epsilon": EPSILON}
    found = call_entry(normalization.train_kind(shape[1]), arrays, scalars, rows=1)
    changed = {name: array.copy() for name, array in (own | outputs).items()}
    sums = partial_sums(shape[1], dtype)
    normalize.batch_norm_train(x, *changed.values(), sums, MOMENTUM, EPSILON)

    assert same(found, changed)


@TYPES
@SIZES
def test_batch_normalisation_at_test_time(shape: tuple[int, int], dtype: str) -> None:
    x = draw(*shape, dtype=dtype)
    own = numbers(shape[1], dtype, "gamma", "beta", "running_mean", "running_variance")
    arrays = {"x": x, **own, "y": np.full_like(x, np.nan), "columns": columns(shape[1], dtype)}
    found = call_entry(normalization.test_kind(shape[1]), arrays, {"epsilon": EPSILON}, rows=1)
    y = np.full_like(x, np.nan)
    normalize.batch_norm_test(x, *own.values(), y, EPSILON)

    assert np.array_equal(found["y"], y)


@TYPES
@SIZES
def test_batch_normalisation_backward(shape: tuple[int, int], dtype: str) -> None:
    dy, normal = draw(*shape, dtype=dtype), draw(*shape, dtype=dtype, seed=1)
    own = numbers(shape[1], dtype, "gamma", "scale")
    outputs = {
        "dx": np.full_like(dy, np.nan),
        **{n: nan_like(shape[1], dtype=dtype) for n in ("dgamma", "dbeta")},
    }
    arrays = {"dy": dy, "normal": normal, **own, **outputs, "columns": columns(shape[1], dtype)}
    found = call_entry(normalization.backward_kind(shape[1]), arrays, rows=1)
    sums = partial_sums(shape[1], dtype)
    normalize.batch_norm_backward(dy, normal, *own.values(), *outputs.values(), sums)

    assert same(found, outputs)


@TYPES
@SIZES
def test_layer_normalisation(shape: tuple[int, int], dtype: str) -> None:
    """Readable and in vectors the same bits; in float64 the textbook's values to 1e-12."""
    x = draw(*shape, dtype=dtype)
    own = numbers(shape[1], dtype, "gamma", "beta")
    outputs = {
        "y": np.full_like(x, np.nan),
        "normal": np.full_like(x, np.nan),
        "scale": nan_like(shape[0], dtype=dtype),
    }
    kind = normalization.layer_norm_kind(shape[1])
    found = call_entry(kind, {"x": x, **own, **outputs}, {"epsilon": EPSILON}, rows=1)
    layer_norm.layer_norm_forward(
        x, *own.values(), *outputs.values(), nan_like(LANES[dtype], dtype=dtype), EPSILON
    )
    wide = [array.astype(np.float64) for array in (x, *own.values())]
    tolerance = {"float32": 1e-4, "float64": 1e-12}[dtype]

    assert same(found, outputs)
    expected = reference.layer_normalization_forward(*wide, epsilon=EPSILON)
    np.testing.assert_allclose(found["y"], expected, atol=tolerance)


@TYPES
@SIZES
def test_layer_normalisation_backward(shape: tuple[int, int], dtype: str) -> None:
    x, dy = draw(*shape, dtype=dtype), draw(*shape, dtype=dtype, seed=1)
    own = numbers(shape[1], dtype, "gamma", "beta")
    lanes = nan_like(LANES[dtype], dtype=dtype)
    normal, scale = np.full_like(x, np.nan), nan_like(shape[0], dtype=dtype)
    layer_norm.layer_norm_forward(x, *own.values(), np.full_like(x, np.nan), normal, scale, lanes, EPSILON)
    outputs = {
        "dx": np.full_like(x, np.nan),
        **{n: nan_like(shape[1], dtype=dtype) for n in ("dgamma", "dbeta")},
    }
    arrays = {"dy": dy, "normal": normal, "gamma": own["gamma"], "scale": scale, **outputs}
    found = call_entry(normalization.layer_norm_backward_kind(shape[1]), arrays, rows=1)
    layer_norm.layer_norm_backward(dy, normal, own["gamma"], scale, *outputs.values(), lanes)
    wide = [array.astype(np.float64) for array in (x, own["gamma"], dy)]
    expected = reference.layer_normalization_backward(*wide, epsilon=EPSILON)
    # A row of one value has no deviation but rounding: what is left is divided by sqrt(epsilon).
    tolerance = {"float32": 2e-3, "float64": 1e-11}[dtype]

    assert same(found, outputs)
    for name, value in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(found[name], value, atol=tolerance, err_msg=name)


@TYPES
@SIZES
def test_prelu(shape: tuple[int, int], dtype: str) -> None:
    x, dy = draw(*shape, dtype=dtype), draw(*shape, dtype=dtype, seed=1)
    x[0, 0] = 0.0
    alpha = draw(shape[1], dtype=dtype, seed=2)
    scratch = {"columns": columns(shape[1], dtype)}
    y = call_entry(
        prelu_layer.forward_kind(shape[1]),
        {"x": x, "alpha": alpha, "y": np.full_like(x, np.nan), **scratch},
        rows=1,
    )["y"]
    arrays = {
        "dy": dy,
        "x": x,
        "alpha": alpha,
        "dx": np.full_like(x, np.nan),
        "dalpha": np.full_like(alpha, np.nan),
    }
    found = call_entry(prelu_layer.backward_kind(shape[1]), arrays | scratch, rows=1)
    expected_y, dx, dalpha = np.full_like(x, np.nan), np.full_like(x, np.nan), np.full_like(alpha, np.nan)
    prelu.prelu_forward(x, alpha, expected_y)
    prelu.prelu_backward(dy, x, alpha, dx, dalpha, partial_sums(shape[1], dtype))
    textbook_dx, textbook_dalpha = reference.prelu_backward(*(a.astype(np.float64) for a in (x, alpha, dy)))
    tolerance = {"float32": 1e-4, "float64": 1e-13}[dtype]

    assert np.array_equal(y, expected_y)
    assert same(found, {"dx": dx, "dalpha": dalpha})
    np.testing.assert_allclose(y, reference.prelu_forward(x, alpha), atol=tolerance)
    np.testing.assert_allclose(dx, textbook_dx, atol=tolerance)
    np.testing.assert_allclose(dalpha, textbook_dalpha, atol=tolerance)


def test_a_value_that_is_not_a_number_passes() -> None:
    x = np.array([[1.0, np.nan, -2.0]])
    alpha = np.array([0.5, 0.5, 0.5])
    arrays = {"x": x, "alpha": alpha, "y": np.full_like(x, 7.0), "columns": columns(3, "float64")}

    assert call_entry(prelu_layer.forward_kind(3), arrays, rows=1)["y"].tolist()[0][::2] == [1.0, -1.0]
    assert np.isnan(call_entry(prelu_layer.forward_kind(3), arrays, rows=1)["y"][0, 1])
