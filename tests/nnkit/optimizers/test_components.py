"""What an optimizer is made of: each component's off value takes out that component, and nothing else."""

import numpy as np
import pytest

from nnkit import optimizers
from nnkit.errors import InvalidArgument
from nnkit.optimizers.optimizer import COMMON, Optimizer
from tests.reference import clipping
from tests.reference import optimizers as reference

RATE, STEPS = 0.02, 5
DECAY, LIMIT = 0.3, 0.8
# of every optimizer and component: what is set beside the defaults, and the textbook without the component
WITHOUT = {
    ("momentum", "momentum"): ({}, reference.sgd, {}),
    ("nesterov", "momentum"): ({}, reference.sgd, {}),
    ("nesterov", "nesterov"): ({}, reference.momentum, {}),
    ("adagrad", "start of the sum"): ({}, reference.adagrad, {"initial_accumulator_value": 0.0}),
    ("adagrad", "epsilon"): ({"epsilon": 0.1}, reference.adagrad, {"epsilon": 0.0}),
    ("adagrad", "second moment"): ({}, reference.sgd, {}),
    ("rmsprop", "momentum"): ({"momentum": 0.7}, reference.rmsprop, {}),
    ("rmsprop", "epsilon"): ({"epsilon": 0.1}, reference.rmsprop, {"epsilon": 0.0}),
    ("rmsprop", "centering"): ({"centered": True}, reference.rmsprop, {}),
    ("rmsprop", "second moment"): ({"momentum": 0.7}, reference.momentum_keras, {"momentum": 0.7}),
    ("adam", "momentum"): ({}, reference.adam, {"beta_1": 0.0}),
    ("adam", "epsilon"): ({"epsilon": 0.1}, reference.adam, {"epsilon": 0.0}),
    ("adam", "bias correction"): ({}, reference.adam, {"bias_correction": False}),
    ("adam", "second moment"): ({}, reference.adam, {"second_moment": False}),
    ("adamw", "momentum"): ({}, reference.adamw, {"beta_1": 0.0}),
    ("adamw", "epsilon"): ({"epsilon": 0.1}, reference.adamw, {"epsilon": 0.0}),
    ("adamw", "bias correction"): ({}, reference.adamw, {"bias_correction": False}),
    ("adamw", "second moment"): ({}, reference.adamw, {"second_moment": False}),
    ("adamw", "weight decay"): ({"weight_decay": DECAY}, reference.adam, {}),
    ("radam", "epsilon"): (
        {"epsilon": 0.1, "threshold": 4.0},
        reference.radam,
        {"epsilon": 0.0, "threshold": 4.0},
    ),
    ("lion", "momentum"): ({}, reference.lion, {"beta_1": 0.0}),
    ("lion", "weight decay"): ({"weight_decay": DECAY}, reference.lion, {}),
}
# Keras's arguments of sgd make another optimizer of it, whose components these are.
BY_SIGN = ("lion", "rprop", "signsgd")
COMMON_NAMES = {hyper.name for hyper in COMMON}
ELSEWHERE = {("sgd", "momentum"), ("sgd", "nesterov")}
SHARED = {"weight decay": {"weight_decay": DECAY}, "clipping": {"global_clipnorm": LIMIT},
          "clipping by value": {"clipvalue": LIMIT}}  # fmt: skip


def components(record):
    """Return the hyper-parameters that are components, by what these are called."""
    return {hyper.component.name: hyper for hyper in record.hyperparameters if hyper.component}


# Of those whose numbers move each for itself; test_shaped_optimizers.py has the others.
FLAT = [record for record in optimizers.records() if record.is_elementwise]
EVERY = [(record.name, name) for record in FLAT for name in components(record)]
# Without a line above, a component is what the textbook's argument of the same name makes.
for _record in FLAT:
    for _name, _hyper in components(_record).items():
        _is_shared = _hyper.name in COMMON_NAMES and not _hyper.default
        if not _is_shared and (_record.name, _name) not in WITHOUT.keys() | ELSEWHERE:
            _is_guard = _hyper.name == "epsilon"
            WITHOUT[_record.name, _name] = (
                {"epsilon": 0.1} if _is_guard else {},
                getattr(reference, _record.name),
                {_hyper.name: 0.0 if _is_guard else _hyper.component.off},
            )


def gradients():
    """Return some noise around a slope, none of it zero."""
    return np.random.default_rng(3).normal(size=(STEPS, 7)) + 0.4


def trained(name, options):
    weights, optimizer = np.linspace(-1, 1, 7), optimizers.get(name, learning_rate=RATE, **options)
    for gradient in gradients():
        optimizer.apply({"w": weights}, {"w": gradient})
    return weights


def textbook(update, options):
    weights, state = np.linspace(-1, 1, 7), {}
    for gradient in gradients():
        weights, state = update(weights, gradient, state, RATE, **options)
    return weights


@pytest.mark.parametrize(("name", "component"), sorted(WITHOUT))
def test_off_takes_the_component_out(name, component):
    """The textbook without it to 1e-12; with it the weights are elsewhere by a millionth at least."""
    given, update, options = WITHOUT[name, component]
    hyper = components(optimizers.record(name))[component]

    expected = textbook(update, options)
    without = trained(name, {**given, hyper.name: hyper.component.off})

    np.testing.assert_allclose(without, expected, rtol=0, atol=1e-12)
    assert np.max(np.abs(trained(name, given) - expected)) > 1e-6


@pytest.mark.parametrize(
    ("name", "component"), [pair for pair in EVERY if pair not in WITHOUT and pair not in ELSEWHERE]
)
def test_off_takes_out_what_all_optimizers_can_have(name, component):
    """Decay and clipping, of which the default has none: then it is the optimizer by itself, to the bit."""
    hyper = components(optimizers.record(name))[component]

    with_it, plain = trained(name, SHARED[component]), trained(name, {})

    assert np.array_equal(trained(name, {**SHARED[component], hyper.name: hyper.component.off}), plain)
    # Of a sign's step nothing tells the gradient's length; clipping moves what is kept.
    assert name in BY_SIGN or np.max(np.abs(with_it - plain)) > 1e-6


def test_clipping_without_is_the_textbook_s_gradient():
    """The closed form on both sides: with the limit the clipped gradient, without it the gradient itself."""
    gradient, weights = gradients()[0], np.linspace(-1, 1, 7)
    (clipped,) = clipping.clip_by_global_norm([gradient], LIMIT)
    moved = {limit: weights.copy() for limit in (LIMIT, None)}
    for limit, array in moved.items():
        optimizers.get("sgd", learning_rate=RATE, global_clipnorm=limit).apply({"w": array}, {"w": gradient})

    np.testing.assert_allclose(moved[LIMIT], weights - RATE * clipped, rtol=1e-13)
    np.testing.assert_allclose(moved[None], weights - RATE * gradient, rtol=1e-13)


@pytest.mark.parametrize(("name", "component"), EVERY)
def test_off_is_a_value_that_the_hyper_parameter_may_have(name, component):
    hyper = components(optimizers.record(name))[component]

    assert hyper.check(hyper.component.off, name) == hyper.component.off


def test_an_epsilon_that_is_off_still_divides_in_single_precision():
    """A unit that never had a gradient stays where it is."""
    for name in ("adam", "adagrad", "rmsprop"):
        off = components(optimizers.record(name))["epsilon"].component.off
        start = {"initial_accumulator_value": 0.0} if name == "adagrad" else {}
        weights = np.ones(3, np.float32)
        optimizers.get(name, epsilon=off, **start).apply({"w": weights}, {"w": np.zeros(3, np.float32)})

        assert weights.tolist() == [1.0, 1.0, 1.0]


def update(params, grads, state, step, learning_rate, memory, is_signed):
    """Step down."""


def kernel_update(p, g, learning_rate, step, memory, is_signed):
    """Step down."""


@pytest.fixture
def named(monkeypatch):
    """Return a name for a plug-in that is gone after the test."""
    monkeypatch.setattr(optimizers._registry, "_parts", dict(optimizers._registry._parts))
    return "plugged_in"


@pytest.mark.parametrize("is_kernel", [False, True])
def test_a_plug_in_says_at_which_values_its_parts_do_nothing(named, is_kernel):
    given = {"memory": 0.9, "is_signed": True, "off": {"memory": 0.0}}
    if is_kernel:
        record: Optimizer = optimizers.register_kernel(named, kernel_update, 0, **given)
    else:
        record = optimizers.register_numpy(named, update, **given)

    found = components(record)
    assert {name: hyper.component.off for name, hyper in found.items() if name not in SHARED} == {
        "memory": 0.0
    }


def test_a_plug_in_s_off_values_belong_to_its_own_keywords(named):
    with pytest.raises(InvalidArgument, match=r"off names \['memroy'\], which no keyword declares"):
        optimizers.register_numpy(named, update, memory=0.9, is_signed=True, off={"memroy": 0.0})
