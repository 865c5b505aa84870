"""A model that is saved in the middle of its training goes on as if it had never been put away."""

from pathlib import Path

import numpy as np
import pytest

import nnkit
from nnkit import layers


@pytest.mark.parametrize(
    "optimizer",
    [
        "sgd",
        "momentum(learning_rate=0.05)",
        "adam",
        "adamw(weight_decay=0.1)",
        nnkit.optimizers.Adam(
            learning_rate=nnkit.schedules.get(
                "exponential_decay", initial_learning_rate=0.01, decay_steps=5, decay_rate=0.5
            )
        ),
    ],
    ids=lambda optimizer: optimizer if isinstance(optimizer, str) else "a schedule",
)
def test_a_fit_goes_on_where_the_saved_one_ended(optimizer: object, tmp_path: Path) -> None:
    """Two epochs, a file, three more: the weights of five epochs at once, to the bit; dropout too."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)), rng.integers(0, 3, 40)

    def made() -> nnkit.Sequential:
        stack = [layers.Dense(6, activation="relu"), layers.Dropout(0.3), layers.BatchNormalization()]
        model = nnkit.Sequential([*stack, layers.Dense(4), layers.Dense(3)], input_shape=(5,), seed=2)
        model.layers[3].trainable = False
        model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])  # type: ignore[arg-type]
        return model

    whole, cut = made(), made()
    for epochs in (2, 3):
        whole.fit(x, y, batch_size=16, epochs=epochs)
    cut.fit(x, y, batch_size=16, epochs=2)
    cut.save(tmp_path / "cut.npz")

    loaded = nnkit.load_model(tmp_path / "cut.npz")
    loaded.fit(x, y, batch_size=16, epochs=3)

    assert loaded.digest() == whole.digest()
    assert not loaded.layers[3].trainable
    assert "accuracy" in loaded.evaluate(x, y)
