"""What `nnbench gate` guards of nnkit itself: a dense and a convolutional net on the digits, bit by bit.

Each step of the first batches is a fit of its own, so that the weights after it can be logged; then whole
epochs follow, as users train.
"""

from collections.abc import Callable

import numpy as np

import nnkit
from nnkit.datasets import load

FIRST_STEPS, EPOCHS, BATCH = 4, 3, 32
Log = Callable[..., None]


def dense(seed: int, log: Log) -> dict[str, np.ndarray]:
    """Train 64-32-10 with Adam."""
    layers = nnkit.layers
    net = nnkit.Sequential(
        [layers.Dense(32, activation="relu", kernel_initializer="he_normal"), layers.Dense(10)],
        input_shape=(64,),
        seed=seed,
    )
    return _trained(net, nnkit.optimizers.Adam(learning_rate=1e-3), (64,), log)


def convolutional(seed: int, log: Log) -> dict[str, np.ndarray]:
    """Train a convolution with batch normalisation and pooling, with momentum."""
    layers = nnkit.layers
    net = nnkit.Sequential(
        [
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("gelu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ],
        input_shape=(8, 8, 1),
        seed=seed,
    )
    return _trained(net, nnkit.optimizers.get("momentum", learning_rate=0.02), (8, 8, 1), log)


def _trained(
    net: nnkit.Sequential, optimizer: object, shape: tuple[int, ...], log: Log
) -> dict[str, np.ndarray]:
    digits = load("digits")
    x = np.ascontiguousarray(digits.x.reshape(-1, *shape) / 16.0, dtype=np.float32)
    y = np.asarray(digits.y).reshape(-1)
    train, rest = slice(0, 1280), slice(1280, None)
    net.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=("accuracy",))
    log(0, weights=net.parameters)
    for step in range(FIRST_STEPS):
        rows = slice(BATCH * step, BATCH * (step + 1))
        net.fit(x[rows], y[rows], batch_size=BATCH, epochs=1, shuffle=False)
        log(step + 1, weights=net.parameters)
    history = net.fit(x[train], y[train], batch_size=BATCH, epochs=EPOCHS, validation_data=(x[rest], y[rest]))
    for step, loss in enumerate(history.step_loss, start=FIRST_STEPS + 1):
        log(step, loss=loss)
    found = net.evaluate(x[rest], y[rest])
    log(FIRST_STEPS + len(history.step_loss), val_loss=found["loss"], val_accuracy=found["accuracy"])
    return net.parameters
