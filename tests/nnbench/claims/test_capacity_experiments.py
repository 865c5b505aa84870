"""Experiments on transfer, capacity and single units: identities, and properties that break with the code."""

import numpy as np
import pytest

from nnbench.studies.claims.experiments import capacity, features, nets, transfer
from nnkit import layers

RNG = np.random.default_rng(5)


def test_the_error_is_squared_bias_and_variance() -> None:
    """The decomposition is exact, and by hand for two fits of one row: mean 2, aim 1, spread 1."""
    squared_bias, variance, error = capacity.decomposed(np.array([[1.0], [3.0]]), np.array([1.0]))
    assert (squared_bias, variance, error) == (1.0, 1.0, 2.0)

    predictions, aim = RNG.normal(size=(3, 7, 11)), RNG.normal(size=11)
    squared_bias, variance, error = capacity.decomposed(predictions, aim)

    np.testing.assert_allclose(squared_bias + variance, error, rtol=1e-12)


@pytest.mark.parametrize("width", [5, 20])
def test_the_fitted_head_is_least_squares_of_smallest_norm(width: int) -> None:
    """NumPy's lstsq gives the same weights on both sides of the width that interpolates."""
    x, y = RNG.normal(size=(10, width)), RNG.normal(size=10)

    found = capacity.fitted_head(x, y, 1e-9)

    np.testing.assert_allclose(found, np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-5, atol=1e-7)


def test_variance_peaks_where_the_units_are_as_many_as_the_rows() -> None:
    found = capacity.bias_and_variance(0, widths=[4, 30, 300], n_rows=30, n_splits=12, ridge=1e-6)

    assert np.argmax(found["variance"]) == 1
    np.testing.assert_allclose(np.add(found["bias"], found["variance"]), found["error"], rtol=1e-12)


def test_selectivity_by_hand() -> None:
    """1 for a unit of one class, 0 for one that answers to all alike, and 1/3 for activities 2, 1, 1."""
    means = np.array([[5.0, 1.0, 2.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])

    np.testing.assert_allclose(features.selectivity(means), [1.0, 0.0, 1 / 3])


def test_without_a_unit_is_the_net_whose_weights_of_it_are_nothing() -> None:
    """The fast way gives what nets without the unit give, each computed by itself."""
    hidden, weights, bias = RNG.random((20, 6)), RNG.normal(size=(6, 10)), RNG.normal(size=10)
    y = RNG.integers(0, 10, 20)

    lost = features.accuracy_lost(hidden, weights, bias, y)
    grown = features.loss_without_each(hidden, weights, bias, y)

    whole = hidden @ weights + bias
    for unit in range(6):
        zeroed = weights.copy()
        zeroed[unit] = 0
        logits = hidden @ zeroed + bias
        assert lost[unit] == pytest.approx(np.mean(whole.argmax(1) == y) - np.mean(logits.argmax(1) == y))
        ours = [capacity.cross_entropy(capacity.probabilities(each), y) for each in (logits, whole)]
        assert grown[unit] == pytest.approx(ours[0] - ours[1], rel=1e-9)


def test_pictures_stand_in_rows_of_four() -> None:
    columns = np.tile(np.arange(5.0) + 1, (64, 1))

    canvas = features.pictures(columns)

    assert canvas.shape == (17, 35)
    assert (canvas[3, 3], canvas[3, 12], canvas[12, 3], canvas[3, 8]) == (1.0, 2.0, 5.0, 0.0)


def test_each_way_keeps_and_trains_what_it_says() -> None:
    """head moves the head alone, partial leaves the first layer, full moves all; none has other weights."""
    source, aim = transfer.halves(nets.digits(0))
    assert set(aim.y.tolist()) == set(range(5)) == set(source.y_test.tolist())
    assert len(source.y) + len(aim.y) == len(nets.digits(0).y)
    weights = transfer.pretrained(source, 0, 8, 2)
    moved = {}
    for way in transfer.WAYS:
        model = transfer.moved_net(way, weights, 0, 8, 64)
        start = model.get_weights()
        assert np.array_equal(start[0], weights[0]) == (way != "none")
        assert not np.array_equal(start[4], weights[4])  # a new head
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(aim.x, aim.y)
        moved[way] = [
            not np.array_equal(*pair) for pair in zip(start[::2], model.get_weights()[::2], strict=True)
        ]

    assert moved["head"] == [False, False, True]
    assert moved["partial"] == [False, True, True]
    assert moved["full"] == moved["none"] == [True, True, True]


def test_the_boundary_is_the_picture_of_a_known_net() -> None:
    """A net that looks at the height alone names one class above and the other below."""
    parts = capacity.planar("moons", 0, n_samples=40)
    trained = nets.train([layers.Dense(2)], parts, 0, rate=0.1, epochs=1)
    trained.model.set_weights([np.array([[0.0, 0.0], [-1.0, 1.0]]), np.zeros(2)])

    picture = np.array(capacity.boundary(trained, 1.0))

    assert (picture[:20] == 1).all()
    assert (picture[20:] == 0).all()


def test_early_stopping_tests_the_weights_of_the_best_epoch() -> None:
    """With labels of chance alone, running on makes it worse."""
    found = capacity.early_stopping(0, width=16, n_rows=100, wrong=1.0, rate=0.3, epochs=60)

    assert found["stopped"] < found["ran_on"]
    assert len(found["curve"]) == 60


def test_an_ensemble_of_one_is_the_net() -> None:
    found = capacity.dropout_and_ensemble(
        0, rates=[0, 0.5], learning_rates=[0.1], width=8, n_rows=50, epochs=3, members=1
    )

    assert found["ensemble"] == pytest.approx(found["alone"])
    assert found["ensemble_loss"] == pytest.approx(found["alone_loss"], rel=1e-6)
    assert found["alone_loss"] == pytest.approx(found["loss"][0])


def test_more_units_fit_more() -> None:
    found = capacity.units_and_layers(0, widths=[1, 2, 20], depths=[1], rates=[0.03], epochs=60)

    assert found["error"][0] > found["error"][2]
    assert np.shape(found["boundary_20"]) == (40, 40)


def test_a_large_net_without_strength_is_the_bare_one() -> None:
    found = capacity.size_or_strength(
        0, large=8, small=[8], strengths=[0.0], rates=[0.01], epochs=5, n_rows=40
    )

    assert found["large"] == found["bare"] == found["small"]
