"""Runs whose bits must be the same everywhere; as a script, prints their digests as JSON."""

import hashlib
import json

import nnkit
from nnkit import layers
from nnkit.layers import Layer
from tests.nnkit.small_models import blobs, build

# Odd widths leave tails in every vector loop; 90 samples in batches of 32 leave a short batch.
_STACKS: dict[str, tuple[str, str, str, list[Layer]]] = {
    "single": (
        "float32", "adam(epsilon=1e-7, global_clipnorm=0.5)", "sparse_categorical_crossentropy",
        [
            layers.Dense(33, activation="relu", kernel_initializer="he_normal", kernel_l2=0.001),
            layers.Dropout(0.2), layers.Dense(70), layers.BatchNormalization(), layers.Activation("gelu"),
            layers.Dense(3),
        ],
    ),
    "double": (
        "float64", "momentum", "mean_squared_error",
        [layers.Dense(17, activation="tanh", kernel_initializer="glorot_normal"), layers.Dense(1)],
    ),
}  # fmt: skip


def train(name: str, *, seed: int = 7, epochs: int = 2) -> tuple[nnkit.Sequential, nnkit.History]:
    dtype, optimizer, loss, stack = _STACKS[name]
    x, labels = blobs(90, features=9)
    y = labels if loss.startswith("sparse") else labels[:, None] * 1.0
    model = build(stack, (9,), optimizer=optimizer, loss=loss, dtype=dtype, seed=seed)
    return model, model.fit(x, y, epochs=epochs, validation_data=(x, y))


def digest_of(name: str, *, seed: int = 7, epochs: int = 2) -> str:
    """Return the digest of the weights, the losses of all steps and the evaluations."""
    model, history = train(name, seed=seed, epochs=epochs)
    losses = hashlib.sha256(history.step_loss.tobytes()).hexdigest()
    return f"{model.digest()} {losses} {history.history['val_loss'][-1].hex()}"


def digests() -> dict[str, str]:
    return {name: digest_of(name) for name in _STACKS}


if __name__ == "__main__":
    print(json.dumps(digests()))
