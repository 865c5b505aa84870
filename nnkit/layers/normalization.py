"""Normalisation: over the batch, and over each row."""

from dataclasses import dataclass
from functools import cache

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.kernels.rows.layer_norm import layer_norm_entry
from nnkit.kernels.rows.normalize import batch_norm_entry
from nnkit.layers.base import Layer, layer
from nnkit.layers.draw import emit_draw, fill_kind
from nnkit.ops import Argument, Buffer, Op, Operand, OpKind, Scalar, flat
from nnkit.registry import Hyper
from nnkit.tiling.columns import Columns

_CHANNELS = (Operand("gamma", "in"), Operand("beta", "in"))
_GRADIENTS: tuple[Argument, ...] = (
    Operand("dy", "in", rank=2),
    Operand("normal", "in", rank=2),
    Operand("gamma", "in"),
    Operand("scale", "in"),
    Operand("dx", "out", rank=2),
    Operand("dgamma", "out"),
    Operand("dbeta", "out"),
)


def _train_gradient(op: Op, sweep: Sweep) -> None:
    views = _gradient_views(op, sweep)
    views["columns"] = columns_over(sweep, op.buffer("x"))
    _emit_gradient(op, sweep, backward_kind(op.buffer("gamma").size), views)


def _layer_gradient(op: Op, sweep: Sweep) -> None:
    kind = layer_norm_backward_kind(op.buffer("gamma").size)
    _emit_gradient(op, sweep, kind, _gradient_views(op, sweep))


def _test_gradient(op: Op, sweep: Sweep) -> None:
    """Emit ``dx = dy * gamma / sqrt(variance + epsilon)``: the layer itself, without mean and shift."""
    dx, zeros = sweep.new_gradient(op.buffer("x")), sweep.transient("zeros", op.buffer("gamma").shape)
    sweep.emit(fill_kind("constant"), {"out": flat(zeros)}, value=0.0)
    views = {name: op.buffer(name) for name in ("gamma", "running_variance")}
    views |= {"x": sweep.gradient(op.buffer("y")), "beta": zeros, "running_mean": zeros, "y": dx}
    views["columns"] = columns_over(sweep, op.buffer("x"))
    sweep.emit(op.kind, views, epsilon=op.scalars["epsilon"])
    sweep.arrive(op.buffer("x"), dx)


def _gradient_views(op: Op, sweep: Sweep) -> dict[str, Buffer]:
    return {
        "dy": sweep.gradient(op.buffer("y")),
        "normal": op.buffer("normal"),
        "gamma": op.buffer("gamma"),
        "scale": op.buffer("scale"),
        # dx is computed even where it is not wanted: gamma's and beta's gradients come from the same pass.
        "dx": sweep.new_gradient(op.buffer("x")),
        "dgamma": sweep.parameter_gradient(op.buffer("gamma")),
        "dbeta": sweep.parameter_gradient(op.buffer("beta")),
    }


def _emit_gradient(op: Op, sweep: Sweep, kind: OpKind, views: dict[str, Buffer]) -> None:
    sweep.emit(kind, views)
    if sweep.wants(op.buffer("x")):
        sweep.arrive(op.buffer("x"), views["dx"])


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
    return OpKind("batch_norm_test", entry, arguments, lambda s: 5 * s["x"][0] * s["x"][1], _test_gradient, 1)


@cache
def backward_kind(channels: int) -> OpKind:
    """Return the op kind of the gradients in training."""
    arguments = (*_GRADIENTS, Operand("columns", "scratch"))
    entry = batch_norm_entry("backward", channels, arguments)
    return OpKind("batch_norm_backward", entry, arguments, lambda s: 9 * s["dy"][0] * s["dy"][1])


def columns_over(emitter: Emitter | Sweep, x: Buffer) -> Buffer:
    """Return scratch for the sums of every column of ``x``."""
    size = Columns(x.shape[-1], emitter.graph.lanes).scratch_size
    return emitter.transient(f"{x.name} columns", (size,))


def _gamma_and_beta(emitter: Emitter, shape: tuple[int], name: str) -> tuple[Buffer, Buffer]:
    is_new = emitter.is_new(f"{name}/gamma")
    gamma = emitter.parameter(f"{name}/gamma", shape)
    beta = emitter.parameter(f"{name}/beta", shape)
    if is_new:
        emit_draw(emitter, gamma, "ones")
        emit_draw(emitter, beta, "zeros")
    return gamma, beta


@layer(
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
)
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
        gamma, beta = _gamma_and_beta(emitter, channels, name)
        mean = emitter.state(f"{name}/moving_mean", channels)
        variance = emitter.state(f"{name}/moving_variance", channels)
        if is_new:
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
            "columns": columns_over(emitter, x),
        }
        # A frozen layer is in inference mode, as in Keras: its running statistics stay too.
        if emitter.training and not emitter.is_frozen:
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
    return OpKind("layer_norm", entry, arguments, lambda s: 8 * s["x"][0] * s["x"][1], _layer_gradient, 1)


@cache
def layer_norm_backward_kind(columns: int) -> OpKind:
    """Return the op kind of the gradients of a layer normalisation."""
    entry = layer_norm_entry("backward", columns, _GRADIENTS)
    return OpKind("layer_norm_backward", entry, _GRADIENTS, lambda s: 12 * s["dy"][0] * s["dy"][1])


@layer(
    summary="Gives every sample mean 0 and variance 1 over its features, then a learned scale and shift.",
    formula="y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, statistics over the last axis",
    source="Ba, Kiros and Hinton (2016), arXiv:1607.06450; defaults of keras.layers.LayerNormalization",
    hyperparameters=(Hyper("epsilon", default=1e-3, above=0.0, summary="added to the variance"),),
)
@dataclass(frozen=True)
class LayerNormalization(Layer):
    """Normalises every row of the last axis by its own mean and variance, in training and at test time."""

    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        self.keep_checked("epsilon")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        columns = x.shape[-1]
        gamma, beta = _gamma_and_beta(emitter, (columns,), name)
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
