"""Stacked machines: trained greedily, unrolled into nets that compute what the machines do."""

import numpy as np
import pytest

from nnkit.errors import InvalidArgument
from nnkit.pretraining import DBN, RBM

X = np.random.default_rng(0).random((40, 12))
FIT = {"epochs": 3, "k": 2, "learning_rate": 0.2, "batch_size": 16}


def test_every_machine_learns_from_the_one_below():
    dbn = DBN([7, 5], seed=4, dtype="float64").fit(X, **FIT)

    first = RBM(7, seed=4, dtype="float64").fit(X, **FIT)
    second = RBM(5, seed=4, dtype="float64", layer=1).fit(first.transform(X), **FIT)
    assert dbn.machines[0].weights.tolist() == first.weights.tolist()
    assert dbn.machines[1].weights.tolist() == second.weights.tolist()
    np.testing.assert_array_equal(dbn.transform(X), second.transform(first.transform(X)))


def test_the_autoencoder_reconstructs_as_the_machines_do():
    dbn = DBN([7, 5], seed=1, dtype="float64").fit(X, **FIT)

    down = dbn.transform(X)
    for machine in reversed(dbn.machines):
        down = 1 / (1 + np.exp(-(machine.visible_bias + down @ machine.weights.T)))
    np.testing.assert_allclose(dbn.unroll().predict(X), down, atol=1e-14)


def test_a_gaussian_stack_ends_linear():
    dbn = DBN([3], visible="gaussian", dtype="float64").fit(10 * X, epochs=1, learning_rate=0.001)

    (machine,) = dbn.machines
    expected = machine.visible_bias + machine.transform(10 * X) @ machine.weights.T
    np.testing.assert_allclose(dbn.unroll().predict(10 * X), expected, atol=1e-12)


def test_the_classifier_has_the_machines_weights_and_a_new_head():
    dbn = DBN([7, 5], seed=1, dtype="float64").fit(X, **FIT)

    net = dbn.classifier(3)

    names = [
        "dense_0/kernel",
        "dense_0/bias",
        "dense_1/kernel",
        "dense_1/bias",
        "dense_2/kernel",
        "dense_2/bias",
    ]
    assert list(net.parameters) == names
    assert net.parameters["dense_1/kernel"].tolist() == dbn.machines[1].weights.tolist()
    head = net.parameters["dense_2/kernel"]
    assert 0 < np.abs(head).max() <= np.sqrt(6 / 8)  # Glorot's interval
    np.testing.assert_allclose(net.predict(X), dbn.transform(X) @ head, atol=1e-14)


def test_fine_tuning_goes_on_from_there():
    net = DBN([7], seed=1).fit(X, **FIT).unroll()
    net.compile("adam", "mean_squared_error")

    before = net.evaluate(X, X)["loss"]
    net.fit(X, X, epochs=20)
    assert net.evaluate(X, X)["loss"] < before


def test_mistakes_are_refused_in_words():
    with pytest.raises(InvalidArgument, match=r"a list of sizes such as \[1000, 500, 30\], found 30"):
        DBN(30)
    with pytest.raises(InvalidArgument, match="learnt nothing yet"):
        DBN([3]).classifier(2)
