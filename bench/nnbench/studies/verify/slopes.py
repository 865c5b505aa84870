"""Activations and their slopes, the step of the perceptron, and the signs of weight gradients."""

import numpy as np

from nnbench.studies.verify.check import Check
from nnkit import Sequential, activations, layers

_EDGE = 1e-9


def _sigmoid_slope_ulps() -> float:
    """Return the largest distance of σ′ from (1 − σ)σ, in units in the last place."""
    x = np.linspace(-30, 30, 4001)
    s = activations.get("sigmoid")(x)
    exact = (1 - s) * s
    return float((np.abs(activations.get("sigmoid").gradient(x) - exact) / np.spacing(exact)).max())


def _sigmoid_range() -> list[float]:
    found = activations.get("sigmoid")(np.linspace(-1e4, 1e4, 20001))
    return [float(found.min()), float(found.max())]


def _sigmoid_at(x: float) -> float:
    return float(activations.get("sigmoid")(x))


def _relu_slopes(*places: float) -> list[float]:
    return [float(value) for value in activations.get("relu").gradient(np.array(places))]


def _one_sided() -> list[float]:
    """Return the difference quotients of ReLU at 0, from the left and from the right."""
    below, at, above = activations.get("relu")(np.array([-_EDGE, 0.0, _EDGE]))
    return [float((at - below) / _EDGE), float((above - at) / _EDGE)]


def _step_at_zero() -> list[float]:
    """Return the outputs of a perceptron whose sum is -1, 0 and 1."""
    from nnkit import Perceptron

    made = Perceptron()
    made.fit(np.array([[-1.0], [1.0]]), np.array([0, 1]))
    edge = -made.bias / float(made.weights[0])
    return [float(value) for value in made.predict(np.array([[edge - 1], [edge], [edge + 1]]))]


def _share_of_one_sign(*, positive: bool, n_examples: int = 40) -> float:
    """Return the percentage of units whose weight gradients share one sign, one example at a time."""
    draw = np.random.RandomState(0)
    x = draw.uniform(0.01, 1.0, (n_examples, 12)) - (0.0 if positive else 0.5)
    model = Sequential(
        [layers.Dense(8, activation="sigmoid"), layers.Dense(3)], input_shape=(12,), dtype="float64"
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    shares = []
    for place in range(n_examples):
        _, found = model.loss_and_gradients(x[place : place + 1], np.array([place % 3]))
        signs = np.sign(found["dense_0/kernel"])
        shares.append(np.mean(np.abs(signs.sum(axis=0)) == len(signs)))
    return 100.0 * float(np.mean(shares))


CHECKS = (
    Check(
        "X9",
        "L4",
        "σ′ = (1 − σ)σ: largest difference, in ulp",
        "σ′ = (1 − σ)σ: 최대 차이(ulp)",
        "≤ 1",
        _sigmoid_slope_ulps,
    ),
    Check("X18.a", "L4", "σ(0)", "σ(0)", "0.5000", lambda: _sigmoid_at(0.0)),
    Check(
        "X18.b",
        "L4",
        "range of σ from −10,000 to 10,000",
        "−10,000부터 10,000까지 σ의 범위",
        "0.0000, 1.0000",
        _sigmoid_range,
    ),
    Check(
        "X19.a",
        "L5",
        "ReLU′ at 10 and −10",
        "10과 −10에서 ReLU′",
        "1.00, 0.00",
        lambda: _relu_slopes(10.0, -10.0),
    ),
    Check(
        "X19.b",
        "L5",
        "ReLU at 0: slope from the left and the right, so there is none",
        "0에서 ReLU의 왼쪽과 오른쪽 기울기: 미분 불가능",
        "0.0000, 1.0000",
        _one_sided,
    ),
    Check(
        "X19.c", "L5", "the slope that is taken there", "그때 쓰는 기울기", "0.00", lambda: _relu_slopes(0.0)
    ),
    Check(
        "X20",
        "DL",
        "perceptron: outputs where the sum is below, at and above 0",
        "퍼셉트론: 총합이 0 미만, 0, 0 초과일 때의 출력",
        "0, 0, 1",
        _step_at_zero,
    ),
    Check(
        "X21.a",
        "L5",
        "positive inputs, one example: units whose weight gradients share one sign, %",
        "양수 입력, 표본 하나: 가중치 경사의 부호가 모두 같은 유닛(%)",
        "100.0",
        lambda: _share_of_one_sign(positive=True),
    ),
    Check(
        "X21.b",
        "L5",
        "the same with inputs of both signs, %",
        "부호가 섞인 입력에서는(%)",
        "≤ 50",
        lambda: _share_of_one_sign(positive=False),
    ),
)
