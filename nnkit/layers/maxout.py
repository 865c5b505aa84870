"""Maxout: the largest of several dense layers, unit by unit."""

from dataclasses import dataclass

from nnkit.emitting.emitter import Emitter
from nnkit.errors import InvalidArgument
from nnkit.initializers import BoundInitializer
from nnkit.layers.base import Layer, layer
from nnkit.layers.dense import DENSE, emit_matmul
from nnkit.layers.draw import emit_draw, resolve_initializer
from nnkit.layers.pooling import emit_pooling
from nnkit.ops import Buffer, rows_of
from nnkit.registry import Hyper
from nnkit.tiling.pooling import Pooling
from nnkit.tiling.window import Windows


@layer(
    summary="Takes, for every unit, the largest of several weighted sums.",
    formula="y[u] = max over p of (x . kernel[:, u, p] + bias[u, p])",
    source="Goodfellow et al. (2013), ICML, arXiv:1302.4389",
    hyperparameters=(
        Hyper("units", 32, "number of outputs", at_least=1, integer=True),
        Hyper("pieces", 2, "weighted sums per output", at_least=1, integer=True),
    ),
)
@dataclass(frozen=True)
class Maxout(Layer):
    """The largest of ``pieces`` dense layers, unit by unit: a learned convex function per unit.

    Formula     y[u] = max over p of (x·kernel[:, u, p] + bias[u, p])
    Shapes      x: (batch, …, features); kernel: (features, units, pieces); y: (batch, …, units)
    """

    units: int
    pieces: int = 2
    kernel_initializer: str | BoundInitializer = "glorot_uniform"
    bias_initializer: str | BoundInitializer = "zeros"

    def __post_init__(self) -> None:
        self.keep_checked("units", "pieces")
        resolve_initializer(self.kernel_initializer)
        resolve_initializer(self.bias_initializer)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        if len(x.shape) < 2:
            raise InvalidArgument(f"{name}: needs at least one feature, found input of shape {x.shape[1:]}.")
        features, columns = x.shape[-1], self.units * self.pieces
        is_new = emitter.is_new(f"{name}/kernel")
        w = emitter.parameter(f"{name}/kernel", (features, self.units, self.pieces))
        b = emitter.parameter(f"{name}/bias", (self.units, self.pieces))
        if is_new:
            # Drawn as the dense kernel it is: its first axis is no receptive field.
            emit_draw(emitter, w, self.kernel_initializer, shape=(features, columns))
            emit_draw(emitter, b, self.bias_initializer)
        z = emitter.transient(f"{name}/pieces", (*x.shape[:-1], columns))
        emit_matmul(emitter, DENSE, x, rows_of(w, columns), z, a_row=features, a_step=1, start=b)
        y = emitter.transient(f"{name}/output", (*x.shape[:-1], self.units))
        # A unit's pieces lie side by side, like the pixels of a window.
        windows = Windows((1, z.size // z.shape[0]), (1, self.pieces), (1, self.pieces))
        emit_pooling(emitter, z, Pooling("max", windows, 1), y, name)
        return y
