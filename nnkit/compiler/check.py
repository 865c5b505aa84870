"""An independent check of a plan. Quadratic on purpose: it must not reuse the planner's reasoning."""

from collections.abc import Mapping, Sequence

from nnkit.ops import Buffer, Op


def check_plan(
    ops: Sequence[Op], offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int], arena_bytes: int
) -> None:
    """Raise AssertionError unless every value that an op reads is still there when it is read.

    Walks the ops as they run and remembers, for every byte range written, who owns it: a later write by
    another buffer over a range that its owner is still read from is the error this exists to find.
    """
    used = [(index, buffer) for index, op in enumerate(ops) for buffer in _all(op)]
    for _, buffer in used:
        if buffer.kind == "header":
            continue
        assert offsets[buffer] >= 0, (buffer.name, offsets[buffer])
        assert offsets[buffer] + sizes[buffer] <= arena_bytes, (buffer.name, offsets[buffer], sizes[buffer])
    for writer_index, op in enumerate(ops):
        for written in op.touched("out", "inout", "scratch"):
            for reader_index, other in enumerate(ops):
                if reader_index < writer_index:
                    continue
                for read in other.touched("in", "inout"):
                    if read is written or not _overlap(written, read, offsets, sizes):
                        continue
                    born = _first_write(ops, read)
                    # Written before this op and read at or after it: this write destroys it.
                    assert born is not None, f"{read.name} is read and never written"
                    assert born > writer_index, (
                        f"op {writer_index} {op.kind.name} writes {written.name} over {read.name}, "
                        f"which op {reader_index} {other.kind.name} still reads"
                    )


def _all(op: Op) -> list[Buffer]:
    return op.touched("in", "out", "inout", "scratch")


def _first_write(ops: Sequence[Op], buffer: Buffer) -> int | None:
    if buffer.kind != "transient":
        return -1
    return next((index for index, op in enumerate(ops) if buffer in op.touched("out", "inout")), None)


def _overlap(a: Buffer, b: Buffer, offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int]) -> bool:
    if "header" in (a.kind, b.kind):
        return False
    return offsets[a] < offsets[b] + sizes[b] and offsets[b] < offsets[a] + sizes[a]
