"""Planning the arena: one block, where buffers whose lives do not overlap share their place.

Parameters, gradients and each optimizer slot are one contiguous vector each, in the same order, so that
an elementwise optimizer is one kernel over flat vectors.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnkit.compiler.blocks import Blocks, at_once
from nnkit.ops import HEADER_BYTES, Buffer, Op

_ALIGNMENT = 64
_TYPE_BYTES = {"double": 8, "int32": 4, "uint32": 4}


@dataclass(frozen=True, slots=True)
class Life:
    """From which op to which op of a sequence a buffer must keep its values."""

    buffer: Buffer
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Where every buffer lies, in bytes from the start of the arena, and how large the arena is."""

    offsets: dict[Buffer, int]
    sizes: dict[Buffer, int]
    regions: dict[str, tuple[int, int]]  # name -> (offset, size), for the listing
    arena_bytes: int


def size_bytes(buffer: Buffer, batch_size: int, dtype: str) -> int:
    """Return the bytes of ``buffer`` in a full batch."""
    count = buffer.size if buffer.size >= 0 else -buffer.size * batch_size
    return count * type_bytes(buffer.type, dtype)


def type_bytes(type_name: str, dtype: str) -> int:
    """Return the bytes of one value; a real is as long as the program's ``dtype``."""
    return _TYPE_BYTES.get(type_name, 4 if dtype == "float32" else 8)


def carried(ops: Iterable[Op]) -> set[Buffer]:
    """Return the buffers that one block leaves to the next."""
    return {op.buffer(o.name) for op in ops for o in op.kind.operands if o.is_carried}


def lives(ops: Sequence[Op], n_in_blocks: int = 0) -> list[Life]:
    """Return the lives of the transients of one sequence, in order of their first use.

    What is carried from block to block lives through all ``n_in_blocks`` ops that run block by block.
    """
    first: dict[Buffer, int] = {}
    last: dict[Buffer, int] = {}
    for index, op in enumerate(ops):
        for buffer in op.touched("in", "out", "inout", "scratch"):
            if buffer.kind == "transient":
                first.setdefault(buffer, index)
                last[buffer] = index
    for buffer in carried(ops[:n_in_blocks]):
        first[buffer], last[buffer] = 0, max(last[buffer], n_in_blocks - 1)
    return [Life(buffer, first[buffer], last[buffer]) for buffer in first]


def make_plan(
    lasting: Sequence[tuple[str, Sequence[Buffer]]],
    sequences: Sequence[tuple[Sequence[Op], int | Blocks]],
    dtype: str,
    *,
    share: bool = True,
) -> Plan:
    """Lay out the header, the lasting regions, and the transients of all sequences.

    ``lasting`` names the regions that live as long as the trial; ``sequences`` are pairs of ops and the
    batch size they run at, or the blocks they run in. Sequences never run at the same time, so they share
    the transient region; ``share=False`` gives every transient a place of its own, so that all values survive
    the step.
    """
    offsets: dict[Buffer, int] = {}
    sizes: dict[Buffer, int] = {}
    regions: dict[str, tuple[int, int]] = {"header": (0, HEADER_BYTES)}
    end = HEADER_BYTES
    for name, buffers in lasting:
        start = end
        for buffer in buffers:
            sizes[buffer] = size_bytes(buffer, 1, dtype)
            offsets[buffer] = end
            end += sizes[buffer]
        regions[name] = (start, end - start)
        end = _aligned(end)
    top = end
    for ops, run in sequences:
        blocks = at_once(run) if isinstance(run, int) else run
        found, long = lives(ops, blocks.n_ops), carried(ops)
        for buffer in (life.buffer for life in found):
            sizes[buffer] = size_bytes(buffer, blocks.batch if buffer in long else blocks.rows, dtype)
        placed = _place(found, sizes, end) if share else _in_a_row(found, sizes, end)
        offsets.update(placed)
        top = max([top, *(placed[buffer] + sizes[buffer] for buffer in placed)])
    regions["transients"] = (end, top - end)
    for ops, _ in sequences:
        for op in ops:
            fixed = [b for b in op.touched("in", "out", "inout", "scratch") if b.kind == "header"]
            offsets.update({buffer: buffer.offset for buffer in fixed if buffer.offset is not None})
    return Plan(offsets, sizes, regions, _aligned(top))


def _place(found: Sequence[Life], sizes: dict[Buffer, int], start: int) -> dict[Buffer, int]:
    """Place the largest first, each at the lowest offset that no overlapping life occupies."""
    placed: list[tuple[Life, int]] = []
    for life in sorted(found, key=lambda life: (-sizes[life.buffer], life.first)):
        neighbours = sorted(
            (offset, offset + sizes[other.buffer])
            for other, offset in placed
            if other.first <= life.last and life.first <= other.last
        )
        offset = start
        for low, high in neighbours:
            if offset + sizes[life.buffer] <= low:
                break
            offset = max(offset, _aligned(high))
        placed.append((life, offset))
    return {life.buffer: offset for life, offset in placed}


def _in_a_row(found: Sequence[Life], sizes: dict[Buffer, int], start: int) -> dict[Buffer, int]:
    placed = {}
    for life in found:
        placed[life.buffer] = start
        start = _aligned(start + sizes[life.buffer])
    return placed


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT
