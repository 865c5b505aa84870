"""How a stack of layers ends, and which losses may follow it."""

from collections.abc import Sequence
from dataclasses import replace

from nnkit.activations import BoundActivation
from nnkit.errors import InvalidArgument
from nnkit.layers.activation import resolve_activation
from nnkit.layers.base import Layer
from nnkit.losses import BoundLoss


def last_activation(layers: Sequence[Layer]) -> BoundActivation | None:
    """Return the activation that makes the outputs; None where they are sums, or the inputs."""
    for layer in reversed(layers):
        inner, given = getattr(layer, "layers", None), getattr(layer, "activation", None)
        chosen = last_activation(inner) if inner else resolve_activation(given) if given is not None else None
        if chosen is not None and chosen.name != "linear":
            return chosen
        if not (layer.keeps_range or layer.record.name == "Activation"):
            return None
    return None


def check_ending(layers: Sequence[Layer], loss: BoundLoss) -> None:
    """Raise InvalidArgument where the outputs are not what the loss takes, such as shares for logits."""
    last = last_activation(layers)
    wrong = _wrong_ending(last, loss)
    if wrong is not None:
        ending = "gives sums" if last is None else f"ends in {last.name}"
        raise InvalidArgument(f"loss {loss.spelled}: the last layer {ending}, and {wrong}.")


def _wrong_ending(last: BoundActivation | None, loss: BoundLoss) -> str | None:
    gives_shares = last is not None and last.record.gives_probability
    if loss.from_shares and not gives_shares:
        return f"the loss takes shares: end in {_final(loss)}, or leave from_logits out"
    if loss.record.needs == "log_softmax":
        is_right = last is not None and last.name == "log_softmax"
        alike = "sparse_categorical_crossentropy"
        return None if is_right else f"the loss takes its logarithms: end in log_softmax, or take {alike}"
    if loss.takes_logits and not loss.from_shares and gives_shares:
        remedy = f", or write {loss.name}(from_logits=false)" if "from_logits" in loss.parameters else ""
        return f"the loss takes logits: leave the activation out{remedy}"
    if loss.record.needs == "positive" and not loss.parameters.get("log_input") and last is None:
        return f"rates are positive: end in softplus, or write {loss.name}(log_input=true)"
    return None


def _final(loss: BoundLoss) -> str:
    """Return the activation that the loss has in it."""
    return "sigmoid" if loss.is_single else "softmax"


def without_final(layers: Sequence[Layer], loss: BoundLoss) -> tuple[Sequence[Layer], BoundLoss]:
    """Return what is trained, and by what: layers without a final softmax or sigmoid that the loss has in it.

    The logits are then exact where shares are rounded to 0 or 1, and nothing is computed twice.
    """
    given = getattr(layers[-1], "activation", None) if layers and loss.from_shares else None
    if given is None or resolve_activation(given).name != _final(loss):
        return layers, loss
    *before, last = layers
    if last.record.name == "Activation":
        return before, loss.of_logits()
    bare: Layer = replace(last, activation="linear")  # type: ignore[type-var]
    bare.trainable = last.trainable
    return (*before, bare), loss.of_logits()


def dropped(layers: Sequence[Layer], loss: BoundLoss) -> str | None:
    """Return what is to be said of a final activation that is not trained; None where there is none."""
    if without_final(layers, loss)[0] is layers:
        return None
    return f"the final {_final(loss)} is in the loss, which is computed from logits; predictions are shares"
