"""Fusing: ops that only pass values on become part of the op that makes them. The bits stay the same."""

from collections.abc import Callable, Sequence

from nnkit.ops import Buffer, Op, Role, View

Merge = Callable[[Op, Op], Op | None]


def fuse(ops: Sequence[Op]) -> list[Op]:
    """Return ``ops`` without copies, and with ReLUs and their gradients merged into the ops before them."""
    shared = share_copies(ops)
    return _merge_neighbours(fuse_relu(shared), _merge_relu_gradient)


def fuse_relu(ops: Sequence[Op]) -> list[Op]:
    """Return ``ops`` with every ReLU merged into the op before it, if no other op reads between them.

    ReLU's gradient is a function of its output, so the value before it is dead after the fusion; the bits
    are those of the two separate ops.
    """
    return _merge_neighbours(ops, _merge_relu)


def share_copies(ops: Sequence[Op]) -> list[Op]:
    """Return ``ops`` without the copies of values that never change: source and copy become one buffer.

    It is the copy that stays, because a program's outputs may be one.
    """
    written = _count(ops, "out", "inout")
    replaced: dict[Buffer, Buffer] = {}
    kept: list[Op] = []
    for op in ops:
        if op.kind.name == "copy":
            x, y = op.buffer("x"), op.buffer("y")
            if _is_transient(x, y) and written[x] == written[y] == 1 and x not in replaced:
                replaced[x] = y
                continue
        kept.append(op)
    return [_renamed(op, replaced) for op in kept]


def _is_transient(*buffers: Buffer) -> bool:
    return all(buffer.kind == "transient" for buffer in buffers)


def _renamed(op: Op, replaced: dict[Buffer, Buffer]) -> Op:
    views = {}
    for name, view in op.views.items():
        buffer = view.buffer
        while buffer in replaced:
            buffer = replaced[buffer]
        views[name] = View(buffer, view.shape)
    return Op(op.kind, views, op.scalars)


def _merge_neighbours(ops: Sequence[Op], merge: Merge) -> list[Op]:
    """Return ``ops`` with every pair of neighbours replaced by what ``merge`` makes of them, if anything."""
    readers = _count(ops, "in", "inout")
    fused: list[Op] = []
    for op in ops:
        passed_on = fused[-1].touched("out") if fused else []
        reads_alone = any(readers.get(buffer) == 1 and buffer in passed_on for buffer in op.touched("in"))
        merged = merge(fused[-1], op) if reads_alone else None
        if merged is None:
            fused.append(op)
        else:
            fused[-1] = merged
    return fused


def _merge_relu(before: Op, op: Op) -> Op | None:
    into = before.kind.relu_into
    if op.kind.name != "relu" or into is None or op.buffer("x") is not before.buffer(into):
        return None
    merged = {**before.views, into: View(op.buffer("y"), before.views[into].shape)}
    return Op(before.kind, merged, {**before.scalars, "low": 0.0})


def _merge_relu_gradient(before: Op, op: Op) -> Op | None:
    if op.kind.name != "relu_backward" or before.kind.through_relu is None:
        return None
    return before.kind.through_relu(before, op) if op.buffer("dy") in before.touched("out") else None


def _count(ops: Sequence[Op], *roles: Role) -> dict[Buffer, int]:
    count: dict[Buffer, int] = {}
    for op in ops:
        for buffer in op.touched(*roles):
            count[buffer] = count.get(buffer, 0) + 1
    return count
