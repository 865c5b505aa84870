"""An independent check of a plan. Quadratic on purpose: it must not reuse the planner's reasoning."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from nnkit.ops import HEADER_BYTES, Buffer, Op


def check_plan(
    ops: Sequence[Op],
    offsets: Mapping[Buffer, int],
    sizes: Mapping[Buffer, int],
    arena_bytes: int,
    n_in_blocks: int = 0,
) -> None:
    """Raise AssertionError unless every value that an op reads is still there when it is read.

    For every write it looks at every later read of another buffer: where the two overlap and the value read
    was written before, this write destroys it. What lasts from step to step may not be touched at all,
    whether or not an op of this sequence names it: slots are reached through the first of their vector. What
    one block of the first ``n_in_blocks`` ops leaves to the next may be touched by the op alone that does.
    """
    _check_bounds(offsets, sizes, arena_bytes)
    _check_carried(ops[:n_in_blocks], offsets, sizes)
    _check_lasting(ops, offsets, sizes)
    reads = [op.touched("in", "inout") for op in ops]
    writes = [op.touched("out", "inout") for op in ops]
    for writer_index, op in enumerate(ops):
        for written in op.touched("out", "inout", "scratch"):
            for reader_index in range(writer_index, len(ops)):
                for read in reads[reader_index]:
                    if read is written or not _overlap(written, read, offsets, sizes):
                        continue
                    born = _first_write(writes, read)
                    # Written before this op and read at or after it: this write destroys it.
                    assert born is not None, f"{read.name} is read and never written"
                    assert born > writer_index, (
                        f"op {writer_index} {op.kind.name} writes {written.name} over {read.name}, "
                        f"which op {reader_index} {ops[reader_index].kind.name} still reads"
                    )


def _check_bounds(offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int], arena_bytes: int) -> None:
    for buffer, offset in offsets.items():
        if buffer.kind != "header":
            assert offset >= HEADER_BYTES, (buffer.name, offset)
            assert offset + sizes[buffer] <= arena_bytes, (buffer.name, offset, sizes[buffer])


def _check_lasting(ops: Sequence[Op], offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int]) -> None:
    lasting = [buffer for buffer in offsets if buffer.kind not in ("transient", "header")]
    in_place = sorted(lasting, key=lambda buffer: offsets[buffer])
    for buffer, behind in pairwise(in_place):
        assert not _overlap(buffer, behind, offsets, sizes), f"{behind.name} lies over {buffer.name}"
    for other in {buffer for op in ops for buffer in _all(op) if buffer.kind == "transient"}:
        for buffer in lasting:
            assert not _overlap(buffer, other, offsets, sizes), f"{other.name} lies over {buffer.name}"


def _check_carried(ops: Sequence[Op], offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int]) -> None:
    for owner in ops:
        for kept in [owner.buffer(each.name) for each in owner.kind.operands if each.is_carried]:
            for op in ops:
                for buffer in _all(op):
                    is_apart = buffer is kept or not _overlap(buffer, kept, offsets, sizes)
                    assert is_apart, f"{buffer.name} lies over {kept.name}, which the next block reads"


def _all(op: Op) -> list[Buffer]:
    return op.touched("in", "out", "inout", "scratch")


def _first_write(writes: Sequence[Sequence[Buffer]], buffer: Buffer) -> int | None:
    if buffer.kind != "transient":
        return -1
    return next((index for index, written in enumerate(writes) if buffer in written), None)


def _overlap(a: Buffer, b: Buffer, offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int]) -> bool:
    # An empty buffer, such as a panel that a small product does without, lies over nothing.
    if "header" in (a.kind, b.kind) or not sizes[a] or not sizes[b]:
        return False
    return offsets[a] < offsets[b] + sizes[b] and offsets[b] < offsets[a] + sizes[a]
