"""The perceptron of 1957: a step function of a weighted sum, taught by its own rule or by chance."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.entries import op_kind
from nnkit.errors import InvalidArgument, InvalidData
from nnkit.execution.alone import run_alone
from nnkit.kernels import perceptron as kernels
from nnkit.ops import Operand, OpKind, Scalar
from nnkit.registry import Hyper
from nnkit.training.samples import as_array, checked_inputs

Method = Literal["rule", "random"]

_ROWS = (Operand("x", "in", rank=2), Operand("labels", "in", type="int32"))
_RATE = Scalar("rate")
_RULE = op_kind(
    "perceptron_rule",
    kernels.perceptron_rule,
    *_ROWS,
    Operand("weights", "inout"),
    Operand("mistakes", "out", type="int32"),
    _RATE,
)
_RANDOM = op_kind(
    "perceptron_random",
    kernels.perceptron_random,
    *_ROWS,
    Operand("weights", "inout"),
    Operand("trial", "scratch"),
    Operand("mistakes", "out", type="int32"),
    _RATE,
    Scalar("key", "integer"),
)
_OUTPUTS = op_kind(
    "perceptron_outputs",
    kernels.perceptron_outputs,
    Operand("x", "in", rank=2),
    Operand("weights", "in"),
    Operand("outputs", "out", type="int32"),
)
_KINDS: dict[str, OpKind] = {"rule": _RULE, "random": _RANDOM}
_LEARNING_RATE = Hyper("learning_rate", 1.0, above=0.0)
_MAX_EPOCHS = Hyper("max_epochs", 100, at_least=1, at_most=2**31 - 1, integer=True)
_SEED = Hyper("seed", 0, at_least=-(2**63), below=2**63, integer=True)


@dataclass(slots=True)
class Perceptron:
    """Two classes, 0 and 1, parted by a plane.

    Formula     y = step(w . x + b), where step(z) = 1 for z > 0 and 0 elsewhere: step(0) = 0
    Rule        at every mistake w <- w + learning_rate (label - y) x, b likewise with x = 1, rows in order,
                until an epoch makes no mistake. Where a plane parts the classes by a margin g, with rows no
                longer than R (the 1 of the bias counted in), there are at most (R / g)**2 mistakes.
    Random      once an epoch all weights are moved by learning_rate times a standard normal number; the
                move is kept where it makes fewer mistakes than before. ``seed`` decides the moves.
    Source      Rosenblatt (1958), Psychological Review 65(6); Novikoff (1962), On convergence proofs on
                perceptrons. Weights start at 0 and are float64.

    After `fit`: ``weights`` (features,), ``bias``, ``mistakes`` (one per epoch; those made while the rule
    was learning, or those of the weights kept), ``converged`` (whether the last epoch made none).
    """

    learning_rate: float = 1.0
    max_epochs: int = 100
    method: Method = "rule"
    seed: int = 0
    weights: NDArray[np.float64] = field(init=False, repr=False, default_factory=lambda: np.zeros(0))
    bias: float = field(init=False, repr=False, default=0.0)
    mistakes: NDArray[np.int32] = field(
        init=False, repr=False, default_factory=lambda: np.zeros(0, dtype=np.int32)
    )
    converged: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        for hyper in (_LEARNING_RATE, _MAX_EPOCHS, _SEED):
            setattr(self, hyper.name, hyper.check(getattr(self, hyper.name), "Perceptron"))
        if self.method not in get_args(Method):
            raise InvalidArgument(f"Perceptron: method must be 'rule' or 'random', found {self.method!r}.")

    def fit(self, x: ArrayLike, y: ArrayLike) -> "Perceptron":
        """Learn from the rows of ``x`` (rows, features) and their labels 0 or 1; start from zero again."""
        rows = _matrix(x)
        weights = np.zeros(rows.shape[1] + 1)
        mistakes = np.full(self.max_epochs, -1, dtype=np.int32)
        arrays = {
            "x": rows,
            "labels": _binary_labels(y, len(rows)),
            "weights": weights,
            "trial": np.empty_like(weights),
            "mistakes": mistakes,
        }
        run_alone(_KINDS[self.method], "float64", arrays, {"rate": self.learning_rate, "key": self.seed})
        self.weights, self.bias = weights[:-1].copy(), float(weights[-1])
        self.mistakes = mistakes[mistakes >= 0]
        self.converged = bool(self.mistakes[-1] == 0)
        return self

    def predict(self, x: ArrayLike) -> NDArray[np.int32]:
        """Return 0 or 1 for every row."""
        if not self.weights.size:
            raise InvalidArgument("predict: the perceptron has learnt nothing yet. Call fit(x, y) first.")
        rows = _matrix(x, (self.weights.size,))
        outputs = np.empty(len(rows), dtype=np.int32)
        arrays = {"x": rows, "weights": np.append(self.weights, self.bias), "outputs": outputs}
        run_alone(_OUTPUTS, "float64", arrays)
        return outputs


def _matrix(x: ArrayLike, input_shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    values = as_array(x, "x")
    return checked_inputs(values, input_shape or (values.shape[1:2] or (1,)), "float64")


def _binary_labels(y: ArrayLike, n_rows: int) -> NDArray[np.int32]:
    labels = as_array(y, "y")
    if labels.shape != (n_rows,):
        raise InvalidData(f"y: expected {n_rows} labels, one per row, found shape {labels.shape}.")
    if labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
        raise InvalidData(
            f"y: expected the labels 0 and 1, found {list(np.unique(labels)[:5])}. A perceptron parts two "
            "classes: teach one of several against the rest with y == label."
        )
    return labels.astype(np.int32)
