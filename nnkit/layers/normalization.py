"""Batch normalisation."""

from dataclasses import dataclass

from nnkit.compiler.backward import Sweep
from nnkit.compiler.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.kernels.normalize import batch_norm_backward, batch_norm_test, batch_norm_train
from nnkit.layers.base import LAYERS, Layer, LayerRecord
from nnkit.layers.draw import emit_draw, fill_kind
from nnkit.ops import Buffer, Op, Operand, Scalar, flat
from nnkit.registry import Hyper


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
    sweep.emit(BATCH_NORM_BACKWARD, views)
    if sweep.wants(x):
        sweep.arrive(x, dx)


BATCH_NORM_TRAIN = op_kind(
    "batch_norm_train",
    batch_norm_train,
    Operand("x", "in", rank=2),
    Operand("gamma", "in"),
    Operand("beta", "in"),
    Operand("running_mean", "inout"),
    Operand("running_variance", "inout"),
    Operand("y", "out", rank=2),
    Operand("normal", "out", rank=2),
    Operand("scale", "out"),
    Scalar("momentum", "double"),
    Scalar("epsilon", "double"),
    gradient=_train_gradient,
    flops=lambda shapes: 8 * shapes["x"][0] * shapes["x"][1],
)
BATCH_NORM_TEST = op_kind(
    "batch_norm_test",
    batch_norm_test,
    Operand("x", "in", rank=2),
    Operand("gamma", "in"),
    Operand("beta", "in"),
    Operand("running_mean", "in"),
    Operand("running_variance", "in"),
    Operand("y", "out", rank=2),
    Scalar("epsilon", "double"),
    flops=lambda shapes: 5 * shapes["x"][0] * shapes["x"][1],
)
BATCH_NORM_BACKWARD = op_kind(
    "batch_norm_backward",
    batch_norm_backward,
    Operand("dy", "in", rank=2),
    Operand("normal", "in", rank=2),
    Operand("gamma", "in"),
    Operand("scale", "in"),
    Operand("dx", "out", rank=2),
    Operand("dgamma", "out"),
    Operand("dbeta", "out"),
    flops=lambda shapes: 9 * shapes["dy"][0] * shapes["dy"][1],
)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Normalises every channel over the batch while training, by running statistics at test time."""

    momentum: float = 0.99
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        self.record.resolve({"momentum": self.momentum, "epsilon": self.epsilon}, "BatchNormalization")

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
        if emitter.training:
            views["normal"] = emitter.transient(f"{name}/normal", x.shape)
            views["scale"] = emitter.transient(f"{name}/scale", channels)
            emitter.emit(BATCH_NORM_TRAIN, views, momentum=self.momentum, epsilon=self.epsilon)
        else:
            emitter.emit(BATCH_NORM_TEST, views, epsilon=self.epsilon)
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
