"""Schedules: the tables are Keras's closed forms, in absolute rates and as multiples of a rate."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnkit import schedules
from nnkit.errors import InvalidArgument, UnknownName
from nnkit.registry import parse_choice
from tests.reference import schedules as reference

STEPS = 40
# name: (hyper-parameters, the reference with the same)
CASES = {
    "constant": ({}, lambda step: reference.constant(step, 0.2)),
    "piecewise_constant": (
        {"boundaries": [7, 20], "values": [1.0, 0.5, 0.1]},
        lambda step: 0.2 * reference.piecewise_constant_decay(step, [7, 20], [1.0, 0.5, 0.1]),
    ),
    "exponential_decay": (
        {"decay_steps": 9, "decay_rate": 0.7},
        lambda step: reference.exponential_decay(step, 0.2, 9, 0.7),
    ),
    "polynomial_decay": (
        {"decay_steps": 30, "end_learning_rate": 0.01, "power": 1.7},
        lambda step: reference.polynomial_decay(step, 0.2, 30, end_learning_rate=0.01, power=1.7),
    ),
    "inverse_time_decay": (
        {"decay_steps": 9, "decay_rate": 0.7},
        lambda step: reference.inverse_time_decay(step, 0.2, 9, 0.7),
    ),
    "cosine_decay": (
        {"decay_steps": 30, "alpha": 0.1},
        lambda step: reference.cosine_decay(step, 0.2, 30, alpha=0.1),
    ),
    "piecewise_linear": (
        {"knots": [7, 20], "values": [0.5, 0.1]},
        lambda step: reference.piecewise_linear(step, 0.2, [7, 20], [0.5, 0.1]),
    ),
    "cyclic": (
        {"step_size": 3, "mode": "exp_range", "gamma": 0.9},
        lambda step: reference.cyclic(step, 0.2, step_size=3, mode="exp_range", gamma=0.9),
    ),
    "warmup_stable_decay": (
        {"shape": "one_minus_sqrt", "end_share": 0.1, "decay_steps": STEPS},
        lambda step: reference.warmup_stable_decay(step, 0.2, root=True, end_share=0.1),
    ),
    "inverse_sqrt": (
        {"flat_steps": 5, "cooldown_share": 0.3, "decay_steps": STEPS},
        lambda step: reference.inverse_sqrt(step, 0.2, flat_steps=5, cooldown_share=0.3),
    ),
}
# What is a share of the run by default, in a run of STEPS.
SHARES = {
    "decay_steps": STEPS,
    "t_max": STEPS,
    "step_size": 14,
    "milestones": [20, 30],
    "first_decay_steps": 6,
}
KERAS_S = (
    *("constant", "piecewise_constant", "exponential_decay", "polynomial_decay", "inverse_time_decay"),
    "cosine_decay",
)
LATER = (
    *("step_decay", "multi_step_decay", "linear_ramp", "piecewise_linear", "linear_to_zero"),
    *("warmup_stable_decay", "rex", "power_cooldown", "natural_exponential_decay", "noam", "inverse_sqrt"),
    *("cosine_restarts", "cosine_annealing", "snapshot", "cyclic", "one_cycle"),
)
# Those that rise before they fall.
RISING = {"linear_ramp", "noam", "one_cycle", "cyclic"}
# Without a line of its own, a schedule is its reference of the same name, both with their defaults.
CASES |= {
    record.name: (
        {hyper.name: SHARES[hyper.name] for hyper in record.hyperparameters if hyper.name in SHARES},
        lambda step, name=record.name: getattr(reference, name)(step, 0.2),
    )
    for record in schedules.records()
    if record.name not in CASES
}


@pytest.mark.parametrize("name", CASES)
def test_tables_are_keras_s(name):
    """1e-14 relative: a few ulp of the power and the cosine."""
    hyperparameters, expected = CASES[name]
    table = schedules.get(name, initial_learning_rate=0.2, **hyperparameters).table(STEPS)

    np.testing.assert_allclose(table, [expected(step) for step in range(STEPS)], rtol=1e-14)


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("warmup", [0, 1, 2, 50])
@pytest.mark.parametrize("name", [name for name in CASES if name not in RISING])
def test_a_run_shorter_than_its_parts_begins_with_the_first_rate(name, warmup, n_steps):
    """Also after a warm-up, which rises to it; a warm-up longer than the run rises towards it."""
    schedule = schedules.get(name, initial_learning_rate=0.2, warmup_steps=warmup, warmup_from=0.5)
    table, relative = schedule.table(n_steps), schedule.relative(0.01, n_steps)
    rise = [0.2 * (0.5 + 0.5 * step / warmup) for step in range(min(warmup, n_steps))]

    np.testing.assert_allclose(table[: warmup + 1], [*rise, 0.2][:n_steps], rtol=1e-14)
    np.testing.assert_allclose(relative, 0.05 * table, rtol=1e-14)


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4, 5, 9])
def test_parts_that_a_short_run_has_no_room_for_are_left_out(n_steps):
    """The first stays in every run, the last in every run of two steps or more, and rates only fall."""
    values = [1.0, 0.5, 0.25, 0.1, 0.01]
    table = schedules.get("piecewise_constant", values=values).table(n_steps)

    assert table[0] == 1.0
    assert n_steps == 1 or table[-1] == 0.01
    assert (np.diff(table) <= 0).all()


@pytest.mark.parametrize("name", CASES)
def test_the_reference_rejects_a_table_shifted_by_one(name):
    """An off-by-one in the step is far above the tolerance."""
    hyperparameters, expected = CASES[name]
    table = schedules.get(name, initial_learning_rate=0.2, **hyperparameters).table(STEPS + 1)[1:]
    shifted = [expected(step) for step in range(STEPS)]

    assert name == "constant" or not np.allclose(table, shifted, rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_a_warm_up_rises_to_the_first_rate_and_delays_the_rest(name):
    hyperparameters, expected = CASES[name]
    schedule = schedules.get(
        name, initial_learning_rate=0.2, warmup_steps=5, warmup_from=0.25, **hyperparameters
    )
    wanted = [
        reference.linear_warmup(step, 5, expected(0), expected, start=0.25 * expected(0))
        for step in range(STEPS)
    ]

    np.testing.assert_allclose(schedule.table(STEPS), wanted, rtol=1e-14)


@pytest.mark.parametrize("warm", [0, 4])
@pytest.mark.parametrize(
    "name", ["exponential_decay", "polynomial_decay", "inverse_time_decay", "cosine_decay"]
)
def test_a_decay_takes_the_whole_run_by_default(name, warm):
    """decay_steps is what is left of the run after the warm-up."""
    by_default = schedules.get(name, warmup_steps=warm).table(STEPS)
    spelled = schedules.get(name, warmup_steps=warm, decay_steps=STEPS - warm).table(STEPS)

    assert np.array_equal(by_default, spelled)


def test_pieces_are_equal_by_default():
    """A boundary is the last step of its piece."""
    assert schedules.get("piecewise_constant").table(9).tolist() == [1.0] * 3 + [0.1] * 3 + [0.01] * 3
    assert schedules.get("piecewise_constant", values="1|0.5").table(5).tolist() == [1.0] * 2 + [0.5] * 3


def test_exponential_decay_of_the_notes():
    """X3: 0.1 * 0.5**(epoch / 500), as a curve and as a staircase."""
    settings_ = {"initial_learning_rate": 0.1, "decay_steps": 500, "decay_rate": 0.5}
    curve = schedules.get("exponential_decay", staircase=False, **settings_).table(1501)
    stairs = schedules.get("exponential_decay", staircase=True, **settings_).table(1501)

    np.testing.assert_allclose(curve, 0.1 * 0.5 ** (np.arange(1501) / 500), rtol=1e-14)
    assert curve[[0, 500, 1000, 1500]].tolist() == [0.1, 0.05, 0.025, 0.0125]
    assert stairs[[0, 499, 500, 999, 1000, 1500]].tolist() == [0.1, 0.1, 0.05, 0.05, 0.025, 0.0125]


def test_piecewise_constant_of_the_notes():
    """X4: the steps 700 and 900 themselves still have the earlier value."""
    schedule = schedules.get("piecewise_constant", boundaries=[700, 900], values=[0.1, 0.05, 0.01])
    table = schedule.table(1001)

    assert table[[0, 700, 701, 900, 901, 1000]].tolist() == [0.1, 0.1, 0.05, 0.05, 0.01, 0.01]


def test_polynomial_decay_of_the_notes():
    """X5: (0.1 - 0.01) * (1 - step / 900)**0.5 + 0.01, constant after 900."""
    schedule = schedules.get(
        "polynomial_decay", initial_learning_rate=0.1, end_learning_rate=0.01, decay_steps=900, power=0.5
    )
    table = schedule.table(1001)

    np.testing.assert_allclose(table[:901], 0.09 * np.sqrt(1 - np.arange(901) / 900) + 0.01, rtol=1e-14)
    assert np.array_equal(table[900:], np.full(101, 0.01))


def test_a_cycle_starts_a_longer_decay():
    schedule = schedules.get("polynomial_decay", decay_steps=7, cycle=True)
    expected = [reference.polynomial_decay(step, 1.0, 7, cycle=True) for step in range(STEPS)]

    np.testing.assert_allclose(schedule.table(STEPS), expected, rtol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_relative_tables_are_multiples_of_the_optimizer_s_rate(name):
    """The initial rate is divided out, so that a schedule says the same whatever its own initial rate."""
    hyperparameters, expected = CASES[name]
    schedule = schedules.get(name, initial_learning_rate=0.2, **hyperparameters)

    np.testing.assert_allclose(
        schedule.relative(0.03, STEPS), [0.03 * expected(step) / 0.2 for step in range(STEPS)], rtol=1e-14
    )


def test_one_rate_is_the_table_s():
    """Also for a run of unknown length, unless the schedule needs the length: then it says so."""
    schedule = schedules.get("cosine_decay", decay_steps=30)

    assert schedule.rate(11) == schedule.table(STEPS)[11]
    with pytest.raises(InvalidArgument, match=r"decay_steps .* unknown"):
        schedules.get("cosine_decay").rate(11)
    with pytest.raises(InvalidArgument, match=r"boundaries.* unknown"):
        schedules.get("piecewise_constant").rate(11)


def test_lists_have_one_spelling():
    """On the command line a bar parts numbers; a list in Python becomes the same text."""
    name, given = parse_choice("piecewise_constant(boundaries=700|900, values=1|0.5|0.1)")
    spelled, listed = (
        schedules.get(name, **given),
        schedules.get(name, boundaries=[700, 900], values=(1, 0.5, 0.1)),
    )

    assert spelled == listed
    assert spelled.parameters["boundaries"] == "700|900"
    assert schedules.get(name, boundaries=3, values="1|2").table(6).tolist() == [1.0] * 4 + [2.0] * 2


@given(
    name=st.sampled_from(schedules.names()),
    n_steps=st.integers(0, 200),
    warm=st.integers(0, 50),
    rate=st.floats(1e-6, 10),
)
@settings(max_examples=60, deadline=None)
def test_every_table_is_finite_and_not_negative(name, n_steps, warm, rate):
    """Bare names, any run length, any warm-up."""
    table = schedules.get(name, warmup_steps=warm).relative(rate, n_steps)

    assert table.shape == (n_steps,)
    assert table.dtype == np.float64
    assert np.all((table >= 0) & (table <= rate))


@pytest.mark.parametrize(
    ("names", "expected"), [(KERAS_S, "a81217a5f4150b60"), (LATER, "a0bbfd8980b2ac3a")], ids=["six", "later"]
)
def test_the_bits_of_tables_are_fixed(names, expected):
    """Golden: the digest of default tables. NumPy's own cos and ** would change it between machines."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(schedules.get(name, warmup_steps=3).relative(0.1, 1000).tobytes())

    assert digest.hexdigest()[:16] == expected


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        (
            "constant",
            {"initial_learning_rate": 0.0},
            r"constant: initial_learning_rate must be above 0, found 0",
        ),
        (
            "constant",
            {"initial_learning_rate": math.nan},
            r"initial_learning_rate must be above 0, found nan",
        ),
        ("cosine_decay", {"decay_steps": 0}, r"decay_steps must be above 0, found 0"),
        ("cosine_decay", {"decay_steps": 2.5}, r"decay_steps must be a whole number, found 2\.5"),
        (
            "polynomial_decay",
            {"end_learning_rate": -0.1},
            r"end_learning_rate must be at least 0, found -0\.1",
        ),
        (
            "piecewise_constant",
            {"values": [1.0, -1.0]},
            r"values must be finite numbers above 0 .* found '1\|-1'",
        ),
        ("piecewise_constant", {"values": "1|x"}, r"values must be finite numbers above 0 .* found '1\|x'"),
        ("piecewise_constant", {"values": [math.inf, 1.0]}, r"values must be finite numbers above 0"),
        ("piecewise_constant", {"values": []}, r"values must be finite numbers above 0"),
        ("piecewise_constant", {"values": True}, r"values must be finite numbers above 0"),
        ("piecewise_constant", {"values": None}, r"values must be finite numbers above 0"),
        ("piecewise_constant", {"boundaries": [1.5, 2]}, r"boundaries must be whole numbers"),
        ("piecewise_constant", {"boundaries": [3, 3]}, r"boundaries must rise, found '3\|3'"),
        ("piecewise_constant", {"boundaries": [3]}, r"3 values need 2 boundaries, found 1"),
    ],
)
def test_mistakes_are_named(name, hyperparameters, message):
    with pytest.raises(InvalidArgument, match=message):
        schedules.get(name, **hyperparameters)


@pytest.mark.parametrize("name", schedules.names())
def test_every_schedule_has_a_closed_form_that_one_step_too_late_misses(name):
    forms = schedules.record(name).closed_forms

    assert forms
    for form in forms:
        made = schedules.get(name, **form.options)
        expected = np.asarray(form.expected, np.float64)
        np.testing.assert_allclose(form.measure(made), expected, rtol=0, atol=form.tolerance * expected.max())
    late = [np.asarray(form.measure(_Late(schedules.get(name, **form.options)))) for form in forms]
    misses = [
        np.abs(found - form.expected).max() > 1e-6 * np.max(form.expected)
        for found, form in zip(late, forms, strict=True)
    ]
    assert any(misses) or name == "constant"


class _Late:
    """A wrong twin: every update has the rate of the one before it."""

    def __init__(self, schedule):
        self._schedule = schedule

    def table(self, n_steps):
        table = self._schedule.table(n_steps)
        return np.concatenate([table[:1], table[:-1]])


@pytest.mark.parametrize(
    ("name", "options", "make"),
    [
        ("one_cycle", {}, lambda torch, it: torch.OneCycleLR(it, max_lr=1.0, total_steps=40)),
        ("linear_ramp", {}, lambda torch, it: torch.LinearLR(it)),
        ("step_decay", {"step_size": 7}, lambda torch, it: torch.StepLR(it, 7)),
        ("multi_step_decay", {"milestones": [9, 20]}, lambda torch, it: torch.MultiStepLR(it, [9, 20])),
        ("cosine_annealing", {"t_max": 12}, lambda torch, it: torch.CosineAnnealingLR(it, 12)),
        (
            "cosine_restarts",
            {"first_decay_steps": 5},
            lambda torch, it: torch.CosineAnnealingWarmRestarts(it, 5, T_mult=2),
        ),
        (
            "cyclic",
            {"step_size": 4, "mode": "triangular2"},
            lambda torch, it: torch.CyclicLR(it, 0.1, 1.0, step_size_up=4, mode="triangular2"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tables_are_pytorch_s(name, options, make):
    """1e-9: PyTorch goes from rate to rate, and its rounding adds up."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch's schedulers")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0, momentum=0.9)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(40):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()

    np.testing.assert_allclose(schedules.get(name, **options).table(40), rates, atol=1e-9)


def test_rates_that_overflow_are_refused():
    with pytest.raises(InvalidArgument, match=r"'exponential_decay': the rate at step \d+ is inf"):
        schedules.get("exponential_decay", decay_rate=1e200, decay_steps=1).table(5)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_base_rate_must_be_above_zero(rate):
    with pytest.raises(InvalidArgument, match="the learning rate must be above 0"):
        schedules.get("constant").relative(rate, 3)


def test_keras_s_and_short_names_are_accepted():
    pairs = {
        "exponential": "exponential_decay",
        "cosine": "cosine_decay",
        "inverse_time": "inverse_time_decay",
        "polynomial": "polynomial_decay",
        "piecewise_constant_decay": "piecewise_constant",
    }

    assert {alias: schedules.get(alias).name for alias in pairs} == pairs
    with pytest.raises(UnknownName, match="Did you mean 'cosine_decay'"):
        schedules.get("cosine_deca")
