"""Every optimizer against the textbook over 100 steps, and what all of them promise."""

import math

import numpy as np
import pytest

from nnkit import optimizers, schedules
from nnkit.jit import kernel
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import BASE_RATE, COMMON, Optimizer, scalar_names
from nnkit.optimizers.optimizer import learning_rate as rate_hyper
from tests.reference import optimizers as reference
from tests.reference.schedules import exponential_decay

STEPS = 100
# name, its options, the reference, the reference's options
CASES = [
    ("sgd", {}, reference.sgd, {}),
    ("sgd", {"momentum": 0.8}, reference.momentum, {"momentum": 0.8}),
    ("sgd", {"momentum": 0.8, "nesterov": True}, reference.nesterov, {"momentum": 0.8}),
    ("sgd", {"momentum": 0.8, "rate_in_velocity": True}, reference.momentum_keras, {"momentum": 0.8}),
    ("sgd", {"momentum": 0.8, "nesterov": True, "rate_in_velocity": True}, reference.nesterov_keras,
     {"momentum": 0.8}),
    ("momentum", {}, reference.momentum, {}),
    ("momentum", {"rate_in_velocity": True}, reference.momentum_keras, {}),
    ("nesterov", {}, reference.nesterov, {}),
    ("nesterov", {"rate_in_velocity": True}, reference.nesterov_keras, {}),
    ("adagrad", {}, reference.adagrad, {}),
    ("adagrad", {"epsilon_inside_root": False}, reference.adagrad, {"epsilon_inside_root": False}),
    ("adagrad", {"initial_accumulator_value": 0.0}, reference.adagrad, {"initial_accumulator_value": 0.0}),
    ("rmsprop", {}, reference.rmsprop, {}),
    ("rmsprop", {"epsilon_inside_root": False}, reference.rmsprop, {"epsilon_inside_root": False}),
    ("rmsprop", {"momentum": 0.7}, reference.rmsprop, {"momentum": 0.7}),
    ("rmsprop", {"centered": True, "epsilon_inside_root": False}, reference.rmsprop,
     {"centered": True, "epsilon_inside_root": False}),
    ("rmsprop", {"centered": True, "momentum": 0.7}, reference.rmsprop, {"centered": True, "momentum": 0.7}),
    ("adam", {}, reference.adam, {}),
    ("adam", {"epsilon_hat": True, "epsilon": 1e-3}, reference.adam, {"epsilon_hat": True, "epsilon": 1e-3}),
    ("adam", {"bias_correction": False}, reference.adam, {"bias_correction": False}),
    ("adam", {"second_moment": False}, reference.adam, {"second_moment": False}),
    ("adam", {"second_moment": False, "bias_correction": False}, reference.adam,
     {"second_moment": False, "bias_correction": False}),
    ("adam", {"second_moment": False, "beta_1": 0.0}, reference.sgd, {}),
    ("adam", {"beta_1": 0.0}, reference.adam, {"beta_1": 0.0}),
    ("adamw", {"bias_correction": False}, reference.adamw, {"bias_correction": False}),
    ("adamw", {"second_moment": False}, reference.adamw, {"second_moment": False}),
    ("adagrad", {"second_moment": False}, reference.sgd, {}),
    ("rmsprop", {"second_moment": False}, reference.sgd, {}),
    ("rmsprop", {"second_moment": False, "momentum": 0.7}, reference.momentum_keras, {"momentum": 0.7}),
    ("nesterov", {"nesterov": False}, reference.momentum, {}),
    ("adamw", {"weight_decay": 0.1}, reference.adamw, {"weight_decay": 0.1}),
    ("adamw", {"epsilon_hat": True}, reference.adamw, {"epsilon_hat": True}),
    ("adam", {"amsgrad": True}, reference.amsgrad, {}),
    ("adamw", {"decay_scaling": "both", "weight_decay": 0.1}, reference.adamc, {"weight_decay": 0.1}),
    ("adamax", {"epsilon_in_maximum": False, "epsilon": 1e-3}, reference.adamax,
     {"epsilon_in_maximum": False, "epsilon": 1e-3}),
    ("nadam", {"momentum_decay": 1.0}, reference.nadam, {"momentum_decay": 1.0}),
    ("ademamix", {"warmup_steps": 60}, reference.ademamix, {"warmup_steps": 60}),
    ("adopt", {"clipping": False}, reference.adopt, {"clipping": False}),
    ("radam", {"threshold": 4.0}, reference.radam, {"threshold": 4.0}),
    ("yogi", {"bias_correction": False}, reference.yogi, {"bias_correction": False}),
    ("qhadam", {"nu_2": 0.6}, reference.qhadam, {"nu_2": 0.6}),
    ("lion", {}, reference.lion, {}),
    ("lion", {"weight_decay": 0.1}, reference.lion, {"weight_decay": 0.1}),
]  # fmt: skip
_NAMED = {name for name, options, _, _ in CASES if not options or name in ("sgd", "adam", "adamw")}
# Those whose numbers move each for itself; test_shaped_optimizers.py has the others.
FLAT = [record.name for record in optimizers.records() if record.is_elementwise]
# Without a line of its own, an optimizer is its reference of the same name, both with their defaults.
CASES += [(name, {}, getattr(reference, name), {}) for name in FLAT if name not in _NAMED]
# right one and a published neighbour that it must not be taken for
TWINS = [
    ("momentum", {}, reference.momentum_keras, {}),
    ("momentum", {}, reference.nesterov, {}),
    ("nesterov", {}, reference.nesterov_keras, {}),
    ("adagrad", {}, reference.adagrad, {"initial_accumulator_value": 0.0}),
    ("adagrad", {"epsilon": 1e-3}, reference.adagrad, {"epsilon": 1e-3, "epsilon_inside_root": False}),
    ("rmsprop", {"epsilon": 1e-3}, reference.rmsprop, {"epsilon": 1e-3, "epsilon_inside_root": False}),
    ("rmsprop", {}, reference.rmsprop, {"centered": True}),
    ("adam", {"epsilon": 1e-3}, reference.adam, {"epsilon": 1e-3, "epsilon_hat": True}),
    ("adam", {}, reference.adam, {"amsgrad": True}),
    ("adam", {"bias_correction": False}, reference.adam, {}),
    ("adam", {"second_moment": False}, reference.adam, {}),
    ("adam", {"second_moment": False}, reference.adam, {"second_moment": False, "bias_correction": False}),
    ("adamw", {}, reference.adam, {}),
    ("lion", {}, reference.lion, {"beta_2": 0.9}),
    ("nadam", {}, reference.nadam, {"momentum_decay": 1.0}),
    ("nadam", {}, reference.adam, {}),
    ("adamc", {}, reference.adamw, {"weight_decay": 0.05}),
    ("radam", {}, reference.radam, {"threshold": 4.0}),
    ("adamax", {"epsilon": 1e-2}, reference.adamax, {"epsilon": 1e-2, "epsilon_in_maximum": False}),
    ("ademamix", {"warmup_steps": 60}, reference.ademamix, {}),
    ("adopt", {}, reference.adopt, {"clipping": False}),
    ("laprop", {}, reference.adam, {}),
    ("yogi", {}, reference.adam, {"epsilon": 1e-3}),
    ("adabelief", {}, reference.adam, {}),
    ("adam_atan2", {"scale": 1.0}, reference.adam, {}),
    ("qhm", {}, reference.qhm, {"nu": 1.0}),
    ("signum", {}, reference.lion, {}),
]
# Of signs of means, and of steps that grow with the steps before them, rounding makes more.
TURNING = {"lion": 2e-2, "signum": 2e-2, "tiger": 2e-2, "adadelta": 1e-3}
RATE = {"initial_learning_rate": 0.02, "decay_steps": 30, "decay_rate": 0.5}


def gradients(shape, dtype="float64"):
    """Return a gradient for each step: noise around a slope, some of it zero."""
    random = np.random.default_rng(7)
    noise = random.normal(size=(STEPS, *shape)) + 0.3
    return (noise * (random.random(noise.shape) > 0.1)).astype(dtype)


def trained(name, options, *, shape=(3, 11), dtype="float64"):
    """Return the parameters after 100 steps whose rate falls."""
    optimizer = optimizers.get(name, learning_rate=schedules.get("exponential_decay", **RATE), **options)
    weights = np.linspace(-1, 1, math.prod(shape)).reshape(shape).astype(dtype)
    for gradient in gradients(shape, dtype):
        optimizer.apply({"w": weights}, {"w": gradient})
    return weights


def expected(update, options, shape=(3, 11)):
    weights, state = np.linspace(-1, 1, math.prod(shape)).reshape(shape), {}
    for step, gradient in enumerate(gradients(shape)):
        rate = exponential_decay(step, **RATE)
        weights, state = update(weights, gradient, state, rate, **options)
    return weights


def deviation(found, wanted):
    """Return the largest deviation, as a share of how far the parameters moved."""
    start = np.linspace(-1, 1, found.size).reshape(found.shape)
    return float(np.max(np.abs(found - wanted)) / np.max(np.abs(wanted - start)))


@pytest.mark.parametrize(("name", "options", "update", "wanted"), CASES)
def test_a_hundred_steps_are_the_textbook_s(name, options, update, wanted):
    """float64, a falling rate, zeros among the gradients: 1e-12 of the way moved."""
    assert deviation(trained(name, options), expected(update, wanted)) < 1e-12


@pytest.mark.parametrize(("name", "options", "update", "wanted"), TWINS)
def test_the_comparison_tells_published_variants_apart(name, options, update, wanted):
    """The nearest neighbours differ by 1e-5 of the way at least, ten million times the tolerance."""
    assert deviation(trained(name, options), expected(update, wanted)) > 1e-5


@pytest.mark.parametrize(("name", "options", "update", "wanted"), CASES)
def test_float32_follows_float64(name, options, update, wanted):
    """100 roundings of a step: 1e-4 of the way. A sign may flip where a mean is almost 0."""
    single = trained(name, options, dtype="float32")

    assert single.dtype == np.float32
    assert deviation(single.astype(np.float64), expected(update, wanted)) < TURNING.get(name, 1e-4)


def test_sixteen_and_one_parameters_are_updated_alike():
    """Vector body and scalar rest of every kernel give the same bits, whatever the length."""
    for name, options, _, _ in CASES:
        long = trained(name, options, shape=(67,), dtype="float32")
        optimizer = optimizers.get(name, learning_rate=schedules.get("exponential_decay", **RATE), **options)
        parts = [
            np.linspace(-1, 1, 67).astype(np.float32)[i:j].copy() for i, j in ((0, 1), (1, 17), (17, 67))
        ]
        names = dict(zip("abc", parts, strict=True))
        for gradient in gradients((67,), "float32"):
            optimizer.apply(names, {"a": gradient[:1], "b": gradient[1:17], "c": gradient[17:]})

        assert np.array_equal(np.concatenate(parts), long), name


# hyper-parameters that say what to start from, or which kernel to take
UNSEEN = {
    "sgd": ("momentum", "nesterov", "rate_in_velocity"),
    "nesterov": ("nesterov",),
    "adagrad": ("initial_accumulator_value", "second_moment"),
    "rmsprop": ("second_moment",),
    "adam": ("amsgrad",),
    "adamw": ("amsgrad",),
    "adamc": ("amsgrad",),
    "yogi": ("initial_accumulator_value",),
}


def bound(record, **given):
    return BoundOptimizer(record, record.resolve(given))


@pytest.mark.parametrize("record", [optimizers.record(name) for name in FLAT], ids=FLAT)
class TestContract:
    """What every optimizer promises, built in or not."""

    def test_its_record_describes_its_kernel(self, record):
        """The kernel's arguments are the slots and hyper-parameters that the record names."""
        parameters = record.resolve({})

        assert len(record.start_values(parameters)) == record.n_slots
        shared = {"learning_rate", *(hyper.name for hyper in COMMON)} - {"weight_decay"}
        own = set(parameters) - shared - set(UNSEEN.get(record.name, ()))
        own -= {"weight_decay"} if record.decays_before else set()
        assert set(scalar_names(record.kernel)) - {BASE_RATE} == own
        assert len(record.scalars(parameters)) == len(scalar_names(record.kernel))
        assert {"learning_rate", "clipvalue", "global_clipnorm"} <= set(parameters)
        assert record.hyperparameters[0].name == "learning_rate"
        assert all((record.summary, record.formula, record.source))

    def test_a_zero_gradient_is_harmless(self, record):
        """Finite after many, and still at the start unless the weights decay."""
        optimizer, weights = bound(record), np.array([1.0, -2.0])
        for _ in range(50):
            optimizer.apply({"w": weights}, {"w": np.zeros(2)})

        decay = 1 - 0.001 * float(optimizer.parameters.get("weight_decay") or 0.0)
        np.testing.assert_allclose(weights, np.array([1.0, -2.0]) * decay**50, rtol=1e-13)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_what_is_not_a_number_is_not_hidden(self, record, dtype):
        """NaN in one gradient makes its parameter NaN, and no other."""
        optimizer, weights = bound(record), np.ones(20, dtype)
        gradient = np.ones(20, dtype)
        gradient[3] = np.nan
        optimizer.apply({"w": weights}, {"w": gradient})

        assert np.flatnonzero(np.isnan(weights)).tolist() == [3]

    def test_it_finds_the_minimum_of_a_bowl(self, record):
        rate = 1.0 if record.name == "adadelta" else 0.05  # which finds its own steps
        optimizer, weights = bound(record, learning_rate=rate), np.array([1.0, -0.5])
        for _ in range(2000):
            optimizer.apply({"w": weights}, {"w": np.array([1.0, 4.0]) * weights})

        assert np.abs(weights).max() < 0.11  # lion ends in a cycle as wide as its step

    def test_the_plain_python_twin_makes_the_same_step(self, record):
        """With the JIT off, fused operations round once or twice: 1e-15."""
        parameters = record.resolve({})
        states = []
        for update in (record.kernel, record.kernel.python()):
            vectors = [np.linspace(-1, 1, 5), np.linspace(2, -1, 5)]
            vectors += [np.full(5, start) for start in record.start_values(parameters)]
            for step in (1, 2):
                update(*vectors, 0.01, step, *record.scalars(parameters))
            states.append(np.concatenate(vectors))

        np.testing.assert_allclose(states[0], states[1], rtol=1e-14)

    def test_its_slots_are_written_or_not_but_never_read_unset(self, record):
        """Slots that default options do not need may start as NaN: nothing of it shows."""
        parameters = record.resolve({})
        p, g = np.ones(5), np.ones(5)
        slots = [np.full(5, start) for start in record.start_values(parameters)]
        unused = {"rmsprop": [1, 2]}.get(record.name, [])
        for index in unused:
            slots[index][:] = np.nan
        record.kernel(p, g, *slots, 0.01, 1, *record.scalars(parameters))

        assert np.isfinite(p).all()
        assert all(np.isnan(slots[index]).all() for index in unused)


@kernel
def divides_by_zero(p, g, learning_rate, step):
    for index in range(p.size):
        p[index] -= learning_rate * g[index] / abs(g[index])


@kernel
def hides_what_is_not_a_number(p, g, learning_rate, step):
    for index in range(p.size):
        p[index] -= learning_rate * (g[index] if g[index] == g[index] else 0.0)


@kernel
def climbs(p, g, learning_rate, step):
    for index in range(p.size):
        p[index] += learning_rate * g[index]


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        (divides_by_zero, TestContract.test_a_zero_gradient_is_harmless),
        (
            hides_what_is_not_a_number,
            lambda self, record: self.test_what_is_not_a_number_is_not_hidden(record, "float32"),
        ),
        (climbs, TestContract.test_it_finds_the_minimum_of_a_bowl),
    ],
    ids=["divides by zero", "hides NaN", "climbs"],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_the_contract_rejects_a_wrong_twin(wrong, check):
    record = Optimizer(
        name="wrong",
        summary="?",
        formula="?",
        source="?",
        hyperparameters=(rate_hyper(0.01), *COMMON),
        kernel=wrong,
    )

    with pytest.raises(AssertionError):
        check(TestContract(), record)
