"""Every optimizer has closed forms: they hold of it and of the textbook, and of nothing nearly right."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from nnkit import optimizers
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import Optimizer, as_number
from nnkit.registry import ClosedForm
from nnkit.schedules import BoundSchedule
from tests.reference import optimizers as reference
from tests.reference.optimizers import State, Update

# Those whose numbers move each for itself, and mars, which does but for a length; the others are in
# test_shaped_optimizers.py.
FLAT = [record for record in optimizers.records() if record.is_elementwise or record.name == "mars"]


@dataclass(frozen=True)
class Textbook:
    """The reference of an optimizer, or what is nearly it, with the two methods that forms measure."""

    update: Update
    parameters: dict[str, Any]
    schedule: BoundSchedule | None = None
    state: State = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)

    def apply(self, parameters: dict[str, Any], gradients: dict[str, Any]) -> None:
        step = len(self.steps)
        rate = self.parameters["learning_rate"] if self.schedule is None else self.schedule.rate(step)
        for name, w in parameters.items():
            moved, state = self.update(w, gradients[name], dict(self.state), rate)
            w[...] = moved
        self.state.clear()
        self.state.update(state)
        self.steps.append(step)


def misses(form: ClosedForm, measured: Any, parameters: dict[str, Any]) -> bool:
    """Whether a measured value is further from the form's than it allows."""
    expected = np.asarray(form.expected(parameters) if callable(form.expected) else form.expected)
    assert np.shape(measured) == expected.shape
    with np.errstate(all="ignore"):
        return not np.max(np.abs(measured - expected)) <= form.tolerance * np.max(np.abs(expected))


def textbook(record: Optimizer, form: ClosedForm, update: Update, **changed: Any) -> Textbook:
    """Return a reference with the hyper-parameters of a form, those that it takes, and others changed."""
    parameters = record.resolve(form.options)
    taken = set(inspect.signature(update).parameters)
    if "options" in taken or "adam_options" in taken:
        taken |= set(
            inspect.signature(reference.nadam if "nadam" in record.name else reference.adam).parameters
        )
    given = {name: value for name, value in parameters.items() if name in taken and name != "learning_rate"}
    return Textbook(partial(update, **{**given, **changed}), parameters)


def climbing(update: Update) -> Update:
    def climb(w: Any, g: Any, state: State, rate: float, **options: Any) -> Any:
        moved, state = update(w, g, state, rate, **options)
        return 2 * w - moved, state

    climb.__signature__ = inspect.signature(update)  # type: ignore[attr-defined]
    return climb


def late(update: Update) -> Update:
    """Return the optimizer whose first step counts as its second."""

    def lag(w: Any, g: Any, state: State, rate: float, **options: Any) -> Any:
        return update(w, g, state or {"t": 1, "m": 0.0 * w, "v": 0.0 * w}, rate, **options)

    lag.__signature__ = inspect.signature(update)  # type: ignore[attr-defined]
    return lag


# of an optimizer: a neighbour, or another place of something, that its forms must not take for it
NEIGHBOURS: dict[str, list[tuple[Callable[..., Any], dict[str, Any]]]] = {
    "sgd": [(reference.momentum, {"momentum": 0.9})],
    "momentum": [(reference.nesterov, {}), (reference.sgd, {})],
    "nesterov": [(reference.momentum, {})],
    "adagrad": [(reference.adagrad, {"epsilon_inside_root": False}), (reference.rmsprop, {})],
    "rmsprop": [(reference.rmsprop, {"epsilon_inside_root": False}), (reference.rmsprop, {"centered": True})],
    "adam": [(reference.adam, {"epsilon_hat": True}), (reference.adam, {"bias_correction": False}),
             (reference.nadam, {})],
    "adamw": [(reference.adam, {}), (reference.adamw, {"epsilon_hat": True})],
    "adamc": [(reference.adamw, {})],
    "amsgrad": [(reference.adam, {})],
    "adadelta": [(reference.rmsprop, {})],
    "adamax": [(reference.adamax, {"epsilon_in_maximum": False}), (reference.adam, {})],
    "nadam": [(reference.nadam, {"momentum_decay": 1.0}), (reference.adam, {})],
    "nadamw": [(reference.nadam, {}), (reference.nadamw, {"momentum_decay": 0.004})],
    "radam": [(reference.radam, {"threshold": 4.0}), (reference.adam, {})],
    "adabelief": [(reference.adam, {})],
    "adopt": [(reference.adopt, {"clipping": False}), (reference.laprop, {})],
    "ademamix": [(reference.ademamix, {"alpha": 4.0}), (reference.ademamix, {"warmup_steps": None})],
    "mars": [(reference.adam, {}), (reference.mars, {"gamma": 0.05})],
    "laprop": [(reference.adam, {})],
    "adan": [(reference.adam, {})],
    "adam_atan2": [(reference.adam, {}), (reference.adam_atan2, {"slope": 1.0})],
    "yogi": [(reference.adam, {}), (reference.yogi, {"bias_correction": False})],
    "qhadam": [(reference.adam, {}), (reference.qhadam, {"nu_2": 1.0})],
    "adabound": [(reference.adam, {}), (reference.adabound, {"gamma": 0.9})],
    "adamod": [(reference.adam, {})],
    "lion": [(reference.signum, {"momentum": 0.9}), (reference.lion, {"beta_1": 0.99, "beta_2": 0.9})],
    "signsgd": [(reference.signum, {}), (reference.sgd, {})],
    "signum": [(reference.signsgd, {}), (reference.lion, {})],
    "tiger": [(reference.signum, {})],
    "rprop": [(reference.rprop, {"grow": 1.1}), (reference.signsgd, {})],
    "qhm": [(reference.qhm, {"nu": 1.0}), (reference.sgd, {})],
    "aggmo": [(reference.momentum, {}), (reference.aggmo, {"beta_1": 0.0})],
}  # fmt: skip


def twins(record: Optimizer, form: ClosedForm) -> list[Textbook]:
    """Return wrong copies: climbing, a step late, with swapped shares or another epsilon, and neighbours."""
    update = getattr(reference, record.name)
    parameters = record.resolve(form.options)
    found = [textbook(record, form, climbing(update))]
    if "t" in right_state(record, form) and record.name not in ("adopt", "adabelief", "adamax"):
        found.append(textbook(record, form, late(update)))
    if "beta_2" in parameters and record.name != "aggmo":
        swapped = {"beta_1": parameters["beta_2"], "beta_2": parameters["beta_1"]}
        found.append(textbook(record, form, update, **swapped))
    if "epsilon" in parameters:
        found.append(textbook(record, form, update, epsilon=2.0 * as_number(parameters["epsilon"])))
    return found + [
        textbook(record, form, each, **changed) for each, changed in NEIGHBOURS.get(record.name, [])
    ]


def right_state(record: Optimizer, form: ClosedForm) -> State:
    book = textbook(record, form, getattr(reference, record.name))
    form.measure(book)
    return book.state


@pytest.mark.parametrize("record", FLAT, ids=lambda record: record.name)
def test_it_has_closed_forms_and_they_hold(record: Optimizer) -> None:
    assert record.closed_forms
    for form in record.closed_forms:
        made = BoundOptimizer(record, record.resolve(form.options))
        assert not misses(form, form.measure(made), made.parameters), form.claim


@pytest.mark.parametrize("record", FLAT, ids=lambda record: record.name)
def test_they_hold_of_the_textbook_and_of_no_wrong_twin(record: Optimizer) -> None:
    """Every twin fails one form at least, in float64 and by the form's own tolerance."""
    for form in record.closed_forms:
        book = textbook(record, form, getattr(reference, record.name))
        assert not misses(form, form.measure(book), book.parameters), form.claim
    by_form = [[(form, twin) for twin in twins(record, form)] for form in record.closed_forms]
    for position, copies in enumerate(zip(*by_form, strict=True)):
        assert any(misses(form, form.measure(twin), twin.parameters) for form, twin in copies), position
