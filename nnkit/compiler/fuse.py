"""Fusing: a ReLU right behind a dense or convolutional layer becomes the layer's last instruction."""

from collections.abc import Sequence

from nnkit.ops import Buffer, Op, View


def fuse_relu(ops: Sequence[Op]) -> list[Op]:
    """Return ``ops`` with every ReLU merged into the op before it, if nobody else reads between.

    ReLU's gradient is a function of its output, so the value before it is dead after the fusion; the bits
    are those of the two separate ops.
    """
    readers = _readers(ops)
    fused: list[Op] = []
    for op in ops:
        before = fused[-1] if fused else None
        if before is not None and _can_fuse(before, op, readers):
            into = str(before.kind.relu_into)
            merged = {**before.views, into: View(op.buffer("y"), before.views[into].shape)}
            fused[-1] = Op(before.kind, merged, {**before.scalars, "low": 0.0})
        else:
            fused.append(op)
    return fused


def _readers(ops: Sequence[Op]) -> dict[Buffer, int]:
    count: dict[Buffer, int] = {}
    for op in ops:
        for buffer in op.touched("in", "inout"):
            count[buffer] = count.get(buffer, 0) + 1
    return count


def _can_fuse(before: Op, op: Op, readers: dict[Buffer, int]) -> bool:
    return (
        before.kind.relu_into is not None
        and op.kind.name == "relu"
        and op.buffer("x") is before.buffer(before.kind.relu_into)
        and readers[op.buffer("x")] == 1
    )
