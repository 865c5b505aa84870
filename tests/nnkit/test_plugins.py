"""Plug-ins in training: an optimizer in plain NumPy, one as a kernel, an activation of two functions."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import activations, layers, optimizers, pack
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
            params[name] -= learning_rate * m_hat / (np.sqrt(v_hat) + 1e-7)

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


def test_an_activation_with_a_wrong_slope_is_not_its_twin() -> None:
    activations.register("skew", value=lambda x: math.tanh(x), slope=lambda x: 1.01 - math.tanh(x) ** 2)
    x, y = blobs()
    mine, twin = (perceptron((4, 8, 3), activation=name, optimizer="adam") for name in ("skew", "tanh"))
    losses = [model.fit(x, y, epochs=5).step_loss for model in (mine, twin)]

    assert np.abs(losses[0] / losses[1] - 1).max() > 1e-6


def test_machine_code_of_plugins_is_not_kept() -> None:
    """Its source is no part of the cache's key: another process's plug-in may have the same name."""
    activations.register("fleeting", value=lambda x: 2 * x, slope=lambda x: 2.0)
    optimizers.register_kernel("passing", halving, 1, factor=0.5)
    x, y = blobs()
    perceptron((4, 8, 3), activation="fleeting", optimizer="passing").fit(x, y)
    kept = [path.name for path in pack.folder().iterdir()]

    assert any(name.startswith("matmul") for name in kept)
    assert not [name for name in kept if "fleeting" in name or "passing" in name]
