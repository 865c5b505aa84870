"""Holm's correction, by hand and as the step-down procedure decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.statistics.estimation.holm import holm


def test_holm_by_hand() -> None:
    """Holm's own arithmetic: times 4, 3, 2, 1 in order of size, never falling, never above 1."""
    found = holm([0.01, 0.04, 0.03, 0.005])

    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).size == 0


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_holm_decides_as_the_step_down_procedure(p_values: list[float]) -> None:
    """Adjusted p <= level where stepping through the sorted p values rejects; never below the raw ones."""
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = [False] * len(p_values)
    for step, i in enumerate(order):
        if p_values[i] * (len(p_values) - step) > 0.05:
            break
        rejected[i] = True

    assert [bool(p <= 0.05) for p in adjusted] == rejected
    assert np.all(adjusted >= np.asarray(p_values))
