"""The bits that every trial's digest is made of: another CPU, system or release must draw and step alike.

A failure here means that stored results can no longer be repeated. Where that is wanted, say so in the
changelog and put the new digests in.
"""

import hashlib

import numpy as np
import pytest

from nnkit import initializers, optimizers, rng

# Those whose bits are pinned here; a part that joins later changes none of them.
INITIALIZERS = (
    "zeros", "ones", "constant", "random_uniform", "random_normal", "truncated_normal", "glorot_uniform",
    "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal",
)  # fmt: skip
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion")
# Their defaults when the bits were pinned: a later default moves no bits of what is written out.
EARLIER = {"adam": {"epsilon": 1e-7}, "adamw": {"epsilon": 1e-7, "weight_decay": 0.004}}


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[
        :12
    ]


def test_orders_and_masks():
    order, words, mask = np.zeros(1797, np.int32), np.zeros(64, np.uint32), np.zeros(1001, np.float32)
    rng.shuffle(order, words, order.size, 3, 2)
    rng.dropout_mask(mask, words, 0.3, 3, 1, 7, 0)

    assert (digest(order), digest(mask)) == ("1294293fcc03", "1980d3f1d79d")


@pytest.mark.parametrize(("dtype", "expected"), [("float32", "f3952196e5cc"), ("float64", "1aab64a13503")])
def test_initial_weights(dtype, expected):
    draws = [initializers.get(name)((33, 57), seed=4, stream=2, dtype=dtype) for name in INITIALIZERS]

    assert digest(*draws) == expected


@pytest.mark.parametrize(("dtype", "expected"), [("float32", "eae21083e242"), ("float64", "904742e50593")])
def test_steps_of_optimizers(dtype, expected):
    trained = []
    for name in OPTIMIZERS:
        optimizer = optimizers.get(name, clipvalue=2.0, global_clipnorm=30.0, **EARLIER.get(name, {}))
        weights = initializers.get("he_normal")((33, 57), seed=1, dtype=dtype)
        for step in range(20):
            gradient = initializers.get("random_normal", stddev=1.0)((33, 57), seed=step, dtype=dtype)
            optimizer.apply({"w": weights}, {"w": gradient})
        trained.append(weights)

    assert digest(*trained) == expected
