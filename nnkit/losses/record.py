"""The record of a loss: one function of a row, and what its targets and outputs are."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from nnkit.jit import Kernel
from nnkit.losses.rows import rows_loss, weighted_rows_loss
from nnkit.registry import Part, Value


@dataclass(frozen=True, slots=True)
class Fast:
    """Kernels of a loss without options, weights and ignored rows, and their operations.

    ``gradient(outputs, targets, doutputs, terms, totals, n_rows, first_row)`` and
    ``value(outputs, targets, scratch, terms, totals, n_rows, first_row)`` set ``totals`` to the sum of the
    rows' losses and the number of rows predicted correctly; ``doutputs`` is the gradient of the mean over the
    rows. See `nnkit.kernels.loss`.
    """

    gradient: Kernel
    value: Kernel
    gradient_flops: tuple[int, int]
    value_flops: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss(Part):
    """A loss of outputs against labels, shares of classes, or real targets.

    row              ``row(outputs, targets, doutputs, i, option, …)``, see `nnkit.losses.rows`: the options
                     are the hyper-parameters in their order, ``from_logits`` left out, as float64
    targets          labels: whole numbers from 0; shares: one-hot or any shares of the classes; real numbers
    n_outputs        1 where every output has a label of its own; None: one label for the last axis
    along_last_axis  whether real targets make a row for every place but that on the last axis: the others
                     are one row per sample
    takes_logits     whether the loss applies its own sigmoid or softmax, or ends in the logarithm of one
    needs            what the model must end in
    flops            operations per output and per row
    fast             what computes the same with all options at their defaults, if anything does
    """

    row: Kernel
    targets: Literal["labels", "shares", "real"]
    n_outputs: Literal[1] | None = None
    along_last_axis: bool = False
    takes_logits: bool = False
    needs: Literal["", "log_softmax", "positive"] = ""
    flops: tuple[int, int] = (0, 0)
    fast: Fast | None = None

    def kernel(self, *, weighted: bool) -> Kernel:
        """Return the kernel of a batch, with the weights of its rows or without."""
        return _kernel(self.row, weighted)

    def scalar_names(self) -> tuple[str, ...]:
        """Return the hyper-parameters that the kernels take, in order."""
        return tuple(hyper.name for hyper in self.hyperparameters if hyper.name != "from_logits")

    def as_scalar(self, name: str, value: Value) -> float:
        """Return how a kernel sees a hyper-parameter: none is NaN, a word its place among the choices."""
        if isinstance(value, str):
            (hyper,) = (one for one in self.hyperparameters if one.name == name)
            return float(hyper.choices.index(value))
        return float("nan") if value is None else float(value)


# Cached, because a template bound anew would be compiled anew.
@cache
def _kernel(row: Kernel, weighted: bool) -> Kernel:
    return (weighted_rows_loss if weighted else rows_loss).bind(row=row)
