"""What a layer is: it declares parameters and emits ops. It never computes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from nnkit.emitting.emitter import Emitter
from nnkit.ops import Buffer
from nnkit.registry import Part, Registry


class Layer:
    """One layer of a model.

    Subclasses are frozen dataclasses whose fields are Keras's arguments, and carry one `Part` record.
    """

    record: ClassVar[Part]

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        """Append the ops that compute this layer of ``x``; parameters are called ``name/…``."""
        raise NotImplementedError

    def config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord(Part):
    """The record of one layer type; ``make`` is its class."""

    make: type[Layer]


LAYERS: Registry[LayerRecord] = Registry("layer")


def emit_stack(emitter: Emitter, x: Buffer, layers: Sequence[Layer], prefix: str = "") -> Buffer:
    """Emit every layer behind the one before; names are ``dense_0``, ``dense_1``, ``max_pooling2d_0`` …"""
    counts: dict[str, int] = {}
    for layer in layers:
        kind = snake_case(layer.record.name)
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        x = layer.emit(emitter, x, f"{prefix}{kind}_{number}")
    return x


def snake_case(name: str) -> str:
    """Return Keras's name of a layer in a model: ``MaxPooling2D`` is ``max_pooling2d``."""
    letters = [
        f"_{c.lower()}" if c.isupper() and i and name[i - 1].islower() else c.lower()
        for i, c in enumerate(name)
    ]
    return "".join(letters)
