"""Optimizers reproduce the trajectories of Keras's own tests, and the identities that tell variants apart."""

from functools import partial
from inspect import Parameter, signature
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference import optimizers
from tests.reference.optimizers import State, Update

Array = NDArray[np.float64]


def walk(update: Update, w: Array, gradients: list[Array], rate: float | list[float]) -> list[Array]:
    """Return the weights after each step."""
    rates = rate if isinstance(rate, list) else [rate] * len(gradients)
    state: State = {}
    path = []
    for g, one_rate in zip(gradients, rates, strict=True):
        w, state = update(w, g, state, one_rate)
        path.append(w)
    return path


# keras-team/keras (Apache 2.0), keras/src/optimizers/*_test.py, test_single_step: from 1, 2, 3, 4 with
# gradients 1, 6, 7, 2 and rate 0.5.
SINGLE_STEPS: list[tuple[str, Update, list[float]]] = [
    ("sgd", optimizers.sgd, [0.5, -1.0, -0.5, 3.0]),
    ("adagrad", optimizers.adagrad, [0.5233, 1.5007, 2.5005, 3.5061]),
    ("rmsprop", optimizers.rmsprop, [-0.5811, 0.4189, 1.4189, 2.4189]),
    ("adadelta", partial(optimizers.adadelta, epsilon=1e-7), [0.9993, 1.9993, 2.9993, 3.9993]),
    ("adam", partial(optimizers.adam, epsilon=1e-7, epsilon_hat=True), [0.5, 1.5, 2.5, 3.5]),
    (
        "adamw",
        partial(optimizers.adamw, epsilon=1e-7, epsilon_hat=True, weight_decay=0.004),
        [0.4980, 1.4960, 2.494, 3.492],
    ),
    ("adamax", partial(optimizers.adamax, epsilon=1e-7, epsilon_in_maximum=False), [0.5, 1.5, 2.5, 3.5]),
    ("nadam", partial(optimizers.nadam, epsilon=1e-7, momentum_decay=1.0), [0.4686, 1.4686, 2.4686, 3.4686]),
    ("lion", optimizers.lion, [0.5, 1.5, 2.5, 3.5]),
]


@pytest.mark.parametrize(
    ("update", "expected"), [c[1:] for c in SINGLE_STEPS], ids=[c[0] for c in SINGLE_STEPS]
)
def test_one_step_is_that_of_keras(update: Update, expected: list[float]) -> None:
    w, g = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 6.0, 7.0, 2.0])

    np.testing.assert_allclose(walk(update, w, [g], 0.5)[0], expected, atol=6e-5)


class Golden(NamedTuple):
    """Weights after each of five steps, first and last of the ten that the tests list."""

    name: str
    update: Update
    rate: float
    first: list[float]
    last: list[float]


# The same files, test_correctness_with_golden: ten weights start at 1; the first gradient is 0.01 for
# all, the others are 0.1, 0.2, ... 1.0. Printed to four digits.
GOLDEN = [
    Golden(
        "sgd",
        optimizers.sgd,
        0.01,
        [0.9999, 0.9989, 0.9979, 0.9969, 0.9959],
        [0.9999, 0.9899, 0.9799, 0.9699, 0.9599],
    ),
    Golden(
        "adagrad",
        partial(optimizers.adagrad, initial_accumulator_value=0.3, epsilon=1e-6),
        0.2,
        [0.9963, 0.9604, 0.9251, 0.8903, 0.8560],
        [0.9963, 0.8209, 0.6891, 0.5790, 0.4825],
    ),
    Golden(
        "rmsprop",
        partial(optimizers.rmsprop, centered=True),
        0.001,
        [0.9967, 0.9933, 0.9908, 0.9885, 0.9864],
        [0.9967, 0.9933, 0.9908, 0.9885, 0.9864],
    ),
    Golden(
        "adadelta",
        partial(optimizers.adadelta, rho=0.8, epsilon=1e-6),
        1.0,
        [0.9978, 0.9947, 0.9915, 0.9882, 0.9849],
        [0.9978, 0.9947, 0.9915, 0.9882, 0.9849],
    ),
    Golden(
        "amsgrad",
        partial(optimizers.adam, amsgrad=True, epsilon=1e-7, epsilon_hat=True),
        0.001,
        [0.9990, 0.9982, 0.9974, 0.9965, 0.9955],
        [0.9990, 0.9982, 0.9974, 0.9965, 0.9955],
    ),
    Golden(
        "adamw",
        partial(optimizers.adamw, weight_decay=0.5, epsilon=2.0, epsilon_hat=True),
        1.0,
        [0.4998, 0.2486, 0.1223, 0.0586, 0.0263],
        [0.4998, 0.2382, 0.1003, 0.0258, -0.0159],
    ),
    Golden(
        "adamax",
        partial(optimizers.adamax, beta_1=0.85, beta_2=0.95, epsilon=1e-6, epsilon_in_maximum=False),
        0.2,
        [0.8, 0.6827, 0.5333, 0.3680, 0.1933],
        [0.8, 0.6910, 0.5466, 0.3848, 0.2126],
    ),
    Golden(
        "nadam",
        partial(optimizers.nadam, beta_1=0.5, beta_2=0.67, epsilon=1e-5, momentum_decay=1.0),
        0.5,
        [0.4281, -0.1738, -0.7115, -1.2335, -1.7492],
        [0.4281, -0.1717, -0.7084, -1.2299, -1.7454],
    ),
    Golden(
        "lion",
        optimizers.lion,
        0.001,
        [0.999, 0.998, 0.997, 0.996, 0.995],
        [0.999, 0.998, 0.997, 0.996, 0.995],
    ),
]


@pytest.mark.parametrize("golden", GOLDEN, ids=[golden.name for golden in GOLDEN])
def test_five_steps_are_those_of_keras(golden: Golden) -> None:
    gradients = [np.array([0.01, 0.01])] + [np.array([0.1, 1.0])] * 4

    path = np.array(walk(golden.update, np.ones(2), gradients, golden.rate))

    # Half of the last digit, and two more because the published runs were made in float32 and by hand.
    np.testing.assert_allclose(path, np.array([golden.first, golden.last]).T, atol=1.5e-4)


RATES = [0.1, 0.1, 0.1, 0.05, 0.05]
GRADIENTS = [np.array(g) for g in ([1.0, -2.0], [0.5, 0.5], [-1.0, 0.3], [2.0, 0.1], [0.2, -0.7])]
START = np.array([3.0, -1.0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (optimizers.momentum, optimizers.momentum_keras),
        (optimizers.nesterov, optimizers.nesterov_keras),
    ],
)
def test_the_two_forms_of_momentum_agree_only_while_the_rate_is_constant(one: Update, other: Update) -> None:
    constant = [walk(update, START, GRADIENTS, 0.1)[-1] for update in (one, other)]
    falling = [walk(update, START, GRADIENTS, RATES) for update in (one, other)]

    np.testing.assert_allclose(constant[0], constant[1], rtol=0, atol=1e-15)
    np.testing.assert_allclose(falling[0][2], falling[1][2], rtol=0, atol=1e-15)
    assert np.abs(falling[0][3] - falling[1][3]).max() > 0.01


def test_momentum_by_hand() -> None:
    g = [np.array([1.0]), np.array([1.0])]

    assert walk(optimizers.momentum, np.array([1.0]), g, 0.1)[1] == pytest.approx(1 - 0.1 * (1 + 1.9))
    assert walk(optimizers.nesterov, np.array([1.0]), g, 0.1)[1] == pytest.approx(
        1 - 0.1 * (1.9 + 1 + 0.9 * 1.9)
    )


def test_without_momentum_every_form_is_plain_gradient_descent() -> None:
    expected = walk(optimizers.sgd, START, GRADIENTS, RATES)[-1]

    for form in ("momentum", "momentum_keras", "nesterov", "nesterov_keras"):
        update = partial(getattr(optimizers, form), momentum=0.0)
        np.testing.assert_allclose(walk(update, START, GRADIENTS, RATES)[-1], expected, rtol=1e-15)


@pytest.mark.parametrize("g", [1e-9, 1e-8, 1e-4, 3.0])
def test_the_first_adam_step_tells_the_two_epsilons_apart(g: float) -> None:
    gradient, epsilon = np.array([g]), 1e-8

    paper = walk(partial(optimizers.adam, epsilon=epsilon), np.zeros(1), [gradient], 0.001)[0]
    hat = walk(partial(optimizers.adam, epsilon=epsilon, epsilon_hat=True), np.zeros(1), [gradient], 0.001)[0]

    assert -paper[0] == pytest.approx(0.001 * g / (g + epsilon), rel=1e-12)
    assert -hat[0] == pytest.approx(0.001 * g / (g + epsilon / np.sqrt(1 - 0.999)), rel=1e-12)


def test_the_two_adams_agree_when_epsilon_is_scaled_by_the_bias_correction() -> None:
    state: State = {}
    hat_state: State = {}
    w, hat_w = START, START
    for t, g in enumerate(GRADIENTS, start=1):
        w, state = optimizers.adam(w, g, state, 0.1, epsilon=0.01)
        epsilon_hat = 0.01 * float(np.sqrt(1 - 0.999**t))
        hat_w, hat_state = optimizers.adam(hat_w, g, hat_state, 0.1, epsilon=epsilon_hat, epsilon_hat=True)

    np.testing.assert_allclose(hat_w, w, rtol=1e-14)


def test_adamw_decays_the_weights_from_before_the_step() -> None:
    w, g = np.array([2.0]), np.array([0.5])

    decayed = walk(partial(optimizers.adamw, weight_decay=0.1), w, [g], 0.01)[0]
    plain = walk(optimizers.adam, w, [g], 0.01)[0]

    assert plain[0] - decayed[0] == pytest.approx(0.01 * 0.1 * 2.0, rel=1e-12)


def test_adamw_without_gradient_only_decays() -> None:
    # Keras's test_weight_decay, where three optimizers in turn decay the same weight: 2 (1 - 0.004)**3.
    path = walk(partial(optimizers.adamw, weight_decay=0.004), np.array([2.0]), [np.zeros(1)] * 3, 1.0)

    assert path[-1][0] == pytest.approx(1.9760959, abs=5e-8)


@pytest.mark.parametrize("inside", [True, False])
def test_the_first_rmsprop_and_adagrad_steps_show_where_epsilon_stands(inside: bool) -> None:
    g, epsilon = np.array([0.1]), 0.04

    rmsprop = (
        walk(partial(optimizers.rmsprop, epsilon=epsilon, epsilon_inside_root=inside), g, [g], 1.0)[0] - g
    )
    adagrad = walk(
        partial(
            optimizers.adagrad, epsilon=epsilon, epsilon_inside_root=inside, initial_accumulator_value=0.0
        ),
        g,
        [g],
        1.0,
    )[0]

    root = np.sqrt(0.001 + 0.04) if inside else np.sqrt(0.001) + 0.04
    assert -rmsprop[0] == pytest.approx(0.1 / root, rel=1e-12)
    assert 0.1 - adagrad[0] == pytest.approx(0.1 / (np.sqrt(0.05) if inside else 0.14), rel=1e-12)


def test_adagrad_starts_its_sum_at_a_tenth_or_at_zero() -> None:
    g = np.array([2.0])

    keras = walk(optimizers.adagrad, np.zeros(1), [g], 1.0)[0]
    paper = walk(partial(optimizers.adagrad, initial_accumulator_value=0.0), np.zeros(1), [g], 1.0)[0]

    assert keras[0] == pytest.approx(-2 / np.sqrt(4.1), rel=1e-6)
    assert paper[0] == pytest.approx(-1.0, rel=1e-6)


def test_rmsprop_momentum_sums_scaled_steps() -> None:
    g = np.array([1.0])

    path = walk(partial(optimizers.rmsprop, momentum=0.5, epsilon=0.0), np.zeros(1), [g, g], 0.1)

    first = 0.1 / np.sqrt(0.1)
    assert path[0][0] == pytest.approx(-first, rel=1e-12)
    assert path[1][0] == pytest.approx(-first - (0.5 * first + 0.1 / np.sqrt(0.19)), rel=1e-12)


def test_amsgrad_remembers_the_largest_second_moment() -> None:
    gradients = [np.array([10.0])] + [np.array([0.1])] * 3
    update = partial(optimizers.adam, amsgrad=True, beta_1=0.0, beta_2=0.5, epsilon=0.0)
    path = walk(update, np.zeros(1), gradients, 1.0)

    # v is 50 after the first gradient and falls from there; the bias correction goes on.
    assert path[1][0] - path[0][0] == pytest.approx(-0.1 / np.sqrt(50 / 0.75), rel=1e-12)


def test_nadam_looks_ahead_by_one_momentum() -> None:
    g = np.array([2.0])
    mu_1, mu_2 = 0.9 * (1 - 0.5 * 0.96), 0.9 * (1 - 0.5 * 0.96**2)

    step = walk(partial(optimizers.nadam, epsilon=0.0, momentum_decay=1.0), np.zeros(1), [g], 0.1)[0]

    # m = 0.1 g and root v_hat = g, so both parts of m_hat are multiples of g.
    expected = mu_2 * 0.1 / (1 - mu_1 * mu_2) + (1 - mu_1) / (1 - mu_1)
    assert -step[0] == pytest.approx(0.1 * expected, rel=1e-12)


def test_defaults_are_published_ones() -> None:
    """Keras's of before 2014, the papers' and PyTorch's of Adam and what came after it."""
    adam = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    expected = {
        "momentum": {"momentum": 0.9},
        "momentum_keras": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9},
        "nesterov_keras": {"momentum": 0.9},
        "adagrad": {"initial_accumulator_value": 0.1, "epsilon": 1e-7, "epsilon_inside_root": True},
        "rmsprop": {
            "rho": 0.9,
            "momentum": 0.0,
            "epsilon": 1e-7,
            "centered": False,
            "epsilon_inside_root": True,
        },
        "adadelta": {"rho": 0.95, "epsilon": 1e-6},
        "adam": {
            **adam,
            "epsilon_hat": False,
            "amsgrad": False,
            "bias_correction": True,
            "second_moment": True,
        },
        "adamw": {"weight_decay": 0.01},
        "adamax": {**adam, "epsilon_in_maximum": True},
        "nadam": {**adam, "momentum_decay": 0.004},
        "lion": {"beta_1": 0.9, "beta_2": 0.99, "weight_decay": 0.0},
    }

    for name, defaults in expected.items():
        parameters = signature(getattr(optimizers, name)).parameters.values()
        found = {p.name: p.default for p in parameters if p.default is not Parameter.empty}
        assert found == defaults, name


def test_nadam_with_dozats_slow_decay_differs_from_keras() -> None:
    keras = walk(partial(optimizers.nadam, momentum_decay=1.0), START, GRADIENTS, 0.1)[-1]
    dozat = walk(partial(optimizers.nadam, momentum_decay=0.004), START, GRADIENTS, 0.1)[-1]

    assert np.abs(keras - dozat).max() > 1e-3


def test_lion_uses_one_average_and_keeps_another() -> None:
    gradients = [np.array([1.0]), np.array([-0.05]), np.array([-0.2])]

    path = walk(optimizers.lion, np.zeros(1), gradients, 1.0)

    # m is 0.01, then 0.0094: 0.9 * 0.01 - 0.1 * 0.05 > 0, and 0.9 * 0.0094 - 0.1 * 0.2 < 0.
    assert [float(w[0]) for w in path] == [-1.0, -2.0, -1.0]
    assert walk(partial(optimizers.lion, weight_decay=0.1), np.array([2.0]), [np.zeros(1)], 0.5)[0] == 1.9


def test_no_update_changes_its_arguments() -> None:
    for name, update, _ in SINGLE_STEPS:
        w, g = np.ones(2), np.ones(2)
        _, state = update(w, g, {}, 0.1)
        before = {key: np.array(value) for key, value in state.items()}

        update(w, g, state, 0.1)

        assert w.tolist() == g.tolist() == [1.0, 1.0], name
        assert all(np.array_equal(state[key], value) for key, value in before.items()), name
