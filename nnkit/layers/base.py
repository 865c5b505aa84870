"""What a layer is: it declares parameters and emits ops. It never computes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import FrozenInstanceError, dataclass, fields
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
    # False: the parameters stay as they are, from the next fit on. No argument: it may change, as in Keras.
    trainable = True

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
        made.__setattr__ = _only_trainable_changes  # type: ignore[method-assign,assignment]
        made.record = LAYERS.add(LayerRecord(name=made.__name__, make=made, **about))
        return made

    return add


def _only_trainable_changes(self: Layer, name: str, value: object) -> None:
    if name != "trainable":
        raise FrozenInstanceError(f"{self.record.name}: {name} cannot change; make another layer.")
    if not isinstance(value, bool):
        raise InvalidArgument(f"{self.record.name}: trainable must be True or False, found {value!r}.")
    object.__setattr__(self, name, value)


def frozen_names(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the names of the layers, inner ones included, whose parameters stay as they are."""
    return tuple(name for name, one in named(layers) if not one.trainable)


def named(layers: Sequence[Layer], prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield every layer with its name, ``dense_0``, ``dense_1`` …, and those inside of others behind them."""
    counts: dict[str, int] = {}
    for one in layers:
        kind = snake_case(one.record.name)
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        name = f"{prefix}{kind}_{number}"
        yield name, one
        yield from named(getattr(one, "layers", ()), f"{name}/")


def emit_stack(emitter: Emitter, x: Buffer, layers: Sequence[Layer], prefix: str = "") -> Buffer:
    """Emit every layer behind the one before; names are ``dense_0``, ``dense_1``, ``max_pooling2d_0`` …"""
    outer = emitter.is_frozen
    for name, one in named(layers, prefix):
        if "/" in name.removeprefix(prefix):
            continue  # emitted by the layer that it is inside of
        emitter.is_frozen = outer or not one.trainable
        x = one.emit(emitter, x, name)
    emitter.is_frozen = outer
    return x


def snake_case(name: str) -> str:
    """Return Keras's name of a layer in a model: ``MaxPooling2D`` is ``max_pooling2d``."""
    letters = [
        f"_{c.lower()}" if c.isupper() and i and name[i - 1].islower() else c.lower()
        for i, c in enumerate(name)
    ]
    return "".join(letters)
