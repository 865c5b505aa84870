"""Checks for parts of one's own: ``check_optimizer("mine")`` asks of a plug-in what built-in ones are asked.

Each takes a part's name, its record, or what its registry's ``get`` returns, and raises AssertionError with
one line that says where, what was expected and what was found. So they are whole tests under pytest::

    def test_mine():
        nnkit.testing.check_optimizer("mine", learning_rate=0.1)
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit import activations, initializers, losses, optimizers, schedules
from nnkit.errors import NnkitError
from nnkit.registry import Part, Value

Array = NDArray[Any]
_TYPES = ("float32", "float64")


def check_optimizer(part: object, **hyperparameters: Value) -> None:
    """Check an optimizer: its steps are finite, in place, repeatable and in the weights' type; its state is
    all that it remembers, and is shared by no two; its closed forms hold."""
    name, given = _chosen(optimizers, part, hyperparameters)
    where = f"optimizer {name!r}"
    with _said(where):
        for dtype in _TYPES:
            _check_steps(where, name, given, dtype)
        _check_apart(where, name, given)
        _check_resumed(where, name, given)
        _check_closed_forms(where, optimizers, name, given)


def check_activation(part: object, **hyperparameters: Value) -> None:
    """Check an activation: values and slopes are finite, repeatable, in the inputs' shape and type; slopes
    are those of the values by differences; its closed forms hold."""
    name, given = _chosen(activations, part, hyperparameters)
    where = f"activation {name!r}"
    with _said(where):
        made = activations.get(name, **given)
        for dtype in _TYPES:
            x = np.linspace(-8.03, 8.01, 330).astype(dtype).reshape(33, 10)
            for word, found in (("values", made(x)), ("slopes", made.gradient(x))):
                _check_array(f"{where}, {word} in {dtype}", found, x.shape, dtype)
            _check_equal(f"{where} in {dtype}", made(x), made(x.copy()))
        _check_slopes(where, made)
        _check_closed_forms(where, activations, name, given)


def check_initializer(part: object, **hyperparameters: Value) -> None:
    """Check an initializer: weights are finite, of the shape and type asked for, and a function of shape,
    seed and stream alone; its closed forms hold."""
    name, given = _chosen(initializers, part, hyperparameters)
    where = f"initializer {name!r}"
    with _said(where):
        made = initializers.get(name, **given)
        for shape in ((24, 16), (3, 3, 4, 8)):
            for dtype in _TYPES:
                found = made(shape, seed=3, dtype=dtype)
                _check_array(f"{where}, shape {shape} in {dtype}", found, shape, dtype)
                again = made(shape, seed=3, dtype=dtype)
                _check_equal(f"{where}, shape {shape}, the same seed", found, again)
        _check_closed_forms(where, initializers, name, given)


def check_schedule(part: object, **hyperparameters: Value) -> None:
    """Check a schedule: rates are finite, at least 0 and repeatable, one for each update, and multiples of
    the optimizer's rate; its closed forms hold."""
    name, given = _chosen(schedules, part, hyperparameters)
    where = f"schedule {name!r}"
    with _said(where):
        made = schedules.get(name, **given)
        for n_steps in (1, 2, 37, 400):
            rates = made.table(n_steps)
            _check_array(f"{where}, {n_steps} steps", rates, (n_steps,), "float64")
            if rates.min() < 0.0:
                raise AssertionError(f"{where}: a rate must be at least 0, found {rates.min():g}.")
            _check_equal(f"{where}, {n_steps} steps", rates, made.table(n_steps))
        if not made.record.takes_rate:
            one, two = made.relative(0.25, 37), made.relative(0.5, 37)
            if not np.allclose(two, 2.0 * one, rtol=1e-12, atol=0.0):
                raise AssertionError(f"{where}: twice the learning rate must be twice every rate.")
        _check_closed_forms(where, schedules, name, given)


def check_loss(part: object, **hyperparameters: Value) -> None:
    """Check a loss: value and gradient are finite and repeatable; the gradient is that of the value by
    differences; rows given twice have the same mean; its closed forms hold."""
    name, given = _chosen(losses, part, hyperparameters)
    where = f"loss {name!r}"
    with _said(where):
        made: Any = losses.get(name, **given)
        outputs, targets = _outputs_and_targets(losses.record(name))
        value, gradient = made.value_and_gradient(outputs, targets)
        _check_array(f"{where}, gradient", gradient, outputs.shape, "float64")
        if not math.isfinite(value):
            raise AssertionError(f"{where}: its value must be finite, found {value!r}.")
        _check_equal(where, np.array(value), np.array(made.value_and_gradient(outputs, targets)[0]))
        _check_loss_gradient(where, made, outputs, targets, gradient)
        twice = made.value_and_gradient(np.tile(outputs, (2, 1)), np.concatenate([targets, targets]))[0]
        if abs(twice - value) > 1e-12 * max(1.0, abs(value)):
            raise AssertionError(
                f"{where}: it is a mean over rows, but all rows given twice make {twice:g} of {value:g}."
            )
        _check_closed_forms(where, losses, name, given)


def _chosen(
    registry: ModuleType, part: object, hyperparameters: dict[str, Value]
) -> tuple[str, dict[str, Value]]:
    """Return the name and the hyper-parameters of a part, however it is given."""
    if isinstance(part, str):
        return registry.record(part).name, hyperparameters
    if isinstance(part, Part):
        return part.name, hyperparameters
    record = getattr(part, "record", None)
    if not isinstance(record, Part):
        raise AssertionError(f"expected the name of a part or its record, found {part!r}.")
    return record.name, {**dict(getattr(part, "parameters", {})), **hyperparameters}


@contextmanager
def _said(where: str) -> Iterator[None]:
    """Turn whatever a part raises into an AssertionError of one line."""
    try:
        with np.errstate(all="ignore"):
            yield
    except AssertionError as error:
        if not error.args:
            raise AssertionError(f"{where}: an assertion of its own failed.") from error
        raise
    except NnkitError as error:
        said = " ".join(str(error).split())
        raise AssertionError(said if where in said else f"{where}: {said}") from error
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise AssertionError(f"{where}: {said}") from error


def _check_array(where: str, found: object, shape: tuple[int, ...], dtype: str) -> None:
    if not isinstance(found, np.ndarray) or found.shape != shape or found.dtype != np.dtype(dtype):
        kind = f"{found.dtype} of {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
        raise AssertionError(f"{where}: expected an array of {dtype} of shape {shape}, found {kind}.")
    if not np.isfinite(found).all():
        wrong = found[~np.isfinite(found)][0]
        raise AssertionError(f"{where}: every number must be finite, found {wrong}.")


def _check_equal(where: str, one: Array, other: Array) -> None:
    if not np.array_equal(one, other):
        raise AssertionError(f"{where}: the same call must give the same numbers, to the bit.")


def _check_closed_forms(where: str, registry: ModuleType, name: str, given: dict[str, Value]) -> None:
    record: Part = registry.record(name)
    for form in record.closed_forms:
        options = {**given, **form.options}
        distance = form.distance(registry.get(name, **options), record.resolve(options))
        if not distance <= form.tolerance:
            raise AssertionError(
                f"{where}: {form.claim}; it is {distance:.2g} away, as a share. At most {form.tolerance:g}."
            )


# Steps: two arrays, noise with some zeros, and gradients of very different sizes.
def _walk(name: str, given: dict[str, Value], dtype: str, *, n_steps: int = 20, seed: int = 0) -> list[Array]:
    """Return the weights after every step, all in one row."""
    optimizer, weights = optimizers.get(name, **given), _weights(dtype)
    path = [_row(weights)]
    for gradients in _gradients(dtype, n_steps, seed):
        optimizer.apply(weights, gradients)
        path.append(_row(weights))
    return path


def _weights(dtype: str) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    return {"kernel": rng.normal(size=(4, 3)).astype(dtype), "bias": rng.normal(size=3).astype(dtype)}


def _gradients(dtype: str, n_steps: int, seed: int) -> Iterator[dict[str, Array]]:
    rng = np.random.default_rng([seed, 6])
    for step in range(n_steps):
        size = (1.0, 1e-6, 1e3, 0.0)[step % 4]
        yield {
            "kernel": (size * rng.normal(size=(4, 3))).astype(dtype),
            "bias": (rng.normal(size=3) * (step % 3 > 0)).astype(dtype),
        }


def _row(weights: dict[str, Array]) -> Array:
    return np.concatenate([weights[name].reshape(-1).copy() for name in sorted(weights)])


def _check_steps(where: str, name: str, given: dict[str, Value], dtype: str) -> None:
    optimizer, weights = optimizers.get(name, **given), _weights(dtype)
    arrays, start = dict(weights), _row(weights)
    for gradients in _gradients(dtype, 20, 0):
        before = {key: each.copy() for key, each in gradients.items()}
        optimizer.apply(weights, gradients)
        for key, each in arrays.items():
            if weights[key] is not each:
                raise AssertionError(f"{where}: it must change {key!r} in place, but replaced it.")
            if not np.array_equal(gradients[key], before[key]):
                raise AssertionError(f"{where}: it must leave the gradients alone, but changed {key!r}.")
    _check_array(f"{where} in {dtype}", _row(weights), start.shape, dtype)
    if np.array_equal(_row(weights), start):
        raise AssertionError(f"{where}: it must move the weights, but 20 steps leave them where they are.")
    _check_equal(
        f"{where} in {dtype}", np.array(_walk(name, given, dtype)), np.array(_walk(name, given, dtype))
    )


def _check_apart(where: str, name: str, given: dict[str, Value]) -> None:
    """Raise AssertionError where two optimizers, stepping in turns, do not walk as each does alone."""
    alone = [_walk(name, given, "float64", n_steps=6, seed=seed)[-1] for seed in (1, 2)]
    made = [(optimizers.get(name, **given), _weights("float64")) for _ in alone]
    for pair in zip(*(_gradients("float64", 6, seed) for seed in (1, 2)), strict=True):
        for (optimizer, weights), gradients in zip(made, pair, strict=True):
            optimizer.apply(weights, gradients)
    for (_, weights), expected in zip(made, alone, strict=True):
        if not np.array_equal(_row(weights), expected):
            raise AssertionError(
                f"{where}: two models must not share state, but steps in turns go elsewhere than each alone."
                " Keep everything in state, nothing in the module."
            )


def _check_resumed(where: str, name: str, given: dict[str, Value]) -> None:
    """Raise AssertionError where a copy of weights and state, made half-way, does not go on as they do."""
    optimizer, weights = optimizers.get(name, **given), _weights("float64")
    steps = list(_gradients("float64", 12, 3))
    for gradients in steps[:6]:
        optimizer.apply(weights, gradients)
    copied = replace(optimizer, memory=deepcopy(optimizer.memory)), deepcopy(weights)
    for one, its in ((optimizer, weights), copied):
        for gradients in steps[6:]:
            one.apply(its, gradients)
    if not np.array_equal(_row(weights), _row(copied[1])):
        raise AssertionError(
            f"{where}: a copy of weights and state must go on as they do, but ends elsewhere. Keep all that"
            " a step needs in state."
        )


def _check_slopes(where: str, made: Any) -> None:
    """Raise AssertionError where a slope is not between the difference quotients on both sides."""
    x = np.linspace(-7.9137, 7.8641, 601)
    slopes, right = made.gradient(x), np.zeros(601, bool)
    for width in (1e-4, 1e-6):
        left_rise, right_rise = (made(x) - made(x - width)) / width, (made(x + width) - made(x)) / width
        low, high = np.minimum(left_rise, right_rise), np.maximum(left_rise, right_rise)
        slack = 1e-4 * np.maximum(np.abs(low), np.abs(high)) + 1e-13 * np.abs(made(x)) / width + 1e-9
        right |= (slopes >= low - slack) & (slopes <= high + slack)
    if not right.all():
        at = int(np.flatnonzero(~right)[0])
        rise = float((made(x[at] + 1e-6) - made(x[at] - 1e-6)) / 2e-6)
        raise AssertionError(
            f"{where}: its slope at x = {x[at]:g} is {slopes[at]:.6g}, but its value rises by {rise:.6g}."
        )


def _outputs_and_targets(record: Any) -> tuple[Array, Array]:
    """Return outputs that a loss takes, as its model would end in them, and targets of its kind."""
    rng = np.random.default_rng(8)
    n_rows, n = 7, 1 if record.n_outputs == 1 else 4
    outputs = rng.normal(size=(n_rows, n))
    if record.needs == "log_softmax":
        outputs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    elif record.needs == "positive":
        outputs = np.exp(outputs)
    if record.targets == "labels":
        return outputs, rng.integers(0, max(n, 2), n_rows)
    shares = rng.uniform(0.1, 1.0, (n_rows, n))
    return outputs, shares / shares.sum(axis=1, keepdims=True)


def _check_loss_gradient(where: str, made: Any, outputs: Array, targets: Array, gradient: Array) -> None:
    size = max(float(np.abs(gradient).max()), 1e-3)
    for place in np.ndindex(*outputs.shape):
        risen = []
        for sign in (1.0, -1.0):
            moved = outputs.copy()
            moved[place] += sign * 1e-6
            risen.append(made.value_and_gradient(moved, targets)[0])
        rise = (risen[0] - risen[1]) / 2e-6
        if abs(rise - gradient[place]) > 1e-6 * size + 1e-9:
            raise AssertionError(
                f"{where}: its gradient at output {place} is {gradient[place]:.6g}, but its value rises by"
                f" {rise:.6g}."
            )
