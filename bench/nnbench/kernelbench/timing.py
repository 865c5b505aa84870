"""Time kernels as training calls them, beside what others offer, and set them against the roofline."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, groupby, islice
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnbench.kernelbench.peers.peer import Call, Peer, call_of, parameters
from nnbench.kernelbench.turns import Work, take_turns
from nnbench.kernelbench.uses import Shape, Use, external_data, shape_text
from nnbench.machine.clock import Clock
from nnbench.records.kernels import KernelRecord, Spread
from nnkit.compiler.encode import Table
from nnkit.execution.repetition import N_COPIES, Outside, Repetition, shuffled
from nnkit.execution.trial import Data, Trial
from nnkit.insight.roofline import Roofline
from nnkit.ops import HEADER_BYTES, KEY, ORDER, RATE, STEP, Operand, in_batch

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison beside ours: its functions by the name of the op, and its kind of array."""

    name: str
    peers: Mapping[str, Peer]
    convert: Callable[[Array], Any] = lambda array: array

    def converted(self, value: Any) -> Any:
        """Return what the side's peers get for an operand, or a number as it is."""
        return self.convert(value) if isinstance(value, np.ndarray) else value


# What ops read from the header in the middle of a training.
_NUMBERS = {RATE: 1e-3, STEP: 10, KEY: 0}
# An op of more work than this is long enough by itself to be called one by one.
_LONG = 1_000_000
# Enough that no batch is still in a cache when its turn comes again.
_MOST_BATCHES = 2048


def measure(
    uses: Sequence[Use], roof: Roofline, sides: Sequence[Side], clock: Clock, *, seconds: float
) -> Iterator[KernelRecord]:
    """Yield the record of each use, in about ``seconds`` for all of them."""
    for program, members in groupby(uses, key=lambda use: use.program):
        run = Trial(program, seed=0)
        start = run.arena.copy()
        for use in members:
            # An update that was repeated a million times leaves parameters that no training has.
            run.arena[:] = start
            # Peers may overflow where the kernels do not.
            with np.errstate(all="ignore"):
                yield _measure_one(use, run, roof, sides, clock, seconds / len(uses))


def _measure_one(
    use: Use, run: Trial, roof: Roofline, sides: Sequence[Side], clock: Clock, seconds: float
) -> KernelRecord:
    prepare(use, run)
    outside = outside_of(use, run)
    beside = {side.name: peer_work(use, run, outside, side) for side in sides}
    found = {name: work for name, work in beside.items() if work is not None}
    works = [repetition(use, run, outside).run, *found.values()]
    times = take_turns(works, clock, seconds=seconds)
    outside_bytes = outside.data.x.nbytes if outside else 0
    return record(use, times, list(found), roof, use.working_set_bytes(outside_bytes))


def prepare(use: Use, run: Trial) -> None:
    """Run what comes before the op in its sequence, so that it finds the values that it finds in training."""
    header = run.arena[:HEADER_BYTES]
    header.view(np.int64)[STEP], header.view(np.float64)[RATE] = _NUMBERS[STEP], _NUMBERS[RATE]
    table = use.program.tables[use.sequence]
    before = Table(table.pairs[: use.index], table.cells)
    run.run_batch(Data(use.data.x[: use.rows], use.data.y[: use.rows]), before)


def outside_of(use: Use, run: Trial) -> Outside | None:
    """Return what the op gathers from, repeated until it is larger than the arena; None for other ops."""
    name = external_data(use)
    if name is None:
        return None
    read = use.data.x if name == "x" else use.data.y
    times = run.arena.nbytes // read.nbytes + 1
    repeated = np.concatenate([read] * times) if times > 1 else read
    # In both places: the op reads one of them, and the other need not be there.
    return shuffled(Data(repeated, repeated))


def repetition(use: Use, run: Trial, outside: Outside | None, *, n_copies: int | None = None) -> Repetition:
    """Return the op's calls, ``n_copies`` at a time; by default many where one is short."""
    if n_copies is None:
        n_copies = max(1, min(N_COPIES, _LONG // (use.flops + use.bytes)))
    table = use.program.tables[use.sequence]
    return Repetition(run.arena, table, use.index, rows=use.rows, outside=outside, n_copies=n_copies)


def peer_work(use: Use, run: Trial, outside: Outside | None, side: Side) -> Work | None:
    """Return the peer's calls, on copies of the op's own values; what is gathered differs at every call.

    None where the side has no peer for the op.
    """
    peer = side.peers.get(use.op.kind.name)
    if peer is None:
        return None
    known = arguments(use, run, outside)
    given = {name: side.converted(known[name]) for name in parameters(peer) if name in known}
    order = next((each.name for each in use.external if each.external == ORDER), None)
    if outside is None or order is None:
        calls = [call_of(peer, given)]
    else:
        batches = _batches(outside, use.rows)
        calls = [call_of(peer, given | {order: side.converted(batch)}) for batch in batches]
    ready = [call for call in calls if call is not None]
    return partial(_repeat, ready) if ready else None


def _repeat(calls: Sequence[Call], n_calls: int) -> int:
    for call in islice(cycle(calls), n_calls):
        call()
    return n_calls


def _batches(outside: Outside, rows: int) -> list[Array]:
    n = min(len(outside.order) // rows, _MOST_BATCHES)
    return list(outside.order[: n * rows].reshape(n, rows))


def arguments(use: Use, run: Trial, outside: Outside | None) -> dict[str, Any]:
    """Return copies of the op's operands, its numbers and its windows, by name: what a peer may ask for."""
    found: dict[str, Any] = dict(use.op.scalars)
    if use.op.kind.shape is not None:
        found["shape"] = use.op.kind.shape
    found |= {each.name: _NUMBERS.get(each.cell, 0) for each in use.op.kind.scalars if each.cell is not None}
    for operand in use.op.kind.operands:
        if operand.external is None:
            found[operand.name] = _copy(use, run, operand)
        elif operand.external != ORDER and outside is not None:
            found[operand.name] = outside.data.x.reshape(len(outside.data), -1)
        elif outside is not None:
            found[operand.name] = outside.order[: use.rows]
    return found


def _copy(use: Use, run: Trial, operand: Operand) -> Array:
    """Return an operand's values on a cache line of their own, in the shape that a peer takes."""
    names = {"real": use.program.dtype, "double": "float64", "int32": "int32", "uint32": "uint32"}
    kind = np.dtype(names[operand.type])
    start = use.program.plan.offsets[use.op.buffer(operand.name)]
    shape = _peer_shape(use, operand)
    n_bytes = prod(shape) * kind.itemsize
    block = np.empty(n_bytes + 64, np.uint8)
    copy = block[-block.ctypes.data % 64 :][:n_bytes]
    copy[:] = run.arena[start : start + n_bytes]
    return copy.view(kind).reshape(shape)


def _peer_shape(use: Use, operand: Operand) -> Shape:
    """Return the shape of the op's own view, but by rows where a flat one stands beside matrices."""
    view = use.op.views[operand.name]
    shape = in_batch(view.shape, use.rows)
    matrices = [use.op.views[each.name].shape for each in use.op.kind.operands if each.rank == 2]
    n_rows = next((-sizes[0] * use.rows for sizes in matrices if sizes[0] < 0), 0)
    is_flattened = len(shape) == 1 and len(view.buffer.shape) > 1 and operand.type == "real"
    return (n_rows, shape[0] // n_rows) if n_rows and is_flattened else shape


def record(
    use: Use, times: NDArray[np.float64], peers: Sequence[str], roof: Roofline, working_set_bytes: int
) -> KernelRecord:
    """Return what the times of the kernel (first column) and of its peers amount to."""
    time_s = spread(times[:, 0])
    flops, n_bytes = use.flops, use.bytes
    ceiling_s = roof.ceiling_s(flops, n_bytes, working_set_bytes)
    return KernelRecord(
        name=use.op.kind.name,
        family=_family(use.op.kind.entry.home),
        shape=shape_text(use),
        cases=tuple(use.cases),
        time_s=time_s,
        n=len(times),
        flops=flops,
        bytes=n_bytes,
        working_set_bytes=working_set_bytes,
        flops_s=flops / time_s.median,
        bytes_s=n_bytes / time_s.median,
        roofline_share=ceiling_s / time_s.median,
        bound="flops" if flops / roof.flops_s == ceiling_s else "bytes",
        ratios={who: spread(times[:, column] / times[:, 0]) for column, who in enumerate(peers, start=1)},
    )


def under(roof: Roofline, kernels: Sequence[KernelRecord]) -> tuple[Roofline, tuple[KernelRecord, ...]]:
    """Return the ceilings raised to what the kernels reach, and the kernels with their shares of them."""
    raised = roof.raised((each.flops_s, each.bytes_s, each.working_set_bytes) for each in kernels)
    return raised, tuple(replace(each, **_share(each, raised)) for each in kernels)


def _share(kernel: KernelRecord, roof: Roofline) -> dict[str, Any]:
    ceiling_s = roof.ceiling_s(kernel.flops, kernel.bytes, kernel.working_set_bytes)
    # At most 1 but for the last bit: of a kernel that raised its ceiling it is time over the same time.
    share = min(1.0, ceiling_s / kernel.time_s.median)
    bound = "flops" if kernel.flops / roof.flops_s == ceiling_s else "bytes"
    return {"roofline_share": share, "bound": bound}


def spread(values: NDArray[np.float64]) -> Spread:
    """Return the median and the quartiles."""
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return Spread(float(median), float(low), float(high))


def _family(home: str) -> str:
    """Return ``"matmul"`` for ``nnkit.kernels.products.matmul``, and ``"optimizers"`` for a part's module."""
    _, room, *inside = home.split(".")
    return inside[-1] if room == "kernels" else room
