"""``nnkit.testing``: built-in parts pass, and wrong twins of each kind are refused in one line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnkit import activations, initializers, losses, optimizers, schedules, testing
from nnkit.activations import BoundActivation
from nnkit.registry import ClosedForm

KINDS = {
    optimizers: testing.check_optimizer,
    activations: testing.check_activation,
    initializers: testing.check_initializer,
    schedules: testing.check_schedule,
    losses: testing.check_loss,
}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    for registry in KINDS:
        monkeypatch.setattr(registry._registry, "_parts", dict(registry._registry._parts))


@pytest.mark.parametrize(
    ("registry", "name"),
    [(optimizers, "adam"), (initializers, "he_normal"), (schedules, "cosine_decay")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_built_in_part_passes_by_name_record_and_what_get_returns(registry: Any, name: str) -> None:
    given = {"decay_steps": 40} if name == "cosine_decay" else {}
    check = KINDS[registry]

    check(name, **given)
    check(registry.record(name), **given)
    check(registry.get(name, **given))


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_an_activation_passes(name: str) -> None:
    testing.check_activation(name)


@pytest.mark.parametrize("name", ["sparse_categorical_crossentropy", "mean_squared_error"])
def test_a_loss_passes(name: str) -> None:
    testing.check_loss(name)


SHARED: dict[str, Any] = {}


def not_finite(params: Any, grads: Any, state: Any, step: int, learning_rate: float) -> None:
    for name in params:
        params[name] -= learning_rate * grads[name] / np.abs(grads[name])


def does_nothing(params: Any, grads: Any, state: Any, step: int, learning_rate: float) -> None:
    pass


def drawn(params: Any, grads: Any, state: Any, step: int, learning_rate: float) -> None:
    for name in params:
        params[name] -= learning_rate * grads[name] * np.random.default_rng().uniform()


def in_the_module(params: Any, grads: Any, state: Any, step: int, learning_rate: float) -> None:
    if step == 1:
        SHARED.clear()
    for name in params:
        SHARED[name] = 0.9 * SHARED.get(name, 0.0) + grads[name]
        params[name] -= learning_rate * SHARED[name]


def raises(params: Any, grads: Any, state: Any, step: int, learning_rate: float) -> None:
    raise KeyError("no such\nthing")


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (not_finite, "every number must be finite, found nan"),
        (does_nothing, "it must move the weights"),
        (drawn, "the same call must give the same numbers"),
        (in_the_module, "two models must not share state"),
        (raises, "no such"),
    ],
)
def test_a_wrong_optimizer_is_refused(update: Callable[..., None], said: str) -> None:
    optimizers.register_numpy("wrong", update)

    with pytest.raises(AssertionError, match=said) as refused:
        testing.check_optimizer("wrong")
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_remembered_outside_of_the_state_is_found_out() -> None:
    """It counts its steps itself, anew from the first: alone it always walks alike, in turns it does not."""
    calls = [0]

    def update(params: Any, grads: Any, state: Any, step: int, learning_rate: float) -> None:
        calls[0] = 1 if step == 1 else calls[0] + 1
        for name in params:
            params[name] -= learning_rate * grads[name] / calls[0]

    optimizers.register_numpy("wrong", update)

    with pytest.raises(AssertionError, match="two models must not share state"):
        testing.check_optimizer("wrong")


def test_a_wrong_closed_form_is_refused_of_every_kind() -> None:
    wrong = ClosedForm("it is 1", lambda made: [2.0], [1.0])
    for registry, check in KINDS.items():
        name = {activations: "tanh", initializers: "zeros", schedules: "constant"}.get(
            registry,
            registry.names()[0],  # built in, whatever a plug-in of another test has added
        )
        registry._registry._parts[name] = replace(registry.record(name), closed_forms=(wrong,))

        with pytest.raises(AssertionError, match="it is 1; it is 1 away, as a share"):
            check(name)


def test_a_wrong_slope_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = BoundActivation.gradient
    monkeypatch.setattr(BoundActivation, "gradient", lambda self, x: 1.01 * right(self, x))

    with pytest.raises(AssertionError, match=r"its slope at x = .*, but its value rises by"):
        testing.check_activation("tanh")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda shape, rng: np.random.normal(size=shape), "the same"),
        (lambda shape, rng: np.full(shape, 1e300), "finite"),
    ],
    ids=["drawn elsewhere", "too large"],
)
def test_a_wrong_initializer_is_refused(function: Callable[..., Any], said: str) -> None:
    """By the registration, or by the check."""

    def registered_and_checked() -> None:
        initializers.register("wrong", function)
        testing.check_initializer("wrong")

    with pytest.raises(Exception, match=said):
        registered_and_checked()


def test_a_wrong_schedule_is_refused() -> None:
    schedules.register("wrong", lambda step, n_steps, learning_rate: learning_rate * (1 - step / 150))

    with pytest.raises(AssertionError, match="at least 0"):
        testing.check_schedule("wrong")


def test_a_wrong_gradient_of_a_loss_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = losses.get("mean_squared_error")
    right = type(made).value_and_gradient

    def wrong(self: Any, outputs: Any, targets: Any) -> Any:
        value, gradient = right(self, outputs, targets)
        return value, 2 * gradient

    monkeypatch.setattr(type(made), "value_and_gradient", wrong)

    with pytest.raises(AssertionError, match="its gradient at output"):
        testing.check_loss("mean_squared_error")


@pytest.mark.parametrize(
    ("part", "said"), [("nosuch", "no optimizer named"), (3, "expected the name of a part or its record")]
)
def test_what_is_no_part_is_said(part: object, said: str) -> None:
    with pytest.raises((AssertionError, KeyError), match=said):
        testing.check_optimizer(part)
