"""Optimizers applied by hand, clipped, scheduled, registered by plug-ins, and used wrongly."""

import numpy as np
import pytest

from nnkit import optimizers, schedules
from nnkit.errors import InvalidArgument, UnknownName
from nnkit.optimizers.optimizer import Optimizer
from nnkit.registry import Registry
from tests.misspelt import NEAREST_OPTIMIZER, NO_OPTIMIZER
from tests.reference import clipping


@pytest.fixture
def registry(monkeypatch):
    """Give the test a registry of its own, so that what it registers is gone afterwards."""
    fresh: Registry[Optimizer] = Registry("optimizer")
    for record in optimizers.records():
        fresh.add(record)
    monkeypatch.setattr(optimizers, "_registry", fresh)


def arrays(**named):
    return {name: np.array(value, dtype=np.float64) for name, value in named.items()}


def test_arrays_are_changed_in_place_by_name():
    """Any shape, float32 beside float64, views that are not contiguous, an empty array, a scalar."""
    base = np.ones((4, 6))
    parameters = {
        "view": base[:, ::2],
        "single": np.ones((2, 3), np.float32),
        "empty": np.ones((0, 3)),
        "scalar": np.array(1.0),
    }
    kept = dict(parameters)
    optimizers.get("sgd", learning_rate=0.5).apply(
        parameters, {name: np.ones(p.shape) for name, p in kept.items()}
    )

    assert all(parameters[name] is kept[name] for name in kept)
    assert all(np.all(array == 0.5) for array in parameters.values())
    assert np.all(base[:, 1::2] == 1.0)


def test_state_belongs_to_the_object_and_the_name():
    """A second object starts anew; a name keeps its slots when the order of the dict changes."""
    first, second = optimizers.get("momentum"), optimizers.get("momentum")
    a, b = arrays(x=[0.0], y=[0.0]), arrays(y=[0.0], x=[0.0])
    gradient = arrays(x=[1.0], y=[2.0])
    first.apply(a, gradient)
    first.apply({"y": a["y"], "x": a["x"]}, gradient)
    second.apply(b, gradient)

    np.testing.assert_allclose([a["x"][0], a["y"][0]], [-0.029, -0.058], rtol=1e-12)
    np.testing.assert_allclose([b["x"][0], b["y"][0]], [-0.01, -0.02], rtol=1e-12)


def test_clipping_comes_first_and_leaves_the_gradients_alone():
    """By value, then by the norm of all gradients together, as the reference clips."""
    gradients = arrays(x=[3.0, -0.2], y=[[0.5], [-4.0]])
    before = {name: gradient.copy() for name, gradient in gradients.items()}
    parameters = {name: np.zeros_like(gradient) for name, gradient in gradients.items()}
    optimizers.get("sgd", learning_rate=1.0, clipvalue=1.0, global_clipnorm=0.5).apply(parameters, gradients)
    cut = [clipping.clip_by_value(gradient, 1.0) for gradient in before.values()]
    expected = clipping.clip_by_global_norm(cut, 0.5)

    for name, wanted in zip(parameters, expected, strict=True):
        np.testing.assert_allclose(parameters[name], -wanted, rtol=1e-14)
        assert np.array_equal(gradients[name], before[name])


def test_a_schedule_replaces_the_rate():
    """Absolute rates, the first for the first step."""
    schedule = schedules.get("piecewise_constant", boundaries=[0], values=[1.0, 0.25])
    optimizer, parameters = optimizers.Adam(learning_rate=schedule), arrays(x=[0.0])
    changes = []
    for _ in range(2):
        before = parameters["x"].copy()
        optimizer.apply(parameters, arrays(x=[2.0]))
        changes.append(float((parameters["x"] - before)[0]))

    np.testing.assert_allclose(changes, [-1.0, -0.25], rtol=1e-6)
    assert optimizer.schedule is schedule


def test_keras_s_class_names_make_the_same_objects():
    """SGD's arguments choose the optimizer; the first argument is the rate."""
    made = {
        optimizers.SGD(0.1): "sgd",
        optimizers.SGD(momentum=0.9): "momentum",
        optimizers.SGD(momentum=0.9, nesterov=True): "nesterov",
        optimizers.SGD(nesterov=True): "sgd",
        optimizers.get("sgd", momentum=0.5, learning_rate=0.1): "momentum",
        optimizers.Momentum(): "momentum",
        optimizers.Nesterov(): "nesterov",
        optimizers.Adagrad(): "adagrad",
        optimizers.RMSprop(rho=0.8): "rmsprop",
        optimizers.Adam(1e-2, beta_1=0.8): "adam",
        optimizers.AdamW(weight_decay=0.1): "adamw",
        optimizers.Lion(): "lion",
    }

    assert all(optimizer.name == name for optimizer, name in made.items())
    assert optimizers.SGD(0.1).parameters["learning_rate"] == 0.1
    assert (
        optimizers.Adam(1e-2, beta_1=0.8).parameters
        == optimizers.get("adam", learning_rate=1e-2, beta_1=0.8).parameters
    )


def test_defaults_are_published_ones():
    """Keras 3's learning rates; of Adam the constants of the paper and PyTorch."""
    rates = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.001, "rmsprop": 0.001,
             "adam": 0.001, "adamw": 0.001, "lion": 0.001}  # fmt: skip

    assert {name: optimizers.record(name).resolve({})["learning_rate"] for name in rates} == rates
    assert optimizers.record("adam").resolve({})["epsilon"] == 1e-8
    assert optimizers.record("adamw").resolve({})["weight_decay"] == 0.01
    assert optimizers.record("adagrad").resolve({})["initial_accumulator_value"] == 0.1


def test_every_new_optimizer_has_the_constructor_that_its_alias_names():
    """So nnkit.optimizers.NAdam(1e-3) is get("nadam", learning_rate=1e-3), as in Keras and PyTorch."""
    for record in optimizers.records():
        for alias in (each for each in record.aliases if each[0].isupper()):
            made, got = getattr(optimizers, alias)(0.25), optimizers.get(record.name, learning_rate=0.25)
            assert (made.record, made.parameters) == (got.record, got.parameters), alias
    with pytest.raises(AttributeError, match="no attribute 'Adma'"):
        _ = optimizers.Adma


class TestPlugIns:
    """Optimizers that somebody else wrote."""

    def test_numpy_functions_become_optimizers(self, registry):
        def update(params, grads, state, step, learning_rate, friction):
            """Slide."""
            state["calls"] = [*state.get("calls", []), (step, learning_rate, friction)]
            for name in params:
                params[name] -= learning_rate * grads[name]

        record = optimizers.register_numpy("slide", update, learning_rate=0.05, friction=2.0)
        optimizer, parameters = optimizers.get("slide", friction=3.0), arrays(x=[1.0])
        for _ in range(2):
            optimizer.apply(parameters, arrays(x=[1.0]))

        assert parameters["x"] == pytest.approx([0.9])
        assert optimizer.memory.state["calls"] == [(1, 0.05, 3.0), (2, 0.05, 3.0)]
        assert (record.kernel, record.n_slots, record.summary) == (None, 0, "Slide.")

    def test_numpy_functions_are_clipped_too(self, registry):
        def update(params, grads, state, step, learning_rate):
            params["x"] -= grads["x"]

        optimizers.register_numpy("plain", update)
        parameters = arrays(x=[0.0])
        optimizers.get("plain", clipvalue=0.5).apply(parameters, arrays(x=[9.0]))

        assert parameters["x"].tolist() == [-0.5]

    def test_compiled_functions_become_optimizers(self, registry):
        def halving(p, g, seen, learning_rate, step, factor):
            for index in range(p.size):
                seen[index] += 1
                p[index] -= learning_rate * factor * g[index]

        optimizers.register_kernel("halving", halving, 1, slot_start=("start",), factor=0.5, start=3.0)
        optimizer, parameters = optimizers.get("halving", learning_rate=1.0), arrays(x=[1.0, 2.0])
        optimizer.apply(parameters, arrays(x=[1.0, 1.0]))

        assert parameters["x"].tolist() == [0.5, 1.5]
        assert optimizer.memory.slots["x"][0].tolist() == [4.0, 4.0]

    @pytest.mark.parametrize(
        ("keywords", "message"),
        [
            ({"name": "adam"}, "optimizer 'adam' exists already"),
            ({"friction": 1.0}, r"must take \(params, grads, state, step, learning_rate, friction\)"),
            ({"mode": "fast"}, "mode must be a number, true, false or none, found 'fast'"),
            ({"clipvalue": 1.0}, "clipvalue belongs to every optimizer"),
            ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ],
    )
    def test_what_a_numpy_optimizer_may_not_be(self, registry, keywords, message):
        def update(params, grads, state, step, learning_rate):
            pass

        given = {"name": "mine", **keywords}
        with pytest.raises(InvalidArgument, match=message):
            optimizers.register_numpy(given.pop("name"), update, **given)

    def test_what_a_compiled_optimizer_may_not_be(self, registry):
        def update(p, g, learning_rate, step, factor):
            pass

        with pytest.raises(
            InvalidArgument, match=r"with 1 slots the kernel must take .* found \(p, g, learning_rate"
        ):
            optimizers.register_kernel("mine", update, 1, factor=1.0)
        with pytest.raises(InvalidArgument, match=r"takes \['factor'\], which no keyword declares"):
            optimizers.register_kernel("mine", update, 0)


@pytest.mark.parametrize(
    ("parameters", "gradients", "message"),
    [
        ({"x": np.ones(2)}, {"y": np.ones(2)}, r"same names, found \['x'\] and \['y'\]"),
        ({"x": np.ones(2)}, {"x": np.ones(3)}, r"gradient of 'x' must have shape \(2,\), found \(3,\)"),
        ({"x": np.ones(2, int)}, {"x": np.ones(2)}, "'x' must be a float32 or float64 array, found int64"),
        ({"x": [1.0, 2.0]}, {"x": np.ones(2)}, "'x' must be a float32 or float64 array, found list"),
        ({"x": np.broadcast_to(1.0, 2)}, {"x": np.ones(2)}, "'x' is read-only"),
    ],
)
def test_wrong_arrays_are_named(parameters, gradients, message):
    with pytest.raises(InvalidArgument, match=message):
        optimizers.get("adam").apply(parameters, gradients)


def test_a_name_may_not_change_its_size():
    """The slots would be too short for the kernel."""
    optimizer = optimizers.get("adam")
    optimizer.apply(arrays(x=[1.0]), arrays(x=[1.0]))

    with pytest.raises(InvalidArgument, match=r"'x' had 1 values of float64 in earlier steps, found 2"):
        optimizer.apply(arrays(x=[1.0, 2.0]), arrays(x=[1.0, 2.0]))


def test_wrong_hyperparameters_are_named():
    with pytest.raises(
        UnknownName, match=rf"no optimizer named {NO_OPTIMIZER!r}\. Did you mean {NEAREST_OPTIMIZER!r}"
    ):
        optimizers.get(NO_OPTIMIZER)
    with pytest.raises(UnknownName, match=r"adam: no hyper-parameter named 'beta_3'\. Did you mean"):
        optimizers.get("adam", beta_3=0.5)
    with pytest.raises(InvalidArgument, match="adam: learning_rate must be above 0, found 0"):
        optimizers.get("adam", learning_rate=0)
    with pytest.raises(InvalidArgument, match="momentum: momentum must be at least 0 and below 1, found 1"):
        optimizers.get("momentum", momentum=1.0)
    with pytest.raises(InvalidArgument, match="clipvalue must be above 0, found -1"):
        optimizers.get("sgd", clipvalue=-1.0)
    with pytest.raises(InvalidArgument, match="momentum must be a number, found a schedule"):
        optimizers.get("sgd", momentum=schedules.get("constant"))
