"""What becomes of a signal on its way: the ratio of its ends, and a word for it."""

import math
from dataclasses import replace

import pytest

from nnbench.statistics.trials.propagation import backward_course, forward_course
from tests.nnbench.diagnosis_samples import check


@pytest.mark.parametrize(
    ("decay", "fate"),
    [(1.0, "holds"), (0.5, "holds"), (0.2, "vanishes"), (5.0, "explodes"), (math.nan, "unknown")],
)
def test_the_fate_follows_the_ratio_of_the_ends(decay: float, fate: str) -> None:
    """Over three steps 0.2 leaves 0.008, which is under a hundredth, and 0.5 leaves 0.125."""
    found = check(decay=decay)

    assert forward_course(found).fate == fate
    assert backward_course(found).fate == fate


def test_signals_end_at_the_last_layer_and_gradients_at_the_first() -> None:
    forward, backward = forward_course(check(decay=0.5)), backward_course(check(decay=0.5))

    assert (forward.start, forward.end, forward.ratio) == ("dense_0", "dense_3", 0.125)
    assert (backward.start, backward.end, backward.ratio) == ("dense_3", "dense_0", 0.125)
    assert forward.expected == pytest.approx(0.125)


def test_where_nothing_enters_nothing_is_known() -> None:
    found = check(decay=0.5)
    first = found.layers[0]
    silent = replace(first, variance=replace(first.variance, mean=0.0, expected=None))

    course = forward_course(replace(found, layers=(silent, *found.layers[1:])))
    assert course.fate == "unknown"
    assert course.expected is None
