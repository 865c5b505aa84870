"""Which kernels the cases use, at which shapes: every distinct op of their training and evaluation steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from nnbench.plan.matrix import TrialSpec
from nnbench.training.program import program_of
from nnbench.training.trial import data_of
from nnkit.compiler.blocks import Blocks
from nnkit.compiler.explain import op_bytes, op_flops
from nnkit.compiler.plan import type_bytes
from nnkit.compiler.program import Program
from nnkit.execution.trial import Data
from nnkit.ops import Op, Operand, OpKind, X, Y, in_batch

Shape = tuple[int, ...]
SequenceName = Literal["train", "evaluate"]


@dataclass(slots=True, eq=False)
class Use:
    """An op in the first program that has it, and the names of all cases that have one like it."""

    program: Program
    trial: TrialSpec
    sequence: SequenceName
    index: int
    rows: int  # of the batch, or of a block of it
    cases: list[str] = field(default_factory=list)

    @property
    def op(self) -> Op:
        ops: tuple[Op, ...] = getattr(self.program.sequences, self.sequence)
        return ops[self.index]

    @property
    def data(self) -> Data:
        """What the op's sequence reads its batches from."""
        train, validation = data_of(self.trial)
        return train if self.sequence == "train" else validation

    @property
    def external(self) -> tuple[Operand, ...]:
        """The operands that lie outside the arena."""
        return tuple(operand for operand in self.op.kind.operands if operand.external is not None)

    @property
    def flops(self) -> int:
        return op_flops(self.op, self.rows)

    @property
    def bytes(self) -> int:
        return op_bytes(self.op, self.rows, self.program.dtype)

    def shape_of(self, name: str) -> Shape:
        """Return the shape that an operand has in this batch: its buffer's own, where it is all of it."""
        view = self.op.views[name]
        whole = view.buffer.size == prod(view.shape) and view.buffer.type == "real"
        return in_batch(view.buffer.shape if whole else view.shape, self.rows)

    def working_set_bytes(self, outside_bytes: int) -> int:
        """Return the bytes of everything that the op touches, each once."""
        operands = [operand for operand in self.op.kind.operands if operand.external is None]
        sizes = {
            self.op.buffer(operand.name): prod(in_batch(self.op.views[operand.name].shape, self.rows))
            * type_bytes(operand.type, self.program.dtype)
            for operand in operands
        }
        return outside_bytes + sum(sizes.values())


def uses_of(trials: Sequence[TrialSpec]) -> list[Use]:
    """Return the distinct ops of the trials' programs, those of one program side by side.

    Ops are the same where the kernel gets the same: to an activation, 32 x 64 values are 2048.
    """
    found: dict[tuple[OpKind, tuple[Shape, ...]], Use] = {}
    programs = {program_of(trial.case, trial.axes, trial.dtype): trial for trial in trials}
    for program, trial in programs.items():
        for use in _all_uses(program, trial):
            seen = tuple(in_batch(view.shape, use.rows) for view in use.op.views.values())
            known = found.setdefault((use.op.kind, seen), use)
            if trial.case.name not in known.cases:
                known.cases.append(trial.case.name)
    return list(found.values())


def _all_uses(program: Program, trial: TrialSpec) -> Iterable[Use]:
    train, validation = data_of(trial)
    sequences: tuple[tuple[SequenceName, Blocks, int], ...] = (
        ("train", program.train_blocks, len(train)),
        ("evaluate", program.eval_blocks, len(validation)),
    )
    for sequence, blocks, n in sequences:
        for index in range(len(getattr(program.sequences, sequence))):
            yield Use(program, trial, sequence, index, min(blocks.rows, n))


def shape_text(use: Use) -> str:
    """Return the shapes of what the op reads, each once: ``32x64, 64x10``.

    Vectors beside matrices (a bias, a scale) follow from them and are left out. Where one shape is read and
    another written, both are named: ``64x8x8x16 to 64x4x4x16``.
    """
    written = use.op.touched("out", "inout")
    reads, writes = [], []
    for operand in use.op.kind.operands:
        if operand.external is not None or operand.role == "scratch":
            continue
        buffer, shape = use.op.buffer(operand.name), use.shape_of(operand.name)
        if operand.role != "in":
            writes += [shape] if buffer.kind != "header" else []
        elif buffer not in written and operand.type == "real":
            reads.append(shape)
    least_rank = min(2, max(map(len, reads + writes)))
    is_flat = all(operand.rank == 1 for operand in use.op.kind.operands)
    read, wrote = (_spelled(side, least_rank, is_flat=is_flat) for side in (reads, writes))
    if len(read) == 1 and wrote and not wrote.keys() & read.keys():
        return f"{next(iter(read.values()))} to {next(iter(wrote.values()))}"
    return ", ".join((read or wrote).values())


def _spelled(shapes: Iterable[Shape], least_rank: int, *, is_flat: bool) -> dict[object, str]:
    """Return the distinct shapes; to an op over flat arrays, those of one size are the same."""
    found: dict[object, str] = {}
    for shape in shapes:
        if len(shape) >= least_rank:
            found.setdefault(prod(shape) if is_flat else shape, "x".join(map(str, shape)))
    return found


def external_data(use: Use) -> str | None:
    """Return ``"x"`` or ``"y"``: which of the data the op reads from outside the arena."""
    cells = {operand.external for operand in use.external}
    return "x" if X in cells else "y" if Y in cells else None
