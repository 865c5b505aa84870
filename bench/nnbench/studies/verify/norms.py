"""Batch normalisation and dropout."""

import numpy as np

from nnbench.studies.verify.check import Check
from nnkit import Sequential, layers
from nnkit.rng import dropout_mask

_EPSILON = 1e-3
_TINY = 1e-14  # an ε that disturbs nothing
_RATE = 0.2
_N_UNITS = 100_000


def _data(channels: int = 3) -> np.ndarray:
    draw = np.random.RandomState(0)
    return draw.standard_normal((64, channels)) * [2.0, 0.5, 7.0][:channels] + [1.0, -3.0, 5.0][:channels]


def _normalisation(epsilon: float, momentum: float = 0.99) -> Sequential:
    made = layers.BatchNormalization(epsilon=epsilon, momentum=momentum)
    return Sequential([made], input_shape=(3,), dtype="float64")


def _normalised(x: np.ndarray, epsilon: float = _EPSILON) -> np.ndarray:
    return _normalisation(epsilon).forward(x, training=True)


def _given_back() -> float:
    """Return how far the outputs are from the inputs where γ = √(σ² + ε) and β = μ."""
    x = _data()
    model = _normalisation(_EPSILON)
    model.set_parameters(
        {
            "batch_normalization_0/gamma": np.sqrt(x.var(axis=0) + _EPSILON),
            "batch_normalization_0/beta": x.mean(axis=0),
        }
    )
    return float(np.abs(model.forward(x, training=True) - x).max())


def _by_running_averages() -> list[float]:
    """Return how far test outputs are from those by the running averages, and from those by the batch."""
    x = _data()
    model = _normalisation(_EPSILON)
    mean, variance = np.array([3.0, 0.0, -1.0]), np.array([4.0, 1.0, 9.0])
    model.states["batch_normalization_0/moving_mean"][...] = mean
    model.states["batch_normalization_0/moving_variance"][...] = variance
    found = model.predict(x)
    by_hand = (x - mean) / np.sqrt(variance + _EPSILON)
    return [float(np.abs(found - by_hand).max()), float(np.abs(found - _normalised(x)).max())]


def _one_channel_changed() -> float:
    x = _data()
    other = x.copy()
    other[:, 0] *= 100.0
    return float(np.abs(_normalised(x)[:, 1:] - _normalised(other)[:, 1:]).max())


def _disturbed_by(epsilon: float) -> float:
    """Return by which share ε lowers the deviation of the outputs, of a channel of variance 1."""
    x = _data()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return float(1.0 - _normalised(x, epsilon).std(axis=0).max())


def _scaled_net(scale: float) -> tuple[float, np.ndarray]:
    made = [layers.Dense(4, use_bias=False), layers.BatchNormalization(epsilon=_TINY), layers.Dense(2)]
    model = Sequential(made, input_shape=(3,), seed=1, dtype="float64")
    model.parameters["dense_0/kernel"][...] *= scale
    model.compile("sgd", "sparse_categorical_crossentropy")
    loss, found = model.loss_and_gradients(_data(), np.arange(64, dtype=np.int32) % 2)
    return loss, found["dense_0/kernel"]


def _loss_moved() -> float:
    return abs(_scaled_net(5.0)[0] - _scaled_net(1.0)[0])


def _gradient_shrunk() -> float:
    one, five = _scaled_net(1.0)[1], _scaled_net(5.0)[1]
    return float(np.abs(5.0 * five - one).max() / np.abs(one).max())


def _mean() -> float:
    return float(np.abs(_normalised(_data()).mean(axis=0)).max())


def _variance() -> float:
    """Return how far the outputs' variance is from v / (v + ε), v the biased one of the batch."""
    v = _data().var(axis=0)
    return float(np.abs(_normalised(_data()).var(axis=0) - v / (v + _EPSILON)).max())


def _masks(n: int) -> list[np.ndarray]:
    """Return the masks of the first steps of a trial."""
    found = []
    for step in range(n):
        mask, words = np.full(_N_UNITS, np.nan), np.zeros(4096, np.uint32)
        dropout_mask(mask, words, _RATE, 7, 0, step, 0)
        found.append(mask)
    return found


def _dropped() -> float:
    return float(np.mean(_masks(1)[0] == 0))


def _dropped_twice() -> float:
    first, second = _masks(2)
    return float(np.mean((first == 0) & (second == 0)))


def _kept_mean() -> float:
    return float(np.mean(_masks(1)[0]))


def _at_test_time() -> float:
    x = _data()
    model = Sequential([layers.Dropout(_RATE)], input_shape=(3,), dtype="float64")
    assert np.any(model.forward(x, training=True) == 0)
    return float(np.abs(model.predict(x) - x).max())


CHECKS = (
    Check(
        "X15.a",
        "BN",
        "γ = σ, β = μ gives the input back: largest difference",
        "γ = σ, β = μ이면 입력이 돌아온다: 최대 차이",
        "≤ 1e-12",
        _given_back,
    ),
    Check(
        "X15.b",
        "BN",
        "test outputs against those by running averages: largest difference",
        "테스트할 때의 출력과 이동 평균으로 계산한 값의 최대 차이",
        "≤ 1e-12",
        lambda: _by_running_averages()[0],
    ),
    Check(
        "X15.c",
        "BN",
        "test outputs against those by the batch: largest difference",
        "테스트할 때의 출력과 배치로 계산한 값의 최대 차이",
        "≥ 0.1",
        lambda: _by_running_averages()[1],
    ),
    Check(
        "X15.d",
        "BN",
        "one channel times 100: largest change in the others",
        "한 채널을 100배 할 때 다른 채널의 최대 변화",
        "≤ 0",
        _one_channel_changed,
    ),
    Check(
        "X15.e",
        "BN",
        "what ε = 0.001 takes from a deviation of 1, share",
        "ε = 0.001이 표준편차 1에서 줄이는 비율",
        "≤ 5e-4",
        lambda: _disturbed_by(1e-3),
    ),
    Check(
        "X17.a",
        "DL",
        "dropout at 0.2: share of units dropped",
        "드롭아웃 0.2: 제외된 유닛의 비율",
        "0.20",
        _dropped,
    ),
    Check(
        "X17.b",
        "DL",
        "dropped in two steps running: 0.2², as masks are fresh",
        "연속한 두 스텝에서 모두 제외: 매번 새로 뽑으므로 0.2²",
        "0.04",
        _dropped_twice,
    ),
    Check(
        "X17.c",
        "DL",
        "mean of what is kept, scaled: the expectation stays",
        "남긴 값의 평균(배율 적용): 기댓값 유지",
        "1.00",
        _kept_mean,
    ),
    Check("X17.d", "DL", "at test time: largest change", "테스트할 때의 최대 변화", "≤ 0", _at_test_time),
    Check(
        "X22.a",
        "BN",
        "BN(aWx) = BN(Wx), a = 5: change of the loss",
        "BN(aWx) = BN(Wx), a = 5: 손실의 변화",
        "≤ 1e-10",
        _loss_moved,
    ),
    Check(
        "X22.b",
        "BN",
        "∂L/∂(aW) = (1/a) ∂L/∂W: largest difference, share",
        "∂L/∂(aW) = (1/a) ∂L/∂W: 최대 차이(비율)",
        "≤ 1e-10",
        _gradient_shrunk,
    ),
    Check("X23.a", "DL", "mean of every channel behind it", "정규화 뒤 채널의 평균", "≤ 1e-12", _mean),
    Check(
        "X23.b",
        "DL",
        "its biased variance against v/(v + ε)",
        "정규화 뒤의 분산과 v/(v + ε)의 차이",
        "≤ 1e-12",
        _variance,
    ),
)
