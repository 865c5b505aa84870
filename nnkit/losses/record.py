"""The record of a loss: the mean over the rows of a batch, and its gradient."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.errors import InvalidData
from nnkit.jit import Kernel
from nnkit.registry import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss(Part):
    """A loss of ``outputs`` (rows, n) against labels (rows,) or real targets (rows, n).

    ``gradient_kernel(outputs, targets, doutputs, scratch, totals)`` and
    ``value_kernel(outputs, targets, scratch, totals)`` set ``totals`` to the sum of the rows' losses and
    the number of rows predicted correctly; ``doutputs`` is the gradient of the mean over the rows.

    ``flops`` and ``gradient_flops`` are operations per output and per row in float32, for the value alone
    and for both, counted as for activations. ``takes_logits`` says that the loss applies its own sigmoid
    or softmax.
    """

    gradient_kernel: Kernel
    value_kernel: Kernel
    flops: tuple[int, int]
    gradient_flops: tuple[int, int]
    targets: Literal["labels", "real"]
    n_outputs: int | None = None  # None: any number
    takes_logits: bool = False

    def value(self, outputs: ArrayLike, targets: ArrayLike) -> float:
        """Return the mean loss of the rows."""
        values, wanted = self.check(outputs, targets)
        totals = np.empty(2)
        self.value_kernel(values, wanted, np.empty_like(values), totals)
        return float(totals[0]) / len(values)

    def value_and_gradient(self, outputs: ArrayLike, targets: ArrayLike) -> tuple[float, NDArray[Any]]:
        """Return the mean loss of the rows and its gradient, in the shape of ``outputs``."""
        values, wanted = self.check(outputs, targets)
        gradient, totals = np.empty_like(values), np.empty(2)
        self.gradient_kernel(values, wanted, gradient, np.empty_like(values), totals)
        return float(totals[0]) / len(values), gradient.reshape(np.shape(outputs))

    def check(self, outputs: ArrayLike, targets: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return both as the kernels take them, or raise InvalidData: a kernel cannot refuse a label."""
        values = _rows(np.asarray(outputs), f"loss {self.name}")
        if self.n_outputs is not None and values.shape[1] != self.n_outputs:
            raise InvalidData(
                f"loss {self.name}: expected {self.n_outputs} output(s) per row, found {values.shape[1]}."
                f" {self._remedy()}"
            )
        if self.targets == "labels":
            n_classes = self.n_classes(values.shape[1])
            return values, checked_labels(targets, len(values), n_classes, f"loss {self.name}")
        wanted = np.asarray(targets)
        if wanted.shape != np.shape(outputs):
            raise InvalidData(
                f"loss {self.name}: expected targets of the outputs' shape {np.shape(outputs)}, "
                f"found {wanted.shape}. Reshape one of them; nothing is broadcast."
            )
        return values, np.ascontiguousarray(wanted.reshape(values.shape), dtype=values.dtype)

    def n_classes(self, n_outputs: int) -> int:
        """Return how many labels there are: a single logit parts two."""
        return 2 if self.n_outputs == 1 else n_outputs

    def _remedy(self) -> str:
        return "For more classes use sparse_categorical_crossentropy." if self.targets == "labels" else ""


def _rows(outputs: NDArray[Any], where: str) -> NDArray[Any]:
    """Return the outputs as a contiguous (rows, n) array of float32 or float64; one dimension is a column."""
    if outputs.dtype.kind not in "iuf" or outputs.ndim == 0 or outputs.size == 0:
        raise InvalidData(
            f"{where}: expected outputs of shape (rows, n), real numbers and at least one row, "
            f"found shape {outputs.shape} of {outputs.dtype}."
        )
    dtype = np.float32 if outputs.dtype == np.float32 else np.float64
    return np.ascontiguousarray(outputs.reshape(len(outputs), -1), dtype=dtype)


def checked_labels(labels: ArrayLike, n_rows: int, n_classes: int, where: str) -> NDArray[np.int32]:
    """Return the labels as int32, or raise InvalidData: one whole number from 0 per row is expected."""
    given = np.asarray(labels)
    if given.shape not in ((n_rows,), (n_rows, 1)):
        raise InvalidData(
            f"{where}: expected {n_rows} labels, one per row, found shape {given.shape}. "
            "One-hot targets become labels with argmax(axis=1)."
        )
    found = given.reshape(-1)
    if found.dtype.kind not in "biu" and not (
        found.dtype.kind == "f" and bool(np.all(found == np.rint(found)))
    ):
        raise InvalidData(
            f"{where}: expected labels that are whole numbers, found {found.dtype} {found[:3]!r}."
        )
    wrong = np.flatnonzero((found < 0) | (found >= n_classes))
    if wrong.size:
        raise InvalidData(
            f"{where}: expected labels from 0 to {n_classes - 1}, found {found[wrong[0]].item()!r} "
            f"in row {wrong[0]}. Count classes from 0 and give the model an output for each."
        )
    return found.astype(np.int32)
