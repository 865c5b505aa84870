"""Sequences of ops over random buffers, and a slow machine that notices when a value is lost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from nnkit.jit import Entry
from nnkit.ops import HEADER_BYTES, Buffer, Op, Operand, OpKind, Role, flat

BATCH_SIZE = 3
_ENTRY = Entry("never called", lambda base, args: None, {})


def op(**roles: tuple[Role, Buffer]) -> Op:
    """Return an op with the given operands, ``name=("in", buffer)``."""
    operands = tuple(Operand(name, role) for name, (role, _) in roles.items())
    views = {name: flat(buffer) for name, (_, buffer) in roles.items()}
    return Op(OpKind("op", _ENTRY, operands), views)


@st.composite
def sequences(draw: Any) -> tuple[list[Buffer], list[Op]]:
    """Draw lasting buffers and ops that write every transient before they read it."""
    lasting = [
        Buffer(f"p{i}", (draw(st.integers(1, 40)),), "parameter") for i in range(draw(st.integers(0, 3)))
    ]
    known = list(lasting)
    ops = []
    for index in range(draw(st.integers(1, 8))):
        roles: dict[str, tuple[Role, Buffer]] = {}
        for place in range(draw(st.integers(1, 4))):
            role: Role = draw(st.sampled_from(("in", "in", "out", "inout", "scratch")))
            used = [buffer for _, buffer in roles.values()]
            if role in ("in", "inout"):
                free = [buffer for buffer in known if buffer not in used]
                if not free:
                    continue
                chosen = draw(st.sampled_from(free))
            else:
                chosen = draw(_transients(f"t{index}.{place}"))
            roles[f"operand{place}"] = role, chosen
        ops.append(op(**roles))
        known += [buffer for role, buffer in roles.values() if role == "out"]
    return lasting, ops


@st.composite
def _transients(draw: Any, name: str) -> Buffer:
    size = draw(st.one_of(st.integers(0, 50), st.integers(-20, -1)))
    return Buffer(name, (size,), "transient", draw(st.sampled_from(("real", "double", "int32"))))


_NOBODY = -1


def keeps_every_value(
    lasting: Sequence[Buffer], ops: Sequence[Op], offsets: Mapping[Buffer, int], sizes: Mapping[Buffer, int],
    arena_bytes: int,
) -> bool:  # fmt: skip
    """Run the ops on an arena whose bytes say who wrote them last; False where a value was lost."""
    every = {buffer for one in ops for buffer in touched(one, "in", "out", "inout", "scratch")} | set(lasting)
    number = {buffer: index for index, buffer in enumerate(every)}
    owner = np.full(arena_bytes, _NOBODY)

    def place(buffer: Buffer) -> slice:
        return slice(offsets[buffer], offsets[buffer] + sizes[buffer])

    def is_intact(buffers: Sequence[Buffer]) -> bool:
        return all(bool(np.all(owner[place(buffer)] == number[buffer])) for buffer in buffers)

    if any(offsets[b] < HEADER_BYTES or offsets[b] + sizes[b] > arena_bytes for b in every):
        return False
    for buffer in lasting:
        owner[place(buffer)] = number[buffer]
    if not is_intact(lasting):
        return False
    for one in ops:
        # A product whose sums begin at 0 names its output as their start, and does not read it.
        read = [buffer for buffer in touched(one, "in", "inout") if buffer not in touched(one, "out")]
        if not is_intact(read):
            return False
        written = list(dict.fromkeys(touched(one, "inout", "out", "scratch")))
        writers = np.zeros(arena_bytes, dtype=int)
        for buffer in written:
            writers[place(buffer)] += 1
            owner[place(buffer)] = number[buffer]
        # Two writers of one op: whoever comes last, one of the values is lost.
        owner[writers > 1] = _NOBODY
        if not is_intact(read):
            return False
    return is_intact(lasting)


def touched(one: Op, *roles: Role) -> list[Buffer]:
    """Return what an op touches in the arena behind its header."""
    return [buffer for buffer in one.touched(*roles) if buffer.kind != "header"]
