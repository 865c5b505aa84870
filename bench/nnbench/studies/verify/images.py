"""Convolution and pooling: shapes, values, and where a map is largest."""

import numpy as np

from nnbench.studies.verify.check import Check
from nnkit import Sequential, layers
from nnkit.errors import InvalidArgument
from nnkit.layers.base import Layer

_IMAGE = np.arange(16, dtype=float).reshape(1, 4, 4, 1)
_SIDE = 3
_PATCHES = 4  # side by side


def _outputs(layer: Layer, x: np.ndarray) -> np.ndarray:
    return Sequential([layer], input_shape=x.shape[1:], dtype="float64").predict(x)


def _convolved(kernel: np.ndarray, x: np.ndarray, **options: object) -> np.ndarray:
    layer = layers.Conv2D(1, kernel.shape, use_bias=False, **options)  # type: ignore[arg-type]
    model = Sequential([layer], input_shape=x.shape[1:], dtype="float64")
    model.set_parameters({"conv2d_0/kernel": kernel[:, :, None, None]})
    return model.predict(x)


def _shape() -> str:
    found = _convolved(np.ones((3, 3)), _IMAGE)
    return f"{found.shape[1]} × {found.shape[2]}"


def _values() -> list[float]:
    """Return the map of 0 … 15 under a filter of ones: nine times the number in the middle."""
    return [float(value) for value in _convolved(np.ones((3, 3)), _IMAGE).ravel()]


def _wrong_sizes() -> int:
    """Count the sizes that are not ⌊(n + 2p − f) / s⌋ + 1."""
    wrong = 0
    for n in (5, 8):
        for f in (1, 3):
            for p in (0, 1, 2):
                for s in (1, 2, 3):
                    made = layers.Conv2D(1, f, strides=s, padding=p)
                    found = _outputs(made, np.zeros((1, n, n, 1))).shape[1:3]
                    wrong += found != ((n + 2 * p - f) // s + 1,) * 2
    return wrong


def _pooled_parameters() -> int:
    made = [layers.MaxPooling2D(2), layers.AveragePooling2D(2)]
    return len(Sequential(made, input_shape=(4, 4, 1)).parameters)


def _pooled(layer: Layer) -> list[float]:
    return [float(value) for value in _outputs(layer, _IMAGE).ravel()]


def _until_impossible() -> str:
    """Return the sizes that unpadded 3 × 3 convolutions leave of 8 × 8, until one is refused."""
    sizes: list[str] = []
    for n in range(1, 9):
        try:
            made = [layers.Conv2D(1, _SIDE) for _ in range(n)]
            sizes.append(
                str(Sequential(made, input_shape=(8, 8, 1)).predict(np.zeros((1, 8, 8, 1))).shape[1])
            )
        except InvalidArgument as error:
            is_told = "3 x 3 does not fit an input of 2 x 2" in str(error)
            return ", ".join([*sizes, "impossible" if is_told else str(error)])
    return ", ".join(sizes)


def _found_share() -> float:
    """Return the percentage of filters that find their own patch among others of the same length."""
    draw = np.random.RandomState(0)
    found = []
    for _ in range(25):
        patches = draw.standard_normal((_PATCHES, _SIDE, _SIDE))
        patches /= np.linalg.norm(patches, axis=(1, 2), keepdims=True)
        image = np.concatenate(list(patches), axis=1)[None, :, :, None]
        maps = [_convolved(patch, image, strides=_SIDE).ravel() for patch in patches]
        found += [int(np.argmax(each)) == place for place, each in enumerate(maps)]
    return 100.0 * float(np.mean(found))


CHECKS = (
    Check(
        "X13.a", "DL", "a 3 × 3 filter on 4 × 4, no padding", "4 × 4에 3 × 3 필터, 패딩 없음", "2 × 2", _shape
    ),
    Check(
        "X13.b",
        "DL",
        "0 … 15 under a filter of ones",
        "0 … 15에 1로 된 필터",
        "45.0, 54.0, 81.0, 90.0",
        _values,
    ),
    Check(
        "X13.c",
        "DL",
        "sizes other than ⌊(n + 2p − f)/s⌋ + 1",
        "⌊(n + 2p − f)/s⌋ + 1이 아닌 크기의 수",
        "0",
        _wrong_sizes,
    ),
    Check("X13.d", "DL", "parameters of pooling", "풀링의 파라미터 수", "0", _pooled_parameters),
    Check(
        "X13.e",
        "DL",
        "max pooling of 0 … 15 by 2 × 2",
        "0 … 15의 2 × 2 최대 풀링",
        "5.0, 7.0, 13.0, 15.0",
        lambda: _pooled(layers.MaxPooling2D(2)),
    ),
    Check(
        "X13.f",
        "DL",
        "average pooling",
        "평균 풀링",
        "2.50, 4.50, 10.50, 12.50",
        lambda: _pooled(layers.AveragePooling2D(2)),
    ),
    Check(
        "X24",
        "DL",
        "8 × 8 under 3 × 3, again and again",
        "8 × 8에 3 × 3을 거듭 적용",
        "6, 4, 2, impossible",
        _until_impossible,
    ),
    Check(
        "X25",
        "DL",
        "filters whose map is largest at their own patch, %",
        "자신의 패턴에서 값이 가장 큰 필터(%)",
        "100.0",
        _found_share,
    ),
)
