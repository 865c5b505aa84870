"""Training steps beside JAX on one thread: an epoch in one `lax.scan`, eight seeds at once in `vmap`.

Losses agree from the same weights on the same batches before anything is timed.
"""

import os

import numpy as np
import pytest

import nnkit
from interleaved import interleave
from jax_peers import calls, cnn_forward, jax_or_skip, mlp_forward, random_mlp, state_of, step_of
from ours import CNN, digits_like, mlp, steps
from shapes import SHAPES, SQUARES, Shape

SEEDS, CNN_BATCH, CNN_STEPS = 8, 64, 4
CLASSIFIERS = [name for name, shape in SHAPES.items() if shape.loss != SQUARES]


@pytest.fixture(autouse=True)
def one_core():
    """Keep this process on one core meanwhile, so that no thread of XLA's helps."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def batches_of(shape: Shape):
    x, y = shape.data()
    n = len(x) // shape.batch_size * shape.batch_size
    return x[:n].reshape(-1, shape.batch_size, shape.features), y[:n].reshape(-1, shape.batch_size)


def ours_of(shape: Shape, n_steps: int):
    return steps(mlp(shape.units), *shape.data(), shape.batch_size, n_steps=n_steps)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_losses_agree(name: str) -> None:
    """An epoch from our first weights, over the same batches in the same order, in float64."""
    jax = jax_or_skip()
    shape = SHAPES[name]
    x, y = batches_of(shape)
    model = nnkit.Sequential(mlp(shape.units), input_shape=(shape.features,), dtype="float64")
    model.compile("adam", "sparse_categorical_crossentropy")
    weights = [values.copy() for values in model.parameters.values()]
    rows = x.reshape(-1, shape.features), y.reshape(-1)
    ours = model.fit(*rows, batch_size=shape.batch_size, epochs=1, shuffle=False).step_loss

    with jax.enable_x64(True):
        _, theirs = jax.lax.scan(step_of(mlp_forward), state_of(weights), (x.astype("float64"), y))

    # In float32 Adam makes steps of a whole rate out of the rounding of gradients near 0.
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_epoch_beside_scan(name: str, report) -> None:
    """A whole epoch in one compiled call; ours shuffles, theirs need not."""
    jax = jax_or_skip()
    shape = SHAPES[name]
    batches = jax.tree.map(jax.numpy.array, batches_of(shape))
    n_steps = len(batches[0])
    epoch = jax.jit(lambda state, data: jax.lax.scan(step_of(mlp_forward), state, data), donate_argnums=0)
    theirs = calls(epoch, state_of(random_mlp((shape.features, *shape.units), 0)), batches)

    found = interleave(ours_of(shape, n_steps), theirs)

    report(f"JAX scan / ours, {name}", found, shape.goals["scan"])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_epoch_of_eight_seeds_beside_vmap(name: str, report) -> None:
    """Eight seeds, each with an order of its own: theirs in one call, ours one after another."""
    jax = jax_or_skip()
    shape = SHAPES[name]
    orders = [np.random.default_rng(seed).permutation(len(batches_of(shape)[0])) for seed in range(SEEDS)]
    batches = [jax.numpy.array(np.stack([part[o] for o in orders])) for part in batches_of(shape)]
    n_steps = batches[0].shape[1]
    states = [state_of(random_mlp((shape.features, *shape.units), seed)) for seed in range(SEEDS)]
    state = jax.tree.map(lambda *each: jax.numpy.stack(each), *states)
    one = step_of(mlp_forward)
    epoch = jax.jit(jax.vmap(lambda state, data: jax.lax.scan(one, state, data)), donate_argnums=0)
    ours = ours_of(shape, n_steps)

    def eight() -> None:
        for _ in range(SEEDS):
            ours()

    report(
        f"JAX vmap of {SEEDS} seeds / ours, {name}",
        interleave(eight, calls(epoch, state, tuple(batches))),
        shape.goals["vmap"],
    )


def test_cnn_step_beside_jax(report) -> None:
    """A compiled step of the CNN on 28×28 images."""
    jax = jax_or_skip()
    x, y = digits_like(1024, 28 * 28)
    images = x.reshape(-1, 28, 28, 1)
    rng = np.random.default_rng(0)
    shapes = ((3, 3, 1, 8), (8,), (3, 3, 8, 16), (16,), (784, 10), (10,))
    state = state_of([rng.normal(scale=0.1, size=shape).astype(np.float32) for shape in shapes])
    batch = jax.numpy.array(images[:CNN_BATCH]), jax.numpy.array(y[:CNN_BATCH])
    theirs = calls(jax.jit(step_of(cnn_forward), donate_argnums=0), state, batch)
    ours = steps(CNN, images, y, CNN_BATCH, n_steps=CNN_STEPS)

    found = interleave(ours, theirs, rounds=61).times(CNN_STEPS)

    report("JAX step / ours, CNN 28×28, batch 64", found, "at least 8x")
