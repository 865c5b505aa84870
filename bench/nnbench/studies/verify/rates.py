"""The three schedules of the note, in closed form."""

import math

import numpy as np
from numpy.typing import NDArray

from nnbench.studies.verify.check import Check
from nnkit import schedules
from nnkit.registry import Value

_N = 2000


def _worst(name: str, closed: NDArray[np.float64], **parameters: Value) -> float:
    """Return the largest distance from the closed form, as a share of the first rate."""
    table = schedules.get(name, **parameters).table(_N)
    return float(np.abs(table - closed).max() / closed[0])


def _exponential(*, staircase: bool) -> float:
    steps = np.arange(_N) / 500
    closed = 0.1 * 0.5 ** (np.floor(steps) if staircase else steps)
    return _worst(
        "exponential_decay",
        closed,
        initial_learning_rate=0.1,
        decay_steps=500,
        decay_rate=0.5,
        staircase=staircase,
    )


def _piecewise(*steps: int) -> list[float]:
    made = schedules.get("piecewise_constant", boundaries="700|900", values="0.1|0.05|0.01")
    return [made.rate(step) for step in steps]


def _polynomial(step: int) -> float:
    made = schedules.get(
        "polynomial_decay", initial_learning_rate=0.1, decay_steps=900, end_learning_rate=0.01, power=0.5
    )
    return made.rate(step)


def _polynomial_worst() -> float:
    return max(
        abs(_polynomial(step) - (0.09 * math.sqrt(1 - step / 900) + 0.01)) for step in range(0, 901, 9)
    )


CHECKS = (
    Check(
        "X3.a",
        "OPT",
        "exponential decay, 0.1 · 0.5^(t/500)",
        "지수함수 감쇠, 0.1 · 0.5^(t/500)",
        "≤ 1e-14",
        lambda: _exponential(staircase=False),
    ),
    Check(
        "X3.b",
        "OPT",
        "the same as a staircase",
        "같은 감쇠를 계단형으로",
        "≤ 1e-14",
        lambda: _exponential(staircase=True),
    ),
    Check(
        "X4.a",
        "OPT",
        "piecewise constant, boundaries 700 and 900: steps 0, 800, 1000",
        "계단형 감쇠, 경계 700과 900: 0, 800, 1000번째 스텝",
        "0.100, 0.050, 0.010",
        lambda: _piecewise(0, 800, 1000),
    ),
    Check(
        "X4.b",
        "OPT",
        "a boundary keeps the earlier value: steps 700, 701, 900, 901",
        "경계까지는 앞의 값: 700, 701, 900, 901번째 스텝",
        "0.100, 0.050, 0.050, 0.010",
        lambda: _piecewise(700, 701, 900, 901),
    ),
    Check(
        "X5.a",
        "OPT",
        "polynomial decay, 0.09 · (1 − t/900)^0.5 + 0.01",
        "다항식 감쇠, 0.09 · (1 − t/900)^0.5 + 0.01",
        "≤ 1e-15",
        _polynomial_worst,
    ),
    Check(
        "X5.b",
        "OPT",
        "it stays from step 900 on",
        "900번째 스텝부터 일정하다",
        "0.01000, 0.01000",
        lambda: [_polynomial(900), _polynomial(5000)],
    ),
)
