"""The activation layer, and how every other layer applies an activation."""

from dataclasses import dataclass
from functools import cache

from nnkit import activations
from nnkit.activations import Activation as ActivationRecord
from nnkit.activations import BoundActivation, RowActivation
from nnkit.emitting.backward import Sweep
from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument
from nnkit.layers.acting import emit_drawn, emit_learned, emit_rows
from nnkit.layers.base import Layer, layer
from nnkit.ops import Buffer, Op, Operand, OpKind, Scalar
from nnkit.registry import Hyper, parse_choice

_FIXED = "_fixed"  # behind the name of an activation whose numbers can be learned, and are not


@cache
def activation_kinds(record: ActivationRecord) -> tuple[OpKind, OpKind]:
    """Return the forward and the backward op kind of an activation, made from its two scalar functions."""
    numbers = [Scalar(name, "double") for name in record.number_names]
    name = f"{record.name}{_FIXED}" if record.learned else record.name
    backward = op_kind(
        f"{name}_backward",
        record.backward_kernel(),
        Operand("source", "in"),
        Operand("dy", "in"),
        Operand("dx", "out"),
        *numbers,
        flops=lambda shapes: (record.slope_flops + 1) * shapes["dx"][0],
        block=1,
    )

    def gradient(op: Op, sweep: Sweep) -> None:
        x, y = op.buffer("x"), op.buffer("y")
        dy = sweep.gradient(y)
        if sweep.wants(x):
            dx = sweep.new_gradient(x)
            source = x if record.slope_of == "input" else y
            sweep.emit(backward, {"source": source, "dy": dy, "dx": dx}, **op.scalars)
            sweep.arrive(x, dx)

    forward = op_kind(
        name,
        record.forward_kernel(),
        Operand("x", "in"),
        Operand("y", "out"),
        *numbers,
        flops=lambda shapes: record.flops * shapes["x"][0],
        gradient=gradient,
        block=1,
    )
    return forward, backward


def resolve_activation(given: str | BoundActivation) -> BoundActivation:
    """Return the activation that a name such as ``"elu(alpha=0.5)"`` stands for."""
    if isinstance(given, BoundActivation):
        return given
    if not isinstance(given, str):
        raise InvalidArgument(
            f"activation must be a name such as 'relu' or 'elu(alpha=0.5)', found {given!r}."
            " Write 'linear' for none."
        )
    name, parameters = parse_choice(given)
    return activations.get(name, **parameters)


def emit_activation(emitter: Emitter, x: Buffer, given: str | BoundActivation, name: str) -> Buffer:
    """Append the activation of ``x``; the linear one is no op at all."""
    chosen = resolve_activation(given)
    record = chosen.record
    if record.name == "linear":
        return x
    if isinstance(record, RowActivation):
        return emit_rows(emitter, x, record, name)
    if chosen.learned:
        return emit_learned(emitter, x, chosen, name)
    if record.draws and emitter.training:
        return emit_drawn(emitter, x, chosen, name)
    forward, _ = activation_kinds(record)
    y = emitter.transient(f"{name}/{record.name}", x.shape)
    emitter.emit(forward, {"x": x, "y": y}, **dict(zip(record.number_names, chosen.numbers, strict=True)))
    return y


def activation_of(op: Op) -> BoundActivation | None:
    """Return the activation of single values that an op applies to its ``x``, or None for another kind."""
    name = op.kind.name.removesuffix(_FIXED)
    if name not in activations.names():
        return None
    record = activations.record(name)
    if isinstance(record, RowActivation) or activation_kinds(record)[0] is not op.kind:
        return None
    return activations.get(record.name, **{name: op.scalars[name] for name in record.number_names})


@layer(
    summary="Applies an activation to every value.",
    formula="y = activation(x)",
    source="Keras 3, keras.layers.Activation",
)
@dataclass(frozen=True)
class Activation(Layer):
    """An activation as a layer of its own: ``y = activation(x)``, value by value."""

    activation: str | BoundActivation

    def __post_init__(self) -> None:
        resolve_activation(self.activation)

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return emit_activation(emitter, x, self.activation, name)


@layer(
    summary="A ReLU whose negative side keeps a small slope.",
    formula="y = x if x > 0 else negative_slope * x",
    source="Maas, Hannun and Ng (2013), ICML workshop; default of keras.layers.LeakyReLU",
    hyperparameters=(Hyper("negative_slope", default=0.3, at_least=0.0),),
)
@dataclass(frozen=True)
class LeakyReLU(Layer):
    """``y = x`` where x > 0 and ``negative_slope · x`` elsewhere."""

    negative_slope: float = 0.3

    def __post_init__(self) -> None:
        self.keep_checked("negative_slope")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return emit_activation(
            emitter, x, activations.get("leaky_relu", negative_slope=self.negative_slope), name
        )


@layer(
    summary="An exponential on the negative side, which pulls means towards zero.",
    formula="y = x if x > 0 else alpha * (exp(x) - 1)",
    source="Clevert, Unterthiner and Hochreiter (2016), ICLR; default of keras.layers.ELU",
    hyperparameters=(Hyper("alpha", default=1.0, at_least=0.0),),
)
@dataclass(frozen=True)
class ELU(Layer):
    """``y = x`` where x > 0 and ``alpha · (exp(x) - 1)`` elsewhere."""

    alpha: float = 1.0

    def __post_init__(self) -> None:
        self.keep_checked("alpha")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return emit_activation(emitter, x, activations.get("elu", alpha=self.alpha), name)
