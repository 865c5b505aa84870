"""``python bench/suites/speed_table.py``: README's table of speed, out of the figures that the suites kept.

``python -m pytest bench/suites --figures bench/suites/measured/intel.json`` measures a machine (or what of
the suites is named, and keeps the rest); each file of that folder is a column. Rows are those figures that a
user would ask for.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import read

FOLDER = Path(__file__).with_name("measured")
# What a row says, and which figure it shows.
ROWS = {
    "training step, MLP 64-64-32-10, batch 32, beside torch": "torch / ours, MLP 64-64-32-10, batch 32",
    "… beside torch.compile": "torch.compile / ours, MLP 64-64-32-10, batch 32",
    "… beside an epoch of JAX in one `scan`": "JAX scan / ours, MLP 64-64-32-10, batch 32",
    "… of eight seeds beside JAX's `vmap`": "JAX vmap of 8 seeds / ours, MLP 64-64-32-10, batch 32",
    "training step, MLP 784-128-64-10, batch 128, beside torch": "torch / ours, MLP 784-128-64-10, batch 128",
    "… beside torch.compile ": "torch.compile / ours, MLP 784-128-64-10, batch 128",
    "… beside an epoch of JAX in one `scan` ": "JAX scan / ours, MLP 784-128-64-10, batch 128",
    "training step, CNN on 28×28 images, batch 64, beside torch": "torch / ours, CNN 28×28, batch 64",
    "… beside a step of JAX": "JAX step / ours, CNN 28×28, batch 64",
    "LeNet-5, batch 64, images a second and core": "LeNet-5, batch 64, images a second and core",
    "… beside torch": "torch / ours, LeNet-5, batch 64",
    "narrow MLP 4-32-16-4, 10,000 rows in a batch, beside torch": (
        "torch / ours, narrow MLP 4-32-16-4 tanh, 10,000 rows"
    ),
    "a step after 2,000 epochs beside one of the first": "late step / early step, adam",
    "ten convolutions, forward and both gradients, beside torch": "torch / ours, convolutions together",
    "max pooling of 32×32 with 32 channels, beside torch": "torch / ours, max pooling, 32²·32",
    "matrix product, of the core's measured peak": "matrix product, share of peak",
    "… beside NumPy": "numpy / ours, geometric mean",
    "Adam over 6,500 parameters, beside torch": "torch fused Adam / ours, 6,500 parameters",
    "Adam over 1,000,000 parameters, beside torch": "torch fused Adam / ours, 1,000,000 parameters",
    "digits trials of 20 epochs, 2 cores": "digits trials, 2 jobs",
    "two threads against one": "two threads against one",
    "iris trials, 2 cores": "iris trials, 2 jobs",
    "report of 1,000 trials": "nnbench report, 1,000 trials",
    "report of 100,000 trials": "nnbench report, 100,000 trials",
    "report of 1,000 configurations × 10 seeds": "nnbench report, 1,000 configurations × 10 seeds",
    "dry run of 1,000,000 trials": "dry run of 1,000,000 trials",
    "the store, bytes a trial": "bytes a trial in the store",
    "`nnbench run digits`, 60 trials, nothing compiled before": "nnbench run digits, nothing compiled",
    "… kernels in the cache": "nnbench run digits, kernels cached",
    "… from the store": "nnbench run digits, from the store",
    "`import nnkit` to the end of the first step, kernels in the cache": "warm start to the first step",
    "`nnbench list optimizers`": "nnbench list optimizers",
    "`nnbench --help`": "nnbench --help",
}
_BESIDE = (
    "Beside a peer: our time, and how many times longer the peer takes, in turns in one run, medians of"
    " rounds with quartiles, in CPU time (on AMD on the clock); torch with fused Adam, one thread, data"
    " preloaded. Commands: the clock, with ranges; where memory is named, CPU time and the process's peak."
)
_GPU = (
    "What a GPU does beside it: `jax.vmap` over seeds of digits' MLP on one H200 trains 2,300, 7,400 and"
    " 11,100 trials a second at 64, 512 and 4,096 seeds of *one* configuration, after 3 s of compiling each."
    " For crossed matrices at ten seeds a configuration it compiles more than it trains; for thousands of"
    " seeds it is the tool to use."
)


def table(machines: Sequence[Mapping[str, Any]]) -> str:
    """Return a column for each machine; a row that no machine has is left out."""
    lines = [
        f"| what | {' | '.join(heading(each) for each in machines)} |",
        f"| --- |{' --- |' * len(machines)}",
    ]
    for label, what in ROWS.items():
        found = [each["figures"].get(what) for each in machines]
        if any(found):
            lines.append(f"| {label.strip()} | {' | '.join(map(cell, found))} |")
    return "\n".join(lines)


def heading(machine: Mapping[str, Any]) -> str:
    """Return the machine and the days of its figures."""
    days = sorted({each["date"] for each in machine["figures"].values()})
    return f"{machine['machine']}; {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "")


def cell(figure: Mapping[str, Any] | None) -> str:
    """Return our time with the ratio to the peer, or the figure as it was noted."""
    if figure is None:
        return "—"
    ratio = figure["ratio"]
    if ratio is None or ratio["ours_s"] is None:
        return str(figure["text"]).replace("x [", "× [")
    times = "{median:.3g}× [{low:.3g}, {high:.3g}]".format(**ratio)
    return f"{duration(ratio['ours_s'])}; {times} (n = {ratio['n']})"


def duration(seconds: float) -> str:
    """Return ``"6.2 µs"``."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.json"))
    print(table([read(file) for file in files]), _BESIDE, _GPU, sep="\n\n")
