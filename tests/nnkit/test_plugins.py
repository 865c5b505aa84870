"""Plug-ins in training: an optimizer in plain NumPy, one as a kernel, an activation of two functions."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import activations, layers, optimizers, pack
from nnkit.errors import InvalidArgument
from nnkit.registry import Registry
from tests.nnkit.small_models import blobs, build, perceptron

Arrays = dict[str, NDArray[Any]]


@pytest.fixture(autouse=True)
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the plug-ins of a test out of the other tests."""
    for module, kind in ((optimizers, "optimizer"), (activations, "activation")):
        own: Registry[Any] = Registry(kind)
        for record in module.records():
            own.add(record)
        monkeypatch.setattr(module, "_registry", own)


def descend(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
    for name in params:
        params[name] -= learning_rate * grads[name]


def histories(*choices: Any, **options: Any) -> list[tuple[nnkit.Sequential, nnkit.History]]:
    """Return a model and its history for every optimizer, all else equal."""
    x, y = blobs()
    stack = [layers.Dense(8, activation="tanh", kernel_l2=0.01), layers.Dropout(0.2), layers.Dense(3)]
    found = []
    for choice in choices:
        model = build(stack, (4,), optimizer=choice, metrics=("accuracy",), **options)
        found.append((model, model.fit(x, y, epochs=5, validation_data=(x, y))))
    return found


def test_a_search_knows_on_which_scale_to_move_a_plug_in_s_numbers() -> None:
    """A share near 1 by what is lost of it, other numbers above 0 by their logarithm; the rest stays."""

    def update(params, grads, state, step, learning_rate, beta, decay, cut, order, is_on):  # type: ignore[no-untyped-def]
        pass

    optimizers.register_numpy("mine", update, beta=0.95, decay=0.01, cut=0.0, order=3, is_on=True)

    scales = {hyper.name: hyper.tune for hyper in optimizers.record("mine").hyperparameters}
    assert {name: scales[name] for name in ("learning_rate", "beta", "decay")} == {
        "learning_rate": "log", "beta": "complement", "decay": "log",
    }  # fmt: skip
    assert {scales[name] for name in ("cut", "order", "is_on")} == {None}


@pytest.mark.parametrize("clipping", ["", ", clipvalue=0.01", ", global_clipnorm=0.1"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-13)])
def test_gradient_descent_in_numpy_is_gradient_descent(clipping: str, dtype: str, tolerance: float) -> None:
    """Losses, evaluations and weights; the sum is fused in the kernel and rounded twice in NumPy."""
    optimizers.register_numpy("mine", descend, learning_rate=0.05)
    choices = (f"{name}(learning_rate=0.3{clipping})" for name in ("mine", "sgd"))
    (model, history), (twin, expected) = histories(*choices, dtype=dtype)

    assert history.status == "finished"
    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=tolerance)
    assert history.step_loss[-1] < 0.9 * history.step_loss[0]
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol=tolerance)
    for name, value in twin.parameters.items():
        np.testing.assert_allclose(model.parameters[name], value, atol=10 * tolerance)
    assert history.train_s > 0


def test_evaluations_come_after_the_update() -> None:
    """The last evaluation is that of the final weights."""
    x, y = blobs()
    optimizers.register_numpy("mine", descend)
    ((model, history),) = histories("mine(learning_rate=0.3)")

    assert history.history["val_loss"][-1] == model.evaluate(x, y)["loss"]


def test_state_step_and_hyperparameters_are_the_update_s() -> None:
    """Adam in ten lines of NumPy has Adam's losses; a second fit counts on."""

    def update(
        params: Arrays, grads: Arrays, state: dict[str, Any], step: int, learning_rate: float, beta_1: float,
        beta_2: float,
    ) -> None:  # fmt: skip
        for name, g in grads.items():
            m, v = state.get(name, (0.0, 0.0))
            m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
            state[name] = m, v
            m_hat, v_hat = m / (1 - beta_1**step), v / (1 - beta_2**step)
            params[name] -= learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)

    optimizers.register_numpy("mine", update, learning_rate=0.01, beta_1=0.9, beta_2=0.99)
    (mine, history), (adam, expected) = histories(
        "mine(beta_1=0.8)", "adam(learning_rate=0.01, beta_1=0.8, beta_2=0.99)"
    )
    x, y = blobs()

    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-10)
    np.testing.assert_allclose(mine.fit(x, y).step_loss, adam.fit(x, y).step_loss, rtol=1e-10)


def test_a_schedule_gives_the_update_its_rates() -> None:
    seen: list[tuple[int, float]] = []

    def watch(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
        seen.append((step, learning_rate))

    optimizers.register_numpy("watch", watch)
    schedule = nnkit.schedules.get(
        "exponential_decay", initial_learning_rate=0.5, decay_steps=2, decay_rate=0.5
    )
    histories(optimizers.get("watch", learning_rate=schedule))

    assert [step for step, _ in seen] == list(range(1, 16))
    np.testing.assert_allclose([rate for _, rate in seen], schedule.table(15), rtol=1e-15)


def test_an_update_that_blows_up_diverges_at_its_step() -> None:
    def blow_up(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
        if step == 4:
            params["dense_1/bias"][...] = np.inf

    optimizers.register_numpy("blow_up", blow_up)
    ((_, history),) = histories("blow_up")

    assert history.status == "diverged"
    assert history.stopped_at == 5
    assert np.isnan(history.step_loss[-1]) or np.isinf(history.step_loss[-1])


def test_an_update_that_blows_up_before_an_evaluation_diverges_there() -> None:
    def blow_up(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
        if step == 3:
            params["dense_1/bias"][...] = np.nan

    optimizers.register_numpy("blow_up", blow_up)
    ((_, history),) = histories("blow_up")

    assert history.status == "diverged"
    assert history.stopped_at == 3
    assert np.isfinite(history.step_loss).all()


def test_an_error_in_an_update_is_the_author_s_to_see() -> None:
    def wrong(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
        raise KeyError("velocity")

    optimizers.register_numpy("wrong", wrong)

    with pytest.raises(KeyError, match="velocity"):
        histories("wrong")


def halving(p, g, memory, learning_rate, step, factor):  # type: ignore[no-untyped-def]
    """Step by a sum of past gradients that fades."""
    for index in range(p.size):
        memory[index] = factor * memory[index] + g[index]
        p[index] -= learning_rate * memory[index]


def test_an_optimizer_as_a_kernel_trains_like_its_twin() -> None:
    optimizers.register_kernel("halving", halving, 1, factor=0.5)
    (_, history), (_, expected) = histories(
        "halving(learning_rate=0.1)", "momentum(learning_rate=0.1, momentum=0.5)"
    )

    np.testing.assert_allclose(history.step_loss, expected.step_loss, rtol=1e-12)


def test_an_activation_of_two_functions_trains_like_its_twin() -> None:
    activations.register("bell", value=lambda x: math.tanh(x), slope=lambda x: 1 - math.tanh(x) ** 2)
    x, y = blobs()
    mine, twin = (perceptron((4, 8, 3), activation=name, optimizer="adam") for name in ("bell", "tanh"))

    np.testing.assert_allclose(
        mine.fit(x, y, epochs=5).step_loss, twin.fit(x, y, epochs=5).step_loss, rtol=1e-11
    )


@pytest.mark.parametrize(
    ("value", "slope", "message"),
    [
        (
            lambda x: x / (1 + math.exp(-x)), lambda x: 1 / (1 + math.exp(-x)),
            "'mine': its slope at x = -8 is 0.00033535, but its value rises by -0.00234655",
        ),
        (lambda x: math.tanh(x), lambda x: 1.01 - math.tanh(x) ** 2, "its slope at x = -8 is 0.0100005"),
        (lambda x: math.tanh(x), lambda y: 1 - y * y, "its slope .* as a function of the input x"),
        (lambda x: 1e-6 * math.tanh(x), lambda x: 2e-6 * (1 - math.tanh(x) ** 2), "its slope at x = "),
        (lambda x: max(x, 0.0), lambda x: 1.5 if x == 0 else (1.0 if x > 0 else 0.0), "x = 0 is 1.5"),
        (lambda x: math.log(x), lambda x: 1 / x, "value: it must be finite, but is nan at x = -8"),
        (lambda x: math.sqrt(abs(x)), lambda x: 0.5 * x / abs(x) ** 1.5, "slope: it must be finite"),
        (lambda x: str(x), lambda x: 1.0, "value: numba cannot compile it"),
        (lambda x, y: x, lambda x: 1.0, "value: numba cannot compile it"),
        (None, lambda x: 1.0, "value: expected a function of one number, found None"),
    ],
)  # fmt: skip
def test_an_activation_whose_slope_is_not_that_of_its_value_is_refused(
    value: Any, slope: Any, message: str
) -> None:
    """Also one that cannot be computed; nothing is registered."""
    with pytest.raises(InvalidArgument, match=message) as caught:
        activations.register("mine", value=value, slope=slope)

    assert "\n" not in str(caught.value)
    assert "mine" not in activations.names()


@pytest.mark.parametrize(
    ("value", "slope"),
    [
        (lambda x: max(x, 0.0), lambda x: 0.5 if x == 0 else (1.0 if x > 0 else 0.0)),
        (lambda x: 1.0 if x > 0 else 0.0, lambda x: 0.0),
        (lambda x: math.tanh(1e6 * x), lambda x: 1e6 * (1 - math.tanh(1e6 * x) ** 2)),
        (lambda x: x**3 + math.exp(x), lambda x: 3 * x * x + math.exp(x)),
        (lambda x: math.sin(30 * x) / 30, lambda x: math.cos(30 * x)),
    ],
)
def test_kinks_jumps_and_steep_slopes_are_allowed(value: Any, slope: Any) -> None:
    """At a kink the slope of either side, or one between them."""
    assert activations.register("mine", value=value, slope=slope).name == "mine"


def rebinds(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
    for name in params:
        params[name] = params[name] - learning_rate * grads[name]


def updates(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
    state.clear()
    params.update({name: params[name] - learning_rate * grads[name] for name in params})


def returns_the_same(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> Arrays:
    descend(params, grads, state, step, learning_rate)
    grads.clear()
    return params


@pytest.mark.parametrize("update", [rebinds, updates, returns_the_same])
def test_a_parameter_that_an_update_replaces_takes_its_values(update: Any) -> None:
    """As if the arrays had been changed in place: the same weights after a fit, the same arrays by hand."""
    optimizers.register_numpy("mine", update, learning_rate=0.3)
    optimizers.register_numpy("twin", descend, learning_rate=0.3)
    (model, _), (twin, _) = histories("mine", "twin")
    weights, gradients = {"w": np.ones(3)}, {"w": np.full(3, 2.0)}
    optimizers.get("mine").apply(weights, gradients)

    assert model.digest() == twin.digest()
    np.testing.assert_allclose(weights["w"], 0.4)


def test_two_parameters_that_change_places_do() -> None:
    """Each takes the other's values from before the step."""

    def swap(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
        params["a"], params["b"] = params["b"], params["a"]

    optimizers.register_numpy("mine", swap)
    weights = {"a": np.zeros(2), "b": np.ones(2)}
    optimizers.get("mine").apply(weights, weights)

    assert [values.tolist() for values in weights.values()] == [[1.0, 1.0], [0.0, 0.0]]


def test_an_update_that_changes_its_gradients_leaves_the_caller_s_alone() -> None:
    def decayed(params: Arrays, grads: Arrays, state: Arrays, step: int, learning_rate: float) -> None:
        grads["w"] += 0.1 * params["w"]

    optimizers.register_numpy("mine", decayed)
    gradients = {"w": np.ones(2)}
    optimizers.get("mine").apply({"w": np.ones(2)}, gradients)

    assert gradients["w"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (lambda params: params.clear(), "it adds or removes 'dense_0/bias'"),
        (lambda params: params.pop("dense_0/bias"), "it returns a ndarray"),
        (lambda params: params.update(extra=1) , "it adds or removes 'extra'"),
        (lambda params: dict(params), "it returns a dict, which nothing reads"),
        (lambda params: (params, {}), "it returns a tuple"),
        (lambda params: (value for value in params), "it returns a generator"),
        (lambda params: params.update({n: p[:1] for n, p in params.items()}), r"by float64 of shape \(1,"),
        (lambda params: params.update({n: 1j * p for n, p in params.items()}), "by complex128 of shape"),
        (lambda params: params.update({n: p.tolist() for n, p in params.items()}), "by list"),
    ],
)  # fmt: skip
def test_an_update_that_is_no_step_is_refused_with_the_remedy(act: Any, found: str) -> None:
    """In a fit and by hand."""
    optimizers.register_numpy("mine", lambda params, grads, state, step, learning_rate: act(params))
    weights = {"dense_0/kernel": np.ones((2, 2)), "dense_0/bias": np.ones(2)}
    x, y = blobs()

    for step in (
        lambda: optimizers.get("mine").apply(weights, weights),
        lambda: perceptron((4, 3), optimizer="mine").fit(x, y),
    ):
        with pytest.raises(
            InvalidArgument, match=f"optimizer 'mine': .*{found}.* params.name. -= "
        ) as caught:
            step()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((halving, 0), "with 0 slots the kernel must take"),
        ((halving, 2), "with 2 slots the kernel must take"),
        ((halving, -1), "n_slots must be a whole number from 0, found -1"),
        ((halving, "1"), "n_slots must be a whole number from 0, found '1'"),
        ((5, 1), "kernel: expected a Python function, found 5"),
        ((lambda p, g, *rest: None, 0), "Name every argument"),
        ((lambda p, memory, learning_rate, step: None, 1), "must take"),
    ],
)
def test_a_kernel_of_another_signature_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        optimizers.register_kernel("mine", *arguments, factor=0.5)


@pytest.mark.parametrize("start", [(1.0, 2.0), ("momentum",), (float("nan"),)])
def test_a_slot_must_start_from_a_number(start: Any) -> None:
    with pytest.raises(InvalidArgument, match="slot_start must have 1 numbers or names of hyper-parameters"):
        optimizers.register_kernel("mine", halving, 1, slot_start=start, factor=0.5)


def test_a_kernel_that_numba_cannot_compile_is_one_line_before_any_training() -> None:
    def wrong(p, g, learning_rate, step):  # type: ignore[no-untyped-def]
        p.shrink()

    optimizers.register_kernel("mine", wrong, 0)
    x, y = blobs()

    for step in (
        lambda: optimizers.get("mine").apply({"w": np.ones(2)}, {"w": np.ones(2)}),
        lambda: perceptron((4, 3), optimizer="mine").fit(x, y),
    ):
        with pytest.raises(InvalidArgument, match=r"mine.*numba cannot compile it .*shrink") as caught:
            step()
        assert "\n" not in str(caught.value)


def test_machine_code_of_plugins_is_not_kept() -> None:
    """Its source is no part of the cache's key: another process's plug-in may have the same name."""
    activations.register("fleeting", value=lambda x: 2 * x, slope=lambda x: 2.0)
    optimizers.register_kernel("passing", halving, 1, factor=0.5)
    x, y = blobs()
    perceptron((4, 8, 3), activation="fleeting", optimizer="passing").fit(x, y)
    kept = [path.name for path in pack.folder().iterdir()]

    assert any(name.startswith("matmul") for name in kept)
    assert not [name for name in kept if "fleeting" in name or "passing" in name]
