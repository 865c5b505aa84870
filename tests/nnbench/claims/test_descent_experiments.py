"""The experiments on descent and batches, in small, against what can be calculated."""

import math

import numpy as np
import pytest

from nnbench.studies.claims.experiments import batches, functions


def test_without_noise_nobody_leaves_and_with_much_everybody_does() -> None:
    """The ridge is the saddle's stable manifold: descent stays on it to the bit."""
    found = functions.escapes(3, batches=[1, 10_000, 0], deviation=4.0, rate=0.05, n_steps=600, n_paths=20)

    assert found["saddle"] == [1.0, 1.0, 0.0]
    assert found["well"][0] > found["well"][1] == found["well"][2] == 0.0


def test_the_distance_at_a_constant_rate_is_the_fixed_point_of_the_variance() -> None:
    """v = (1 - rate c)^2 v + rate^2 s^2, iterated here, is what the formula says and what is found."""
    variance = 0.0
    for _ in range(2000):
        variance = (1 - 0.1 * 3.0) ** 2 * variance + 0.1**2 * 0.5**2

    found = functions.wandering(
        1, curvature=3.0, noise=0.5, rate=0.1, n_steps=500, n_chains=2000,
        decays=["exponential_decay(decay_steps=100, decay_rate=0.5)"],
    )  # fmt: skip
    assert found["expected"] == pytest.approx(variance, rel=1e-12)
    assert found["ratio"] == pytest.approx(1.0, abs=0.03)
    assert found["exponential_decay"] < 0.2 * found["constant"]


def test_the_excess_of_iris_is_above_zero_and_smaller_with_a_decay() -> None:
    decay = "polynomial_decay(decay_steps=600, end_learning_rate=0.01)"

    found = functions.iris_end(0, batch=1, rate=0.3, n_steps=600, decays=[decay])
    assert 0 < found["polynomial_decay"] < found["constant"]


def test_a_zigzag_turns_at_every_step_where_the_rate_is_beyond_the_steep_ones_inverse() -> None:
    """At 0.0195 the steep direction's factor is 1 - 1.95; at 0.005 it is 1 - 0.5 and nothing turns back."""
    steep = functions.zigzag(2, rates=[0.0195], n_steps=500, near=0.01, names=["sgd"])
    gentle = functions.zigzag(2, rates=[0.005], n_steps=500, near=0.01, names=["sgd"])

    assert steep["sgd_turns"] == 1.0
    assert gentle["sgd_turns"] == 0.0
    assert steep["sgd_index"] > gentle["sgd_index"] >= 1.0


def test_the_rate_that_is_taken_is_the_fastest_elsewhere() -> None:
    """Beyond 2/100 plain descent never arrives, and 0.019 beats 0.002."""
    found = functions.zigzag(2, rates=[0.002, 0.019, 0.021], n_steps=600, near=0.01, names=["sgd"])

    assert found["sgd_rate"] == 0.019
    assert found["sgd_steps"] < 600


def test_adagrads_rate_falls_as_the_root_of_the_step_and_rmsprops_does_not() -> None:
    found = functions.effective_rates(5, names=["adagrad", "rmsprop"], n_steps=1000)

    assert found["adagrad_slope"] == pytest.approx(-0.5, abs=0.03)
    assert found["rmsprop_slope"] == pytest.approx(0.0, abs=0.03)
    assert found["adagrad"][0] == found["rmsprop"][0] == 1.0
    assert len(found["step"]) == len(found["adagrad"])


def test_a_best_rate_inside_the_usual_range_counts_and_another_does_not() -> None:
    grid = [1e-3, 1e-2, 1e-1, 1.0, 10.0]

    found = functions.best_rates(0, names=["sgd"], rates=grid, epochs=3, usual=[1e-4, 1e-1])
    assert found["inside"] == float(found["best"][0] <= 0.1)
    assert functions.best_rates(0, names=["sgd"], rates=grid, epochs=3, usual=[1e-4, 10.0])["inside"] == 1.0
    assert found["too_large"] == found["sgd"][grid.index(found["best"][0])] - found["sgd"][-1]


def test_whole_batches_have_no_noise_and_single_rows_the_most() -> None:
    found = batches.on_iris(0, batches=[1, 15, 150], rates=[0.1, 1.0], updates=30, epochs=1)

    assert found["noise_150"] == pytest.approx(0, abs=1e-12)
    # Of n rows without replacement the variance is that of one row, times (n - b) / (b (n - 1)).
    assert found["noise_1"] / found["noise_15"] == pytest.approx(math.sqrt(15 * 149 / 135), rel=0.15)
    assert found["turn_150"] < found["turn_15"]
    assert found["epochs_150"] > found["updates_150"], "one update, and thirty"


def test_the_variance_of_a_batch_is_that_of_a_row_over_its_size() -> None:
    found = batches.agreement(0, batches=[1, 10, 100], n_draws=300, epochs=1)

    assert found["slope"] == pytest.approx(-1, abs=0.05)
    assert found["variance"][0] / found["variance"][2] == pytest.approx(100, rel=0.3)
    assert found["cosine"] == sorted(found["cosine"])


def test_throughput_names_a_rate_for_each_batch() -> None:
    found = batches.throughput(0, batches=[1, 64], n_rows=64, turns=1)

    assert found["batches"] == [1.0, 64.0]
    assert all(rate > 0 for rate in found["rate"])


def test_convex_losses_agree_and_those_of_the_net_do_not() -> None:
    """A start of the net that is stuck classifies at best 3 of 4 points: a loss of 0.3466 or more."""
    found = batches.starts(1, n_starts=8, n_steps=1200, spread=1.0)

    assert found["convex_spread"] < 1e-9
    assert found["other_spread"] > 0.3
    stuck = [loss for loss in found["other"] if loss > min(found["other"]) + 0.1]
    assert len(stuck) / 8 == found["stuck"]
    assert min(stuck) == pytest.approx(math.log(2) / 2, abs=1e-3), "two points right, two at a half"


def test_the_net_of_xor_descends_its_own_gradient() -> None:
    """One step from a known point lowers the loss by the rate times the square of the gradient."""
    w = np.random.default_rng(0).normal(0, 1, (1, 9))

    def loss(at: np.ndarray) -> float:
        return float(batches._xor_losses(at, 0)[0])

    slopes = np.array([(loss(w + h) - loss(w - h)) / 2e-6 for h in 1e-6 * np.eye(9)])
    # The order of the nine numbers is that of the net: four inner, two biases, two outer, the last.
    after = float(batches._xor_losses(w, 1)[0])
    assert after == pytest.approx(loss(w - slopes), abs=1e-9)
