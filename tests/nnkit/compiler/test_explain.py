"""The listing of a program: golden, and its sums against arithmetic on paper."""

import json
from itertools import pairwise

from nnkit import layers, losses, optimizers
from nnkit.compiler.explain import describe, render
from nnkit.compiler.program import SEQUENCES, Program, compile_program
from tests.nnkit.golden_files import assert_golden

UNITS = (64, 64, 32, 10)
BATCH = 32


def digits_mlp(optimizer: str = "adam") -> Program:
    stack = [layers.Dense(n, activation="relu") for n in UNITS[1:-1]] + [layers.Dense(UNITS[-1])]
    return compile_program(
        stack, UNITS[:1], losses.get("sparse_categorical_crossentropy"), optimizers.get(optimizer),
        dtype="float32", batch_size=BATCH, eval_batch=256,
    )  # fmt: skip


def test_the_listing_of_digits_mlp_is_the_golden_one() -> None:
    assert_golden("explain_digits_mlp.txt", render(digits_mlp()) + "\n")


def test_the_listing_is_json_and_names_every_op_of_every_sequence() -> None:
    program = digits_mlp()
    facts = json.loads(json.dumps(describe(program)))

    assert [op["sequence"] for op in facts["ops"]] == [
        name for name in SEQUENCES for _ in getattr(program.sequences, name)
    ]
    assert not [
        op for op in facts["ops"] if op["kernel"].startswith("dense") and set(op["reads"]) & set(op["writes"])
    ]
    assert all({"kernel", "reads", "writes", "flops", "bytes"} <= set(op) for op in facts["ops"])
    assert facts["parameters"] == 64 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10


def test_blocks_are_listed_with_their_rows() -> None:
    """A step's work is that of the whole batch; the arena has room for a block's values."""
    stack = [layers.Dense(n, activation="relu") for n in UNITS[1:]]
    parts = stack, UNITS[:1], losses.get("sparse_categorical_crossentropy"), optimizers.get("adam")
    program, small = (
        compile_program(*parts, dtype="float32", batch_size=batch, eval_batch=64) for batch in (10_000, BATCH)
    )
    facts = describe(program)
    work, of_small = (
        sum(op["flops"] for op in each["ops"] if op["kernel"] == "dense" and op["sequence"] == "train")
        for each in (facts, describe(small))
    )

    assert facts["blocks"] == {"train": {"batch": 10_000, "rows": 500, "n_ops": 17, "count": 20}}
    assert "\ntrain: ops 0 to 16 in 20 blocks, each of 500 of the 10,000 rows or less\n" in render(program)
    assert work * BATCH == of_small * 10_000
    assert facts["arena"]["regions"]["transients"]["bytes"] < 600_000
    assert describe(small)["blocks"] == {}


def test_the_products_of_a_step_have_the_work_of_their_sizes() -> None:
    """2 · batch · inputs · units each; the first layer's input needs no gradient."""
    work: dict[str, list[int]] = {"dense": [], "dense_backward_kernel": [], "dense_backward_input": []}
    for op in describe(digits_mlp())["ops"]:
        if op["sequence"] == "train" and op["kernel"] in work:
            work[op["kernel"]].append(op["flops"])
    sizes = [2 * BATCH * n * m for n, m in pairwise(UNITS)]

    assert work["dense"] == sizes
    assert work["dense_backward_kernel"] == sizes[::-1]
    assert work["dense_backward_input"] == sizes[:0:-1]


def test_regions_follow_each_other_in_the_arena() -> None:
    arena = describe(digits_mlp())["arena"]
    end = 0
    for region in arena["regions"].values():
        assert region["offset"] >= end
        end = region["offset"] + region["bytes"]

    assert arena["bytes"] >= end
    assert arena["regions"]["parameters"]["bytes"] == 4 * 6570
    assert arena["regions"]["transients"]["bytes"] < arena["transients_without_sharing_bytes"]


def test_every_optimizer_s_slots_are_regions() -> None:
    bound = {name: optimizers.get(name) for name in optimizers.names()}
    n_slots = {
        name: sum(
            # What is evaluated lies elsewhere: the trained weights are kept beside it.
            each.record.n_slots + (each.record.view is not None)
            for each in (one, *([one.companion] if one.companion else []))
        )
        for name, one in bound.items()
    }
    found = {
        name: sum(region.startswith("slot") for region in describe(digits_mlp(name))["arena"]["regions"])
        for name in n_slots
    }

    assert found == n_slots
