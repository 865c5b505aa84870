"""Kernels against the clock and the roofline: what is timed is what training runs, and shares are ratios."""

import math

import numpy as np
import pytest

from nnbench.cases.catalogue import read_case
from nnbench.kernelbench import timing as kernelbench
from nnbench.kernelbench.peers.numpy_kernels import PEERS
from nnbench.kernelbench.timing import Side
from nnbench.kernelbench.uses import Use, uses_of
from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnkit.execution.trial import Trial
from nnkit.insight.roofline import Roofline
from tests.nnbench.case_file import case_content
from tests.nnbench.slow_clock import SlowClock

ROOF = Roofline("float32", flops_s=100e9, levels=((16_000, 200e9), (10**8, 10e9)))


@pytest.fixture(scope="module")
def found() -> list[Use]:
    """The uses of a small case: iris, batches of 16, 8 hidden tanh units, Adam."""
    plan = request.plan_for(
        [read_case(case_content(), "case.toml")],
        read_settings(from_options({"optimizer": "adam", "activation": "tanh", "seeds": "1"})),
    )
    return uses_of(plan.matrix.trials())


def use_of(found: list[Use], name: str) -> Use:
    return next(use for use in found if use.op.kind.name == name)


def test_a_record_is_made_of_the_times(found: list[Use]) -> None:
    """Medians of the rounds; ratios round by round; the share is the longer ceiling over the median."""
    dense = use_of(found, "dense")
    times = np.array([[1e-8, 1e-7], [2e-8, 8e-7], [4e-8, 4e-7]])

    made = kernelbench.record(dense, times, ("numpy",), ROOF, working_set_bytes=1000)

    assert (made.name, made.shape, made.family, made.cases) == ("dense", "16x4, 4x8", "matmul", ("small",))
    assert (made.time_s.low, made.time_s.median, made.time_s.high) == pytest.approx((1.5e-8, 2e-8, 3e-8))
    assert made.n == 3
    assert made.ratios["numpy"].median == pytest.approx(10)  # of 10, 40 and 10, not 4e-7 / 2e-8
    assert (made.flops, made.bytes) == (1024, 4 * (64 + 32 + 8 + 128))
    assert made.flops_s == pytest.approx(1024 / 2e-8)
    assert made.bytes_s == pytest.approx(928 / 2e-8)
    # 1024 FLOP at 100 GFLOP/s are 10.24 ns, 928 bytes at 200 GB/s are 4.64 ns.
    assert made.roofline_share == pytest.approx(10.24 / 20)
    assert made.bound == "flops"


def test_no_kernel_exceeds_its_ceiling(found: list[Use]) -> None:
    """A kernel above the measured roofline raises it, for itself and for all others."""
    dense, gather = use_of(found, "dense"), use_of(found, "gather")
    fast = kernelbench.record(dense, np.full((3, 1), 1e-9), (), ROOF, working_set_bytes=1000)
    read = kernelbench.record(gather, np.full((3, 1), 1e-11), (), ROOF, working_set_bytes=10**9)
    slow = kernelbench.record(dense, np.full((3, 1), 1e-6), (), ROOF, working_set_bytes=1000)
    assert min(fast.roofline_share, read.roofline_share) > 1

    raised, (fast, read, slow_too) = kernelbench.under(ROOF, (fast, read, slow))

    assert fast.roofline_share == read.roofline_share == 1.0
    assert slow_too.roofline_share < slow.roofline_share
    assert raised.flops_s == pytest.approx(fast.flops_s)


def test_what_does_not_fit_a_cache_is_held_to_memory(found: list[Use]) -> None:
    gather = use_of(found, "gather")
    times = np.full((5, 1), 1e-7)

    small = kernelbench.record(gather, times, (), ROOF, working_set_bytes=1000)
    large = kernelbench.record(gather, times, (), ROOF, working_set_bytes=10**9)

    assert (small.bound, large.bound) == ("bytes", "bytes")
    assert small.roofline_share == pytest.approx(gather.bytes / 200e9 / 1e-7)
    assert large.roofline_share == pytest.approx(gather.bytes / 10e9 / 1e-7)


def test_an_op_finds_the_values_of_training(found: list[Use]) -> None:
    """Before the backward pass of tanh, tanh has run: its output is that of the dense layer's, no zeros."""
    backward = use_of(found, "tanh_backward")
    run = Trial(backward.program, seed=0)

    kernelbench.prepare(backward, run)

    values = kernelbench.arguments(backward, run, None)
    assert values["source"].shape == values["dy"].shape == (128,)
    for name in ("source", "dy"):
        assert 1e-6 < np.abs(values[name]).max() <= 1
        assert np.count_nonzero(values[name]) > 100
    x = use_of(found, "tanh")
    kernelbench.prepare(x, run)
    assert np.allclose(np.tanh(kernelbench.arguments(x, run, None)["x"]), values["source"], atol=1e-6)


def test_what_a_peer_gets_is_a_copy_on_a_cache_line(found: list[Use]) -> None:
    adam = use_of(found, "adam_update")
    run = Trial(adam.program, seed=0)
    kernelbench.prepare(adam, run)

    values = kernelbench.arguments(adam, run, None)
    before = run.arena.copy()
    values["p"][:] = np.nan

    assert np.array_equal(run.arena, before)
    assert all(values[name].ctypes.data % 64 == 0 for name in ("p", "g", "m", "v"))
    assert values["learning_rate"] > 0
    assert values["step"] >= 1
    assert values["beta_2"] == 0.999


def test_a_long_repetition_leaves_numbers_and_no_denormals(found: list[Use]) -> None:
    """Denormals take many times as long, and NaN may take less: neither may come of repeating an op."""
    for use in found:
        run = Trial(use.program, seed=0)
        kernelbench.prepare(use, run)
        outside = kernelbench.outside_of(use, run)

        kernelbench.repetition(use, run, outside).run(20_000)

        after = kernelbench.arguments(use, run, outside)
        for operand in use.op.kind.operands:
            if operand.type == "real" and operand.role in ("in", "out", "inout"):
                values = np.abs(after[operand.name])
                assert np.isfinite(values).all(), use.op.kind.name
                assert not ((values > 0) & (values < np.finfo(np.float32).tiny)).any(), use.op.kind.name


@pytest.mark.parametrize("name", ["gather", "gather_labels"])
def test_what_is_gathered_lies_in_more_memory_than_the_arena(found: list[Use], name: str) -> None:
    """And in no more than it takes: labels are small, and the samples beside them need not grow with them."""
    gather = use_of(found, name)
    run = Trial(gather.program, seed=0)
    own = gather.data.x if name == "gather" else gather.data.y

    outside = kernelbench.outside_of(gather, run)

    assert outside is not None
    assert run.arena.nbytes < outside.data.x.nbytes <= run.arena.nbytes + own.nbytes
    assert np.array_equal(outside.data.x[: len(own)], own)


def test_every_use_is_measured_from_a_fresh_start(found: list[Use]) -> None:
    """Updates come last in training; what is evaluated after them has the parameters of the start."""
    seen: dict[str, float] = {}

    def watch(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
        seen[f"{a.shape}"] = float(np.abs(b).max())

    watched = Side("watch", {"dense": watch})
    records = list(kernelbench.measure(found, ROOF, [watched], SlowClock(tick_s=1e-4), seconds=1e-3))

    assert [record.name for record in records] == [use.op.kind.name for use in found]
    assert seen["(38, 4)"] == seen["(16, 4)"] < 2  # not what a thousand steps of Adam make of it


def test_all_uses_beside_numpy(found: list[Use]) -> None:
    """Every record has the figures that reports need, whatever the clock says."""
    side = Side("numpy", PEERS)

    for made in kernelbench.measure(found, ROOF, [side], SlowClock(tick_s=1e-4), seconds=1e-3):
        assert made.time_s.low <= made.time_s.median <= made.time_s.high
        assert 0 < made.time_s.median < math.inf
        assert made.bytes > 0
        assert made.roofline_share > 0
        assert set(made.ratios) == {"numpy"}
