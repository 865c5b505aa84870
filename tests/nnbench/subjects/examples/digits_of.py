"""The handwritten digits as every example has them: scaled to 1, a quarter held out, split by the seed."""

import numpy as np

from nnkit import datasets

# Those of nnkit's optimizers, so that the same choices mean the same in every framework.
RATES = {"sgd": 0.01, "momentum": 0.01, "adam": 0.001}
UNITS, BATCH_SIZE = (64, 32), 32


def split(seed):
    """Return training samples and labels, and those held out."""
    found = datasets.load("digits")
    x, y = np.asarray(found.x, np.float32).reshape(len(found.y), -1) / 16.0, np.asarray(found.y, np.int64)
    order = np.random.default_rng(seed).permutation(len(x))
    held_out, rest = order[: len(x) // 4], order[len(x) // 4 :]
    return x[rest], y[rest], x[held_out], y[held_out]
