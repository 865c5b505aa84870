"""The Boltzmann machine beside enumeration of all joint states, and what learning does to it."""

import numpy as np
import pytest

from nnkit.errors import InvalidArgument, InvalidData
from nnkit.pretraining import RBM
from tests.reference import boltzmann as reference

BARS = reference.bars_and_stripes(3)


def machine(n_visible, n_hidden, *, scale=0.7, **given):
    """Return a machine with random parameters, large enough for its states to differ."""
    rng = np.random.default_rng([n_visible, n_hidden])
    rbm = RBM(n_hidden, dtype="float64", **given)
    rbm.weights = rng.normal(scale=scale, size=(n_visible, n_hidden))
    rbm.visible_bias, rbm.hidden_bias = rng.normal(size=n_visible), rng.normal(size=n_hidden)
    return rbm


def parameters(rbm):
    return rbm.weights, rbm.visible_bias, rbm.hidden_bias


@pytest.mark.parametrize(("n_visible", "n_hidden"), [(1, 1), (3, 5), (5, 3), (9, 4), (4, 8)])
def test_the_likelihood_is_that_of_all_joint_states(n_visible, n_hidden):
    """Either side is the smaller one in some of them."""
    rbm = machine(n_visible, n_hidden)
    x = reference.states(n_visible)

    found = rbm.log_likelihood(x)

    np.testing.assert_allclose(found, reference.log_likelihood(x, *parameters(rbm)), rtol=0, atol=1e-12)
    assert np.exp(found).sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("n_visible", "n_hidden"), [(1, 1), (3, 5), (6, 2)])
def test_the_gaussian_likelihood_is_that_of_the_mixture(n_visible, n_hidden):
    rbm = machine(n_visible, n_hidden, scale=0.3, visible="gaussian")
    x = np.random.default_rng(0).normal(size=(20, n_visible))

    expected = reference.gaussian_log_likelihood(x, *parameters(rbm))
    np.testing.assert_allclose(rbm.log_likelihood(x), expected, rtol=0, atol=1e-12)


def test_twenty_units_are_summed_and_more_refused():
    """Independent units: no weights, so that the likelihood is a product."""
    rbm = machine(30, 20, scale=0.0)
    x = (np.arange(30) % 2)[None].astype(float)

    b = rbm.visible_bias
    expected = (x * b - np.log1p(np.exp(b))).sum()
    assert rbm.log_likelihood(x)[0] == pytest.approx(expected, abs=1e-10)
    with pytest.raises(InvalidArgument, match=r"2\*\*21 are too many"):
        machine(30, 21).log_likelihood(x)


@pytest.mark.parametrize(("n_visible", "n_hidden"), [(3, 5), (5, 3)])
def test_the_exact_gradient_is_that_of_all_joint_states(n_visible, n_hidden):
    rbm = machine(n_visible, n_hidden)
    x = reference.states(n_visible)[::2]

    found = rbm.gradient(x)

    expected = reference.gradient(x, *parameters(rbm))
    for name, value in zip(("weights", "visible_bias", "hidden_bias"), expected, strict=True):
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["weights", "visible_bias", "hidden_bias"])
def test_the_gaussian_gradient_is_the_likelihoods_difference(name):
    """Central differences: the error is of the order of the step squared, 1e-10."""
    rbm = machine(3, 2, scale=0.3, visible="gaussian")
    x = np.random.default_rng(0).normal(size=(7, 3))
    exact = rbm.gradient(x)[name].reshape(-1)

    for index in range(exact.size):
        sides = []
        for step in (1e-5, -1e-5):
            getattr(rbm, name).reshape(-1)[index] += step
            sides.append(rbm.log_likelihood(x).mean())
            getattr(rbm, name).reshape(-1)[index] -= step
        assert exact[index] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8)


def test_contrastive_divergence_raises_the_likelihood_of_bars_and_stripes():
    """CD-1 on the 14 pictures of 3 x 3; log(1/14) = -2.64 is the most there is."""
    before = RBM(12).fit(BARS, epochs=1, learning_rate=1e-9).log_likelihood(BARS).mean()
    rbm = RBM(12).fit(BARS, epochs=3000, batch_size=5, learning_rate=0.05)

    after = rbm.log_likelihood(BARS).mean()
    assert before < -6.0
    assert -4.0 < after < -np.log(14)


@pytest.mark.parametrize("given", [{"k": 5}, {"momentum": 0.5}, {"weight_decay": 1e-4}])
def test_so_do_its_variants(given):
    rbm = RBM(12, seed=1).fit(BARS, epochs=3000, batch_size=5, learning_rate=0.05, **given)

    assert rbm.log_likelihood(BARS).mean() > -4.5


def test_persistent_chains_raise_it_too():
    """A hundred and forty of them: few chains lag behind the weights (Tieleman 2008)."""
    x = np.tile(BARS, (10, 1))
    rbm = RBM(12).fit(x, epochs=5000, batch_size=140, learning_rate=0.05, persistent=True)

    assert rbm.log_likelihood(BARS).mean() > -4.5


def test_ten_steps_give_the_exact_gradients_sign():
    """In at least 95 % of the entries; 400 chains per picture keep the noise far below most of them."""
    rbm = RBM(12, dtype="float64").fit(BARS, epochs=50, batch_size=5, learning_rate=0.05)

    exact, found = rbm.gradient(BARS), rbm.cd_gradient(np.tile(BARS, (400, 1)), k=10)

    agree = [np.sign(exact[name]) == np.sign(found[name]) for name in exact]
    assert np.mean(np.concatenate([part.reshape(-1) for part in agree])) >= 0.95


def one_step(x, k=1, rate=0.5):
    """Return a machine after one step of all rows, and its start."""
    start = RBM(7, dtype="float64").fit(x, epochs=1, batch_size=len(x), learning_rate=1e-300)
    return RBM(7, dtype="float64").fit(x, epochs=1, k=k, batch_size=len(x), learning_rate=rate), start


def test_a_step_is_the_difference_of_the_phases():
    """The mean of many seeds' steps is the mean of cd_gradient's, which is another road to the same."""
    x = np.tile(BARS, (200, 1))
    after, start = one_step(x, rate=0.5)

    expected = start.cd_gradient(x, k=1)
    # Both are means over 2800 chains: a standard deviation of 0.5 / sqrt(2800) each.
    for name in ("weights", "visible_bias", "hidden_bias"):
        moved = (getattr(after, name) - getattr(start, name)) / 0.5
        np.testing.assert_allclose(moved, expected[name], rtol=0, atol=5 * 0.5 * np.sqrt(2 / 2800))


def test_samples_have_the_models_moments():
    rbm = machine(4, 3)
    v, _, p = reference.joint(*parameters(rbm))

    drawn = rbm.sample(20_000, steps=50)

    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(axis=0), p.sum(axis=1) @ v, rtol=0, atol=5 * 0.5 / np.sqrt(20_000))


def test_gaussian_samples_are_about_their_means():
    """One hidden unit that is always on: v ~ N(b + w, 1)."""
    rbm = machine(3, 1, visible="gaussian")
    rbm.hidden_bias[:] = 50.0

    drawn = rbm.sample(20_000, steps=3)

    np.testing.assert_allclose(
        drawn.mean(axis=0), rbm.visible_bias + rbm.weights[:, 0], atol=5 / np.sqrt(20_000)
    )
    np.testing.assert_allclose(drawn.std(axis=0), 1.0, atol=0.03)


def test_both_ways_are_sigmoids_of_sums():
    rbm, x = machine(5, 70), reference.states(5)
    w, b, c = parameters(rbm)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    hidden = sigmoid(c + x @ w)
    np.testing.assert_allclose(rbm.transform(x), hidden, atol=1e-14)
    np.testing.assert_allclose(rbm.reconstruct(x), sigmoid(b + hidden @ w.T), atol=1e-14)


def test_the_free_energy_is_minus_the_log_of_what_hidden_states_weigh():
    rbm, x = machine(5, 3), reference.states(5)
    w, b, c = parameters(rbm)
    h = reference.states(3)

    weights = np.exp((x @ b)[:, None] + h @ c + x @ w @ h.T).sum(axis=1)
    np.testing.assert_allclose(rbm.free_energy(x), -np.log(weights), atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_seed_decides_the_bits(dtype):
    x = np.random.default_rng(0).random((53, 70))

    def fitted(seed):
        return RBM(65, seed=seed, dtype=dtype).fit(x, epochs=2, batch_size=20).weights.tobytes()

    assert fitted(3) == fitted(3) != fitted(4)


def test_mistakes_are_refused_in_words():
    with pytest.raises(InvalidArgument, match="n_hidden must be at least 1"):
        RBM(0)
    with pytest.raises(InvalidArgument, match="visible must be"):
        RBM(1, visible="poisson")
    with pytest.raises(InvalidData, match=r"found 0 to 16\. Scale them, or use visible='gaussian'"):
        RBM(1).fit([[0.0], [16.0]])
    with pytest.raises(InvalidArgument, match="learning_rate must be above 0"):
        RBM(1).fit([[0.0]], learning_rate=0)
    with pytest.raises(InvalidArgument, match="learnt nothing yet"):
        RBM(1).transform([[0.0]])
