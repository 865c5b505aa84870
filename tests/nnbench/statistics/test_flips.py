"""Signs of seeds are flipped in two ways, which come to the same."""

import numpy as np
import pytest

from nnbench.statistics.comparing import flips
from nnbench.statistics.comparing.maxt import Judged, all_pairs, beyond_worst, judge

_SEEDS = 150


def _table(n: int) -> np.ndarray:
    """Accuracies on 449 examples: differences tie often."""
    draws = np.random.default_rng(n)
    drawn = 0.9 + 0.006 * draws.standard_normal((n, 1)) + 0.02 * draws.standard_normal((n, _SEEDS))
    return np.round(drawn * 449) / 449


def _judged(table: np.ndarray) -> Judged:
    lost = np.random.default_rng(1).random(table.shape) < 0.03
    return judge(beyond_worst(table, lost, 0.01), lost, all_pairs(len(table)), level=0.032)


def test_sums_of_rows_say_what_products_of_pairs_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """With many seeds each row is summed once; p is the same, and the interval's quantile to a millionth."""
    found = _judged(_table(12))
    monkeypatch.setattr(flips, "_SEEDS_FOR_SUMS", _SEEDS + 1)

    expected = _judged(_table(12))

    assert 5 < np.count_nonzero(expected.p <= 0.032) < len(expected)
    assert found.p.tolist() == expected.p.tolist()
    assert found.by_scores.tolist() == expected.by_scores.tolist()
    assert found.by_failures.tolist() == expected.by_failures.tolist()
    assert found.residual == pytest.approx(expected.residual, rel=1e-6)


def test_signs_drawn_in_pieces_are_those_of_one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fits in memory does not decide about a p value."""
    monkeypatch.setattr(flips, "_SIGNS", 1_000)
    generator = np.random.Generator(np.random.Philox(key=0))
    expected = generator.integers(0, 2, (flips.N_DRAWS, 37), dtype=np.int8)

    pieces = list(flips._draws(37))

    assert len(pieces) > 100
    assert np.array_equal(np.concatenate([drawn for _, drawn in pieces]), expected)


def test_near_twins_are_told_by_their_differences() -> None:
    """Two rows that differ in the last bits only, always to one side, are told apart as any others."""
    table = np.full((3, _SEEDS), 0.9)
    table[1] += 1e-15
    table[2] = _table(1)[0]
    lost = np.zeros(table.shape, dtype=np.bool_)

    found = judge(table, lost, all_pairs(3), level=0.05)

    assert found.p[0] <= 2 / flips.N_DRAWS
    assert found.by_scores[0] == -1
