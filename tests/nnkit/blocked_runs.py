"""Nets that run in blocks of rows; as a script, prints what a few of them train to, in blocks and at once."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnkit import layers, losses, optimizers
from nnkit.compiler.program import Program, compile_program
from nnkit.execution import driver
from nnkit.execution.trial import Data, Trial

N, BATCH, STEPS = 150, 60, 5  # two whole batches and one of 30 an epoch
DENSE, CONV = layers.Dense, layers.Conv2D


@dataclass(frozen=True)
class Net:
    """Layers that run in blocks, what they are trained on, and how."""

    stack: tuple[Any, ...]
    shape: tuple[int, ...] = (6,)
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    options: dict[str, Any] = field(default_factory=dict)
    weighted: bool = False
    dtype: str = "float32"


NETS = {
    "narrow": Net((DENSE(32, activation="tanh"), DENSE(4)), (4,), "mean_squared_error"),
    "wide": Net((DENSE(130, activation="relu"), DENSE(64, activation="gelu"), DENSE(3)), (40,)),
    "float64": Net((DENSE(17, activation="elu"), DENSE(3)), dtype="float64"),
    "weighted": Net((DENSE(9, activation="relu"), DENSE(3)), weighted=True),
    "penalties": Net((DENSE(9, activation="relu", kernel_l1=0.1), DENSE(3, kernel_l2=0.1))),
    "clipping": Net((DENSE(9), DENSE(3)), options={"global_clipnorm": 0.1}),
    "two classes": Net((DENSE(9, activation="relu"), DENSE(1)), loss="binary_crossentropy"),
    "dropout": Net(
        (layers.Dropout(0.4), DENSE(9), layers.AlphaDropout(0.2), layers.GaussianDropout(0.1), DENSE(3))
    ),
    "noise": Net((layers.GaussianNoise(0.3), DENSE(9), layers.GaussianNoise(0.1), DENSE(3)), (5,)),
    "rows": Net((DENSE(9, activation="softmax"), DENSE(8, activation="glu"), DENSE(3))),
    "residual": Net((DENSE(6), layers.Residual([DENSE(6, activation="relu"), DENSE(6)]), DENSE(3))),
    "maxout": Net((layers.Maxout(8), DENSE(3))),
    "images": Net(
        (
            layers.RandomShift(1), CONV(3, 3), layers.LpPooling2D(1),
            CONV(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(2),
            layers.SpatialDropout2D(0.2), CONV(6, 3, padding="same"), layers.AveragePooling2D(2),
            layers.Flatten(), DENSE(3),
        ),
        (12, 12, 2),
    ),
    "sequences": Net(
        (
            layers.Conv1D(6, 3, padding="same", activation="relu"), layers.MaxPooling1D(2),
            layers.GlobalAveragePooling1D(), DENSE(3),
        ),
        (20, 2),
    ),
    "places": Net((layers.Conv1D(5, 3, padding="same", activation="relu"), layers.Conv1D(3, 1)), (9, 2)),
    "rows that do not count": Net((DENSE(9), DENSE(3)), loss="cross_entropy(ignore_label=1)"),
    "statistics of a batch": Net((DENSE(9), layers.BatchNormalization(), DENSE(3))),
    "sums in lanes": Net((DENSE(9), layers.LayerNormalization(), DENSE(3))),
    "two gradients": Net((DENSE(9), DENSE(3)), optimizer="sam(momentum)"),
}  # fmt: skip
AT_ONCE = ("rows that do not count", "statistics of a batch", "sums in lanes", "two gradients")
IN_BLOCKS = [name for name in NETS if name not in AT_ONCE]


def compiled(net: Net, block_rows: int | None) -> Program:
    return compile_program(
        net.stack, net.shape, losses.resolve(net.loss), optimizers.get(net.optimizer, **net.options),
        dtype=net.dtype, batch_size=BATCH, eval_batch=50, weighted=net.weighted, block_rows=block_rows,
    )  # fmt: skip


def data_of(net: Net, program: Program) -> Data:
    random = np.random.default_rng(len(net.stack))
    x = random.normal(size=(N, *net.shape)).astype(net.dtype)
    weights = random.uniform(0.5, 2.0, N).astype(net.dtype) if net.weighted else None
    if program.loss.kind == "real":
        return Data(x, random.normal(size=(N, *program.output_shape)).astype(net.dtype), weights)
    shape = program.loss.label_shape(program.output_shape)
    return Data(x, random.integers(0, 2, (N, *shape)).astype(np.int32), weights)


def outcome(net: Net, program: Program) -> str:
    """Return a digest of all that a training leaves: weights, losses, hits, evaluations and predictions."""
    trial, data = Trial(program, 3), data_of(net, program)
    trial.attach_training(data, rates=np.full(STEPS, 0.01), order=driver.RESHUFFLE)
    trial.attach_evaluation(data, every=2, n_evaluations=3)
    trial.train(0, STEPS)
    left = trial.step_totals, trial.evaluations[:, :3], trial.predict(data.x)
    content = b"".join([trial.digest().encode(), *(array.tobytes() for array in left)])
    return hashlib.sha256(content).hexdigest()


def digests() -> dict[str, list[str]]:
    """Return the outcomes of some nets in blocks of the least rows, of more, and at once."""
    some = ("narrow", "images", "float64")
    return {
        name: [outcome(NETS[name], compiled(NETS[name], rows)) for rows in (1, 20, BATCH)] for name in some
    }


if __name__ == "__main__":
    print(json.dumps(digests()))
