"""The arguments of a model and its verbs, checked: each mistake is one line that says what to write."""

from collections.abc import Sequence

import numpy as np

from nnkit import optimizers
from nnkit.errors import InvalidArgument, UnknownName, shown
from nnkit.layers.base import Layer
from nnkit.losses import BoundLoss
from nnkit.metrics import Asked, asked, refusal
from nnkit.optimizers.bound import BoundOptimizer


def check_arguments(layers: object, input_shape: object, seed: object, dtype: str) -> None:
    """Raise InvalidArgument for the mistakes that are easily made: a bare layer, a bare size."""
    if dtype not in ("float32", "float64"):
        raise InvalidArgument(f"Sequential: dtype must be 'float32' or 'float64', found {dtype!r}.")
    if not isinstance(layers, Sequence) or isinstance(layers, str):
        raise InvalidArgument(f"Sequential: layers must be a list such as [Dense(10)], found {layers!r}.")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise InvalidArgument(
                f"Sequential: layer {index} must be a layer such as Dense, found {layer!r}."
            )
    if not isinstance(input_shape, Sequence) or not all(_is_whole(size) for size in input_shape):
        raise InvalidArgument(
            f"Sequential: input_shape must be a tuple of sizes such as (64,), found {input_shape!r}."
        )
    if not input_shape or min(input_shape) < 1:
        raise InvalidArgument(
            f"Sequential: input_shape must hold sizes of at least 1, found {input_shape!r}."
        )
    if not _is_whole(seed) or not -(2**63) <= int(seed) < 2**63:  # type: ignore[call-overload]
        raise InvalidArgument(f"Sequential: seed must be a whole number of 64 bits, found {seed!r}.")


def checked_metrics(given: str | Sequence[str] | None, loss: BoundLoss) -> tuple[Asked, ...]:
    """Return the metrics, each once; raise InvalidArgument where one is unknown or does not fit the loss."""
    metrics = (given,) if isinstance(given, str) else given if given is not None else ()
    if not isinstance(metrics, list | tuple):
        raise InvalidArgument(f"compile: metrics must be a list such as ['accuracy'], found {given!r}.")
    found: dict[str, Asked] = {}
    for name in metrics:
        try:
            one = asked(name)
        except UnknownName as error:
            raise InvalidArgument(f"compile: {error}") from None
        if one.of_training:
            raise InvalidArgument(
                f"compile: {name}: a model evaluates the data that it is given. Write {one.metric.name!r}."
            )
        if (reason := refusal(one.metric, loss)) is not None:
            raise InvalidArgument(f"compile: {reason}")
        found[one.name] = one
    return tuple(found.values())


def check_count(where: str, value: object) -> None:
    if not _is_whole(value) or value < 1:  # type: ignore[operator]
        raise InvalidArgument(f"{where} must be a whole number of at least 1, found {shown(value)}.")


def check_fit(batch_size: object, epochs: object, shuffle: object) -> None:
    check_count("fit: batch_size", batch_size)
    check_count("fit: epochs", epochs)
    if not isinstance(shuffle, bool):
        raise InvalidArgument(f"fit: shuffle must be True or False, found {shuffle!r}.")


def checked_optimizer(given: str | BoundOptimizer) -> BoundOptimizer:
    if isinstance(given, BoundOptimizer):
        return given
    if not isinstance(given, str):
        raise InvalidArgument(
            f"compile: optimizer must be a name such as 'adam' or made by a call such as optimizers.Adam(),"
            f" found {given!r}."
        )
    return optimizers.get(given)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
