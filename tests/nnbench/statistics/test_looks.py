"""The level of a comparison over its looks, and the fewest seeds that can show anything."""

import math

import pytest

from nnbench.statistics.comparing.looks import LEVEL, fewest_seeds, fewest_to_race, level_of_look
from nnbench.statistics.comparing.racing import design


def test_every_look_has_the_same_share_of_what_is_left() -> None:
    """64 % of 5 %, then of the rest: however many looks, 5 % are spent, and in the end nearly all of it."""
    levels = [level_of_look(look) for look in range(1, 1001)]

    assert levels[:3] == pytest.approx([0.032, 0.64 * 0.018, 0.64 * 0.00648])
    assert 0.9999 * LEVEL < math.fsum(levels) <= LEVEL
    assert [fewest_seeds(level) for level in levels[:3]] == [6, 8, 9]


@pytest.mark.parametrize(
    ("level", "n"), [(0.05, 6), (0.032, 6), (2 / 2**6, 6), (0.03, 7), (0.005, 9), (1.0, 2)]
)
def test_fewest_seeds(level: float, n: int) -> None:
    """The smallest n with 2 / 2^n within the level, one that meets it exactly included; one seed is none."""
    assert fewest_seeds(level) == n
    assert 2 / 2**n <= level * (1 + 1e-12)
    assert n == 2 or 2 / 2 ** (n - 1) > level


def test_fewest_to_race_is_where_a_design_begins() -> None:
    assert fewest_to_race() == 8
    assert design(2, 8, level=LEVEL) is not None
    assert design(2, 7, level=LEVEL) is None
