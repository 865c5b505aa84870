"""A model of another framework, in the words of a case: what its translators share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from nnbench.errors import UsageError
from nnkit import activations, layers
from nnkit.registry import Value, spell_choice

LayerTable = dict[str, Any]
_ONE_AXIS_LEFT = ("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D")


@dataclass(slots=True)
class Model:
    """The layers so far, and what else is known of a model."""

    where: str
    layers: list[LayerTable] = field(default_factory=list)
    # Of a sample; None for an axis whose size is not said, and for a shape of which nothing is.
    input_shape: tuple[int | None, ...] | None = None
    head: Literal["", "softmax", "sigmoid"] = ""  # at the end, where the loss has it in it
    n_parameters: int | None = None  # where it is known: another number means other inputs
    loss: str = ""
    optimizer: str = ""
    scale: str = ""  # of the data, where a layer in front did that
    notes: list[str] = field(default_factory=list)

    def add(self, kind: str, **arguments: Any) -> None:
        """Append a layer; arguments that are nnkit's defaults need not be written."""
        if self.head:
            raise UsageError(
                f"{self.where}: nnkit has a {self.head} at the end only, and {kind} follows one."
            )
        defaults = {one.name: one.default for one in fields(layers.record(kind).make)}  # type: ignore[arg-type]
        kept = {name: value for name, value in arguments.items() if value != defaults.get(name)}
        self.layers.append({"type": kind, **kept})

    def activate(self, name: str, **parameters: Value) -> None:
        """Append an activation, with the parameters that are not its defaults; a linear one is none."""
        defaults = {hyper.name: hyper.default for hyper in activations.record(name).hyperparameters}
        beyond = {key: value for key, value in parameters.items() if value != defaults[key]}
        if name != "linear":
            self.add("Activation", activation=spell_choice(name, beyond))

    @property
    def rank(self) -> int | None:
        """Return how many axes a sample has behind the layers so far; None if that is not known."""
        rank = None if self.input_shape is None else len(self.input_shape)
        for layer in self.layers:
            if layer["type"] in _ONE_AXIS_LEFT:
                rank = 1
            rank = len(layer["target_shape"]) if layer["type"] == "Reshape" else rank
        return rank

    @property
    def has_images(self) -> bool:
        """Return whether a layer so far takes images or sequences of channels."""
        return any(
            layer["type"].startswith(("Conv", "MaxPooling", "AveragePooling")) for layer in self.layers
        )

    @property
    def n_outputs(self) -> int:
        """Return how many values the last layer with units gives; 0 if there is none."""
        sizes = (layer.get("units", layer.get("filters")) for layer in reversed(self.layers))
        return next((int(size) for size in sizes if size is not None), 0)


@dataclass(slots=True)
class Given:
    """The arguments of one layer, each to be taken; whatever is left must say nothing."""

    where: str
    values: dict[str, Any]

    def take(self, name: str, default: Any = None) -> Any:
        value = self.values.pop(name, default)
        return default if value is None else value

    def must_be(self, name: str, *allowed: Any) -> None:
        """Take an argument of which nnkit has these values alone, the first being the default."""
        value = self.values.pop(name, allowed[0])
        if value not in allowed:
            self.refuse(name, value)

    def ignore(self, *names: str) -> None:
        for name in names:
            self.values.pop(name, None)

    def finish(self) -> None:
        for name, value in self.values.items():
            if value is not None and value is not False:
                self.refuse(name, value)

    def refuse(self, name: str, value: object) -> None:
        raise UsageError(f"{self.where}: nnkit has no {name} = {_short(value)}. Take it out of the model.")


def _short(value: object) -> str:
    text = repr(value.get("class_name", value) if isinstance(value, Mapping) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def whole(sizes: object) -> Any:
    """Return sizes as a case writes them: one number where all are equal, else a list."""
    if not isinstance(sizes, Iterable) or isinstance(sizes, str):
        return sizes
    numbers = [int(size) for size in sizes]
    return numbers[0] if len(set(numbers)) == 1 else numbers
