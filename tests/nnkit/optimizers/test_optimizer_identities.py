"""One line each: what tells an optimizer from the one next to it."""

import math

import mpmath
import numpy as np
import pytest

from nnkit import optimizers, schedules
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.optimizer import DECAY

G = np.array([-3.0, 1e-6, 1e-3, 2.0])


def step(name, gradients, *, start=0.0, rates=None, **options):
    """Return the last change of the parameters after one step per gradient."""
    weights = np.full(4, start)
    before = weights.copy()
    optimizer = optimizers.get(name, **options)
    for gradient in gradients:
        before = weights.copy()
        optimizer.apply({"w": weights}, {"w": gradient})
    return weights - before


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    """|change| = lr |g| / (|g| + epsilon), with the paper's epsilon."""
    expected = -0.01 * G / (np.abs(G) + 1e-4)

    np.testing.assert_allclose(step("adam", [G], learning_rate=0.01, epsilon=1e-4), expected, rtol=1e-12)


def test_epsilon_hat_is_larger_by_the_correction():
    """Keras's epsilon stands beside the uncorrected root: epsilon / sqrt(1 - beta_2) at the first step."""
    expected = -0.01 * G / (np.abs(G) + 1e-4 / math.sqrt(1 - 0.999))
    found = step("adam", [G], learning_rate=0.01, epsilon=1e-4, epsilon_hat=True)

    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_adamw_decays_the_weights_from_before_the_step():
    """Its change is Adam's and the decay of the old weights, added."""
    adam = step("adam", [G], start=5.0, learning_rate=0.01)
    adamw = step("adamw", [G], start=5.0, learning_rate=0.01, weight_decay=0.1)

    np.testing.assert_allclose(adamw, adam - 0.01 * 0.1 * 5.0, rtol=1e-11)


def test_adamw_s_decay_stays_out_of_the_moments():
    """Without a gradient the weights shrink by one factor a step; an L2 term would enter m and v."""
    weights = np.full(4, 5.0)
    optimizer = optimizers.get("adamw", learning_rate=0.01, weight_decay=0.1)
    for _ in range(3):
        optimizer.apply({"w": weights}, {"w": np.zeros(4)})

    np.testing.assert_allclose(weights, 5.0 * (1 - 0.001) ** 3, rtol=1e-14)
    assert not np.any(optimizer.memory.slots["w"])


@pytest.mark.parametrize(
    "name",
    [
        record.name
        for record in optimizers.records()
        if DECAY in record.hyperparameters and record.is_elementwise
    ],
)
def test_a_decay_shrinks_the_weights_before_the_step(name):
    """Of 2, with rate 0.1 and decay 0.5, a tenth goes besides the step that would be made anyway."""
    decayed = step(name, [G], start=2.0, learning_rate=0.1, weight_decay=0.5)
    plain = step(name, [G], start=1.9, learning_rate=0.1)

    np.testing.assert_allclose(decayed, plain - 0.1, rtol=0, atol=1e-14)


def test_adam_with_a_decay_is_adamw():
    assert optimizers.get("adam", weight_decay=0.01).name == "adamw"
    assert optimizers.get("adamw", weight_decay=0.0).name == "adam"


@pytest.mark.parametrize(
    ("inside", "root"), [(True, np.sqrt(0.1 * G**2 + 1e-4)), (False, np.sqrt(0.1) * abs(G) + 1e-4)]
)
def test_where_rmsprop_s_epsilon_stands(inside, root):
    found = step("rmsprop", [G], learning_rate=0.01, epsilon=1e-4, epsilon_inside_root=inside)

    np.testing.assert_allclose(found, -0.01 * G / root, rtol=1e-12)


def test_rmsprop_is_keras_s_by_default_and_pytorch_s_by_name():
    """One step on g = 1e-4: with the size of the one and the place of the other it is ten times as long."""
    g, variance = np.full(4, 1e-4), 0.1 * 1e-8
    pytorch = {"learning_rate": 0.01, "rho": 0.99, "epsilon": 1e-8, "epsilon_inside_root": False}

    np.testing.assert_allclose(step("rmsprop", [g]), -1e-7 / np.sqrt(variance + 1e-7), rtol=1e-12)
    np.testing.assert_allclose(step("rmsprop", [g]), -0.000315, rtol=2e-3)
    np.testing.assert_allclose(
        step("rmsprop", [g], **pytorch), -1e-6 / (np.sqrt(0.01 * 1e-8) + 1e-8), rtol=1e-12
    )


def test_adagrad_is_keras_s_by_default_and_pytorch_s_by_name():
    g = np.full(4, 1e-4)
    pytorch = {
        "learning_rate": 0.01,
        "initial_accumulator_value": 0.0,
        "epsilon": 1e-10,
        "epsilon_inside_root": False,
    }

    np.testing.assert_allclose(step("adagrad", [g]), -1e-7 / np.sqrt(0.1 + 1e-8 + 1e-7), rtol=1e-14)
    np.testing.assert_allclose(step("adagrad", [g], **pytorch), -1e-6 / (1e-4 + 1e-10), rtol=1e-12)


@pytest.mark.parametrize(("keras", "end"), [(False, -1.19), (True, -2.0)])
@pytest.mark.parametrize("name", ["sgd", "momentum"])
def test_the_two_forms_of_momentum_part_where_the_rate_moves(name, keras, end):
    """Rates 1, 0.1 and gradients 1, 1: Keras's velocity keeps the first rate, PyTorch's goes by the last."""
    schedule = schedules.get("piecewise_constant", boundaries=[0], values=[1.0, 0.1])
    optimizer = optimizers.get(name, learning_rate=schedule, momentum=0.9, rate_in_velocity=keras)
    weights = np.zeros(1)
    for _ in range(2):
        optimizer.apply({"w": weights}, {"w": np.ones(1)})

    assert weights[0] == pytest.approx(end, rel=1e-14)


@pytest.mark.parametrize(("keras", "end"), [(False, -2.171), (True, -2.9)])
@pytest.mark.parametrize(("name", "options"), [("sgd", {"nesterov": True}), ("nesterov", {})])
def test_the_two_forms_of_nesterov_part_where_the_rate_moves(name, options, keras, end):
    """Keras: v = -1, -1; steps 0.9 v - rate g. PyTorch: v = 1, 1.9; steps -rate (g + 0.9 v)."""
    schedule = schedules.get("piecewise_constant", boundaries=[0], values=[1.0, 0.1])
    chosen = {"momentum": 0.9, "rate_in_velocity": keras, **options}
    optimizer = optimizers.get(name, learning_rate=schedule, **chosen)
    weights = np.zeros(1)
    for _ in range(2):
        optimizer.apply({"w": weights}, {"w": np.ones(1)})

    assert weights[0] == pytest.approx(end, rel=1e-14)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "adagrad"])
@pytest.mark.parametrize("epsilon", [1e-40, 1e-300])
def test_an_epsilon_below_the_smallest_normal_number_still_divides(name, inside, epsilon):
    """A unit without a gradient stays: 0 / epsilon is 0, and no epsilon above 0 becomes 0 / 0 in float32."""
    place = "epsilon_hat" if name.startswith("adam") else "epsilon_inside_root"
    start = {"initial_accumulator_value": 0.0} if name == "adagrad" else {}
    optimizer = optimizers.get(name, epsilon=epsilon, **{place: inside}, **start)
    weights = np.ones(3, np.float32)
    optimizer.apply({"w": weights}, {"w": np.zeros(3, np.float32)})

    assert np.isfinite(weights).all()


SAME = [
    (("sgd", {"momentum": 0.9}), ("momentum", {})),
    (("sgd", {"momentum": 0.5, "rate_in_velocity": True}),
     ("momentum", {"momentum": 0.5, "rate_in_velocity": True})),
    (("sgd", {"momentum": 0.9, "nesterov": True}), ("nesterov", {})),
    (("sgd", {"momentum": 0.5, "nesterov": True, "rate_in_velocity": True, "clipvalue": 0.5}),
     ("nesterov", {"momentum": 0.5, "rate_in_velocity": True, "clipvalue": 0.5})),
    (("sgd", {"nesterov": True, "rate_in_velocity": True}), ("sgd", {})),
    (("momentum", {"momentum": 0.0}), ("sgd", {})),
    (("momentum", {"momentum": 0.0, "rate_in_velocity": True}), ("sgd", {})),
    (("nesterov", {"momentum": 0.0, "rate_in_velocity": True, "global_clipnorm": 1.0}),
     ("sgd", {"global_clipnorm": 1.0})),
    (("adamw", {"weight_decay": 0.0, "beta_1": 0.8}), ("adam", {"beta_1": 0.8})),
    (("adam", {"weight_decay": 0.01}), ("adamw", {})),
    (("nesterov", {"nesterov": False, "momentum": 0.5}), ("momentum", {"momentum": 0.5})),
    (("nesterov", {"nesterov": False, "momentum": 0.0}), ("sgd", {})),
    (("adagrad", {"second_moment": False, "learning_rate": 0.01}), ("sgd", {})),
    (("rmsprop", {"second_moment": False, "learning_rate": 0.01, "clipvalue": 1.0}),
     ("sgd", {"clipvalue": 1.0})),
    (("adamw", {"second_moment": False, "beta_1": 0.0, "learning_rate": 0.01}),
     ("sgd", {"weight_decay": 0.01})),
    (("adam", {"second_moment": False, "epsilon": 1e-3, "beta_2": 0.9}), ("adam", {"second_moment": False})),
    (("adam", {"bias_correction": False, "epsilon_hat": True}), ("adam", {"bias_correction": False})),
    (("adamw", {"weight_decay": 0.0, "second_moment": False}), ("adam", {"second_moment": False})),
    (("adamw", {"weight_decay": 0.0, "decay_scaling": "both"}), ("adam", {})),
    (("adamw", {"decay_scaling": "both", "weight_decay": 0.05}), ("adamc", {})),
    (("adam", {"amsgrad": True, "epsilon": 1e-3}), ("amsgrad", {"epsilon": 1e-3})),
    (("adamw", {"amsgrad": True, "bias_correction": False}),
     ("amsgrad", {"weight_decay": 0.01, "bias_correction": False})),
    (("adam", {"amsgrad": True, "second_moment": False}), ("adam", {"second_moment": False})),
    (("nadamw", {"learning_rate": 0.002, "weight_decay": 0.0}), ("nadam", {"momentum_decay": None})),
    (("tiger", {}), ("signum", {"momentum": 0.965, "weight_decay": 0.01})),
    (("tiger", {"momentum": 0.0, "weight_decay": 0.0}), ("signsgd", {})),
    (("qhm", {"nu": 0.0}), ("sgd", {"learning_rate": 1.0})),
    (("qhadam", {"nu_1": 1.0, "beta_1": 0.9}), ("adam", {})),
    (("ademamix", {"alpha": 0.0, "weight_decay": 0.01}), ("adamw", {})),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME, ids=lambda pair: f"{pair[0]} {pair[1]}")
def test_two_spellings_of_one_optimizer_make_one(one, other):
    """The same record with the same numbers, so the same program and the same bits."""
    first, second = (optimizers.get(name, **options) for name, options in (one, other))

    assert first.record is second.record
    assert first.parameters == second.parameters


@pytest.mark.parametrize("start", [0.0, 0.1])
def test_where_adagrad_starts(start):
    """At 0 the first step has the length of the rate; Keras's 0.1 shortens it."""
    found = step("adagrad", [G], learning_rate=0.01, initial_accumulator_value=start)

    np.testing.assert_allclose(found, -0.01 * G / np.sqrt(start + G**2 + 1e-7), rtol=1e-12)


def test_the_forms_of_momentum_agree_while_the_rate_is_constant():
    """Polyak's and Keras's: the same steps, a velocity that differs by the factor -lr; nesterov alike."""
    for name in ("momentum", "nesterov"):
        polyak = step(name, [G, -G, G], learning_rate=0.03)
        keras = step(name, [G, -G, G], learning_rate=0.03, rate_in_velocity=True)

        np.testing.assert_allclose(polyak, keras, rtol=1e-13)


def test_momentum_adds_up_to_a_tenfold_step():
    """Under a constant gradient the velocity tends to g / (1 - momentum); nesterov gets there sooner."""
    steps = [G] * 200

    np.testing.assert_allclose(step("momentum", steps, learning_rate=0.01), -0.1 * G, rtol=1e-8)
    np.testing.assert_allclose(step("nesterov", [G], learning_rate=0.01), -0.019 * G, rtol=1e-13)


@pytest.mark.parametrize("name", ["momentum", "nesterov", "sgd"])
def test_without_momentum_all_are_gradient_descent(name):
    found = step(name, [G, G], momentum=0.0, learning_rate=0.01)

    np.testing.assert_allclose(found, -0.01 * G, rtol=1e-13)


def test_rmsprop_is_adam_without_its_first_moment_and_corrections():
    """After many steps of one gradient both take the rate's length."""
    steps = [np.ones(4)] * 500
    adam = step("adam", steps, learning_rate=0.01, beta_1=0.0, beta_2=0.9)

    np.testing.assert_allclose(adam, step("rmsprop", steps, learning_rate=0.01, rho=0.9), rtol=1e-7)


def test_adagrad_s_rate_decays_and_rmsprop_s_does_not():
    """Under a constant gradient: 1 / sqrt(t) against 1."""
    steps = [np.ones(4)] * 100
    adagrad = step("adagrad", steps, learning_rate=0.01, initial_accumulator_value=0.0)

    np.testing.assert_allclose(adagrad, -0.01 / 10, rtol=1e-6)
    np.testing.assert_allclose(step("rmsprop", steps, learning_rate=0.01), -0.01, rtol=1e-3)


def test_lion_takes_the_smallest_normal_number_for_zero():
    """What is subnormal before rounding becomes this number on x86 and 0 on ARM: the steps are the same."""
    for dtype in ("float32", "float64"):
        least = np.finfo(dtype).smallest_normal
        weights, mean = np.zeros(3, dtype), np.array([least, -least, 4 * least], dtype)
        optimizers.record("lion").kernel(weights, np.zeros(3, dtype), mean, 0.01, 1, 0.9, 0.99, 0.0)

        assert np.sign(weights).tolist() == [0.0, 0.0, -1.0]
        assert (mean != 0.0).tolist() == [False, False, True]

        # Half of it is the smallest normal number itself, without any rounding.
        mean = np.array([2 * least, -2 * least, 4 * least], dtype)
        optimizers.record("lion").kernel(weights, np.zeros(3, dtype), mean, 0.01, 1, 0.9, 0.5, 0.0)
        assert mean.tolist() == [0.0, 0.0, 2 * least]


def test_lion_moves_by_the_sign():
    found = step("lion", [np.array([-3.0, 0.0, 1e-30, 2.0])], learning_rate=0.01)

    assert found.tolist() == [0.01, 0.0, -0.01, -0.01]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_constant_gradient_does_not_break_centered_rmsprop(dtype):
    """Its variance is 0, and rounding puts it below at rho = 0.5: the root stays real. NaN stays NaN."""
    weights = np.zeros(50, dtype)
    optimizer = optimizers.get("rmsprop", centered=True, rho=0.5)
    for _ in range(300):
        optimizer.apply({"w": weights}, {"w": np.linspace(0.1, 3.0, 50).astype(dtype)})
    mean_square, _, mean = (slot.astype(np.longdouble) for slot in optimizer.memory.slots["w"])
    is_finite = np.isfinite(weights)
    optimizer.apply({"w": weights}, {"w": np.full(50, np.nan, dtype)})

    assert is_finite.all()
    assert np.any(mean_square < mean**2)
    assert np.isnan(weights).all()


def test_gradient_descent_of_the_notes():
    """X1: J(x) = x1**2 + 2 x2**2 - x1 x2 from (-5, 4) at rate 0.1, to the digits printed."""
    x = np.array([-5.0, 4.0])
    optimizer, path = optimizers.SGD(0.1), [x.copy()]
    for _ in range(30):
        optimizer.apply({"x": x}, {"x": np.array([2 * x[0] - x[1], 4 * x[1] - x[0]])})
        path.append(x.copy())

    np.testing.assert_allclose(path[1], (-3.6, 1.9), rtol=1e-12)
    np.testing.assert_allclose(path[2], (-2.69, 0.78), rtol=1e-12)
    assert [float(f"{value:.3g}") for value in path[30]] == [-0.0161, -0.00665]


@pytest.mark.parametrize(("rate", "is_finite"), [(0.01, True), (0.45, True), (0.456, False), (0.5, False)])
def test_the_limit_of_the_rate(rate, is_finite):
    """X2: above 2 / (3 + sqrt(2)) = 0.453 gradient descent diverges."""
    x = np.array([-5.0, 4.0])
    optimizer = optimizers.get("sgd", learning_rate=rate)
    for _ in range(3000):
        optimizer.apply({"x": x}, {"x": np.array([2 * x[0] - x[1], 4 * x[1] - x[0]])})

    assert bool(np.abs(x).max() < 1) == is_finite


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 10, 1000, 1_000_000])
@pytest.mark.parametrize("base", [0.0, 0.5, 0.9, 0.999, 0.999999])
def test_powers_of_the_decay_rates(base, exponent):
    """Within the error of the squarings: exponent * 2**-53."""
    with mpmath.workdps(40):
        exact = float(mpmath.mpf(base) ** exponent)

    assert integer_power(base, exponent) == pytest.approx(exact, rel=1e-15 + exponent * 2.0**-53, abs=1e-300)
