"""The speed of kernels: each beside the roofline of the machine, and beside what others take for the same."""

import math
from collections.abc import Iterable, Sequence
from statistics import median, quantiles

from nnbench.records.kernels import KernelRecord, KernelRun, Spread
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    Cell,
    Column,
    Document,
    Item,
    Listing,
    Paragraph,
    RooflineFigure,
    RooflinePoint,
    Section,
    Table,
)
from nnbench.reporting.views.run import machine, versions

# A kernel's family is the room of nnkit that it is at home in; these are words for it.
_FAMILIES = {
    "matmul": "matrix products",
    "conv": "convolutions",
    "pool": "pooling",
    "elementwise": "activations",
    "loss": "losses",
    "optimizers": "optimizers",
    "movement": "gathering and sums",
    "normalize": "normalisation",
    "update": "penalties and clipping",
    "rng": "random masks",
}
Families = list[tuple[str, list[KernelRecord]]]
_PERCENT = digits.Scale(factor=100.0, unit="%", difference_unit="pp", bounded=False)
_NANOSECONDS = digits.Scale(factor=1e9, unit="ns", difference_unit="ns", bounded=False)
_BARE = digits.PLAIN
# A level of the memory is named where the bandwidth falls to less than this share of the last one named.
_NEXT_LEVEL = 0.75

_DEFINITION = (
    "the least time that this core could take, over the time taken. The least time is the longer of FLOP at"
    " the peak rate and bytes at the bandwidth of a triad over a working set of that size, so that what stays"
    " in a cache is held to that cache. The ceilings are the best of several looks, before, between and after"
    " the kernels, and a kernel that is faster raises them: none passes 100 %."
    " Values are those of training, and in the caches where they fit"
)


def document(run: KernelRun) -> Document:
    """Return the report of a run."""
    families = _by_family(run.kernels)
    sections = [
        Section(_heading(run), (_lead(run), _overview(run, families), *_figures(run, families))),
        *(Section(f"{_word(family).capitalize()}", (_table(run, kernels),)) for family, kernels in families),
        Section("How it was measured", (_listing(run),)),
    ]
    return Document("Kernels", tuple(sections))


def _by_family(kernels: Iterable[KernelRecord]) -> Families:
    """Return the families in the order of the words above, each by name and then by work."""
    rooms: dict[str, list[KernelRecord]] = {family: [] for family in _FAMILIES}
    for kernel in sorted(kernels, key=lambda each: (each.name, each.flops + each.bytes, each.shape)):
        rooms.setdefault(kernel.family, []).append(kernel)
    return [(family, members) for family, members in rooms.items() if members]


def _word(family: str) -> str:
    return _FAMILIES.get(family, family)


def _heading(run: KernelRun) -> str:
    n_cases = len({case for kernel in run.kernels for case in kernel.cases})
    kernels = digits.counted(len(run.kernels), "kernel")
    return f"{kernels} of {digits.counted(n_cases, 'case')}, {run.dtype}, one core"


def _lead(run: KernelRun) -> Paragraph:
    peak = f"{digits.number(run.peak_flops_s / 1e9)} GFLOP/s of fused multiply-adds from registers"
    *caches, (_, memory) = _plateaus(run.levels)
    levels = "".join(f"{_rate(bytes_s)} in {_size(size)}, " for size, bytes_s in caches)
    return Paragraph(
        f"This core reaches {peak}; a triad moves {levels}and {_rate(memory)} from memory.", lead=True
    )


def _plateaus(levels: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the levels at which the bandwidth falls, and the last, which is memory."""
    *caches, memory = levels
    named: list[tuple[int, float]] = []
    for size, bytes_s in caches:
        if memory[1] < _NEXT_LEVEL * bytes_s and (not named or bytes_s < _NEXT_LEVEL * named[-1][1]):
            named.append((size, bytes_s))
    return [*named, memory]


def _rate(bytes_s: float) -> str:
    return f"{digits.number(bytes_s / 1e9)} GB/s"


def _size(n_bytes: int) -> str:
    return f"{n_bytes >> 20} MiB" if n_bytes >= 1 << 20 else f"{n_bytes >> 10} KiB"


# -- the tables ----------------------------------------------------------------------------------------


def _overview(run: KernelRun, families: Families) -> Table:
    columns = (
        Column("family"),
        Column("kernels", "right"),
        Column("of roofline, %", "decimal"),
        *(Column(f"{peer} takes", "decimal") for peer in run.peers),
    )
    rows = tuple(
        (
            Cell(_word(family)),
            Cell(digits.count(len(members))),
            Cell(_middle([kernel.roofline_share for kernel in members])),
            *(Cell(_geometric_mean(members, peer)) for peer in run.peers),
        )
        for family, members in families
    )
    note = "Of roofline: the median kernel, and the quartiles. Beside it: geometric means of time over ours."
    return Table("", columns, rows, notes=(note,))


def _middle(values: Sequence[float]) -> str:
    if len(values) < 2:
        return str(digits.estimate(values[0], (math.nan, math.nan), _PERCENT))
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return str(digits.estimate(middle, (low, high), _PERCENT))


def _geometric_mean(kernels: Sequence[KernelRecord], peer: str) -> str:
    ratios = [kernel.ratios[peer].median for kernel in kernels if peer in kernel.ratios]
    if not ratios:
        return digits.MISSING
    mean = digits.ratio(math.exp(math.fsum(map(math.log, ratios)) / len(ratios)))
    return mean if len(ratios) == len(kernels) else f"{mean} (n = {len(ratios)})"


def _table(run: KernelRun, kernels: Sequence[KernelRecord]) -> Table:
    columns = (
        Column("kernel", wraps=True, breaks="_"),
        Column("shape", wraps=True),
        Column("ns", "decimal"),
        Column("quartiles", rank=3),
        Column("of roofline, %", "decimal"),
        *(Column(f"{peer} takes", "decimal") for peer in run.peers),
        Column("GFLOP/s", "decimal", rank=2),
        Column("GB/s", "decimal", rank=2),
        *(Column(f"quartiles of {peer}", rank=4) for peer in run.peers),
        Column("rounds", "right", rank=6),
        Column("cases", rank=5, wraps=True),
    )
    return Table("", columns, tuple(_row(run, kernel) for kernel in kernels))


def _row(run: KernelRun, kernel: KernelRecord) -> tuple[Cell, ...]:
    time = _estimate(kernel.time_s, _NANOSECONDS)
    ratios = [kernel.ratios.get(peer) for peer in run.peers]
    return (
        Cell(kernel.name),
        Cell(kernel.shape.replace("x", digits.TIMES)),
        Cell(time.value),
        Cell(time.interval),
        Cell(digits.number(100 * kernel.roofline_share, decimals=0 if kernel.roofline_share >= 0.1 else 1)),
        *(Cell(digits.MISSING if ratio is None else digits.ratio(ratio.median)) for ratio in ratios),
        Cell(digits.number(kernel.flops_s / 1e9) if kernel.flops else digits.MISSING),
        Cell(digits.number(kernel.bytes_s / 1e9)),
        *(Cell("" if ratio is None else _estimate(ratio, _BARE).interval) for ratio in ratios),
        Cell(digits.count(kernel.n)),
        Cell(", ".join(kernel.cases)),
    )


def _estimate(spread: Spread, scale: digits.Scale) -> digits.Estimate:
    return digits.estimate(spread.median, (spread.low, spread.high), scale)


def _listing(run: KernelRun) -> Listing:
    n_rounds = sorted({kernel.n for kernel in run.kernels})
    times = f"{n_rounds[0]}–{n_rounds[-1]}" if len(n_rounds) > 1 else f"{n_rounds[0]}"
    turns = f"{times} short rounds, in turns with {' and '.join(run.peers)}"
    items = (
        Item("times", f"medians and quartiles of {turns}; rows by kernel, then by work"),
        Item("roofline", _DEFINITION),
        Item("noise", run.noise),
        Item("machine", machine(run.environment)),
        Item("make", _make(run)),
        Item("versions", versions(run.environment)),
        Item("beside", "; ".join(run.peers.values())),
    )
    return Listing(tuple(item for item in items if item.text))


def _make(run: KernelRun) -> str:
    """Return who made the CPU, and for which one the kernels were compiled."""
    known = (run.environment.get("cpu_make"), run.environment.get("code_for"))
    return "; ".join(f"{words}{each}" for words, each in zip(("", "code for "), known, strict=True) if each)


# -- the picture ---------------------------------------------------------------------------------------


def _figures(run: KernelRun, families: Families) -> tuple[RooflineFigure, ...]:
    points = tuple(
        RooflinePoint(kernel.name, kernel.shape, _word(family), kernel.flops / kernel.bytes, kernel.flops_s)
        for family, members in families
        for kernel in members
        if kernel.flops
    )
    if not points:
        return ()
    share = digits.percentage(median(kernel.roofline_share for kernel in run.kernels), decimals=0)
    return (
        RooflineFigure(
            name="roofline",
            caption=(
                "What each kernel reaches, over the operations it does per byte it moves. Lines: the measured"
                " ceilings of this core. Kernels that only move values have no place here."
            ),
            alternative=(
                f"Roofline: {digits.counted(len(points), 'kernel')} under a peak of"
                f" {digits.number(run.peak_flops_s / 1e9)} GFLOP/s."
                f" The median kernel reaches {share} % of its own ceiling."
            ),
            peak_flops_s=run.peak_flops_s,
            levels=tuple(_plateaus(run.levels)),
            points=points,
        ),
    )
