"""Elementwise kernels: nanoseconds per value of activations, and of Adam over vectors of many lengths."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from interleaved import Ratio, interleave
from nnbench.kernelbench.peers import numpy_kernels as kernel_peers
from nnkit import activations, optimizers
from nnkit.compiler.encode import encode
from nnkit.compiler.plan import make_plan
from nnkit.compiler.update import update_kind
from nnkit.entries import op_kind
from nnkit.execution.repetition import Repetition
from nnkit.jit import kernel
from nnkit.layers.activation import activation_kinds
from nnkit.ops import HEADER_BYTES, RATE, STEP, Buffer, Op, Operand, flat
from nnkit.optimizers.optimizer import scalar_names
from nnkit.simd import real
from peers import torch_or_skip

Array = NDArray[Any]


@kernel
def one_pass(p, g, m, v):
    """Read four vectors and write three of them: the bytes of Adam with hardly any work."""
    half = real(p, 0.5)
    for i in range(p.size):
        x = g[i] * half
        p[i] += x
        m[i] += x
        v[i] += x


PASS = op_kind(
    "one_pass",
    one_pass,
    Operand("p", "inout"),
    Operand("g", "in"),
    Operand("m", "inout"),
    Operand("v", "inout"),
)
ACTIVATIONS = ("relu", "sigmoid", "tanh", "elu", "gelu", "silu")
VALUES = 4096  # input and output together stay in an L1 cache
# Values or parameters that ours handles at a time, so that the call from Python is not what is timed.
AT_A_TIME = 1 << 18
# Parameters, and how many times longer torch's fused Adam takes at least.
ADAM = {6_500: 17, 100_000: 3.4, 1_000_000: 2.0}


def calls_of(n: int) -> int:
    return max(1, AT_A_TIME // n)


def repeated(op: Op, values: Mapping[str, Array], *, n: int) -> tuple[Callable[[], object], dict[str, Array]]:
    """Return some calls of the op on an arena with these values, and the live arrays in it."""
    buffers = {name: op.buffer(name) for name in values}
    plan = make_plan([(name, [buffer]) for name, buffer in buffers.items()], [((op,), 1)], "float32")
    block = np.zeros(plan.arena_bytes + 64, np.uint8)
    arena = block[-block.ctypes.data % 64 :][: plan.arena_bytes]
    live = {
        name: arena[plan.offsets[buffer] :][: 4 * buffer.size].view(np.float32)
        for name, buffer in buffers.items()
    }
    for name, array in live.items():
        array[:] = values[name]
    header = arena[:HEADER_BYTES]
    header.view(np.int64)[STEP], header.view(np.float64)[RATE] = 10, 1e-3
    table = encode((op,), plan.offsets, "float32")
    repetition = Repetition(arena, table, 0, rows=1, n_copies=calls_of(n))
    return partial(repetition.run, calls_of(n)), live


def activation(name: str) -> tuple[Callable[[], object], dict[str, Array], dict[str, float]]:
    """Return calls of our forward pass, its live arrays, and its hyper-parameter."""
    bound = activations.get(name)
    scalars = dict(zip(bound.record.number_names, bound.numbers, strict=True))
    buffers = {each: Buffer(each, (VALUES,), "state") for each in ("x", "y")}
    op = Op(activation_kinds(bound.scalar)[0], {each: flat(b) for each, b in buffers.items()}, scalars)
    x = np.random.default_rng(0).normal(size=VALUES)
    ours, live = repeated(op, {"x": x, "y": np.zeros(VALUES)}, n=VALUES)
    return ours, live, scalars


def adam(n: int) -> tuple[Callable[[], object], dict[str, Array]]:
    """Return calls of our update of ``n`` parameters, and its live arrays."""
    bound = optimizers.get("adam")
    kernel = bound.record.kernel
    assert kernel is not None
    scalars = dict(zip(scalar_names(kernel), bound.record.scalars(bound.parameters), strict=True))
    buffers = {each: Buffer(each, (n,), "state") for each in ("p", "g", "m", "v")}
    op = Op(update_kind(bound.record), {each: flat(b) for each, b in buffers.items()}, scalars)
    rng = np.random.default_rng(0)
    values = {each: rng.normal(size=n) for each in ("p", "g")} | {"m": np.zeros(n), "v": np.zeros(n)}
    return repeated(op, values, n=n)


def beside(ours: Callable[[], object], theirs: Callable[[], object], *, n: int) -> Ratio:
    """Return the ratio of one call to one call, over many short rounds: an interruption spoils few."""
    return interleave(ours, theirs, rounds=61, round_s=0.001).times(calls_of(n))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_beside_numpy(name: str, report) -> None:
    """Nanoseconds per value of ours, and how many times longer NumPy's expression takes."""
    ours, live, scalars = activation(name)
    given: dict[str, Any] = {**live, **scalars}
    peer = kernel_peers.PEERS[name]
    theirs = partial(peer, **{each: given[each] for each in inspect.signature(peer).parameters})

    found = beside(ours, theirs, n=VALUES)

    goal = 0.5 if name == "gelu" else 0.3
    report(f"{name}, forward", f"{1e9 * found.ours_s / VALUES:.3f} ns/value", f"at most {goal} ns/value")
    report(f"  numpy / ours, {name}", found, "at least 1x")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_beside_torch(name: str, report) -> None:
    """How many times longer torch's own function takes."""
    torch = torch_or_skip()
    ours, live, _ = activation(name)
    function = getattr(torch, name, None) or getattr(torch.nn.functional, name)

    found = beside(ours, partial(function, torch.from_numpy(live["x"])), n=VALUES)

    report(f"torch / ours, {name}", found, "at least 1x")


@pytest.mark.parametrize("n", ADAM)
def test_adam_beside_numpy(n: int, report) -> None:
    """The update in place, as users write it in NumPy."""
    ours, live = adam(n)
    numbers = {"learning_rate": 1e-3, "step": 10, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    theirs = partial(kernel_peers.PEERS["adam_update"], **live, **numbers)

    found = beside(ours, theirs, n=n)

    report(f"Adam, {n:,} parameters", f"{1e9 * found.ours_s / n:.3f} ns/parameter")
    report(f"  numpy / ours, {n:,} parameters", found)


@pytest.mark.parametrize("n", ADAM)
def test_adam_beside_the_bandwidth(n: int, report) -> None:
    """The update against the least that must be done to its four vectors: all read, three written."""
    ours, _ = adam(n)
    buffers = {each: Buffer(each, (n,), "state") for each in ("p", "g", "m", "v")}
    op = Op(PASS, {each: flat(b) for each, b in buffers.items()})
    theirs, _ = repeated(op, dict.fromkeys(buffers, np.full(n, 0.75)), n=n)

    found = interleave(ours, theirs, rounds=61, round_s=0.001)

    figure = f"{found.median:.0%} [{found.low:.0%}, {found.high:.0%}] (n = {found.n})"
    report(f"  of the bandwidth that is there, {n:,} parameters", figure, "at least 85 %")


@pytest.mark.parametrize("n", ADAM)
def test_adam_beside_torch(n: int, report) -> None:
    """One step of torch's fused Adam over one vector."""
    torch = torch_or_skip()
    ours, live = adam(n)
    parameter = torch.nn.Parameter(torch.from_numpy(live["p"].copy()))
    parameter.grad = torch.from_numpy(live["g"].copy())
    optimizer = torch.optim.Adam([parameter], lr=1e-3, fused=True)

    found = beside(ours, optimizer.step, n=n)

    report(f"torch fused Adam / ours, {n:,} parameters", found, f"at least {ADAM[n]}x")


def test_sigmoid(benchmark) -> None:
    """64 forward passes over 4,096 values, for pytest-benchmark's own records."""
    benchmark(activation("sigmoid")[0])


def test_adam(benchmark) -> None:
    """40 updates of 6,500 parameters, for pytest-benchmark's own records."""
    benchmark(adam(6_500)[0])
