"""What a layer is: it declares parameters and emits ops. It never computes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from nnkit.emitting.emitter import Emitter
from nnkit.errors import InvalidArgument, shown
from nnkit.ops import Buffer
from nnkit.registry import Part, Registry

MOST_UNITS = 1_000_000  # or filters, or pieces, of one layer


class Layer:
    """One layer of a model.

    Subclasses are frozen dataclasses whose fields are Keras's arguments, and carry one `Part` record.
    """

    record: ClassVar[Part]
    # True where outputs are inputs, moved, chosen or averaged: what comes before decides what they mean.
    keeps_range: ClassVar[bool] = False

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        """Append the ops that compute this layer of ``x``; parameters are called ``name/…``."""
        raise NotImplementedError

    def keep_checked(self, *names: str, **renamed: str) -> None:
        """Check the arguments that are hyper-parameters of the record, and keep them in its types.

        ``renamed`` gives the argument where it has another name than the hyper-parameter.
        """
        arguments = {name: name for name in names} | renamed
        given = {hyper: getattr(self, argument) for hyper, argument in arguments.items()}
        checked = self.record.resolve(given, self.record.name)
        for hyper, argument in arguments.items():
            value = checked[hyper]
            if isinstance(value, int) and value > MOST_UNITS:
                raise InvalidArgument(
                    f"{self.record.name}: {hyper} must be at most {MOST_UNITS:,}, found {shown(value)}."
                )
            object.__setattr__(self, argument, value)  # 64.0 is a number of units too
        if not isinstance(getattr(self, "use_bias", True), bool):
            raise InvalidArgument(f"{self.record.name}: use_bias must be True or False, not another value.")

    def config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord(Part):
    """The record of one layer type; ``make`` is its class."""

    make: type[Layer]


LAYERS: Registry[LayerRecord] = Registry("layer")
L = TypeVar("L", bound=Layer)


def layer(**about: Any) -> Callable[[type[L]], type[L]]:
    """Add the decorated class to the layers: ``about`` are the fields of its record, which has its name."""

    def add(made: type[L]) -> type[L]:
        made.record = LAYERS.add(LayerRecord(name=made.__name__, make=made, **about))
        return made

    return add


def emit_stack(emitter: Emitter, x: Buffer, layers: Sequence[Layer], prefix: str = "") -> Buffer:
    """Emit every layer behind the one before; names are ``dense_0``, ``dense_1``, ``max_pooling2d_0`` …"""
    counts: dict[str, int] = {}
    for one in layers:
        kind = snake_case(one.record.name)
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        x = one.emit(emitter, x, f"{prefix}{kind}_{number}")
    return x


def snake_case(name: str) -> str:
    """Return Keras's name of a layer in a model: ``MaxPooling2D`` is ``max_pooling2d``."""
    letters = [
        f"_{c.lower()}" if c.isupper() and i and name[i - 1].islower() else c.lower()
        for i, c in enumerate(name)
    ]
    return "".join(letters)
