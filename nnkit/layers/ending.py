"""How a stack of layers ends, and which losses may follow it."""

from collections.abc import Sequence

from nnkit.activations import BoundActivation
from nnkit.errors import InvalidArgument
from nnkit.layers.activation import resolve_activation
from nnkit.layers.base import Layer
from nnkit.losses import Loss


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


def check_ending(layers: Sequence[Layer], loss: Loss) -> None:
    """Raise InvalidArgument where probabilities would be taken for logits, and squashed once more."""
    last = last_activation(layers)
    if loss.takes_logits and last is not None and last.record.gives_probability:
        raise InvalidArgument(
            f"loss {loss.name}: the last layer ends in {last.name}, and the loss takes logits: "
            "leave the activation out."
        )
