"""A small classifier in JAX, compiled as one function of a step."""

import jax
import jax.numpy as jnp
from loss import cross_entropy


def forward(w, x):
    return (jnp.tanh(x @ w["hidden"]) @ w["out"])[:, 0]


@jax.jit
def step_of(w, x, y):
    gradients = jax.grad(lambda w: cross_entropy(forward(w, x), y))(w)
    return jax.tree.map(lambda p, g: p - 0.5 * g, w, gradients)


def train(seed, log):
    a, b = jax.random.split(jax.random.key(7))
    x = jax.random.normal(a, (400, 10))
    y = (jnp.tanh(x @ jax.random.normal(b, (10, 3))).sum(1) > 0).astype(jnp.float32)
    first, second, rows = jax.random.split(jax.random.key(seed), 3)
    w = {"hidden": 0.3 * jax.random.normal(first, (10, 16)), "out": 0.3 * jax.random.normal(second, (16, 1))}
    log(0, weights=w)
    for step in range(1, 61):
        batch = jax.random.randint(jax.random.fold_in(rows, step), (32,), 0, 300)
        w = step_of(w, x[batch], y[batch])
        z = forward(w, x[300:])
        log(step, weights=w, val_loss=jnp.mean(jnp.logaddexp(0, z) - y[300:] * z))
    return w
