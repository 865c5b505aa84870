"""Experiments on connections: products with cut weights, held to what dense ones give."""

import numpy as np
import pytest

from nnbench.studies.claims.experiments import connections


def test_the_sparse_product_is_the_product() -> None:
    random = np.random.default_rng(0)
    weights = connections.thinned(random.normal(size=(7, 5)).astype(np.float32), 0.6, 3)
    x = random.normal(size=(4, 7)).astype(np.float32)
    y = np.full((5, 4), np.nan, np.float32)

    connections.sparse_product(np.ascontiguousarray(x.T), *connections.compressed(weights), y)

    assert np.allclose(y.T, x.astype(np.float64) @ weights, rtol=0, atol=1e-5)


def test_thinning_cuts_the_share_and_keeps_the_variance() -> None:
    weights = np.random.default_rng(1).normal(size=(80, 80)).astype(np.float32)
    left = connections.thinned(weights, 0.75, 0)

    assert np.count_nonzero(left) == 1600
    assert np.allclose(left[left != 0], 2.0 * weights[left != 0])
    assert np.array_equal(left, connections.thinned(weights, 0.75, 0))


def test_a_cut_connection_stays_cut_and_a_bias_of_zero_moves() -> None:
    params = {"kernel": np.array([[0.0, 1.0]], np.float32), "bias": np.zeros(2, np.float32)}
    grads = {"kernel": np.array([[5.0, 2.0]], np.float32), "bias": np.ones(2, np.float32)}

    connections.update_connected(params, grads, {}, 1, 0.5)

    assert params["kernel"].tolist() == [[0.0, 0.0]]
    assert params["bias"].tolist() == [-0.5, -0.5]


def test_nets_with_fewer_connections_have_so_many_less_after_training() -> None:
    found = connections.accuracy_with_fewer(0, shares=[0.0, 0.5], width=16, rates=[0.3], epochs=3)

    # 64 · 16 and 16 · 16 hidden, halved, and a head of 16 · 10 that is whole.
    assert found["connections"] == [1440, 800]
    assert min(found["accuracy"]) > 0.4


def test_times_are_those_of_the_weights_that_are_there() -> None:
    found = connections.time_per_weight(0, shares=[0.0, 0.5], size=32, turns=2)

    dense, half = found["layer_us"]
    assert min(dense, half) > 0.0
    assert found["weight_ns"] == pytest.approx([1e3 * dense / 1024, 1e3 * half / 512])
