"""JAX as its users write it well: an epoch as one compiled `lax.scan`, Adam by hand, float32, one thread.

Adam over a tree of parameters, by our formula. State is donated, so that nothing is copied between calls.
"""

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
# Read when JAX makes its first client: one thread for operators, and one inside of them.
_ONE_THREAD = {"NPROC": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}

Forward = Callable[[Any, Any], Any]


def jax_or_skip() -> Any:
    """Return JAX on the CPU with one thread, or skip the benchmark with the reason."""
    for name, value in _ONE_THREAD.items():
        os.environ.setdefault(name, value)
    return pytest.importorskip("jax", reason="jax is not installed: pip install jax to compare")


def mlp_forward(params: Any, x: Any) -> Any:
    jax = jax_or_skip()
    for weights, bias in params[:-1]:
        x = jax.nn.relu(x @ weights + bias)
    weights, bias = params[-1]
    return x @ weights + bias


def cnn_forward(params: Any, x: Any) -> Any:
    """Two convolutions with pooling and a dense layer, on images of (row, column, channel)."""
    jax = jax_or_skip()
    for kernel, bias in params[:-1]:
        pads = ("NHWC", "HWIO", "NHWC")
        x = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=pads)
        x = jax.nn.relu(x + bias)
        x = jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    weights, bias = params[-1]
    return x.reshape(len(x), -1) @ weights + bias


def state_of(parameters: Sequence[Any]) -> Any:
    """Return parameters in pairs of weights and bias, both moments, and the number of the step."""
    jax = jax_or_skip()
    pairs = [(jax.numpy.array(w), jax.numpy.array(b)) for w, b in zip(*[iter(parameters)] * 2, strict=True)]
    zeros = jax.tree.map(jax.numpy.zeros_like, pairs)
    return pairs, zeros, jax.tree.map(jax.numpy.zeros_like, pairs), jax.numpy.zeros((), "int32")


def random_mlp(sizes: Sequence[int], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    shapes = [shape for n, m in pairwise(sizes) for shape in ((n, m), (m,))]
    return [rng.normal(scale=shape[0] ** -0.5, size=shape).astype(np.float32) for shape in shapes]


def step_of(forward: Forward) -> Callable[[Any, Any], Any]:
    """Return a step of Adam on cross-entropy: state and batch in, state and loss out; not compiled yet."""
    jax = jax_or_skip()
    jnp = jax.numpy

    def loss_of(params: Any, x: Any, y: Any) -> Any:
        chances = jax.nn.log_softmax(forward(params, x))
        return -jnp.mean(jnp.take_along_axis(chances, y[:, None], axis=1))

    def step(state: Any, batch: Any) -> Any:
        params, first, second, count = state
        loss, gradient = jax.value_and_grad(loss_of)(params, *batch)
        count = count + 1
        first = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, first, gradient)
        second = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, second, gradient)
        power = count.astype(loss.dtype)
        rate, scale = RATE / (1 - BETA_1**power), jnp.sqrt(1 - BETA_2**power)
        params = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) / scale + EPSILON), params, first, second
        )
        return (params, first, second, count), loss

    return step


def calls(run: Any, state: Any, batches: Any) -> Callable[[], None]:
    """Return a call that goes on from where the last one ended, and waits for what it computes."""
    held = [state]

    def call() -> None:
        held[0], losses = run(held[0], batches)
        losses.block_until_ready()

    return call
