"""A small Boltzmann machine exactly: its partition function and its gradient by enumeration, in float64."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.execution.alone import run_alone
from nnkit.pretraining import code

MOST_UNITS = 20  # of the side whose states are summed: a million states take about a second

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Exact:
    """The parameters in float64. The smaller side is summed, of Gaussian machines the hidden one."""

    weights: Array
    visible_bias: Array
    hidden_bias: Array
    is_gaussian: bool

    @property
    def _sums_hidden(self) -> bool:
        n_visible, n_hidden = self.weights.shape
        return self.is_gaussian or n_hidden <= n_visible

    def free_energy(self, rows: Array) -> NDArray[np.float64]:
        result = np.empty(len(rows))
        arrays = {
            "x": np.ascontiguousarray(rows, dtype=np.float64),
            "weights": self.weights,
            "visible_bias": self.visible_bias,
            "hidden_bias": self.hidden_bias,
            "field": np.empty(len(self.hidden_bias)),
            "result": result,
        }
        run_alone(code.FREE_ENERGIES, "float64", arrays, {"is_gaussian": int(self.is_gaussian)})
        return result

    def log_likelihood(self, rows: Array) -> NDArray[np.float64]:
        return -self.free_energy(rows) - self.log_partition()

    def log_partition(self) -> float:
        """Return ``log Z``, where ``p(v) = exp(-F(v)) / Z``."""
        total = float(self._log_total()[0])
        if not self.is_gaussian:
            return total
        # Every state's integral over the visible units is sqrt(2 pi)**n exp((|b + W·h|**2 - |b|**2) / 2).
        n = len(self.visible_bias)
        return total + 0.5 * n * math.log(2.0 * math.pi) - 0.5 * math.fsum(self.visible_bias**2)

    def gradient(self, rows: Array) -> dict[str, NDArray[np.float64]]:
        """Return data's moments minus the model's: the gradient of the mean log-likelihood."""
        x = np.ascontiguousarray(rows, dtype=np.float64)
        hidden = 1.0 / (1.0 + np.exp(-(self.hidden_bias + x @ self.weights)))
        products, visible_mean, hidden_mean = self._model_moments()
        offset = self.visible_bias if self.is_gaussian else 0.0
        return {
            "weights": x.T @ hidden / len(x) - products,
            # The Gaussian's energy has its bias in the square: the data's mean is taken from it.
            "visible_bias": (x - offset).mean(axis=0) - (visible_mean - offset),
            "hidden_bias": hidden.mean(axis=0) - hidden_mean,
        }

    def _states(self) -> dict[str, Array]:
        """Return the arrays of an enumeration, the summed side's first."""
        weights, own, bias = self.weights, self.visible_bias, self.hidden_bias
        if self._sums_hidden:
            weights, own, bias = np.ascontiguousarray(weights.T), bias, own
        if len(own) > MOST_UNITS:
            side = "hidden" if self._sums_hidden else "visible"
            raise InvalidArgument(
                f"RBM: the exact likelihood sums over all states of the {side} units, and 2**{len(own)} are"
                f" too many. It takes a side of at most {MOST_UNITS} units."
            )
        return {
            "weights": weights,
            "own_bias": own,
            "bias": bias,
            "fields": np.empty((len(own) + 1, len(bias))),
        }

    def _log_total(self) -> NDArray[np.float64]:
        result = np.empty(1)
        arrays = {**self._states(), "result": result}
        run_alone(code.LOG_PARTITION, "float64", arrays, {"is_gaussian": int(self.is_gaussian)})
        return result

    def _model_moments(self) -> tuple[Array, Array, Array]:
        """Return what the model expects of ``v·hᵀ``, of v and of h."""
        states = self._states()
        own, others = np.empty(len(states["own_bias"])), np.empty(len(states["bias"]))
        products = np.empty((len(own), len(others)))
        arrays = {
            **states,
            "log_total": self._log_total(),
            "products": products,
            "own": own,
            "others": others,
        }
        run_alone(code.MOMENTS, "float64", arrays, {"is_gaussian": int(self.is_gaussian)})
        return (products.T, others, own) if self._sums_hidden else (products, own, others)
