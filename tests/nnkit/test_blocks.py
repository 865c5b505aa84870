"""A batch in blocks of rows has the bits of the batch at once: of weights, losses, hits, predictions."""

import json
from dataclasses import replace

import pytest

from nnkit import losses, optimizers
from nnkit.compiler.blocks import Blocks, rows_of_a_block
from nnkit.compiler.check import check_plan
from nnkit.compiler.plan import carried
from nnkit.compiler.program import compile_program
from tests.nnkit.blocked_runs import AT_ONCE, BATCH, IN_BLOCKS, NETS, compiled, digests, outcome
from tests.nnkit.child_process import output_of
from tests.nnkit.test_determinism import CPUS, has_registers_of


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


@pytest.mark.parametrize("cpu", CPUS)
def test_blocks_have_the_bits_of_the_whole_batch_on_other_cpus(cpu: str) -> None:
    """Registers of 16 and 32 bytes: the tiles differ, and where a sum goes on does not."""
    if not has_registers_of(cpu):
        pytest.skip(f"this machine cannot run code for {cpu}")
    found = json.loads(output_of("-m", "tests.nnkit.blocked_runs", NUMBA_CPU_NAME=cpu))

    assert found == digests()
    assert all(len(set(of_net)) == 1 for of_net in found.values())


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
        (2048, 1, 4672, 437_544, 67),  # fewer rows, because the weights must stay in the cache too
        (64, 1, 50_176, 246_824, 16),  # and enough of them to be worth reading these
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
