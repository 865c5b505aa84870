"""What the laws are measured of: training steps over sizes of a net, and commands over numbers of trials."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import ours
import stores
from children import measured
from laws.law import Point
from nnkit.execution.trial import Data, Trial
from nnkit.layers import Layer

ROUNDS, ROUND_S = 15, 0.004
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 10_000)
IMAGE_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
WIDTHS = (4, 8, 10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
DEPTHS = (1, 2, 4, 8, 16, 32, 64)
_MOST_STEPS = 4096


@dataclass(frozen=True, slots=True)
class Sweep:
    """A cost over a size: seconds, and the peak of the memory in bytes at each size."""

    name: str
    size: str  # what the size is
    what: str  # what takes the seconds, and of which memory the bytes are
    exponent: float  # the most that the cost may grow with
    points: tuple[Point, ...]
    peak_bytes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Net:
    """A net with data and batch: one size of a sweep over steps."""

    size: int
    layers: Sequence[Layer]
    data: tuple[ours.Array, ours.Array]
    batch_size: int
    loss: str = ours.CROSS_ENTROPY


def steps(*, is_quick: bool) -> list[Sweep]:
    """Return the laws of a training step: over its batch for three nets, over width, and over depth."""
    digits = [Net(n, ours.mlp((64, 32, 10)), ours.digits_like(n, 64), n) for n in _some(BATCHES, is_quick)]
    narrow = [
        Net(n, ours.mlp((32, 16, 4), activation="tanh"), ours.numbers(n, 4, 4), n, ours.SQUARES)
        for n in _some(BATCHES, is_quick)
    ]
    images = [Net(n, ours.lenet(), _images(n), n) for n in _some(IMAGE_BATCHES, is_quick)]
    wide = [Net(n, ours.mlp((n, n, 10)), ours.digits_like(32, n), 32) for n in _some(WIDTHS, is_quick)]
    deep = [Net(n, ours.mlp((*[32] * n, 10)), ours.digits_like(32, 32), 32) for n in _some(DEPTHS, is_quick)]
    what = "a training step with Adam, CPU time; memory: the arena"
    return [
        _step_law("batch, MLP 64-64-32-10", "rows in a batch", what, 1.0, digits),
        _step_law("batch, MLP 4-32-16-4 tanh", "rows in a batch", what, 1.0, narrow),
        _step_law("batch, LeNet-5", "images in a batch", what, 1.0, images),
        _step_law("width, MLP n-n-n-10, batch 32", "units in a layer", what, 2.0, wide),
        _step_law("depth, MLP of n × 32, batch 32", "hidden layers", what, 1.0, deep),
    ]


def commands(folder: Path, *, is_quick: bool) -> list[Sweep]:
    """Return the laws of the tool: run, report and dry run, with the peak memory of their processes."""
    run = ("run", "xor", "--epochs", "1", "--optimizer", "sgd,adam", "--activation", "relu,tanh", "--quiet")
    trials = (40, 400, 4_000) if is_quick else (40, 400, 4_000, 40_000, 100_000)
    reported = (100, 1_000) if is_quick else (100, 1_000, 10_000, 100_000)
    crossed = (10, 30) if is_quick else (10, 30, 100, 300, 1_000)
    planned = (100, 1_000) if is_quick else (1_000, 10_000, 100_000, 1_000_000)
    measured([*run, "--seeds", "6", "--store", str(folder / "first.sqlite")], folder)  # compiles
    return [
        _command_law(
            "trials of run", "trials", "nnbench run xor --epochs 1, 4 configurations", trials,
            lambda n: [*run, "--seeds", str(n // 4), "--store", str(folder / f"run-{n}.sqlite")],
            folder,
        ),
        _command_law(
            "trials in a report", "trials", "nnbench report, 10 configurations", reported,
            lambda n: _report(folder / f"report-{n}.sqlite", (10,), n // 10), folder,
        ),
        _command_law(
            "configurations in a report", "configurations", "nnbench report, 10 seeds each", crossed,
            lambda n: _report(folder / f"wide-{n}.sqlite", (n,), 10), folder,
        ),
        _command_law(
            "trials in a dry run", "trials", "nnbench run digits --dry-run, 100 seeds each", planned,
            lambda n: _dry_run(folder, n), folder,
        ),
    ]  # fmt: skip


def _some(sizes: Sequence[int], is_quick: bool) -> Sequence[int]:
    return sizes[:3] if is_quick else sizes


def _images(n: int) -> tuple[ours.Array, ours.Array]:
    x, y = ours.digits_like(n, 28 * 28)
    return x.reshape(-1, 28, 28, 1), y


def _step_law(name: str, size: str, what: str, exponent: float, nets: Sequence[Net]) -> Sweep:
    """Time all sizes in turns, so that a moment in which the machine is slow falls on all of them."""
    trials = [_ready(net) for net in nets]
    calls = [_calls_for(call) for _, call in trials]
    seconds = np.empty((ROUNDS, len(nets)))
    rng = np.random.Generator(np.random.PCG64(0))
    for row in seconds:
        for place in rng.permutation(len(nets)):
            row[place] = _time(trials[place][1], calls[place])
    quartiles = np.quantile(seconds, (0.25, 0.5, 0.75), axis=0).T
    points = tuple(
        Point(net.size, float(middle), float(low), float(high), ROUNDS)
        for net, (low, middle, high) in zip(nets, quartiles, strict=True)
    )
    return Sweep(name, size, what, exponent, points, tuple(trial.arena.nbytes for trial, _ in trials))


def _ready(net: Net) -> tuple[Trial, Callable[[int], object]]:
    """Return a trial, and its call for some steps."""
    x, y = net.data
    trial = Trial(ours.program_of(net.layers, x.shape[1:], net.batch_size, loss=net.loss), seed=0)
    trial.attach_training(Data(x, y), rates=np.full(_MOST_STEPS, 1e-3))
    return trial, lambda n: trial.train(0, n)


def _calls_for(call: Callable[[int], object]) -> int:
    call(1)
    n = 1
    while _time(call, n) * n < ROUND_S / 2 and n < _MOST_STEPS:
        n *= 2
    return n


def _time(call: Callable[[int], object], n: int) -> float:
    began = time.process_time()
    call(n)
    return (time.process_time() - began) / n


def _command_law(
    name: str, size: str, what: str, sizes: Sequence[int], words: Callable[[int], list[str]], folder: Path
) -> Sweep:
    """Run each size several times where it is short, and once where it is long."""
    points, peaks = [], []
    for n in sizes:
        command = words(n)
        spent = measured(command, folder)
        times = [spent.cpu_s]
        while command[0] != "run" and len(times) < 3 and sum(times) < 6.0:
            times.append(measured(command, folder).cpu_s)
        points.append(Point(n, float(np.median(times)), min(times), max(times), len(times)))
        peaks.append(spent.peak_bytes)
    return Sweep(name, size, f"{what}; CPU time and peak of the process", 1.0, tuple(points), tuple(peaks))


def _report(store: Path, levels: tuple[int, ...], n_seeds: int) -> list[str]:
    if not store.exists():
        stores.fill(store, levels, n_seeds)
    return ["report", "--store", str(store)]


def _dry_run(folder: Path, n: int) -> list[str]:
    n_rates = n // 100
    rates = ",".join(f"{1e-4 * 1.001**place:.6g}" for place in range(n_rates))
    store = str(folder / "none.sqlite")
    return [
        "run",
        "digits",
        "--optimizer",
        "adam",
        "--lr",
        rates,
        "--seeds",
        "100",
        "--dry-run",
        "--store",
        store,
    ]
