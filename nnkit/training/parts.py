"""What a fit trains and validates on: checked, split off, and weighted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.errors import InvalidArgument, InvalidData, shown
from nnkit.execution.trial import Data, Trial
from nnkit.losses import BoundLoss
from nnkit.training.samples import as_array

Weights = NDArray[np.float64]
ClassWeight = Mapping[int, float] | str | None
BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class Parts:
    """Both have weights of the rows, or None where every row counts once."""

    train: Data
    validation: Data | None

    @property
    def weighted(self) -> bool:
        parts = (self.train, self.validation)
        return any(part is not None and part.weights is not None for part in parts)


def parts_of(
    checked: Callable[[ArrayLike, ArrayLike, str], Data],
    loss: BoundLoss,
    output_shape: tuple[int, ...],
    x: ArrayLike,
    y: ArrayLike,
    *,
    validation_data: object = None,
    validation_split: float = 0.0,
    class_weight: ClassWeight = None,
    sample_weight: ArrayLike | None = None,
) -> Parts:
    """Return the parts as Keras makes them: the validation part is the end of the data, before any shuffle.

    Where there are validation data, nothing is split off. Class weights count in training alone.
    """
    whole = _with_weights(checked(x, y, ""), sample_weight, loss, output_shape, "fit: sample_weight")
    train, validation = whole, None
    if validation_data is not None:
        own_x, own_y, *own_weight = _pair(validation_data)
        validation = checked(own_x, own_y, "validation_")
        given = own_weight[0] if own_weight else None
        validation = _with_weights(validation, given, loss, output_shape, "fit: validation_data's weights")
    elif _is_share(validation_split):
        train, validation = _split(whole, validation_split)
    if class_weight is None:
        return Parts(train, validation)
    by_class = class_weights(class_weight, train.y, loss, output_shape, "fit: class_weight")
    own = by_class if train.weights is None else by_class * train.weights
    return Parts(replace(train, weights=own), validation)


def _pair(given: object) -> tuple[Any, ...]:
    if not isinstance(given, list | tuple) or len(given) not in (2, 3):
        found = f"{len(given)} values" if isinstance(given, list | tuple) else type(given).__name__
        raise InvalidArgument(
            f"fit: validation_data must be a pair (x, y), found {found}. Weights of the samples may be third."
        )
    return tuple(given)


def _is_share(split: object) -> bool:
    if isinstance(split, bool) or not isinstance(split, int | float) or not 0.0 <= split < 1.0:
        raise InvalidArgument(
            f"fit: validation_split must be a share from 0 to below 1, such as 0.2, found {shown(split)}."
        )
    return split > 0.0


def _split(whole: Data, share: float) -> tuple[Data, Data]:
    n = int(len(whole) * (1.0 - share))
    if not 0 < n < len(whole):
        raise InvalidArgument(
            f"fit: validation_split={share:g} of {len(whole)} sample(s) leaves one of the parts empty."
        )
    first, last = (
        Data(whole.x[rows], whole.y[rows], None if whole.weights is None else whole.weights[rows])
        for rows in (slice(n), slice(n, None))
    )
    return first, last


def _with_weights(
    data: Data, given: ArrayLike | None, loss: BoundLoss, output_shape: tuple[int, ...], where: str
) -> Data:
    return (
        data if given is None else replace(data, weights=row_weights(given, data, loss, output_shape, where))
    )


def row_weights(
    given: ArrayLike, data: Data, loss: BoundLoss, output_shape: tuple[int, ...], where: str
) -> Weights:
    """Return one weight for every row of the loss: (samples, places). A sample's own counts at all places."""
    values, n, places = as_array(given, where), len(data), loss.places(output_shape)
    alone, each = {(n,), (n, 1)}, (n, *loss.label_shape(output_shape))
    if values.shape not in (alone | {each} if loss.kind == "labels" else alone):
        also = f", or one for every label, {each}" if places > 1 and loss.kind == "labels" else ""
        raise InvalidData(f"{where}: expected {n} weights, one per sample{also}, found shape {values.shape}.")
    if values.dtype.kind not in "biuf":
        raise InvalidData(f"{where}: expected numbers, found {values.dtype}.")
    found = values.astype(np.float64).reshape(n, -1)
    wrong = np.flatnonzero(~((found >= 0.0) & np.isfinite(found)).all(axis=1))
    if wrong.size:
        raise InvalidData(
            f"{where}: expected finite numbers of at least 0, found {found[wrong[0]].min():g}"
            f" at row {wrong[0]}."
        )
    return np.ascontiguousarray(np.broadcast_to(found, (n, places)))


def weighted_loss(trial: Trial, data: Data, given: ArrayLike) -> float:
    """Return the mean loss of the trial's model on the data, each row multiplied by its weight."""
    loss, shape = trial.program.loss, trial.program.output_shape
    weights = row_weights(given, data, loss, shape, "evaluate: sample_weight")
    return loss.value(trial.predict(data.x), data.y, weights)


def class_weights(
    given: ClassWeight, y: NDArray[Any], loss: BoundLoss, output_shape: tuple[int, ...], where: str
) -> Weights:
    """Return the weight of every row's class: those given by label, 1 where none is.

    "balanced" gives every class that occurs the same sum, and all of them the mean 1: n / (classes · rows of
    the class), as scikit-learn does.
    """
    if loss.kind != "labels":
        raise InvalidArgument(f"{where}: needs labels, and loss {loss.name!r} has none. Use sample_weight.")
    labels = (y.argmax(axis=-1) if loss.record.targets == "shares" else y).reshape(len(y), -1)
    n_classes = loss.n_classes(output_shape[-1])
    if given == BALANCED:
        counted = labels[labels != loss.ignored] if loss.ignored is not None else labels
        present, count = np.unique(counted, return_counts=True)
        table = dict(zip(present.tolist(), (counted.size / (len(present) * count)).tolist(), strict=True))
    else:
        table = _checked_table(given, n_classes, where)
    weights = np.ones(labels.shape)
    for label, weight in table.items():
        weights[labels == label] = weight
    return weights


def _checked_table(given: object, n_classes: int, where: str) -> dict[int, float]:
    if not isinstance(given, Mapping):
        raise InvalidArgument(
            f"{where} must be weights by label such as {{0: 1.0, 1: 5.0}}, or {BALANCED!r},"
            f" found {shown(given)}."
        )
    for label, weight in given.items():
        is_label = isinstance(label, int | np.integer) and not isinstance(label, bool)
        if not is_label or not 0 <= label < n_classes:
            raise InvalidArgument(
                f"{where}: expected labels from 0 to {n_classes - 1}, found {shown(label)}."
            )
        is_number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
        if not is_number or not 0.0 <= weight < np.inf:
            raise InvalidArgument(
                f"{where}: the weight of label {label} must be a number of at least 0, found {shown(weight)}."
            )
    return {int(label): float(weight) for label, weight in given.items()}
