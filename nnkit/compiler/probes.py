"""Probes in a program: ops among those of the evaluation, and around the step before it.

They are emitted only when asked for. What they leave lies in a region of its own, so that a program with
probes trains to the same bits as one without.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nnkit.activations import BoundActivation
from nnkit.compiler.slopes import slopes_of
from nnkit.emitting.emitter import Graph
from nnkit.entries import op_kind
from nnkit.kernels.movement import copy
from nnkit.kernels.probe import probe_activation, probe_weights
from nnkit.kernels.update import LANES
from nnkit.layers.activation import activation_of
from nnkit.ops import EVALUATION, Buffer, Op, Operand, Scalar, View, flat, rows_of

ACTIVATION_CELLS = 4  # units alive, values flat, sum, sum of squares
WEIGHT_CELLS = 3  # lengths of the gradient, of the last step, of the weights
# Rows of fewer values than this are read several at a time, where they belong to one sample.
_WIDE = 64


@dataclass(frozen=True, slots=True)
class ActivationProbe:
    """One activation that is watched; ``values`` are those of one sample."""

    layer: str
    activation: str
    units: int
    values: int
    row: Buffer
    alive_at: Buffer
    times_alive: Buffer


@dataclass(frozen=True, slots=True)
class WeightProbe:
    """One kernel whose gradient and steps are watched."""

    layer: str
    row: Buffer
    before: Buffer


@dataclass(frozen=True, slots=True)
class Probes:
    """All probes of a program. Their rows lie side by side, in this order."""

    activations: tuple[ActivationProbe, ...]
    weights: tuple[WeightProbe, ...]

    @property
    def n_cells(self) -> int:
        """Return the numbers that one evaluation leaves."""
        return ACTIVATION_CELLS * len(self.activations) + WEIGHT_CELLS * len(self.weights)

    def buffers(self) -> list[Buffer]:
        """Return what lasts as long as the trial, the rows first."""
        rows = [probe.row for probe in self.activations] + [probe.row for probe in self.weights]
        units = [buffer for probe in self.activations for buffer in (probe.alive_at, probe.times_alive)]
        return [*rows, *units, *(probe.before for probe in self.weights)]


NO_PROBES = Probes((), ())

COPY_BEFORE = op_kind("copy_before", copy, Operand("x", "in"), Operand("y", "out"))
_SCRATCH = ("alive", "flat", "total", "square")
_LIMITS = ("dead_low", "dead_high", "flat_low", "flat_high", "dip_from", "dip_to")
PROBE_ACTIVATION = op_kind(
    "probe_activation",
    probe_activation,
    Operand("source", "in", rank=2),
    Operand("y", "in", rank=2),
    Operand("alive_at", "inout", type="double"),
    Operand("times_alive", "inout", type="double"),
    Operand("row", "inout", type="double"),
    *(Operand(name, "scratch") for name in _SCRATCH),
    *(Scalar(name, "double") for name in _LIMITS),
    Scalar("units", "integer"),
    Scalar("evaluation", "integer", cell=EVALUATION),
    flops=lambda shapes: 12 * shapes["y"][0] * shapes["y"][1],
)
PROBE_WEIGHTS = op_kind(
    "probe_weights",
    probe_weights,
    Operand("p", "in"),
    Operand("g", "in"),
    Operand("before", "in"),
    Operand("row", "out", type="double"),
    Operand("lanes", "scratch", type="double"),
    flops=lambda shapes: 7 * shapes["p"][0],
)


def watch_activations(ops: Sequence[Op], dtype: str) -> tuple[list[Op], tuple[ActivationProbe, ...]]:
    """Return the ops of an evaluation with a probe behind every activation, and the probes."""
    watched: list[Op] = []
    probes: list[ActivationProbe] = []
    for op in ops:
        watched.append(op)
        activation = activation_of(op)
        if activation is not None:
            probe, probe_op = _watch(op, activation, dtype)
            watched.append(probe_op)
            probes.append(probe)
    return watched, tuple(probes)


def watch_weights(graph: Graph) -> tuple[list[Op], list[Op], tuple[WeightProbe, ...]]:
    """Return the ops before and after a training step that is watched, and the probes of all kernels."""
    before: list[Op] = []
    after: list[Op] = []
    probes: list[WeightProbe] = []
    for name, parameter in graph.parameters.items():
        if len(parameter.shape) < 2 or parameter not in graph.gradients:
            continue
        layer = name.rpartition("/")[0]
        row = Buffer(f"probe of {name}", (WEIGHT_CELLS,), "slot", "double")
        kept = Buffer(f"{name} before", parameter.shape, "slot")
        probes.append(WeightProbe(layer, row, kept))
        before.append(Op(COPY_BEFORE, {"x": flat(parameter), "y": flat(kept)}))
        lanes = Buffer("lanes", (LANES,), "transient", "double")
        views = {
            "p": flat(parameter),
            "g": flat(graph.gradients[parameter]),
            "before": flat(kept),
            "row": flat(row),
            "lanes": flat(lanes),
        }
        after.append(Op(PROBE_WEIGHTS, views))
    return before, after, tuple(probes)


def _watch(op: Op, activation: BoundActivation, dtype: str) -> tuple[ActivationProbe, Op]:
    y = op.buffer("y")
    layer = y.name.rpartition("/")[0]
    units = y.shape[-1]
    row = Buffer(f"probe of {y.name}", (ACTIVATION_CELLS,), "slot", "double")
    alive_at, times_alive = (
        Buffer(f"{y.name} {what}", (units,), "slot", "double") for what in ("alive at", "times alive")
    )
    columns = _columns(y.shape)
    source = op.buffer("x") if activation.scalar.slope_of == "input" else y
    views: dict[str, View] = {
        "source": rows_of(source, columns),
        "y": rows_of(y, columns),
        "alive_at": flat(alive_at),
        "times_alive": flat(times_alive),
        "row": flat(row),
        **{name: flat(Buffer(name, (columns,))) for name in _SCRATCH},
    }
    slopes = slopes_of(activation, dtype)
    dead, steep = slopes.dead, slopes.flat
    limits = (dead.low, dead.high, steep.low, steep.high, steep.dip_from, steep.dip_to)
    scalars = {**dict(zip(_LIMITS, limits, strict=True)), "units": units}
    values = abs(y.size)
    probe = ActivationProbe(layer, activation.name, units, values, row, alive_at, times_alive)
    return probe, Op(PROBE_ACTIVATION, views, scalars)


def _columns(shape: tuple[int, ...]) -> int:
    """Return the row length at which to read values of this shape: units, or as many pixels of them."""
    columns = shape[-1]
    for size in reversed(shape[1:-1]):
        if columns >= _WIDE:
            break
        columns *= size
    return columns
