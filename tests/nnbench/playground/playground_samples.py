"""Pages to play with whose numbers follow from formulas: a boundary that turns with the epochs."""

import numpy as np

from nnbench.records.playground import Bytes, Plane, Setting, Trained

SIDE = 48
EPOCHS = (0, 1, 2, 4)
OPTIMIZERS, RATES = ("sgd", "adam"), ("0.01", "0.1", "1.0")


def trained() -> Trained:
    """Return two optimizers at three rates; the last one diverges after its first epoch."""
    settings = tuple(
        _setting(optimizer, rate, 1 if (optimizer, rate) == ("adam", "1.0") else 4)
        for optimizer in OPTIMIZERS
        for rate in RATES
    )
    points = np.array([(-0.5, 0.5), (0.5, 0.5), (-0.5, -0.5), (0.5, -0.5)], dtype=np.float32)
    plane = Plane((-1.0, 1.0, -1.0, 1.0), points, np.array([0, 1, 1, 1], dtype=np.float32), 2)
    return Trained(
        case="halves",
        summary="Two halves of a plane",
        has_accuracy=True,
        axes={"optimizer": OPTIMIZERS, "learning_rate": RATES},
        settings=settings,
        curve_epochs=(1, 2, 3, 4),
        frame_epochs=EPOCHS,
        kind="classes",
        n_units=0,
        n_classes=2,
        plane=plane,
        seed=0,
        command="nnbench playground halves",
    )


def _setting(optimizer: str, rate: str, n_epochs: int) -> Setting:
    known = np.array([epoch if epoch <= n_epochs else np.nan for epoch in (1, 2, 3, 4)])
    step = OPTIMIZERS.index(optimizer) + RATES.index(rate) / 10
    curves = {
        "loss": 1 / (known * (1 + step)),
        "val_loss": 1.2 / (known * (1 + step)),
        "accuracy": 1 - 1 / known / (1 + step),
        "val_accuracy": 1 - 1.2 / known / (1 + step),
    }
    return Setting(
        choices=(optimizer, rate),
        status="finished" if n_epochs == 4 else "diverged",
        curves={name: values.astype(np.float32) for name, values in curves.items()},
        frames=tuple(_halves(epoch) for epoch in EPOCHS if epoch <= n_epochs),
        shape=(SIDE, SIDE),
        n_epochs=n_epochs,
    )


def _halves(epoch: int) -> Bytes:
    """Return class 1 on the right of a border that is at the left edge first and in the middle at the end."""
    columns = np.where(np.arange(SIDE) >= epoch * SIDE // 8, 255, 127)
    return np.tile(columns, SIDE).astype(np.uint8)
