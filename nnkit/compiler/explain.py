"""The listing of a program: every op with what it reads and writes, and the plan of the arena."""

from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from typing import Any

from nnkit.compiler.blocks import Blocks
from nnkit.compiler.plan import type_bytes
from nnkit.compiler.program import SEQUENCES, Program
from nnkit.ops import ORDER, Op, Operand, in_batch


def describe(program: Program) -> dict[str, Any]:
    """Return the listing as plain data: ``{"arena": …, "ops": [{"sequence", "kernel", "reads", …}]}``."""
    plan = program.plan
    arena = {
        "bytes": plan.arena_bytes,
        "regions": {name: {"offset": start, "bytes": size} for name, (start, size) in plan.regions.items()},
        "transients_without_sharing_bytes": sum(
            size for buffer, size in plan.sizes.items() if buffer.kind == "transient"
        ),
    }
    ops = [
        {"sequence": sequence, **_describe_op(op, program, _rows(sequence, program))}
        for sequence in SEQUENCES
        for op in getattr(program.sequences, sequence)
    ]
    return {
        "dtype": program.dtype,
        "batch_size": program.batch_size,
        "layers": n_layers(program),
        "parameters": program.n_parameters,
        "flops_per_step": step_flops(program),
        "arena": arena,
        "blocks": {name: asdict(blocks) | {"count": blocks.count} for name, blocks in _blocks(program)},
        "ops": ops,
    }


def n_layers(program: Program) -> int:
    """Return how many layers have weights: the inputs are none, and neither is an activation or a pooling."""
    return sum(name.endswith("/kernel") for name in program.parameters)


def step_flops(program: Program) -> int:
    """Return the floating-point operations of one training step at a full batch."""
    return sum(op_flops(op, program.batch_size) for op in program.sequences.train)


def op_flops(op: Op, rows: int) -> int:
    return int(op.kind.flops({name: in_batch(view.shape, rows) for name, view in op.views.items()}))


def op_bytes(op: Op, rows: int, dtype: str) -> int:
    """Return the bytes that an op reads and writes, scratch excluded; what it changes in place counts twice.

    Of data outside the arena it reads the batch, which is as much as it writes.
    """
    n_bytes = {"in": 0, "out": 0, "inout": 0, "scratch": 0}
    for operand in op.kind.operands:
        if not _is_stand_in(op, operand):
            n_bytes[operand.role] += _operand_bytes(op, operand, rows, dtype)
    return n_bytes["in"] + n_bytes["out"] + 2 * n_bytes["inout"]


def _is_stand_in(op: Op, operand: Operand) -> bool:
    """A product whose sums start at 0 reads no start: its output stands in for it."""
    is_read = operand.external is None and operand.role == "in"
    return is_read and op.buffer(operand.name) in op.touched("out", "inout")


def _operand_bytes(op: Op, operand: Operand, rows: int, dtype: str) -> int:
    if operand.external == ORDER:
        return rows * type_bytes(operand.type, dtype)
    if operand.external is not None:
        outputs = [each for each in op.kind.operands if each.role == "out"]
        return sum(_operand_bytes(op, each, rows, dtype) for each in outputs)
    return _size(in_batch(op.views[operand.name].shape, rows)) * type_bytes(operand.type, dtype)


def as_html(program: Program) -> str:
    """Return the listing, as `nnbench explain` prints it, for a notebook."""
    return f"<pre>{escape(render(program))}</pre>"


def render(program: Program) -> str:
    """Return the listing as text, 80 columns wide where names allow it."""
    facts = describe(program)
    size = f"{facts['parameters']:,} parameters, {facts['flops_per_step']:,} FLOP a step"
    depth = f"{facts['layers']}-layer net"
    lines = [f"{program.dtype}, batch {program.batch_size}, {depth}, {size}"]
    for sequence in SEQUENCES:
        rows = [op for op in facts["ops"] if op["sequence"] == sequence]
        if rows:
            cut = facts["blocks"].get(sequence)
            lines += ["", f"{sequence}:{_how_cut(cut) if cut else ''}"]
            lines += [_line(index, op) for index, op in enumerate(rows)]
    arena = facts["arena"]
    lines += ["", f"arena: {arena['bytes']:,} bytes"]
    for name, region in arena["regions"].items():
        lines.append(f"  {region['offset']:>9,}  {region['bytes']:>9,}  {name}")
    unshared = arena["transients_without_sharing_bytes"]
    lines.append(f"  transients would take {unshared:,} bytes if none shared a place")
    return "\n".join(lines)


def _blocks(program: Program) -> list[tuple[str, Blocks]]:
    """Return the sequences that run block by block, with their blocks."""
    both = (("train", program.train_blocks), ("evaluate", program.eval_blocks))
    return [(name, blocks) for name, blocks in both if blocks.n_ops]


def _how_cut(cut: dict[str, int]) -> str:
    last, rows = cut["n_ops"] - 1, f"{cut['rows']} of the {cut['batch']:,} rows"
    return f" ops 0 to {last} in {cut['count']} blocks, each of {rows} or less"


def _rows(sequence: str, program: Program) -> int:
    return program.batch_size if sequence in ("initial", "train") else program.eval_batch


def _describe_op(op: Op, program: Program, rows: int) -> dict[str, Any]:
    touched = op.touched("in", "out", "inout")
    return {
        "kernel": op.kind.name,
        "reads": _names(op, "in", "inout"),
        "writes": _names(op, "out", "inout"),
        "flops": op_flops(op, rows),
        "bytes": op_bytes(op, rows, program.dtype),
        "at": {buffer.name: program.plan.offsets[buffer] for buffer in touched},
    }


def _names(op: Op, *roles: Any) -> list[str]:
    whole = {name: view for name, view in op.views.items() if view.buffer.size != _size(view.shape)}
    names = []
    for operand in op.kind.operands:
        if operand.role in roles and not _is_stand_in(op, operand):
            external = operand.external is not None
            view = None if external else op.views[operand.name]
            label = f"<{operand.name}>" if view is None else view.buffer.name
            # A vector over a whole region is named by its first buffer.
            names.append(f"{label} …" if operand.name in whole else label)
    return names


def _size(shape: Iterable[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def _line(index: int, op: dict[str, Any]) -> str:
    writes, reads = ", ".join(op["writes"]), ", ".join(op["reads"])
    work = f"{op['flops']:>12,} FLOP" if op["flops"] else " " * 17
    return f"  {index:>3}  {op['kernel']:<24} {work}  {writes} <- {reads}".rstrip()
