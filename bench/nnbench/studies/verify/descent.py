"""Gradient descent on the note's quadratic, updates per epoch, and the note's own training call."""

import numpy as np

from nnbench.cases import catalogue
from nnbench.studies.descend.walk import Way, walk
from nnbench.studies.verify.check import Check
from nnkit import Sequential, functions, layers, optimizers, schedules
from nnkit.registry import parse_choice

_J = functions.record("quadratic")


def after(n_steps: int, rate: float = 0.1) -> list[float]:
    """Return where SGD is after so many steps from (−5, 4)."""
    return [float(x) for x in walk(_J, Way("sgd", rate), _J.start(), n_steps).points[-1]]


def _gradient(n_steps: int) -> list[float]:
    return [float(slope) for slope in _J.gradient(np.array(after(n_steps)))]


def _distance(n_steps: int, rate: float) -> float:
    return float(np.linalg.norm(after(n_steps, rate)))


def _limit() -> list[float]:
    """Return the Hessian's largest eigenvalue, and the largest stable rate."""
    curvature = _J.largest_curvature()
    assert curvature is not None
    return [curvature, 2 / curvature]


def _around_the_limit() -> str:
    ends = [_distance(4000, 2 / (3 + np.sqrt(2)) + gap) for gap in (-0.001, 0.001)]
    return ", ".join("converges" if end < 1e-3 else "diverges" for end in ends)


def _iris_softmax(batch_size: int, epochs: int = 1) -> int:
    """Return how many updates a softmax makes on the 150 rows of iris."""
    model = Sequential([layers.Dense(3)], input_shape=(4,), seed=0)
    model.compile(optimizers.get("sgd", learning_rate=0.01, momentum=0.9) if epochs > 1 else "sgd")
    x = np.zeros((150, 4), np.float32)
    return model.fit(x, np.zeros(150, np.int32), batch_size=batch_size, epochs=epochs).stopped_at


def _preset() -> list[float]:
    """Return batch, epochs, rate and momentum of the case that is the note's call."""
    case = catalogue.case_named("iris_note")
    name, given = parse_choice(case.axes.optimizer)
    momentum = optimizers.get(name, **given).parameters["momentum"]
    assert isinstance(momentum, float), momentum
    return [case.training.batch_size, case.training.epochs, _preset_rates(0)[0], momentum]


def _preset_rates(*steps: int) -> list[float]:
    axes = catalogue.case_named("iris_note").axes
    name, given = parse_choice(axes.schedule)
    table = schedules.get(name, **given).relative(axes.learning_rate or 0.0, max(steps) + 1)
    return [float(table[step]) for step in steps]


def _decayed(n_updates: int) -> float:
    decay = schedules.get("exponential_decay", initial_learning_rate=0.1, decay_steps=500, decay_rate=0.5)
    return decay.rate(n_updates)


def _epochs_counted_apart() -> list[float]:
    """At epoch 500: with one update an epoch, as the note writes it; with the note's ten."""
    return [_decayed(500), _decayed(500 * 10)]


CHECKS = (
    Check(
        "X1.a",
        "OPT",
        "∇J at (−5, 4), J = x1² + 2 x2² − x1 x2",
        "(−5, 4)에서 ∇J, J = x1² + 2 x2² − x1 x2",
        "(−14, 21)",
        lambda: _gradient(0),
    ),
    Check("X1.b", "OPT", "x(1), η = 0.1", "x(1), η = 0.1", "(−3.6, 1.9)", lambda: after(1)),
    Check("X1.c", "OPT", "∇J at x(1)", "x(1)에서 ∇J", "(−9.1, 11.2)", lambda: _gradient(1)),
    Check("X1.d", "OPT", "x(2)", "x(2)", "(−2.69, 0.78)", lambda: after(2)),
    Check("X1.e", "OPT", "∇J at x(2)", "x(2)에서 ∇J", "(−6.16, 5.81)", lambda: _gradient(2)),
    Check("X1.f", "OPT", "x(30)", "x(30)", "(−0.0161, −0.00665)", lambda: after(30)),
    Check(
        "X2.a",
        "OPT",
        "η = 0.01: still far from the minimum after 30 steps",
        "η = 0.01: 30스텝 뒤에도 최솟값에서 멀다",
        "≥ 2",
        lambda: _distance(30, 0.01),
    ),
    Check(
        "X2.b",
        "OPT",
        "η = 0.5 diverges: distance after 30 steps",
        "η = 0.5는 발산한다: 30스텝 뒤의 거리",
        "≥ 100",
        lambda: _distance(30, 0.5),
    ),
    Check(
        "X2.c",
        "OPT",
        "largest eigenvalue 3 + √2, and the limit 2/(3 + √2)",
        "최대 고윳값 3 + √2와 한계 2/(3 + √2)",
        "4.41421, 0.45308",
        _limit,
    ),
    Check(
        "X2.d",
        "OPT",
        "just below and above η = 2/(3 + √2)",
        "η = 2/(3 + √2)의 바로 아래와 위",
        "converges, diverges",
        _around_the_limit,
    ),
    Check(
        "X16.a",
        "OPT",
        "updates per epoch, 150 rows: batch, SGD",
        "에폭당 업데이트, 표본 150개: 배치, SGD",
        "1, 150",
        lambda: [_iris_softmax(150), _iris_softmax(1)],
    ),
    Check(
        "X16.b",
        "OPT",
        "mini-batches of 16: ⌈150/16⌉, not ⌊150/16⌋",
        "미니배치 16: ⌊150/16⌋이 아니라 ⌈150/16⌉",
        "10",
        lambda: _iris_softmax(16),
    ),
    Check(
        "X27.a",
        "OPT",
        "the note's call: batches of 15, two epochs of 150 rows",
        "노트의 호출: 배치 15, 표본 150개, 두 에폭",
        "20",
        lambda: _iris_softmax(15, epochs=2),
    ),
    Check(
        "X27.b",
        "OPT",
        "case iris_softmax has batches of its own",
        "케이스 iris_softmax의 배치는 따로 있다",
        "16",
        lambda: catalogue.case_named("iris_softmax").training.batch_size,
    ),
    Check(
        "X27.c",
        "OPT",
        "case iris_note: batch, epochs, rate, momentum",
        "케이스 iris_note: 배치, 에폭, 학습률, 모멘텀",
        "15, 1,000, 0.10, 0.90",
        _preset,
    ),
    Check(
        "X27.d",
        "OPT",
        "its rates at updates 700, 701, 900 and 901",
        "700, 701, 900, 901번째 업데이트의 학습률",
        "0.100, 0.050, 0.050, 0.010",
        lambda: _preset_rates(700, 701, 900, 901),
    ),
    Check(
        "X28",
        "OPT",
        "0.1 · 0.5^(n/500) at epoch 500, n counting updates: 1 and 10 an epoch",
        "에폭 500에서 0.1 · 0.5^(n/500), n은 업데이트 수: 에폭당 1번, 10번",
        "0.0500, 0.0000977",
        _epochs_counted_apart,
    ),
)
