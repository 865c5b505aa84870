"""Contrastive divergence beside scikit-learn's BernoulliRBM: MNIST's shape, 500 hidden units, batches of 100.

One thread each, in turns. The rows are as sparse as MNIST's: 19 % of the values are not zero. scikit-learn
runs persistent chains of one step, which cost the same products.
"""

from typing import Any

import numpy as np
import pytest

from interleaved import interleave
from nnkit.pretraining import RBM

ROWS = 600  # a hundredth of MNIST: an epoch's time is proportional to the rows


def images_like_mnist(dtype: str) -> Any:
    """Return rows of 784 values in [0, 1]: blurred blobs in the middle, 19 % of them not zero."""
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:28, :28]
    centres, widths = rng.normal(13.5, 3.0, size=(ROWS, 2, 1, 1)), rng.uniform(2.0, 4.5, size=(ROWS, 1, 1))
    squares = (row - centres[:, 0]) ** 2 + (column - centres[:, 1]) ** 2
    images = np.exp(-squares / (2 * widths**2)).reshape(ROWS, -1)
    threshold = np.quantile(images, 0.81)
    return np.where(images > threshold, images, 0.0).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_epoch_beside_scikit_learn(dtype: str, report: Any) -> None:
    """RBM(500).fit of one epoch each; scikit-learn computes with the type that it is given, as we do."""
    networks = pytest.importorskip(
        "sklearn.neural_network", reason="scikit-learn is not installed: pip install scikit-learn to compare"
    )
    threadpoolctl = pytest.importorskip("threadpoolctl")
    x = images_like_mnist(dtype)
    theirs = networks.BernoulliRBM(500, learning_rate=0.1, batch_size=100, n_iter=1, random_state=0)
    ours = RBM(500, dtype=dtype)
    with threadpoolctl.threadpool_limits(1):
        ratio = interleave(
            lambda: ours.fit(x, epochs=1, learning_rate=0.1, batch_size=100),
            lambda: theirs.fit(x),
            rounds=9,
        )
    report(f"contrastive divergence, 784-500, batch 100, {dtype}, beside scikit-learn", ratio)
