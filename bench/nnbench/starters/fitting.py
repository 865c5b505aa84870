"""Which data set a model of another framework fits: by the shape of its inputs, its outputs and its size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt, prod

from nnbench.errors import UsageError
from nnbench.starters.model import LayerTable, Model
from nnkit import datasets, layers, losses, optimizers
from nnkit.compiler.program import compile_program
from nnkit.datasets import DatasetRecord
from nnkit.errors import NnkitError, did_you_mean
from nnkit.registry import parse_choice

CLASSES, TWO, NUMBERS = "sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A data set, the loss on it, and the layers of the model for it, what the loss has in it left out."""

    dataset: str  # as a case names it
    record: DatasetRecord
    loss: str
    layers: list[LayerTable]
    head: str


def fitted(model: Model, asked: str | None) -> Fitted:
    """Return the model on the data that were asked for, or on the first that fit; or raise UsageError."""
    if asked is not None:
        name = parse_choice(asked)[0]
        if name not in datasets.names():
            raise UsageError(f"--dataset: no data set named {name!r}.{did_you_mean(name, datasets.names())}")
        return replace(_on(model, datasets.record(name)), dataset=asked)
    found, why = _tried(model)
    if not found:
        raise UsageError(
            why
            or f"{model.where}: no data set fits its {model.n_outputs} outputs and inputs"
            f" {_spelt(model.input_shape)}. Name one with --dataset; nnbench list datasets."
        )
    others = ", ".join(one.dataset for one in found[1:])
    model.notes.append(f"The data are a guess by the shape{f'; {others} would fit too' if others else ''}.")
    return found[0]


def _tried(model: Model) -> tuple[list[Fitted], str]:
    """Return the model on all data that fit, and why it cannot be on the first whose shapes would."""
    found, why = [], ""
    for record in map(datasets.record, datasets.names()):
        if not _suits(model, record):
            continue
        try:
            found.append(_on(model, record))
        except UsageError as error:
            why = why or str(error)
    return found, why


def _suits(model: Model, record: DatasetRecord) -> bool:
    """Return whether the model takes the samples, and has an output for what is to be predicted."""
    loss = _loss(model, record)
    judged = losses.resolve(loss)
    outputs = {"regression": 1, "binary": 1 if judged.is_single else 2}
    is_number = record.task == "regression"
    return (
        model.n_outputs == outputs.get(record.task, record.n_classes)
        and is_number == (judged.kind == "real")
        and _shape_for(model, record.input_shape) is not None
    )


def _on(model: Model, record: DatasetRecord) -> Fitted:
    """Return the model on these data, or raise UsageError with the reason why it cannot be trained there."""
    shape = _shape_for(model, record.input_shape)
    if shape is None:
        raise UsageError(
            f"{model.where}: it takes samples {_spelt(model.input_shape)}, and those of {record.name} are"
            f" {_spelt(record.input_shape)}."
        )
    loss = _loss(model, record)
    own, head = _without_head(model, loss)
    stack = [*_in_front(own, shape, record.input_shape), *own]
    try:
        made = compile_program(
            [_layer(table) for table in stack],
            record.input_shape,
            losses.resolve(loss),
            optimizers.get("sgd"),
            dtype="float32",
            batch_size=2,
        )
    except NnkitError as error:
        raise UsageError(f"{model.where}, on {record.name}: {error}") from None
    if model.n_parameters not in (None, made.n_parameters):
        raise UsageError(
            f"{model.where}: it has {model.n_parameters:,} parameters, and {made.n_parameters:,} on"
            f" {record.name}: it was made for other inputs. Name its data with --dataset."
        )
    return Fitted(record.name, record, loss, stack, head)


def _layer(table: LayerTable) -> layers.Layer:
    arguments = {key: _tuple(value) for key, value in table.items() if key != "type"}
    return layers.record(table["type"]).make(**arguments)


def _tuple(value: object) -> object:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _shape_for(model: Model, found: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape that a sample must be given for the model; None if it cannot be."""
    wanted = model.input_shape
    if wanted is None:
        return found
    if len(wanted) == len(found) and all(a in (None, b) for a, b in zip(wanted, found, strict=True)):
        return found
    unknown, known = wanted.count(None), prod(axis for axis in wanted if axis is not None)
    left, rest = divmod(prod(found), known)
    side = isqrt(left) if unknown == 2 else left
    if rest or unknown > 2 or side**unknown != left:
        return None
    return tuple(side if axis is None else axis for axis in wanted)


def _in_front(own: Sequence[LayerTable], shape: tuple[int, ...], found: tuple[int, ...]) -> list[LayerTable]:
    """Return the layer that gives the samples the shape of the model's inputs, where one is needed."""
    if shape == found or (own and own[0]["type"] in ("Flatten", "Reshape")):
        return []
    return [{"type": "Flatten"} if len(shape) == 1 else {"type": "Reshape", "target_shape": list(shape)}]


def _spelt(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "of any shape"
    return f"of shape ({', '.join('any' if axis is None else str(axis) for axis in shape)})"


def _loss(model: Model, record: DatasetRecord) -> str:
    if model.loss:
        return model.loss
    if record.task == "regression":
        return NUMBERS
    return TWO if model.n_outputs == 1 else CLASSES


def _without_head(model: Model, loss: str) -> tuple[list[LayerTable], str]:
    """Return the layers without what the loss has in it, and what that is; or raise UsageError."""
    own, head = list(model.layers), model.head
    judged = losses.resolve(loss)
    inside = ("sigmoid" if judged.is_single else "softmax") if judged.takes_logits else ""
    if inside == "sigmoid" and own and own[-1].get("activation") == "sigmoid":
        own, head = own[:-1], "sigmoid"
    if head and inside != head:
        raise UsageError(f"{model.where}: a {head} at the end does not go with the loss {loss}.")
    return own, head
