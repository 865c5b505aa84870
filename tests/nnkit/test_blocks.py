"""A batch in blocks of rows has the bits of the batch at once: of weights, losses, hits, predictions."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from nnkit import layers, losses, optimizers
from nnkit.compiler.blocks import Blocks, rows_of_a_block
from nnkit.compiler.check import check_plan
from nnkit.compiler.plan import carried
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


def outcome(net: Net, program: Program) -> tuple[Any, ...]:
    """Return all that a training leaves, to the bit."""
    trial, data = Trial(program, 3), data_of(net, program)
    trial.attach_training(data, rates=np.full(STEPS, 0.01), order=driver.RESHUFFLE)
    trial.attach_evaluation(data, every=2, n_evaluations=3)
    trial.train(0, STEPS)
    rows = trial.evaluations[:, :3]
    return trial.digest(), trial.step_totals.tobytes(), rows.tobytes(), trial.predict(data.x).tobytes()


@pytest.mark.parametrize("name", IN_BLOCKS)
def test_blocks_have_the_bits_of_the_whole_batch(name: str) -> None:
    """The smallest blocks that the ops allow, others, one that leaves a short last block, and none."""
    net = NETS[name]
    whole = outcome(net, compiled(net, BATCH))
    tried = {program.train_blocks.rows: program for program in (compiled(net, rows) for rows in (1, 16, 36))}

    assert len(tried) > 1
    assert BATCH not in tried
    for rows, program in tried.items():
        assert outcome(net, program) == whole, rows


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_needs_the_whole_batch_is_not_cut(name: str) -> None:
    assert compiled(NETS[name], 4).train_blocks == Blocks(BATCH, BATCH, 0)


def test_blocks_of_other_rows_than_the_ops_can_do_have_other_bits() -> None:
    """So the comparison sees a wrong multiple: words are drawn by fours, pixels summed by 256."""
    net = NETS["images"]
    program = compiled(net, 20)
    wrong = replace(program, train_blocks=replace(program.train_blocks, rows=18))

    assert program.train_blocks.rows == 20
    assert outcome(net, wrong) != outcome(net, program)


def test_what_is_carried_to_the_next_block_must_have_its_place_to_itself() -> None:
    """The check refuses a plan that lays any value of a block over the terms of the loss."""
    program = compiled(NETS["wide"], 16)
    plan, blocks, ops = program.plan, program.train_blocks, program.sequences.train
    (terms,) = carried(ops)
    others = {
        b for op in ops[: blocks.n_ops] for b in op.touched("in", "out", "inout", "scratch")
        if b.kind == "transient" and plan.sizes[b] and b is not terms
    }  # fmt: skip

    assert plan.sizes[terms] == 4 * BATCH
    for other in others:
        offsets = {**plan.offsets, terms: plan.offsets[other]}
        with pytest.raises(AssertionError):
            check_plan(ops, offsets, plan.sizes, plan.arena_bytes, blocks.n_ops)


@pytest.mark.parametrize(
    ("batch", "least", "bytes_per_row", "weight_bytes", "expected"),
    [
        (32, 1, 1024, 26_000, 32),  # all of it is one block
        (1000, 1, 1024, 26_000, 500),
        (10_000, 1, 400, 3_000, 1250),
        (2048, 1, 4672, 437_544, 171),  # more rows, because the weights are large
        (64, 1, 65_856, 36_000, 8),
        (64, 10, 65_856, 36_000, 10),  # what the ops can do
        (64, 1, 10_000_000, 36_000, 4),  # not one by one
        (7, 100, 10, 10, 7),
    ],
)
def test_a_block_has_the_rows_that_fit(
    batch: int, least: int, bytes_per_row: int, weight_bytes: int, expected: int
) -> None:
    assert rows_of_a_block(batch, least, bytes_per_row, weight_bytes) == expected


def test_a_large_batch_takes_less_memory_than_its_values() -> None:
    """The arena of a narrow net at 10,000 rows."""
    net = NETS["narrow"]
    options = {"dtype": "float32", "batch_size": 10_000}
    parts = net.stack, net.shape, losses.get(net.loss), optimizers.get("adam")
    cut, whole = compile_program(*parts, **options), compile_program(*parts, **options, block_rows=10_000)

    assert cut.train_blocks.count > 1
    assert cut.plan.arena_bytes < 0.4 * whole.plan.arena_bytes


def test_the_learner_s_view_keeps_the_values_of_all_rows() -> None:
    net = NETS["narrow"]
    parts = net.stack, net.shape, losses.get(net.loss), optimizers.get("adam")
    program = compile_program(*parts, dtype="float32", batch_size=10_000, keep_values=True)

    assert program.train_blocks.n_ops == 0
