"""The restricted Boltzmann machine: trained by contrastive divergence, measured exactly if small."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit import initializers
from nnkit.errors import InvalidArgument, InvalidData
from nnkit.execution.alone import run_alone
from nnkit.pretraining import code
from nnkit.pretraining.code import Array, Scratch, aligned
from nnkit.pretraining.exact import Exact
from nnkit.registry import Hyper, Value
from nnkit.training.samples import as_array, checked_inputs

# Streams of one machine: the layer's own block, and in it two for every step of Gibbs sampling.
_STREAMS_PER_LAYER = 1 << 16
_SAMPLING = -1  # the epoch of samples that are asked for, which no training has
_ROWS_AT_ONCE = 256

N_HIDDEN = Hyper("n_hidden", 16, "hidden units", at_least=1, integer=True)
SEED = Hyper("seed", 0, "the draws", at_least=-(2**63), below=2**63, integer=True)
FITTING = (
    Hyper("epochs", 10, "passes over the data", at_least=1, integer=True),
    Hyper("k", 1, "steps of Gibbs sampling", at_least=1, at_most=10_000, integer=True),
    Hyper("learning_rate", 0.1, "rate of the steps", above=0.0),
    Hyper("batch_size", 100, "rows of a step; persistent chains", at_least=1, integer=True),
    Hyper("momentum", 0.0, "share of the step before", at_least=0.0, below=1.0),
    Hyper("weight_decay", 0.0, "pull of the weights to 0", at_least=0.0),
)


class RBM:
    """Binary hidden units over visible ones that are binary or, with ``visible="gaussian"``, real.

    Energy      E(v, h) = -b . v - c . h - v·W·h;  with Gaussian units |v - b|**2 / 2 in place of -b . v
    Given v     P(h_j = 1) = sigmoid(c_j + v·W_j)
    Given h     P(v_i = 1) = sigmoid(b_i + W_i·h);  with Gaussian units v_i ~ N(b_i + W_i·h, 1)
    Learning    W <- W + rate (<v h> of the data - <v h> after k steps of Gibbs sampling), b and c likewise:
                contrastive divergence, the chains starting at the data or, ``persistent``, where they
                stopped. The hidden units enter by their probabilities, the visible ones by their samples.
    Start       W ~ N(0, 0.01**2), c = 0, b = log(p / (1 - p)) of the data's means p, or the means themselves
    Shapes      weights (visible, hidden), visible_bias (visible,), hidden_bias (hidden,), in ``dtype``
    Source      Hinton (2002), Neural Computation 14(8); Tieleman (2008), ICML; Welling et al. (2004), NIPS
                17; the start is Hinton's (2010), A practical guide to training restricted Boltzmann machines

    The same seed gives the same bits on every machine. Of Bernoulli machines all data lie in [0, 1], and
    values between are probabilities. ``layer`` keeps the draws of stacked machines apart.
    """

    def __init__(
        self,
        n_hidden: int,
        *,
        seed: int = 0,
        visible: str = "bernoulli",
        dtype: str = "float32",
        layer: int = 0,
    ) -> None:
        if visible not in ("bernoulli", "gaussian"):
            raise InvalidArgument(f"RBM: visible must be 'bernoulli' or 'gaussian', found {visible!r}.")
        if dtype not in ("float32", "float64"):
            raise InvalidArgument(f"RBM: dtype must be 'float32' or 'float64', found {dtype!r}.")
        self.n_hidden = _whole(N_HIDDEN, n_hidden)
        self.seed = _whole(SEED, seed)
        self.visible, self.dtype, self.layer = visible, dtype, layer
        self.weights: Array = np.empty((0, self.n_hidden), dtype)
        self.visible_bias: Array = np.empty(0, dtype)
        self.hidden_bias: Array = np.zeros(self.n_hidden, dtype)

    @property
    def is_gaussian(self) -> bool:
        """Whether the visible units are real numbers with noise of variance 1, not bits."""
        return self.visible == "gaussian"

    # -- learning ----------------------------------------------------------------------------------

    def fit(
        self,
        x: ArrayLike,
        *,
        epochs: int = 10,
        k: int = 1,
        learning_rate: float = 0.1,
        batch_size: int = 100,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        persistent: bool = False,
    ) -> "RBM":
        """Start anew and learn from the rows of ``x`` (rows, visible), shuffled anew in every epoch."""
        given = {
            "epochs": epochs,
            "k": k,
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "momentum": momentum,
            "weight_decay": weight_decay,
        }
        chosen = {hyper.name: hyper.check(given[hyper.name], "RBM.fit") for hyper in FITTING}
        rows = self._rows(x, fitted=False)
        self._start(rows)
        arrays = self._training_arrays(rows, min(len(rows), batch_size))
        scalars = {
            "n_steps": k,
            "rate": learning_rate,
            "momentum": momentum,
            "decay": weight_decay,
            "is_persistent": int(persistent),
            **self._drawn(),
        }
        for epoch in range(int(chosen["epochs"] or 0)):
            run_alone(code.CONTRASTIVE_DIVERGENCE, self.dtype, arrays, {**scalars, "epoch": epoch})
        return self

    def _start(self, rows: Array) -> None:
        n_visible, dtype = rows.shape[1], self.dtype
        draw = initializers.get("random_normal", stddev=0.01)
        self.weights = draw((n_visible, self.n_hidden), self.seed, dtype, stream=self.layer)
        self.hidden_bias = np.zeros(self.n_hidden, dtype)
        biases = rows.sum(axis=0, dtype=np.float64) / len(rows)
        if not self.is_gaussian:
            # A unit that is never on gets no bias of minus infinity.
            np.clip(biases, 1.0 / (len(rows) + 1), len(rows) / (len(rows) + 1), out=biases)
            run_alone(code.LOG_ODDS, "float64", {"values": biases})
        self.visible_bias = biases.astype(dtype)

    def _training_arrays(self, rows: Array, batch_size: int) -> dict[str, Array]:
        n, n_visible = rows.shape
        scratch = Scratch(n_visible, self.n_hidden, batch_size, self.dtype)
        return {
            **self._model(),
            **scratch.of_batch(),
            "x": rows,
            "order": np.empty(n, np.int32),
            "weight_speed": np.zeros_like(self.weights),
            "visible_speed": np.zeros_like(self.visible_bias),
            "hidden_speed": np.zeros_like(self.hidden_bias),
            # Persistent chains start with every hidden unit off: the first visible units are the biases'.
            "state": np.zeros((batch_size, self.n_hidden), self.dtype),
            "taken": np.empty((batch_size, n_visible), self.dtype),
            "phases": np.zeros((2 * batch_size, self.n_hidden), self.dtype),
            "phase_panels": scratch.panels(2 * batch_size, self.n_hidden),
            "turned_units": np.empty((n_visible, batch_size), self.dtype),
            "zeros": np.zeros(scratch.strip, self.dtype),
            "gradient": aligned((max(n_visible, self.n_hidden), scratch.strip), self.dtype),
            "words": scratch.words(at_least=-(-n // 4) * 4),
        }

    # -- both ways ---------------------------------------------------------------------------------

    def transform(self, x: ArrayLike) -> Array:
        """Return the probabilities of the hidden units: (rows, hidden)."""
        return self._propagate(self._rows(x), self.weights, self.hidden_bias, is_logistic=True)

    def reconstruct(self, x: ArrayLike) -> Array:
        """Return what is expected of the visible units, given the hidden units' probabilities for ``x``."""
        return self._propagate(
            self.transform(x), self.weights.T, self.visible_bias, is_logistic=not self.is_gaussian
        )

    def sample(self, n: int, steps: int = 1000) -> Array:
        """Return ``n`` samples of the visible units, each from a chain of ``steps`` steps from 0 on."""
        self._check_fitted("sample")
        visible, _ = self._chains(np.zeros((n, self.n_hidden), self.dtype), steps)
        return visible

    def _propagate(self, x: Array, weights: Array, bias: Array, *, is_logistic: bool) -> Array:
        units, others = weights.shape
        scratch = Scratch(units, others, min(len(x), _ROWS_AT_ONCE), self.dtype)
        shared = {
            "weights": np.ascontiguousarray(weights),
            "bias": bias,
            "panels": scratch.panels(units, others),
            **scratch.packed(),
        }
        out = np.empty((len(x), others), self.dtype)
        for start in range(0, len(x), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            arrays = {**shared, "x": np.ascontiguousarray(x[part]), "out": out[part]}
            run_alone(code.PROPAGATE, self.dtype, arrays, {"is_logistic": int(is_logistic)})
        return out

    def _chains(self, state: Array, steps: int) -> tuple[Array, Array]:
        """Return samples of the visible units, and the hidden units' probabilities given them."""
        scratch = Scratch(len(self.weights), self.n_hidden, len(state), self.dtype)
        arrays = {
            **self._model(),
            **scratch.of_batch(),
            "state": state,
            "hidden": np.empty_like(state),
            "words": scratch.words(),
        }
        run_alone(code.GIBBS, self.dtype, arrays, {"n_steps": steps, "epoch": _SAMPLING, **self._drawn()})
        return arrays["visible"], arrays["hidden"]

    # -- exactly -----------------------------------------------------------------------------------

    def free_energy(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return ``F(v) = -log sum over h of exp(-E(v, h))`` of every row, in float64."""
        return self._exact().free_energy(self._rows(x))

    def log_likelihood(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return ``log p(v)`` of every row in nats, exactly: all states of the smaller side are summed.

        Gaussian machines sum over the hidden side. More than 20 units on that side are refused.
        """
        return self._exact().log_likelihood(self._rows(x))

    def gradient(self, x: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return the exact gradient of the mean log-likelihood: "weights", "visible_bias", "hidden_bias"."""
        return self._exact().gradient(self._rows(x))

    def cd_gradient(self, x: ArrayLike, k: int = 1) -> dict[str, NDArray[np.float64]]:
        """Return what contrastive divergence of k steps takes for that gradient, one chain per row."""
        rows = self._rows(x)
        hidden = self.transform(rows)
        state = np.empty_like(hidden)
        drawn = {"n": hidden.size, "key": self.seed, "stream": _STREAMS_PER_LAYER * self.layer}
        arrays = {
            "probabilities": hidden.reshape(-1),
            "samples": state.reshape(-1),
            "words": np.empty(hidden.size, np.uint32),
        }
        run_alone(code.SAMPLE_BINARY, self.dtype, arrays, {**drawn, "epoch": _SAMPLING, "batch": 0})
        visible, negative = self._chains(state, k)
        n = len(rows)
        v, h, v_model, h_model = (part.astype(np.float64) for part in (rows, hidden, visible, negative))
        return {
            "weights": (v.T @ h - v_model.T @ h_model) / n,
            "visible_bias": (v - v_model).sum(axis=0) / n,
            "hidden_bias": (h - h_model).sum(axis=0) / n,
        }

    def _exact(self) -> Exact:
        return Exact(
            self.weights.astype(np.float64),
            self.visible_bias.astype(np.float64),
            self.hidden_bias.astype(np.float64),
            self.is_gaussian,
        )

    # -- underneath --------------------------------------------------------------------------------

    def _model(self) -> dict[str, Array]:
        return {
            "weights": self.weights,
            "visible_bias": self.visible_bias,
            "hidden_bias": self.hidden_bias,
        }

    def _drawn(self) -> dict[str, float]:
        stream = _STREAMS_PER_LAYER * self.layer
        return {"key": self.seed, "stream": stream, "is_gaussian": int(self.is_gaussian)}

    def _rows(self, x: ArrayLike, *, fitted: bool = True) -> Array:
        if fitted:
            self._check_fitted("RBM")
        values = as_array(x, "x")
        shape = (len(self.weights),) if fitted else (values.shape[1:2] or (1,))
        rows = checked_inputs(values, shape, self.dtype)
        if not self.is_gaussian and (rows.min() < 0.0 or rows.max() > 1.0):
            raise InvalidData(
                "x: a machine of binary units needs values from 0 to 1, found"
                f" {float(rows.min()):g} to {float(rows.max()):g}. Scale them, or use visible='gaussian'."
            )
        return rows

    def _check_fitted(self, verb: str) -> None:
        if not len(self.weights):
            raise InvalidArgument(f"{verb}: the machine has learnt nothing yet. Call fit(x) first.")


def _whole(hyper: Hyper, value: Value) -> int:
    return int(hyper.check(value, "RBM") or 0)
