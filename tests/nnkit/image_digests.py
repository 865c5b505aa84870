"""Nets of image layers whose bits must be the same on every CPU; as a script, prints their digests."""

import json

from nnkit import layers
from nnkit.layers import Layer
from tests.nnkit.small_models import build, inputs_for, targets_for

# Widths around those of vectors: halves and quarters of one, one and a bit, and rows longer than a tile.
_STACKS: dict[str, tuple[tuple[int, ...], list[Layer]]] = {
    "plain": (
        (17, 19, 1),
        [
            layers.Conv2D(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, padding="same", activation="relu"), layers.AveragePooling2D(3, 2, "same"),
            layers.Conv2D(35, 3, padding="same"), layers.BatchNormalization(), layers.PReLU(),
            layers.GlobalMaxPooling2D(), layers.Dense(3),
        ],
    ),
    "odd": (
        (11, 7, 3),
        [
            layers.Conv2D(6, (3, 2), strides=2, padding=((1, 0), (2, 1)), groups=3, activation="tanh"),
            layers.Residual(
                [layers.LayerNormalization(), layers.Conv2D(6, 3, padding="same", dilation_rate=2)]
            ),
            layers.MaxPooling2D(3, 1, padding=1), layers.GlobalAveragePooling2D(), layers.Maxout(5, 3),
            layers.Dense(3),
        ],
    ),
    "narrow": (
        (18, 17, 1),
        [
            layers.Conv2D(6, 5, activation="relu"), layers.DepthwiseConv2D(3, 2, "same"),
            layers.Conv2DTranspose(6, 3, strides=2, activation="relu"), layers.Conv2D(18, 5, strides=(1, 2)),
            layers.DepthwiseConv2D((2, 3)), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3),
        ],
    ),
}  # fmt: skip


def digests() -> dict[str, str]:
    """Return the digest of each net's weights after two epochs, per type."""
    found = {}
    for name, (shape, stack) in _STACKS.items():
        for dtype in ("float32", "float64"):
            model = build(stack, shape, optimizer="adam", dtype=dtype, seed=3)
            x, y = inputs_for(shape, rows=11), targets_for("sparse_categorical_crossentropy", 3, rows=11)
            model.fit(x, y, batch_size=4, epochs=2)
            found[f"{name} {dtype}"] = model.digest()
    return found


if __name__ == "__main__":
    print(json.dumps(digests()))
