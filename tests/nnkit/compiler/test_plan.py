"""The arena: buffers whose lives overlap never share a byte, and sharing never costs memory."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnkit import layers, losses, optimizers
from nnkit.compiler.check import check_plan
from nnkit.compiler.plan import make_plan, size_bytes
from nnkit.compiler.program import SEQUENCES, Program, compile_program
from nnkit.ops import HEADER_BYTES, Buffer, Op
from tests.nnkit.compiler.random_ops import BATCH_SIZE, keeps_every_value, op, sequences, touched


@given(drawn=sequences(), dtype=st.sampled_from(("float32", "float64")))
def test_no_value_is_lost(drawn: tuple[list[Buffer], list[Op]], dtype: str) -> None:
    lasting, ops = drawn
    plan = make_plan([("parameters", lasting)], [(ops, BATCH_SIZE)], dtype)

    assert keeps_every_value(lasting, ops, plan.offsets, plan.sizes, plan.arena_bytes)
    check_plan(ops, plan.offsets, plan.sizes, plan.arena_bytes)


@given(drawn=sequences(), dtype=st.sampled_from(("float32", "float64")))
def test_sharing_takes_no_more_than_a_place_for_each(
    drawn: tuple[list[Buffer], list[Op]], dtype: str
) -> None:
    lasting, ops = drawn
    shared, unshared = (
        make_plan([("parameters", lasting)], [(ops, BATCH_SIZE)], dtype, share=share)
        for share in (True, False)
    )

    assert shared.arena_bytes <= unshared.arena_bytes
    assert keeps_every_value(lasting, ops, unshared.offsets, unshared.sizes, unshared.arena_bytes)


@settings(max_examples=300)
@given(drawn=sequences(), data=st.data())
def test_the_check_finds_exactly_the_plans_that_lose_a_value(
    drawn: tuple[list[Buffer], list[Op]], data: Any
) -> None:
    """Buffers at random places: the check and a machine that remembers every byte's writer agree."""
    lasting, ops = drawn
    plan = make_plan([("parameters", lasting)], [(ops, BATCH_SIZE)], "float32")
    places = st.integers(0, plan.arena_bytes // 16).map(lambda sixteenth: 16 * sixteenth)
    some = st.lists(st.sampled_from(list(plan.offsets)), max_size=3) if plan.offsets else st.just([])
    offsets = {**plan.offsets, **{buffer: data.draw(places) for buffer in data.draw(some)}}
    is_right = keeps_every_value(lasting, ops, offsets, plan.sizes, plan.arena_bytes)

    if is_right:
        check_plan(ops, offsets, plan.sizes, plan.arena_bytes)
    else:
        with pytest.raises(AssertionError):
            check_plan(ops, offsets, plan.sizes, plan.arena_bytes)


def test_lives_that_do_not_meet_share_a_place() -> None:
    """a is read for the last time by the op before the one that writes c."""
    a, b, c = (Buffer(name, (100,)) for name in "abc")
    ops = [op(x=("out", a)), op(x=("in", a), y=("out", b)), op(x=("in", b), y=("out", c)), op(x=("in", c))]
    plan = make_plan([], [(ops, 1)], "float32")

    assert plan.offsets[a] == plan.offsets[c] != plan.offsets[b]
    assert plan.regions["transients"] == (HEADER_BYTES, 448 + 400)


def test_an_op_never_writes_over_what_it_reads() -> None:
    a, b = Buffer("a", (100,)), Buffer("b", (100,))
    plan = make_plan([], [([op(x=("out", a)), op(x=("in", a), y=("out", b))], 1)], "float32")

    assert abs(plan.offsets[a] - plan.offsets[b]) >= 400


def test_an_empty_buffer_lies_over_nothing() -> None:
    """A product that needs no panel has one of no bytes; wherever it is said to be, nothing is lost."""
    a, panel = Buffer("a", (100,)), Buffer("panel", (0,))
    ops = [op(x=("out", a)), op(x=("scratch", panel)), op(x=("in", a))]
    plan = make_plan([], [(ops, 1)], "float32")

    check_plan(ops, {**plan.offsets, panel: plan.offsets[a] + 16}, plan.sizes, plan.arena_bytes)


def test_lasting_buffers_are_one_vector_each_in_their_order() -> None:
    parameters = [Buffer(f"p{i}", (size,), "parameter") for i, size in enumerate((3, 5, 1))]
    slots = [Buffer(f"m{i}", (size,), "slot") for i, size in enumerate((3, 5, 1))]
    plan = make_plan([("parameters", parameters), ("slot 0", slots)], [], "float64")

    assert [plan.offsets[buffer] - HEADER_BYTES for buffer in parameters] == [0, 24, 64]
    assert [plan.offsets[buffer] - HEADER_BYTES for buffer in slots] == [128, 152, 192]
    assert plan.regions["slot 0"] == (HEADER_BYTES + 128, 72)


@pytest.mark.parametrize(
    ("buffer", "dtype", "expected"),
    [
        (Buffer("a", (3, 5)), "float32", 60),
        (Buffer("a", (3, 5)), "float64", 120),
        (Buffer("a", (-1, 5)), "float32", 20 * BATCH_SIZE),
        (Buffer("a", (-4, 2), type="double"), "float32", 64 * BATCH_SIZE),
        (Buffer("a", (7,), type="uint32"), "float64", 28),
        (Buffer("a", (0,)), "float64", 0),
    ],
)
def test_a_negative_size_counts_rows_of_the_batch(buffer: Buffer, dtype: str, expected: int) -> None:
    assert size_bytes(buffer, BATCH_SIZE, dtype) == expected


def real_program(**options: Any) -> Program:
    stack = [
        layers.Dense(9, activation="relu", kernel_l2=0.1), layers.BatchNormalization(), layers.Dropout(0.5),
        layers.Dense(7, activation="gelu", kernel_initializer="orthogonal"), layers.Dense(3),
    ]  # fmt: skip
    return compile_program(
        stack, (5,), losses.get("cross_entropy"), optimizers.get("adam", global_clipnorm=1.0),
        dtype="float32", batch_size=8, **options,
    )  # fmt: skip


def test_a_real_program_takes_less_than_half_of_its_transients_one_by_one() -> None:
    plan, kept = real_program().plan, real_program(keep_values=True).plan
    transients = sum(size for buffer, size in plan.sizes.items() if buffer.kind == "transient")

    assert plan.regions["transients"][1] < 0.5 * transients
    assert plan.arena_bytes < kept.arena_bytes


def test_the_check_rejects_sabotaged_real_programs() -> None:
    """Every buffer of the training step, laid over every other one whose values are needed meanwhile."""
    program = real_program()
    plan, ops = program.plan, program.sequences.train
    lasting = [b for b in plan.offsets if b.kind not in ("header", "transient")]
    used = {b for one in ops for b in touched(one, "in", "out", "inout", "scratch") if plan.sizes[b]}
    n_lost = 0
    for buffer, other in itertools.permutations(used, 2):
        offsets = {**plan.offsets, buffer: plan.offsets[other]}
        if keeps_every_value(lasting, ops, offsets, plan.sizes, plan.arena_bytes):
            continue
        n_lost += 1
        with pytest.raises(AssertionError):
            check_plan(ops, offsets, plan.sizes, plan.arena_bytes)

    assert n_lost > 500


def test_the_check_guards_slots_that_no_op_names() -> None:
    """An optimizer's op names the first buffer of each slot; the others lie behind it."""
    program = real_program()
    plan = program.plan
    slot = next(b for b in plan.offsets if b.name == "m dense_2/bias")
    transient = next(b for b in plan.offsets if b.name == "dense_0/relu")
    offsets = {**plan.offsets, transient: plan.offsets[slot]}

    with pytest.raises(AssertionError, match="dense_0/relu lies over"):
        check_plan(program.sequences.train, offsets, plan.sizes, plan.arena_bytes)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_every_sequence_of_a_real_program_keeps_its_values(sequence: str) -> None:
    program = real_program()
    plan = program.plan
    lasting = [b for b in plan.offsets if b.kind not in ("header", "transient")]

    assert keeps_every_value(
        lasting, getattr(program.sequences, sequence), plan.offsets, plan.sizes, plan.arena_bytes
    )
