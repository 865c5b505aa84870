"""The perceptron: its step, its rule, its bound, and what it cannot learn."""

import numpy as np
import pytest

from nnkit import Perceptron
from nnkit.datasets import load
from nnkit.errors import InvalidArgument, InvalidData

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
AND, OR, XOR = [0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0]


def textbook(x, y, rate, epochs):
    """Return the weights, bias last, and the mistakes per epoch, as the rule is written."""
    w = np.zeros(x.shape[1] + 1)
    mistakes = []
    for _ in range(epochs):
        mistakes.append(0)
        for row, label in zip(np.column_stack([x, np.ones(len(x))]), y, strict=True):
            error = label - (1 if w @ row > 0 else 0)
            mistakes[-1] += abs(error)
            w = w + rate * error * row
        if not mistakes[-1]:
            break
    return w, mistakes


def test_the_step_is_0_at_0():
    """The note's step: above 0 it gives 1, else 0. With all weights 0 every sum is 0."""
    model = Perceptron(max_epochs=1).fit(CORNERS, [0, 0, 0, 0])

    assert model.weights.tolist() == [0, 0]
    assert model.predict(CORNERS).tolist() == [0, 0, 0, 0]
    assert np.heaviside(0.0, 0.5) == 0.5  # NumPy's convention is another


@pytest.mark.parametrize("labels", [AND, OR, XOR])
@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_the_rule_is_the_textbooks(labels, rate):
    """Steps of powers of two are exact: the weights agree to the bit."""
    model = Perceptron(learning_rate=rate, max_epochs=30).fit(CORNERS, labels)

    weights, mistakes = textbook(CORNERS, labels, rate, 30)
    assert [*model.weights, model.bias] == weights.tolist()
    assert model.mistakes.tolist() == mistakes
    assert model.converged == (mistakes[-1] == 0)


@pytest.mark.parametrize("method", ["rule", "random"])
@pytest.mark.parametrize("labels", [AND, OR])
def test_what_a_line_parts_is_learnt_without_a_mistake(labels, method):
    for seed in range(5):
        model = Perceptron(method=method, seed=seed, max_epochs=100_000).fit(CORNERS, labels)

        assert model.converged
        assert model.predict(CORNERS).tolist() == labels


@pytest.mark.parametrize("method", ["rule", "random"])
def test_xor_is_never_learnt(method):
    """No line parts it (Minsky and Papert 1969): at least one of four is always wrong."""
    model = Perceptron(method=method, max_epochs=500).fit(CORNERS, XOR)

    assert not model.converged
    assert model.mistakes.min() >= 1
    assert np.mean(model.predict(CORNERS) != XOR) >= 0.25


def test_setosa_is_parted_from_the_rest_within_novikoffs_bound():
    """(R / g)**2 from the plane that a support vector machine would be near: any plane's margin will do."""
    iris = load("iris")
    x, y = iris.x.astype(float), (iris.y == 0).astype(int)

    model = Perceptron(max_epochs=1000).fit(x, y)

    assert model.converged
    assert model.predict(x).tolist() == y.tolist()
    rows = np.column_stack([x, np.ones(len(x))])
    plane = np.append(model.weights, model.bias)
    margin = np.min((2 * y - 1) * (rows @ plane)) / np.linalg.norm(plane)
    assert margin > 0
    assert model.mistakes.sum() <= np.max((rows**2).sum(axis=1)) / margin**2


def test_novikoffs_bound_is_tight_enough_to_fail():
    """Two rows, (1) and (-1), labels 1 and 0: R**2 = 2, the best plane's margin 1: at most 2 mistakes."""
    model = Perceptron().fit([[1.0], [-1.0]], [1, 0])

    assert 1 <= model.mistakes.sum() <= 2


def test_moves_at_random_never_make_more_mistakes():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)

    model = Perceptron(method="random", max_epochs=200).fit(x, y)

    assert (np.diff(model.mistakes) <= 0).all()
    assert model.mistakes[-1] == np.sum(model.predict(x) != y)
    again = Perceptron(method="random", max_epochs=200).fit(x, y)
    other = Perceptron(method="random", max_epochs=200, seed=1).fit(x, y)
    assert again.weights.tolist() == model.weights.tolist() != other.weights.tolist()


def test_mistakes_are_refused_in_words():
    with pytest.raises(InvalidArgument, match="method must be 'rule' or 'random', found 'adam'"):
        Perceptron(method="adam")
    with pytest.raises(InvalidArgument, match="learning_rate must be above 0"):
        Perceptron(learning_rate=0)
    with pytest.raises(InvalidData, match="teach one of several against the rest"):
        Perceptron().fit([[0.0], [1.0], [2.0]], [0, 1, 2])
    with pytest.raises(InvalidData, match="expected 1 labels"):
        Perceptron().fit([[0.0]], [0, 1])
    with pytest.raises(InvalidArgument, match="has learnt nothing yet"):
        Perceptron().predict([[0.0]])
