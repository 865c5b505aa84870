"""The exact figures of the lecture notes hold to the digits printed."""

import math
from decimal import Decimal

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference import activations, layers, mlp, optimizers, schedules
from tests.reference.circuit import add_backward, maximum_backward, multiply_backward, sigmoid_neuron
from tests.reference.initializers import expected
from tests.reference.numeric import numeric_gradient
from tests.reference.optimizers import State

Array = NDArray[np.float64]


def assert_printed(found: float, printed: str) -> None:
    """Assert that ``found``, rounded to the digits of ``printed``, is what was printed."""
    digits = Decimal(printed)
    assert Decimal(float(found)).quantize(digits) == digits


def bowl_gradient(x: Array) -> Array:
    """The gradient of x1**2 + 2 x2**2 - x1 x2."""
    return np.array([2 * x[0] - x[1], 4 * x[1] - x[0]])


def descend(rate: float, n_steps: int) -> list[Array]:
    x, state = np.array([-5.0, 4.0]), State()
    path = [x]
    for _ in range(n_steps):
        x, state = optimizers.sgd(x, bowl_gradient(x), state, rate)
        path.append(x)
    return path


def test_x1_gradient_descent_passes_the_printed_points() -> None:
    path = descend(0.1, 30)

    for point, gradient, printed in [
        (path[0], ("-14", "21"), ("-5", "4")),
        (path[1], ("-9.1", "11.2"), ("-3.6", "1.9")),
        (path[2], ("-6.16", "5.81"), ("-2.69", "0.78")),
    ]:
        for i in range(2):
            assert_printed(point[i], printed[i])
            assert_printed(bowl_gradient(point)[i], gradient[i])
    assert_printed(path[30][0], "-0.0161")
    assert_printed(path[30][1], "-0.00665")


def test_x2_a_small_rate_is_still_far_away_and_a_large_one_diverges() -> None:
    assert np.linalg.norm(descend(0.01, 30)[-1]) > 1.0
    assert np.linalg.norm(descend(0.5, 30)[-1]) > 100.0


def test_x2_the_limit_is_two_over_the_largest_eigenvalue() -> None:
    hessian = np.column_stack([bowl_gradient(np.array([1.0, 0.0])), bowl_gradient(np.array([0.0, 1.0]))])
    limit = 2 / (3 + math.sqrt(2))

    assert np.linalg.eigvalsh(hessian)[-1] == pytest.approx(3 + math.sqrt(2), rel=1e-14)
    assert np.linalg.norm(descend(0.99 * limit, 1000)[-1]) < 1e-3
    assert np.linalg.norm(descend(1.01 * limit, 1000)[-1]) > 1e3


@pytest.mark.parametrize("step", [0, 1, 250, 499, 500, 750, 1000])
def test_x3_exponential_decay_halves_every_500(step: int) -> None:
    smooth = schedules.exponential_decay(step, 0.1, 500, 0.5)
    stairs = schedules.exponential_decay(step, 0.1, 500, 0.5, staircase=True)

    assert smooth == pytest.approx(0.1 * math.exp(-math.log(2) * step / 500), rel=1e-14)
    assert stairs == {0: 0.1, 1: 0.05, 2: 0.025}[step // 500]


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.1), (700, 0.1), (701, 0.05), (900, 0.05), (901, 0.01), (5000, 0.01)]
)
def test_x4_piecewise_constant_keeps_the_earlier_value_at_a_boundary(step: int, rate: float) -> None:
    assert schedules.piecewise_constant_decay(step, [700, 900], [0.1, 0.05, 0.01]) == rate


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.1), (500, 0.07), (675, 0.055), (800, 0.04), (900, 0.01), (1500, 0.01)]
)
def test_x5_polynomial_decay_by_a_square_root(step: int, rate: float) -> None:
    found = schedules.polynomial_decay(step, 0.1, 900, end_learning_rate=0.01, power=0.5)

    assert found == pytest.approx(rate, rel=1e-14)


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), [((64, 32), 64, 32), ((3, 5, 4, 8), 60, 120)])
def test_x6_glorot_and_he(shape: tuple[int, ...], fan_in: int, fan_out: int) -> None:
    assert expected("glorot_uniform", shape).maximum == pytest.approx(
        math.sqrt(6 / (fan_in + fan_out)), rel=1e-14
    )
    assert expected("glorot_normal", shape).stddev == pytest.approx(
        math.sqrt(2 / (fan_in + fan_out)), rel=1e-14
    )
    assert expected("he_uniform", shape).maximum == pytest.approx(math.sqrt(6 / fan_in), rel=1e-14)
    assert expected("he_normal", shape).stddev == pytest.approx(math.sqrt(2 / fan_in), rel=1e-14)


def test_x7_the_sigmoid_circuit_has_the_printed_gradients() -> None:
    neuron = sigmoid_neuron(w0=2.0, x0=-1.0, w1=-3.0, x1=-2.0, w2=-3.0)

    assert_printed(neuron.f, "0.73")
    assert_printed(neuron.d_reciprocal, "-0.53")
    assert_printed(neuron.dw0, "-0.20")
    assert_printed(neuron.dx0, "0.39")
    assert_printed(neuron.dw1, "-0.39")
    assert_printed(neuron.dx1, "-0.59")
    assert_printed(neuron.dw2, "0.20")
    assert neuron.d_sum_collapsed == pytest.approx(neuron.d_sum, rel=1e-14)


def test_x7_the_circuits_gradients_agree_with_differences() -> None:
    wires = np.array([0.3, 1.7, -0.6, 0.9, 0.4])

    difference = numeric_gradient(lambda v: sigmoid_neuron(*v).f, wires)

    neuron = sigmoid_neuron(*wires)
    found = [neuron.dw0, neuron.dx0, neuron.dw1, neuron.dx1, neuron.dw2]
    np.testing.assert_allclose(found, difference, atol=1e-11)


def test_x8_add_distributes_multiply_swaps_max_routes() -> None:
    a, b, dy = 3.0, -4.0, 2.0
    gates = {
        add_backward: lambda v: v[0] + v[1],
        multiply_backward: lambda v: v[0] * v[1],
        maximum_backward: max,
    }

    assert add_backward(a, b, dy) == (dy, dy)
    assert multiply_backward(a, b, dy) == (b * dy, a * dy)
    assert maximum_backward(a, b, dy) == (dy, 0.0)
    assert maximum_backward(b, a, dy) == (0.0, dy)
    for backward, forward in gates.items():
        difference = numeric_gradient(lambda v, f=forward: dy * float(f(v)), np.array([a, b]))  # type: ignore[misc]
        np.testing.assert_allclose(backward(a, b, dy), difference, atol=1e-10)


def test_x9_the_sigmoids_derivative_is_one_minus_sigma_times_sigma() -> None:
    x = np.linspace(-40.0, 40.0, 801)
    s = activations.sigmoid(x)

    with mpmath.workdps(50):
        exact = np.array([float(mpmath.sech(mpmath.mpf(float(v)) / 2) ** 2 / 4) for v in x])
    product, derivative = (1 - s) * s, activations.sigmoid_derivative(x)

    # 1 - s is exact only to a unit in the last place of 1, so for large x the product is good absolutely.
    np.testing.assert_allclose(product[x <= 0], derivative[x <= 0], rtol=4e-16)
    np.testing.assert_allclose(product, derivative, rtol=0, atol=np.spacing(1.0))
    np.testing.assert_allclose(derivative, exact, rtol=1e-15)


def test_x12_two_layers_on_cifar_have_308310_parameters() -> None:
    arrays = [np.zeros((3072, 100)), np.zeros(100), np.zeros((100, 10)), np.zeros(10)]

    assert mlp.count_parameters([3072, 100, 10]) == 308_310 == sum(array.size for array in arrays)


def test_x13_a_3_by_3_filter_makes_2_by_2_of_4_by_4() -> None:
    x, kernel = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((3, 3, 1, 1))

    y = layers.conv2d_forward(x, kernel)
    padded = layers.conv2d_forward(x, kernel, padding="same")

    assert y[0, :, :, 0].tolist() == [[45, 54], [81, 90]]
    assert padded.shape == (1, 4, 4, 1)
    assert padded[0, 0, 0, 0] == 0 + 1 + 4 + 5


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "stride"), [(4, 3, 0, 1), (7, 3, 1, 2), (8, 5, 2, 3), (6, 2, 0, 2)]
)
def test_x13_output_size_follows_padding_and_stride(
    size: int, kernel: int, padding: int, stride: int
) -> None:
    y = layers.conv2d_forward(
        np.ones((1, size, size, 1)), np.ones((kernel, kernel, 1, 1)), strides=stride, padding=padding
    )

    assert y.shape == (1, *((size + 2 * padding - kernel) // stride + 1,) * 2, 1)


def test_x14_prelu_contains_relu_and_leaky_relu() -> None:
    x = np.linspace(-3.0, 3.0, 12).reshape(2, 6)

    np.testing.assert_array_equal(layers.prelu_forward(x, np.zeros(6)), activations.relu(x))
    np.testing.assert_array_equal(layers.prelu_forward(x, np.full(6, 0.01)), activations.leaky_relu(x, 0.01))


def test_x14_maxout_contains_relu_and_leaky_relu_at_twice_the_weights() -> None:
    rng = np.random.default_rng(0)
    x, kernel, bias = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    dense = layers.dense_forward(x, kernel, bias)

    for slope in (0.0, 0.01):
        both = np.stack([kernel, slope * kernel], axis=-1), np.stack([bias, slope * bias], axis=-1)

        y = layers.maxout_forward(x, *both)

        np.testing.assert_allclose(y, activations.leaky_relu(dense, slope), atol=1e-15)
        assert both[0].size == 2 * kernel.size
        assert both[1].size == 2 * bias.size


def test_x15_gamma_sigma_and_beta_mu_give_the_input_back() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(40, 5))
    mean, variance = layers.batch_moments(x)

    y, _, _ = layers.batch_normalization_train_forward(x, np.sqrt(variance + 1e-3), mean)

    np.testing.assert_allclose(y, x, rtol=0, atol=1e-13)


def test_x15_at_test_time_running_averages_are_used() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(40, 5))
    gamma, beta = np.ones(5), np.zeros(5)
    train, mean, variance = layers.batch_normalization_train_forward(x, gamma, beta)
    running_mean, running_variance = np.zeros(5), np.ones(5)

    early = layers.batch_normalization_eval_forward(x, gamma, beta, running_mean, running_variance)
    for _ in range(3000):
        running_mean = layers.update_running(running_mean, mean)
        running_variance = layers.update_running(running_variance, variance)
    late = layers.batch_normalization_eval_forward(x, gamma, beta, running_mean, running_variance)

    np.testing.assert_allclose(early, x / math.sqrt(1.001), rtol=1e-14)
    assert np.abs(early - train).max() > 1.0
    np.testing.assert_allclose(late, train, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("batch_size", "drop_remainder", "n_updates"),
    [(150, False, 1), (1, False, 150), (16, False, 10), (16, True, 9), (15, True, 10), (15, False, 10)],
)
def test_x16_updates_in_an_epoch(batch_size: int, drop_remainder: bool, n_updates: int) -> None:
    rows = np.random.default_rng(0).permutation(150)

    batches = mlp.split_into_batches(rows, batch_size, drop_remainder=drop_remainder)

    assert len(batches) == n_updates
    kept = np.concatenate(batches)
    np.testing.assert_array_equal(kept, rows[: len(kept)])
    assert len(kept) == (n_updates * batch_size if drop_remainder else 150)
