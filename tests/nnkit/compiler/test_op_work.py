"""What an op does, in FLOP and bytes, as listings and rooflines count it."""

import pytest

from nnkit import layers, losses, optimizers
from nnkit.compiler.explain import describe, op_bytes, op_flops
from nnkit.compiler.program import Program, compile_program
from nnkit.ops import Op

ROWS, FEATURES, UNITS = 5, 7, 3
N_PARAMETERS = FEATURES * UNITS + UNITS


def program(dtype: str = "float32") -> Program:
    return compile_program(
        [layers.Dense(UNITS, activation="tanh")],
        (FEATURES,),
        losses.get("sparse_categorical_crossentropy"),
        optimizers.get("adam"),
        dtype=dtype,
        batch_size=ROWS,
    )


def train_op(name: str, dtype: str = "float32") -> Op:
    return next(op for op in program(dtype).sequences.train if op.kind.name == name)


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
@pytest.mark.parametrize(
    ("name", "n_values"),
    [
        ("dense", ROWS * FEATURES + FEATURES * UNITS + UNITS + ROWS * UNITS),
        # No start is read where sums begin at 0, although an operand stands there.
        ("dense_backward_kernel", ROWS * FEATURES + ROWS * UNITS + FEATURES * UNITS),
        ("tanh", 2 * ROWS * UNITS),
        ("column_sum", ROWS * UNITS + UNITS),
        # p, m and v are read and written, g is read: all parameters, not those of the first layer.
        ("adam_update", 7 * N_PARAMETERS),
    ],
)
def test_bytes_are_what_is_read_and_written(name: str, n_values: int, dtype: str, size: int) -> None:
    assert op_bytes(train_op(name, dtype), ROWS, dtype) == n_values * size


def test_a_gather_reads_the_batch_and_its_order() -> None:
    assert op_bytes(train_op("gather"), ROWS, "float64") == 8 * 2 * ROWS * FEATURES + 4 * ROWS
    assert op_bytes(train_op("gather_labels"), ROWS, "float64") == 4 * 2 * ROWS + 4 * ROWS


def test_totals_stay_double_in_float32() -> None:
    """The loss reads outputs and labels and writes the gradient and two float64 totals; scratch is free."""
    loss = train_op("sparse_categorical_crossentropy_gradient")

    assert op_bytes(loss, ROWS, "float32") == 4 * (2 * ROWS * UNITS + ROWS) + 8 * 2


def test_flops_count_the_update_as_its_record_does() -> None:
    adam = optimizers.record("adam")

    assert op_flops(train_op("adam_update"), ROWS) == adam.flops * N_PARAMETERS
    assert op_flops(train_op("dense"), ROWS) == 2 * ROWS * FEATURES * UNITS


def test_the_listing_prints_the_same_bytes() -> None:
    listed = {op["kernel"]: op["bytes"] for op in describe(program())["ops"] if op["sequence"] == "train"}

    assert listed["adam_update"] == 4 * 7 * N_PARAMETERS
