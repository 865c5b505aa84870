"""Normalisation of every sample by itself: over groups of its channels, over each channel, by its length."""

from dataclasses import dataclass
from math import prod

from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.kernels.rows.group_norm import group_norm_backward, group_norm_forward
from nnkit.layers.base import Layer, layer
from nnkit.layers.draw import emit_draw, fill_kind
from nnkit.ops import Buffer, Op, Operand, Scalar, View, flat, rows_of
from nnkit.registry import Hyper

_SIZES = tuple(Scalar(name, "integer") for name in ("pixels", "groups", "is_centred"))
_EPSILON = Hyper("epsilon", default=1e-3, above=0.0, summary="added to the variance")


def _gradient(op: Op, sweep: Sweep) -> None:
    x, gamma, beta = (op.buffer(name) for name in ("x", "gamma", "beta"))
    dx = sweep.new_gradient(x)  # written even where it is not wanted: gamma's comes from the same pass
    shifts = beta.kind != "transient"
    views = {
        "dy": sweep.gradient(op.buffer("y")),
        **{name: op.buffer(name) for name in ("normal", "gamma", "scale")},
        "dx": dx,
        "dgamma": sweep.parameter_gradient(gamma),
        "dbeta": sweep.parameter_gradient(beta) if shifts else sweep.new_gradient(beta),
        "sums": sweep.transient(f"d {x.name} sums", (4 * gamma.size,), type="double"),
    }
    sizes = {name: value for name, value in op.scalars.items() if name != "epsilon"}
    sweep.emit(_BACKWARD, views, **sizes)
    if sweep.wants(x):
        sweep.arrive(x, dx)


_FORWARD = op_kind(
    "group_norm",
    group_norm_forward,
    Operand("x", "in", rank=2),
    Operand("gamma", "in"),
    Operand("beta", "in"),
    Operand("y", "out", rank=2),
    Operand("normal", "out", rank=2),
    Operand("scale", "out"),
    Operand("sums", "scratch", type="double"),
    *_SIZES,
    Scalar("epsilon", "double"),
    flops=lambda shapes: 8 * shapes["x"][0] * shapes["x"][1],
    gradient=_gradient,
    block=1,
)
_BACKWARD = op_kind(
    "group_norm_backward",
    group_norm_backward,
    Operand("dy", "in", rank=2),
    Operand("normal", "in", rank=2),
    Operand("gamma", "in"),
    Operand("scale", "in"),
    Operand("dx", "out", rank=2),
    Operand("dgamma", "out"),
    Operand("dbeta", "out"),
    Operand("sums", "scratch", type="double"),
    *_SIZES,
    flops=lambda shapes: 12 * shapes["dy"][0] * shapes["dy"][1],
)


def _emit(
    emitter: Emitter, x: Buffer, name: str, *, pixels: int, groups: int, epsilon: float, centred: bool = True
) -> Buffer:
    """Emit the normalisation of samples of so many pixels; what is not centred is not shifted either."""
    channels = x.shape[-1]
    is_new = emitter.is_new(f"{name}/gamma")
    gamma = emitter.parameter(f"{name}/gamma", (channels,))
    if centred:
        beta = emitter.parameter(f"{name}/beta", (channels,))
    else:
        beta = emitter.transient(f"{name}/no shift", (channels,))
        emitter.emit(fill_kind("constant"), {"out": flat(beta)}, value=0.0)
    if is_new:
        emit_draw(emitter, gamma, "ones")
        if centred:
            emit_draw(emitter, beta, "zeros")
    y = emitter.transient(f"{name}/output", x.shape)
    n_scales = prod(x.shape[:-1]) // pixels * groups
    views: dict[str, Buffer | View] = {
        "x": rows_of(x, channels),
        "gamma": gamma,
        "beta": beta,
        "y": rows_of(y, channels),
        "normal": rows_of(emitter.transient(f"{name}/normal", x.shape), channels),
        "scale": emitter.transient(f"{name}/scale", (n_scales,)),
        "sums": emitter.transient(f"{name}/sums", (2 * channels,), type="double"),
    }
    emitter.emit(_FORWARD, views, pixels=pixels, groups=groups, is_centred=int(centred), epsilon=epsilon)
    return y


@layer(
    summary="Gives every group of a sample's channels mean 0 and variance 1, then a learned scale and shift.",
    formula="y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, statistics over a group of channels",
    source="Wu and He (2018), arXiv:1803.08494; defaults of keras.layers.GroupNormalization",
    hyperparameters=(
        Hyper(
            "groups",
            32,
            "groups of channels; -1: each is one",
            at_least=-1,
            integer=True,
        ),
        _EPSILON,
    ),
    aliases=("GroupNorm",),
)
@dataclass(frozen=True)
class GroupNormalization(Layer):
    """Normalises every sample over its pixels and a group of neighbouring channels, at test time too.

    ``groups`` must divide the channels, as in Keras: 1 is one mean for the whole sample, and -1 a group for
    every channel. PyTorch's epsilon is 1e-5.
    """

    groups: int = 32
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        self.keep_checked("groups", "epsilon")
        if self.groups == 0:
            raise InvalidArgument("GroupNormalization: groups must be at least 1, or -1, found 0.")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        channels, pixels = x.shape[-1], prod(x.shape[1:-1])
        groups = channels if self.groups == -1 else self.groups
        if channels % groups:
            fitting = ", ".join(str(n) for n in range(1, min(channels, 64) + 1) if channels % n == 0)
            raise InvalidArgument(
                f"{name}: groups must divide the {channels} channels, found {groups}. Try one of {fitting}."
            )
        if pixels * channels == groups:
            raise InvalidArgument(
                f"{name}: a group of one value is its own mean, and every output would be beta: "
                f"found {groups} groups for inputs of shape {x.shape[1:]}. Try fewer, or LayerNormalization."
            )
        return _emit(emitter, x, name, pixels=pixels, groups=groups, epsilon=self.epsilon)


@layer(
    summary="Gives every channel of every sample mean 0 and variance 1, then a learned scale and shift.",
    formula="y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, statistics over a channel's pixels",
    source="Ulyanov et al. (2016), arXiv:1607.08022; keras.layers.GroupNormalization(groups=-1)",
    hyperparameters=(_EPSILON,),
    aliases=("InstanceNorm2d", "InstanceNorm1d"),
)
@dataclass(frozen=True)
class InstanceNormalization(Layer):
    """`GroupNormalization` with a group for every channel. PyTorch's has no gamma and beta by default."""

    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        self.keep_checked("epsilon")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        pixels = prod(x.shape[1:-1])
        if pixels == 1:
            raise InvalidArgument(
                f"{name}: needs several pixels of every channel, found inputs of shape {x.shape[1:]}. "
                "Use LayerNormalization or GroupNormalization."
            )
        return _emit(emitter, x, name, pixels=pixels, groups=x.shape[-1], epsilon=self.epsilon)


@layer(
    summary="Divides every row by its root mean square, then a learned scale: no mean, no shift.",
    formula="y = gamma * x / sqrt(mean(x**2) + epsilon), mean over the last axis",
    source="Zhang and Sennrich (2019), arXiv:1910.07467; defaults of keras.layers.RMSNormalization",
    hyperparameters=(Hyper("epsilon", default=1e-6, above=0.0, summary="added to the mean square"),),
    aliases=("RMSNorm",),
)
@dataclass(frozen=True)
class RMSNormalization(Layer):
    """Divides every row of the last axis by its root mean square, in training and at test time."""

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        self.keep_checked("epsilon")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return _emit(emitter, x, name, pixels=1, groups=1, epsilon=self.epsilon, centred=False)
