"""The roofline: which ceiling holds for which work."""

import pytest

from nnkit.insight.roofline import Roofline, measure

ROOF = Roofline(
    "float32", flops_s=100e9, levels=((16_000, 190e9), (32_000, 200e9), (64_000, 80e9), (1_000_000, 10e9))
)


@pytest.mark.parametrize(
    ("working_set_bytes", "bytes_s"),
    [
        (100, 200e9),  # less than the least measured: what is possible for a larger one is possible here
        (16_000, 200e9),
        (32_000, 200e9),
        (63_999, 200e9),  # the ceiling never falls before the size at which it was seen to fall
        (64_000, 80e9),
        (10**9, 10e9),
    ],
)
def test_the_bandwidth_is_that_of_the_cache_that_holds_the_work(
    working_set_bytes: int, bytes_s: float
) -> None:
    assert ROOF.bytes_s_for(working_set_bytes) == bytes_s


def test_the_longer_of_two_times_is_the_ceiling() -> None:
    assert ROOF.ceiling_s(1e6, 1000, 1000) == pytest.approx(1e-5)  # 1e6 FLOP against 5 ns of bytes
    assert ROOF.ceiling_s(100, 20_000, 20_000) == pytest.approx(1e-7)  # 1 ns of FLOP against 20 kB
    assert ROOF.ceiling_s(0, 20_000, 10**9) == pytest.approx(2e-6)


def test_memory_is_the_last_level() -> None:
    assert ROOF.bytes_s == 10e9


def test_a_measured_roofline_has_the_shape_of_one() -> None:
    """No speed is asserted: memory is slower than the fastest cache, and every figure is a real one."""
    found = measure("float32", seconds=0.05)

    assert found.flops_s > 1e8
    assert [size for size, _ in found.levels] == sorted(size for size, _ in found.levels)
    assert 1e8 < found.bytes_s < found.bytes_s_for(0)


def test_the_best_of_two_looks_has_each_ceiling_at_its_highest() -> None:
    """The core ran faster in one look, and a cache was disturbed in the other."""
    disturbed = ((16_000, 100e9), (32_000, 250e9), (64_000, 70e9), (1_000_000, 12e9))
    other = Roofline("float32", flops_s=120e9, levels=disturbed)

    best = ROOF.best(other)

    assert best == other.best(ROOF)
    assert best.flops_s == 120e9
    assert best.levels == ((16_000, 190e9), (32_000, 250e9), (64_000, 80e9), (1_000_000, 12e9))


def test_what_was_reached_raises_the_ceiling_at_its_working_set() -> None:
    """No rate is above a ceiling that it raised; levels that nothing passed stay."""
    size, bytes_s = ROOF.levels[-1]
    reached = [(2.0 * ROOF.flops_s, 1.0, 1), (1.0, 3.0 * bytes_s, size + 5)]

    raised = ROOF.raised(reached)

    assert raised.flops_s == 2.0 * ROOF.flops_s
    assert raised.levels == (*ROOF.levels[:-1], (size, 3.0 * bytes_s))
    assert ROOF.raised([]) == ROOF
