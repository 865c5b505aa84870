"""Restricted Boltzmann machines in float64 by brute force: every joint state is written out."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def states(n: int) -> Array:
    """Return all 2**n rows of zeros and ones."""
    return np.array(list(product((0.0, 1.0), repeat=n)))


def joint(w: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
    """Return all visible states, all hidden ones, and the probability of every pair."""
    v, h = states(len(b)), states(len(c))
    minus_energy = (v @ b)[:, None] + (h @ c)[None, :] + v @ w @ h.T
    weight = np.exp(minus_energy - minus_energy.max())
    return v, h, weight / weight.sum()


def log_likelihood(x: Array, w: Array, b: Array, c: Array) -> Array:
    v, _, p = joint(w, b, c)
    marginal = p.sum(axis=1)
    return np.log([marginal[np.flatnonzero((v == row).all(axis=1))[0]] for row in x])


def gradient(x: Array, w: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
    """Return the gradient of the mean log-likelihood for w, b and c: data's moments minus the model's."""
    v, h, p = joint(w, b, c)
    of_data = 1 / (1 + np.exp(-(c + x @ w)))
    return (
        x.T @ of_data / len(x) - v.T @ p @ h,
        x.mean(axis=0) - p.sum(axis=1) @ v,
        of_data.mean(axis=0) - p.sum(axis=0) @ h,
    )


def gaussian_log_likelihood(x: Array, w: Array, b: Array, c: Array) -> Array:
    """A mixture: given h, v is normal about b + W·h with variance 1."""
    h = states(len(c))
    means = b + h @ w.T
    log_weight = h @ c + 0.5 * (means**2).sum(axis=1) - 0.5 * (b**2).sum()
    log_weight = log_weight - np.log(np.exp(log_weight - log_weight.max()).sum()) - log_weight.max()
    squares = ((x[:, None, :] - means[None]) ** 2).sum(axis=2)
    return np.log(np.exp(log_weight - 0.5 * squares).sum(axis=1)) - 0.5 * len(b) * np.log(2 * np.pi)


def bars_and_stripes(n: int) -> Array:
    """Return the n x n pictures of which all rows, or all columns, are alike; each once."""
    patterns = states(n)
    bars = np.repeat(patterns, n, axis=1)
    return np.unique(np.concatenate([bars, np.tile(patterns, (1, n))]), axis=0)
