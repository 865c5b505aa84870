"""What is measured in fresh models agrees with mean-field theory, and theory says where it is silent."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nnkit import layers
from nnkit.errors import InvalidArgument
from nnkit.insight.propagation import Measured, Propagation, chain, measure
from nnkit.layers import Layer

WIDTH, DEPTH, SEEDS = 512, 5, range(12)


def normal(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape)


def tolerance(found: Measured, width: int) -> float:
    """Five standard errors over the seeds: once in ten thousand comparisons, with 11 degrees of freedom.

    And the theory's own error, which is of the order of one over the width.
    """
    assert found.expected is not None
    return 5 * found.standard_error + 2 * found.expected / width


def assert_agrees(found: Measured, width: int, *, blur: float = 0.21) -> None:
    assert found.expected is not None
    assert abs(found.mean - found.expected) < tolerance(found, width), found
    # Else anything would agree: a gain wrong by a tenth is to be told apart.
    assert tolerance(found, width) < blur * found.expected, found


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [
        ("relu", "he_normal"),
        ("relu", "glorot_uniform"),
        ("tanh", "glorot_normal"),
        ("sigmoid", "lecun_uniform"),
        ("selu", "lecun_normal"),
        ("gelu", "he_uniform"),
        ("elu(alpha=0.5)", "random_normal(stddev=0.05)"),
    ],
)
def test_variance_and_gradient_of_a_chain_are_those_of_theory(activation: str, initializer: str) -> None:
    found = measure(chain(activation, initializer, depth=DEPTH, width=WIDTH), normal(32, WIDTH), seeds=SEEDS)

    assert len(found.layers) == DEPTH
    for layer in found.layers:
        assert_agrees(layer.variance, WIDTH)
        assert_agrees(layer.gradient, WIDTH)
        if layer.gradient_factor is not None:
            assert_agrees(layer.gradient_factor, WIDTH)


def test_orthogonal_weights_pass_on_the_variance_without_noise() -> None:
    found = measure(chain("tanh", "orthogonal", depth=3, width=128), normal(32, 128), seeds=SEEDS)

    assert found.layers[0].variance.standard_error < 1e-6
    for layer in found.layers:
        assert_agrees(layer.variance, 128)
        assert_agrees(layer.gradient, 128)


@pytest.mark.parametrize("depth", [2, 20])
def test_relu_under_glorot_halves_with_every_layer_at_any_depth(depth: int) -> None:
    found = measure(chain("relu", "glorot_normal", depth=depth, width=WIDTH), normal(16, WIDTH), seeds=SEEDS)

    last = found.layers[-1].variance
    assert last.expected is not None
    first = found.layers[0].variance.expected
    assert first is not None
    assert last.expected / first == pytest.approx(2.0 ** (1 - depth), rel=1e-9)
    assert abs(last.mean - last.expected) < tolerance(last, WIDTH)


def test_widths_that_differ_are_counted_forwards_and_backwards() -> None:
    """Glorot's weights keep neither variance: forwards counts fan_in, backwards fan_out."""
    stack = [layers.Dense(units, "tanh", kernel_initializer="glorot_uniform") for units in (1024, 256, 512)]
    found = measure(stack, normal(32, 512), seeds=SEEDS)

    weights = [2 / (a + b) for a, b in ((512, 1024), (1024, 256), (256, 512))]
    assert [layer.gain for layer in found.layers] == pytest.approx(
        [math.sqrt(512 * weights[0]), math.sqrt(1024 * weights[1]), math.sqrt(256 * weights[2])]
    )
    for layer in found.layers:
        assert_agrees(layer.variance, 256)
        assert_agrees(layer.gradient, 256)


def test_dropout_raises_the_square_and_flatten_changes_nothing() -> None:
    stack = [
        layers.Flatten(),
        layers.Dense(512, "relu", kernel_initializer="he_normal"),
        layers.Dropout(0.5),
        layers.Dense(512, kernel_initializer="he_normal"),
    ]
    found = measure(stack, normal(32, 16, 32), seeds=SEEDS)

    first, second = (layer.variance for layer in found.layers)
    assert first.expected is not None
    assert second.expected is not None
    assert second.expected / first.expected == pytest.approx(2.0)
    assert_agrees(second, 512)
    assert_agrees(found.layers[0].gradient, 512)


def test_the_keeping_gain_is_that_of_the_activation_in_front() -> None:
    found = measure(chain("tanh", "he_normal", depth=3, width=32), 2 * normal(8, 32), seeds=[0])

    first, second, third = (layer.keeping_gain for layer in found.layers)
    assert first == pytest.approx(1 / math.sqrt(np.mean((2 * normal(8, 32)) ** 2)), rel=1e-6)
    assert second == third == pytest.approx(1.59254, abs=1e-5)
    assert [layer.activation for layer in found.layers] == ["tanh", "tanh", None]


def test_batch_normalization_sets_the_variance_and_makes_gradients_hard_to_expect() -> None:
    stack: list[Layer] = []
    for _ in range(3):
        stack += [
            layers.Dense(256, kernel_initializer="random_normal(stddev=1.0)"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
        ]
    found = measure([*stack, layers.Dense(10)], normal(64, 256), seeds=range(4))

    variances = [layer.variance for layer in found.layers]
    assert [each.expected for each in variances[1:3]] == pytest.approx([128.0, 128.0])
    assert variances[2].mean == pytest.approx(128.0, rel=0.1)
    assert [layer.gradient.expected is None for layer in found.layers] == [True, True, True, False]


@pytest.mark.parametrize(
    "initializer", ["ones", "random_uniform(minval=0, maxval=1)", "random_normal(mean=1)"]
)
def test_theory_is_silent_about_weights_with_a_mean(initializer: str) -> None:
    found = measure(chain("relu", initializer, depth=2, width=16), normal(4, 16), seeds=[0])

    assert [layer.variance.expected for layer in found.layers] == [None, None]
    assert found.layers[0].gain is None


def test_theory_is_silent_behind_a_bias_that_does_not_start_at_0() -> None:
    stack = [layers.Dense(16, "relu", bias_initializer="ones"), layers.Dense(4)]
    found = measure(stack, normal(4, 16), seeds=[0])

    assert [layer.variance.expected for layer in found.layers] == [None, None]


def test_one_seed_has_no_standard_error() -> None:
    found = measure(chain("relu", depth=2, width=8), normal(4, 8), seeds=[3])

    assert math.isnan(found.layers[0].variance.standard_error)
    assert len(found.layers[0].variance.per_seed) == 1


def test_the_same_seeds_give_the_same_numbers() -> None:
    def run(seeds: Sequence[int]) -> Propagation:
        return measure(chain("tanh", depth=3, width=16), normal(4, 16), seeds=seeds)

    assert run([1, 2]) == run([1, 2])
    assert run([1, 2]) != run([1, 3])


@pytest.mark.parametrize(("depth", "width"), [(0, 4), (4, 0)])
def test_a_chain_of_nothing_is_refused(depth: int, width: int) -> None:
    with pytest.raises(InvalidArgument, match="at least 1"):
        chain("relu", depth=depth, width=width)


def test_no_seeds_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at least one seed"):
        measure(chain("relu", depth=2, width=8), normal(4, 8), seeds=[])


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_convolution_counts_the_taps_inside_the_image(padding: str) -> None:
    stack = [
        layers.Conv2D(64, 3, padding=padding, activation="relu", kernel_initializer="he_normal"),
        layers.Conv2D(64, (2, 3), padding=padding, activation="relu", kernel_initializer="he_normal"),
        layers.Flatten(),
        layers.Dense(64),
    ]
    found = measure(stack, normal(8, 8, 10, 16), seeds=SEEDS)

    assert [layer.name for layer in found.layers] == ["conv2d_0", "conv2d_1", "dense_0"]
    for layer in found.layers:
        assert_agrees(layer.variance, 64, blur=0.5)
        assert_agrees(layer.gradient, 64, blur=0.5)
    with_padding = found.layers[0].variance.expected
    assert with_padding is not None
    # Of 3 x 3 taps, 8 x 10 pixels with a border of zeros see (1 - 2 / 24) (1 - 2 / 30) on average.
    share = (1 - 2 / 24) * (1 - 2 / 30) if padding == "same" else 1.0
    assert with_padding == pytest.approx(2 * share * np.mean(normal(8, 8, 10, 16) ** 2), rel=1e-6)


def test_theory_is_silent_about_strides() -> None:
    stack = [layers.Conv2D(4, 3, strides=2), layers.Flatten(), layers.Dense(3)]
    found = measure(stack, normal(4, 9, 9, 1), seeds=[0])

    assert found.layers[0].variance.expected is None


def test_a_residual_adds_squares_on_both_ways() -> None:
    """Its branch ends in weights of mean 0, so what it adds is uncorrelated with what it is added to."""

    def block() -> Layer:
        return layers.Residual(
            (
                layers.Activation("relu"),
                layers.Dense(WIDTH, "relu", kernel_initializer="he_normal"),
                layers.Dense(WIDTH, kernel_initializer="he_normal"),
            )
        )

    stack = [layers.Dense(WIDTH, kernel_initializer="lecun_normal"), block(), block(), layers.Dense(WIDTH)]
    found = measure(stack, normal(32, WIDTH), seeds=SEEDS)

    for layer in found.layers:
        assert_agrees(layer.variance, WIDTH)
        assert_agrees(layer.gradient, WIDTH, blur=0.3)
    # Each block doubles the variance, and the squared length of the gradient on its way back; the last
    # layer, drawn by Glorot's rule and square, keeps it.
    first, inner = (found.layers[place].variance.expected for place in (0, 3))
    assert first is not None
    assert inner == pytest.approx(2 * first, rel=1e-9)
    assert found.layers[0].gradient.expected == pytest.approx(4.0, rel=1e-9)


def test_theory_is_silent_where_a_sum_may_be_correlated() -> None:
    stack = [layers.Dense(16), layers.Residual((layers.Activation("relu"),)), layers.Dense(3)]
    found = measure(stack, normal(4, 16), seeds=[0])

    assert [layer.gradient.expected is None for layer in found.layers] == [True, False]
    assert found.layers[1].variance.expected is None
