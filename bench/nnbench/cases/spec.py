"""The files that users write: a case (``digits_mlp.toml``) and a matrix of cases, axes and seeds.

These models hold the shape of the files. What the names in them stand for (optimizers, layers, datasets)
is checked in ``axes`` and ``catalogue``; ``files`` reads a file and words its mistakes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    StrictBool,
    StrictInt,
    Tag,
    create_model,
    model_validator,
)

from nnbench.cases.axis import AXES, Axis
from nnbench.cases.data_section import DataSection
from nnbench.cases.fields import (
    Choices,
    ClassWeight,
    Count,
    Epochs,
    NotNegative,
    Number,
    Positive,
    Section,
    Seeds,
    Text,
    Texts,
    Whole,
    not_empty,
)

MOST_LAYERS = 10_000


def spelled_loss(text: str) -> str:
    """Return the one spelling of a loss with options, or the text itself where it is none."""
    from nnkit import losses
    from nnkit.errors import NnkitError

    with suppress(NnkitError):  # what is wrong with it is said elsewhere
        return losses.resolve(text).spelled
    return text


def _snake_case(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise ValueError("expected small letters, digits and underscores, a letter first")
    return value


class LayerSection(Section):
    """A layer: its ``type`` and Keras's arguments; ``"$init"`` and so on stand for the choice of an axis."""

    model_config = ConfigDict(extra="allow", frozen=True)
    type: Text

    @model_validator(mode="after")
    def _holds_layers(self) -> "LayerSection":
        if not _are_layers((self.model_extra or {}).get("layers", [])):
            raise ValueError('expected "layers" to be a list of layers, each with its type')
        return self


def _are_layers(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(one, Mapping) and isinstance(one.get("type"), str) and _are_layers(one.get("layers", []))
        for one in value
    )


class RepeatSection(Section):
    """A stack of layers, as often as ``repeat`` says."""

    repeat: Count
    layers: Annotated[tuple["AnyLayer", ...], AfterValidator(not_empty)]


def _kind(value: object) -> str:
    repeats = isinstance(value, RepeatSection) or (isinstance(value, Mapping) and "repeat" in value)
    return "<repeat>" if repeats else "<layer>"


AnyLayer = Annotated[
    Annotated[RepeatSection, Tag("<repeat>")] | Annotated[LayerSection, Tag("<layer>")], Discriminator(_kind)
]


def _not_too_many(layers: tuple[AnyLayer, ...]) -> tuple[AnyLayer, ...]:
    # Counted before repeats are written out: a billion of them would fill the memory.
    if (n := _count(layers)) > MOST_LAYERS:
        raise ValueError(f"these are {n:,} layers, repeats written out; at most {MOST_LAYERS:,} are allowed")
    return layers


def _count(layers: Iterable[RepeatSection | LayerSection]) -> int:
    return sum(
        layer.repeat * _count(layer.layers) if isinstance(layer, RepeatSection) else 1 for layer in layers
    )


class ModelSection(Section):
    layers: Annotated[tuple[AnyLayer, ...], AfterValidator(not_empty), AfterValidator(_not_too_many)]

    def unrolled(self) -> tuple[dict[str, Any], ...]:
        """Return the layers as plain tables ``{"type": …, …}``, repeats written out."""
        return tuple(_unroll(self.layers))


def _unroll(layers: Iterable[RepeatSection | LayerSection]) -> Iterable[dict[str, Any]]:
    for layer in layers:
        if isinstance(layer, RepeatSection):
            inner = list(_unroll(layer.layers))
            yield from (dict(table) for _ in range(layer.repeat) for table in inner)
        else:
            yield {"type": layer.type, **(layer.model_extra or {})}


class AxesSection(Section):
    """The case's own choice on every axis: what an axis is when nobody asks for another value."""

    optimizer: Text = "adam"
    activation: Text = "relu"
    init: Text = "glorot_uniform"
    norm: Text = "none"
    schedule: Text = "constant"
    learning_rate: Positive | None = None  # None: the optimizer's own
    batch_size: Count | None = None  # None: the one in [training]


class EarlyStoppingSection(Section):
    monitor: Text = "val_loss"
    patience: Count = 5
    min_delta: NotNegative = 0.0


class TrainingSection(Section):
    loss: Text
    epochs: Epochs
    batch_size: Count = 32
    order: Literal["reshuffle", "fixed"] = "reshuffle"
    early_stopping: EarlyStoppingSection | None = None
    clip_value: Positive | None = None
    clip_norm: Positive | None = None
    l1: NotNegative = 0.0
    l2: NotNegative = 0.0
    class_weight: ClassWeight = None


class TransferSection(Section):
    """A net learns some classes first, and moves to others of which there are few rows."""

    source: tuple[StrictInt, ...] = Field(min_length=1)
    target: tuple[StrictInt, ...] = Field(min_length=1)
    rows: Count  # of the target to train on
    epochs: Epochs = 20  # of the source
    way: Literal["none", "head", "partial", "full"] = "none"

    @model_validator(mode="after")
    def _apart(self) -> "TransferSection":
        if set(self.source) & set(self.target):
            raise ValueError("source and target must have no class in common")
        if len(self.source) != len(self.target):
            raise ValueError("source and target must have as many classes: they share the shape of the head")
        return self


class MeasureSection(Section):
    metric: Text = "accuracy"  # of the validation part; of the training part it is "train_accuracy"
    also: Texts = ()  # measured besides, and compared by nobody
    target: Number | None = None
    noticeable: Positive


class CalibrationSection(Section):
    """How ``measure.target`` came about, and how much the best configuration's final metric scatters."""

    suite_version: Count  # moves with the target: results of different versions are not compared
    target_rule: Text
    sigma: NotNegative
    exchange_rate: Positive | None = None  # of the metric for a step of the best, near the target
    n: Count
    configuration: Text
    seeds: Text
    run: Text
    date: Text


def _a_list(axis: Axis) -> Any:
    return Choices | None, Field(default=None, alias=axis.option or None)


_Lists: Any = create_model("_Lists", __base__=Section, **{name: _a_list(axis) for name, axis in AXES.items()})


class AxisLists(_Lists):  # type: ignore[misc]
    """The values to cross on each axis; an axis left out stays at the case's own choice."""

    @model_validator(mode="before")
    @classmethod
    def _in_one_spelling(cls, table: Any) -> Any:
        for axis in AXES.values():
            if isinstance(table, dict) and axis.key != axis.name and {axis.key, axis.name} <= table.keys():
                raise ValueError(f"{axis.key} and {axis.name} are one key. Write one of them")
        return table

    def given(self) -> dict[str, tuple[str, ...]]:
        """Return the axes that have values here."""
        values = {name: getattr(self, name) for name in AXES}
        return {name: value for name, value in values.items() if value is not None}


class RunSection(AxisLists):
    """What ``nnbench run CASE`` does when no axis is asked for."""

    seeds: Seeds = 10


class CaseSpec(Section):
    """A task with data, model, budget and target."""

    name: Annotated[Text, AfterValidator(_snake_case)]
    aliases: Texts = ()
    summary: Text
    data: DataSection
    model: ModelSection
    axes: AxesSection = AxesSection()
    training: TrainingSection
    measure: MeasureSection
    run: RunSection = RunSection()
    calibration: CalibrationSection | None = None
    transfer: TransferSection | None = None
    _where: str = PrivateAttr(default="")

    @property
    def where(self) -> str:
        """Return what to call this case in a message: the file it was read from."""
        return self._where or f"case {self.name}"

    def read_from(self, where: str) -> Self:
        """Return the same case, with the file that it was read from."""
        case = self.model_copy()
        case._where = where
        return case

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Return what of the case can change a trial's result; epochs and batch size are the trial's own."""
        training = self.training.model_dump(mode="json", exclude={"epochs", "batch_size"})
        # Left out where there is none, so that cases from before there was any keep their identity.
        moved = {} if self.transfer is None else {"transfer": self.transfer.model_dump(mode="json")}
        if "(" in self.training.loss:  # a bare name stands as it is written, as it always did
            training["loss"] = spelled_loss(self.training.loss)
        return {
            **moved,
            "data": self.data.identity(),
            "layers": list(self.model.unrolled()),
            # What is off is left out, so that a new kind of regularisation keeps the old identities.
            "training": {name: value for name, value in training.items() if value is not None and value != 0},
        }

    @cached_property
    def digest(self) -> str:
        """Return the sha256 of ``identity``: equal for two cases that train alike."""
        return hashlib.sha256(canonical_json(self.identity).encode()).hexdigest()

    def rewritten(self, **sections: Section) -> "CaseSpec":
        """Return the same case with other sections, and an identity of its own."""
        case = self.model_copy(update=sections)
        # A copy keeps what was computed once of the original.
        for computed in ("identity", "digest"):
            case.__dict__.pop(computed, None)
        return case

    def trained_for(self, epochs: int) -> "CaseSpec":
        """Return the same case with another budget."""
        return self.model_copy(update={"training": self.training.model_copy(update={"epochs": epochs})})

    def trained_at(self, batch_size: int) -> "CaseSpec":
        """Return the same case with another batch size."""
        return self.model_copy(
            update={"training": self.training.model_copy(update={"batch_size": batch_size})}
        )


class MatrixFile(Section):
    """A matrix file, and the table ``[tool.nnbench]`` of pyproject.toml: the options of ``run`` by name."""

    summary: Text = ""
    cases: Texts = ()
    plugin: Texts | None = None
    axes: AxisLists = AxisLists()
    set: dict[str, Choices] | None = None  # values of the parameters of a subject
    seeds: Seeds | None = None
    first_seed: Whole | None = None
    epochs: Whole | None = None
    jobs: Whole | None = None
    store: Text | None = None
    dtype: Text | None = None
    against: Text | None = None
    tuned: StrictBool | None = None
    race: StrictBool | None = None
    budget: Text | None = None
    probes: StrictBool | None = None
    order: Text | None = None
    engine: Text | None = None
    scheduler: Text | None = None
    color: Text | None = None
    quiet: StrictBool | None = None


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no spaces: the same text for the same content, for hashing."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
