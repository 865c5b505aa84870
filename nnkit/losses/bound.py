"""A loss with its hyper-parameters: a function of arrays, and what a program is compiled with."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.entries import call
from nnkit.errors import InvalidData
from nnkit.losses.record import Loss
from nnkit.losses.shares import through_logits, to_logits
from nnkit.losses.targets import checked_labels, checked_shares
from nnkit.registry import Value, spell_choice

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class BoundLoss:
    """A loss of ``outputs`` against ``targets``: the mean over the rows, and its gradient.

    Outputs are (rows, …, classes), or for a loss of one output per label (rows, …); labels stand for all but
    the last axis, and have the others' shape. Real targets and shares have the outputs' shape.
    """

    record: Loss
    parameters: Mapping[str, Value]

    def __hash__(self) -> int:
        # Written out, because the parameters are a dict: programs are cached by their loss.
        return hash(self.spelled)

    @property
    def name(self) -> str:
        """The name by which it was chosen, without options."""
        return self.record.name

    @property
    def spelled(self) -> str:
        """The loss as a case or a saved model names it: defaults are left out."""
        defaults = {hyper.name: hyper.default for hyper in self.record.hyperparameters}
        return spell_choice(
            self.name, {name: value for name, value in self.parameters.items() if value != defaults[name]}
        )

    @property
    def kind(self) -> Literal["labels", "real"]:
        """What a model is measured against: shares of classes have labels too, their largest."""
        return "real" if self.record.targets == "real" else "labels"

    @property
    def takes_logits(self) -> bool:
        """Whether `logits` of the outputs are logits: of shares they are made such."""
        return self.record.takes_logits

    @property
    def from_shares(self) -> bool:
        """Whether the model's outputs are probabilities already, as `from_logits=false` says."""
        return self.parameters.get("from_logits") is False

    @property
    def is_single(self) -> bool:
        """Whether every output has a label of its own."""
        return self.record.n_outputs == 1

    @property
    def is_fast(self) -> bool:
        """Whether the kernels without options do: all options but ``from_logits`` are off."""
        names = self.record.scalar_names()
        off = {hyper.name: hyper.default for hyper in self.record.hyperparameters}
        return self.record.fast is not None and all(self.parameters[name] == off[name] for name in names)

    @property
    def ignored(self) -> int | None:
        """The label whose rows do not count."""
        found = self.parameters.get("ignore_label")
        return None if found is None else int(found)

    def scalars(self) -> dict[str, float]:
        """Return what the kernels take beside arrays, in their order."""
        record = self.record
        return {name: record.as_scalar(name, self.parameters[name]) for name in record.scalar_names()}

    def columns(self, output_shape: tuple[int, ...]) -> int:
        """Return how many outputs make a row, of one sample's shape."""
        if self.is_single:
            return 1
        by_place = self.kind == "labels" or self.record.along_last_axis
        return output_shape[-1] if by_place else prod(output_shape)

    def places(self, output_shape: tuple[int, ...]) -> int:
        """Return how many rows a sample has: one, or one for every place of a sequence or an image."""
        return prod(output_shape) // self.columns(output_shape)

    def label_shape(self, output_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one sample's labels."""
        if not self.is_single:
            return output_shape[:-1]
        return output_shape[:-1] if output_shape[-1:] == (1,) else output_shape

    def n_classes(self, n_outputs: int) -> int:
        """Return how many labels there are: a single logit parts two."""
        return 2 if self.is_single else n_outputs

    def of_logits(self) -> "BoundLoss":
        """Return the same loss of outputs that are logits."""
        return BoundLoss(self.record, {**self.parameters, "from_logits": True})

    # -- of arrays ---------------------------------------------------------------------------------

    def value(self, outputs: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return the mean loss of the rows, each multiplied by its weight if there are any."""
        return self.value_and_gradient(outputs, targets, weights)[0]

    def value_and_gradient(
        self, outputs: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
    ) -> tuple[float, Array]:
        """Return the mean loss of the rows and its gradient, in the shape of ``outputs``."""
        there = _reals(np.asarray(outputs), f"loss {self.name}")
        wanted = self.check(there, targets)
        columns = self.columns(there.shape[1:])
        values = (to_logits(there, single=self.is_single) if self.from_shares else there).reshape(-1, columns)
        gradient, totals = np.empty_like(values), np.empty(2)
        if weights is not None:
            heavy = _weights(weights, len(values), values.dtype, f"loss {self.name}")
            kernel = self.record.kernel(weighted=True)
            given = values, wanted, heavy, gradient, totals, len(values), 0, *self.scalars().values()
            call(f"{self.name}_weighted", kernel, *given)
        elif self.is_fast:
            assert self.record.fast is not None
            given = values, wanted, gradient, np.empty_like(values[:, 0]), totals, len(values), 0
            call(f"{self.name}_fast", self.record.fast.gradient, *given)
        else:
            given = values, wanted, gradient, totals, len(values), 0, *self.scalars().values()
            call(self.name, self.record.kernel(weighted=False), *given)
        if self.from_shares:
            gradient = through_logits(there.reshape(values.shape), gradient, single=self.is_single)
        return float(totals[0]) / len(values), gradient.reshape(np.shape(outputs))

    def check(self, outputs: Array, targets: ArrayLike) -> Array:
        """Return targets as the kernels take them, or raise InvalidData: a kernel cannot refuse a label."""
        where, shape = f"loss {self.name}", outputs.shape[1:]
        if self.kind == "real":
            wanted = np.asarray(targets)
            if wanted.shape not in (outputs.shape, outputs.shape[:1] if shape == (1,) else outputs.shape):
                raise InvalidData(
                    f"{where}: expected targets of the outputs' shape {outputs.shape}, "
                    f"found {wanted.shape}. Reshape one of them; nothing is broadcast."
                )
            return np.ascontiguousarray(wanted.reshape(-1, self.columns(shape)), dtype=outputs.dtype)
        return self.encoded(targets, len(outputs), shape, outputs.dtype, where).reshape(
            (-1,) if self.record.targets == "labels" else (-1, self.columns(shape))
        )

    def encoded(
        self, targets: ArrayLike, n: int, output_shape: tuple[int, ...], dtype: Any, where: str
    ) -> Array:
        """Return labels as int32, or as shares where the loss takes these; or raise InvalidData."""
        shape = (n, *self.label_shape(output_shape))
        n_classes = self.n_classes(output_shape[-1])
        if self.record.targets == "shares":
            return checked_shares(targets, (*shape, n_classes), dtype, where)
        return checked_labels(targets, shape, n_classes, where, ignored=self.ignored)

    def readable(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return outputs and targets as metrics read them: logits and a label a row, or both as they are."""
        if self.kind == "real":
            return outputs, targets
        rows = outputs.reshape(-1, self.columns(outputs.shape[1:]))
        logits = to_logits(rows, single=self.is_single) if self.from_shares else rows
        labels = targets.argmax(axis=-1) if self.record.targets == "shares" else targets
        flat = labels.reshape(-1)
        kept = flat != self.ignored if self.ignored is not None else slice(None)
        return logits[kept], flat[kept]


def _reals(outputs: Array, where: str) -> Array:
    """Return the outputs as a contiguous array of float32 or float64; one dimension is a column."""
    if outputs.dtype.kind not in "iuf" or outputs.ndim == 0 or outputs.size == 0:
        raise InvalidData(
            f"{where}: expected outputs of shape (rows, n), real numbers and at least one row, "
            f"found shape {outputs.shape} of {outputs.dtype}."
        )
    dtype = np.float32 if outputs.dtype == np.float32 else np.float64
    return np.ascontiguousarray(outputs[:, None] if outputs.ndim == 1 else outputs, dtype=dtype)


def _weights(weights: ArrayLike, n_rows: int, dtype: Any, where: str) -> Array:
    found = np.ascontiguousarray(weights, dtype=dtype).reshape(-1)
    if len(found) != n_rows:
        raise InvalidData(f"{where}: expected {n_rows} weights, one per row, found {len(found)}.")
    return found
