"""Normalisation: over the batch, and over each row."""

from dataclasses import dataclass
from functools import cache

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.kernels.rows.layer_norm import layer_norm_entry
from nnkit.kernels.rows.normalize import batch_norm_entry
from nnkit.layers.base import LAYERS, Layer, LayerRecord
from nnkit.layers.draw import emit_draw, fill_kind
from nnkit.ops import Argument, Buffer, Op, Operand, OpKind, Scalar, flat
from nnkit.registry import Hyper
from nnkit.tiling.columns import Columns


def _train_gradient(op: Op, sweep: Sweep) -> None:
    x, gamma = op.buffer("x"), op.buffer("gamma")
    dy = sweep.gradient(op.buffer("y"))
    assert dy is not None
    # dx is computed even where nobody wants it: gamma's and beta's gradients come from the same pass.
    dx = sweep.new_gradient(x)
    views = {
        "dy": dy,
        "normal": op.buffer("normal"),
        "gamma": gamma,
        "scale": op.buffer("scale"),
        "dx": dx,
        "dgamma": sweep.parameter_gradient(gamma),
        "dbeta": sweep.parameter_gradient(op.buffer("beta")),
    }
    views["columns"] = _columns(sweep, x)
    sweep.emit(backward_kind(gamma.size), views)
    if sweep.wants(x):
        sweep.arrive(x, dx)


_CHANNELS = (Operand("gamma", "in"), Operand("beta", "in"))


@cache
def train_kind(channels: int) -> OpKind:
    """Return the op kind that normalises by the batch."""
    arguments: tuple[Argument, ...] = (
        Operand("x", "in", rank=2),
        *_CHANNELS,
        Operand("running_mean", "inout"),
        Operand("running_variance", "inout"),
        Operand("y", "out", rank=2),
        Operand("normal", "out", rank=2),
        Operand("scale", "out"),
        Operand("columns", "scratch"),
        Scalar("momentum", "double"),
        Scalar("epsilon", "double"),
    )
    entry = batch_norm_entry("train", channels, arguments)
    return OpKind("batch_norm_train", entry, arguments, lambda s: 8 * s["x"][0] * s["x"][1], _train_gradient)


@cache
def test_kind(channels: int) -> OpKind:
    """Return the op kind that normalises by running statistics."""
    arguments: tuple[Argument, ...] = (
        Operand("x", "in", rank=2),
        *_CHANNELS,
        Operand("running_mean", "in"),
        Operand("running_variance", "in"),
        Operand("y", "out", rank=2),
        Operand("columns", "scratch"),
        Scalar("epsilon", "double"),
    )
    entry = batch_norm_entry("test", channels, arguments)
    return OpKind("batch_norm_test", entry, arguments, lambda s: 5 * s["x"][0] * s["x"][1])


@cache
def backward_kind(channels: int) -> OpKind:
    """Return the op kind of the gradients in training."""
    arguments: tuple[Argument, ...] = (
        Operand("dy", "in", rank=2),
        Operand("normal", "in", rank=2),
        Operand("gamma", "in"),
        Operand("scale", "in"),
        Operand("dx", "out", rank=2),
        Operand("dgamma", "out"),
        Operand("dbeta", "out"),
        Operand("columns", "scratch"),
    )
    entry = batch_norm_entry("backward", channels, arguments)
    return OpKind("batch_norm_backward", entry, arguments, lambda s: 9 * s["dy"][0] * s["dy"][1])


def _columns(emitter: Emitter | Sweep, x: Buffer) -> Buffer:
    size = Columns(x.shape[-1], emitter.graph.lanes).scratch_size
    return emitter.transient(f"{x.name} columns", (size,))


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Normalises every channel over the batch while training, by running statistics at test time."""

    momentum: float = 0.99
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        self.keep_checked("momentum", "epsilon")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        channels = (x.shape[-1],)
        is_new = emitter.is_new(f"{name}/gamma")
        gamma = emitter.parameter(f"{name}/gamma", channels)
        beta = emitter.parameter(f"{name}/beta", channels)
        mean = emitter.state(f"{name}/moving_mean", channels)
        variance = emitter.state(f"{name}/moving_variance", channels)
        if is_new:
            emit_draw(emitter, gamma, "ones")
            emit_draw(emitter, beta, "zeros")
            emitter.graph.initial.append(Op(fill_kind("constant"), {"out": flat(mean)}, {"value": 0.0}))
            emitter.graph.initial.append(Op(fill_kind("constant"), {"out": flat(variance)}, {"value": 1.0}))
        y = emitter.transient(f"{name}/output", x.shape)
        views = {
            "x": x,
            "gamma": gamma,
            "beta": beta,
            "running_mean": mean,
            "running_variance": variance,
            "y": y,
        }
        views["columns"] = _columns(emitter, x)
        if emitter.training:
            views["normal"] = emitter.transient(f"{name}/normal", x.shape)
            views["scale"] = emitter.transient(f"{name}/scale", channels)
            emitter.emit(train_kind(gamma.size), views, momentum=self.momentum, epsilon=self.epsilon)
        else:
            emitter.emit(test_kind(gamma.size), views, epsilon=self.epsilon)
        return y


@cache
def layer_norm_kind(columns: int) -> OpKind:
    """Return the op kind of a layer normalisation."""
    arguments: tuple[Argument, ...] = (
        Operand("x", "in", rank=2),
        *_CHANNELS,
        Operand("y", "out", rank=2),
        Operand("normal", "out", rank=2),
        Operand("scale", "out"),
        Scalar("epsilon", "double"),
    )
    entry = layer_norm_entry("forward", columns, arguments)
    return OpKind("layer_norm", entry, arguments, lambda s: 8 * s["x"][0] * s["x"][1], _layer_gradient)


@cache
def layer_norm_backward_kind(columns: int) -> OpKind:
    """Return the op kind of the gradients of a layer normalisation."""
    arguments: tuple[Argument, ...] = (
        Operand("dy", "in", rank=2),
        Operand("normal", "in", rank=2),
        Operand("gamma", "in"),
        Operand("scale", "in"),
        Operand("dx", "out", rank=2),
        Operand("dgamma", "out"),
        Operand("dbeta", "out"),
    )
    entry = layer_norm_entry("backward", columns, arguments)
    return OpKind("layer_norm_backward", entry, arguments, lambda s: 12 * s["dy"][0] * s["dy"][1])


def _layer_gradient(op: Op, sweep: Sweep) -> None:
    x, gamma = op.buffer("x"), op.buffer("gamma")
    dy = sweep.gradient(op.buffer("y"))
    assert dy is not None
    dx = sweep.new_gradient(x)
    views = {
        "dy": dy,
        "normal": op.buffer("normal"),
        "gamma": gamma,
        "scale": op.buffer("scale"),
        "dx": dx,
        "dgamma": sweep.parameter_gradient(gamma),
        "dbeta": sweep.parameter_gradient(op.buffer("beta")),
    }
    sweep.emit(layer_norm_backward_kind(gamma.size), views)
    if sweep.wants(x):
        sweep.arrive(x, dx)


@dataclass(frozen=True)
class LayerNormalization(Layer):
    """Normalises every row of the last axis by its own mean and variance, in training and at test time."""

    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        self.keep_checked("epsilon")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        columns = x.shape[-1]
        is_new = emitter.is_new(f"{name}/gamma")
        gamma = emitter.parameter(f"{name}/gamma", (columns,))
        beta = emitter.parameter(f"{name}/beta", (columns,))
        if is_new:
            emit_draw(emitter, gamma, "ones")
            emit_draw(emitter, beta, "zeros")
        y = emitter.transient(f"{name}/output", x.shape)
        views = {
            "x": x,
            "gamma": gamma,
            "beta": beta,
            "y": y,
            "normal": emitter.transient(f"{name}/normal", x.shape),
            "scale": emitter.transient(f"{name}/scale", x.shape[:-1]),
        }
        emitter.emit(layer_norm_kind(columns), views, epsilon=self.epsilon)
        return y


BatchNormalization.record = LAYERS.add(
    LayerRecord(
        name="BatchNormalization",
        summary="Gives every channel mean 0 and variance 1 over the batch, then a learned scale and shift.",
        formula="y = gamma * (x - mean) / sqrt(variance + epsilon) + beta",
        source="Ioffe and Szegedy (2015), arXiv:1502.03167; defaults of keras.layers.BatchNormalization",
        hyperparameters=(
            Hyper(
                "momentum",
                default=0.99,
                at_least=0.0,
                below=1.0,
                summary="share kept of the running statistics",
            ),
            Hyper("epsilon", default=1e-3, above=0.0, summary="added to the variance"),
        ),
        make=BatchNormalization,
    )
)
LayerNormalization.record = LAYERS.add(
    LayerRecord(
        name="LayerNormalization",
        summary="Gives every sample mean 0 and variance 1 over its features, then a learned scale and shift.",
        formula="y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, statistics over the last axis",
        source="Ba, Kiros and Hinton (2016), arXiv:1607.06450; defaults of keras.layers.LayerNormalization",
        hyperparameters=(Hyper("epsilon", default=1e-3, above=0.0, summary="added to the variance"),),
        make=LayerNormalization,
    )
)
