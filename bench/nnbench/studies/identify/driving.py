"""Somebody's optimizer, driven along a probe: PyTorch's, Keras's, Optax's, or one with nnkit's ``apply``."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnbench.studies.identify.probes import Array, Probe, Weights
from nnkit.optimizers.bound import BoundOptimizer

Make = Callable[..., Any]
_RATE = 0.01  # where a class has no rate of its own
_RATE_NAMES = ("lr", "learning_rate")


class Undriven(Exception):
    """Why an optimizer could not be made or driven, in one line."""


class Driver(Protocol):
    """An optimizer with the weights that it moves."""

    @property
    def options(self) -> Mapping[str, object]:
        """What it is made with, as its class calls it."""
        ...

    def step(self, probe: Probe, t: int) -> None: ...
    def weights(self) -> Weights: ...
    def set_rate(self, rate: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Driven:
    """A class, and how its library's optimizers are driven."""

    make: Make
    options: Mapping[str, Any]
    framework: str

    def begin(self, start: Weights, **further: object) -> Driver:
        """Return the optimizer anew, at these weights."""
        return _DRIVERS[self.framework](self.make, {**self.options, **further}, start)

    def walk(self, probe: Probe, **further: object) -> Array:
        """Return the weights after every step as rows, the start first; or raise Undriven."""
        try:
            driver = self.begin(probe.start, **further)
            rate = rate_of(driver.options) if probe.rates is not None else None
            path = [_flat(driver.weights())]
            for t in range(1, probe.n_steps + 1):
                if probe.rates is not None:
                    driver.set_rate((rate or _RATE) * probe.rates(t))
                driver.step(probe, t)
                path.append(_flat(driver.weights()))
        except Exception as error:
            raise Undriven(" ".join(f"{type(error).__name__}: {error}".split())) from error
        return np.array(path)


def rate_of(options: Mapping[str, object]) -> float | None:
    """Return the learning rate among options, whatever it is called."""
    found = [options[name] for name in _RATE_NAMES if isinstance(options.get(name), int | float)]
    return float(found[0]) if found else None  # type: ignore[arg-type]


def driven(make: Make, options: Mapping[str, Any]) -> Driven:
    """Return how ``make(**options)`` is driven, by whose class it is and else by what it makes."""
    given = _with_rate(make, options)
    torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
    if isinstance(make, type):
        if torch is not None and issubclass(make, torch.optim.Optimizer):
            return Driven(make, given, "torch")
        if keras is not None and issubclass(make, keras.optimizers.Optimizer):
            return Driven(make, given, "keras")
    try:
        one = make(**given)
    except Exception as error:
        raise Undriven(" ".join(f"{type(error).__name__}: {error}".split())) from error
    if hasattr(one, "init") and hasattr(one, "update"):
        return Driven(make, given, "optax")
    if hasattr(one, "apply"):
        return Driven(make, given, "nnkit")
    raise Undriven(
        f"{type(one).__name__} is no optimizer of PyTorch, Keras or Optax, and has no apply(parameters,"
        " gradients)"
    )


def _with_rate(make: Make, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with a learning rate, where the class demands one."""
    try:
        taken = inspect.signature(make).parameters
    except (TypeError, ValueError):
        return dict(options)
    missing = [
        name for name in _RATE_NAMES if name in taken and taken[name].default is inspect.Parameter.empty
    ]
    return {**dict.fromkeys(missing, _RATE), **options}


def _flat(weights: Weights) -> Array:
    return np.concatenate([np.asarray(weights[name], np.float64).reshape(-1) for name in sorted(weights)])


class _Torch:
    """An optimizer of PyTorch, whose kernels are (out, in) and (out, in, height, width)."""

    def __init__(self, make: Make, options: Mapping[str, Any], start: Weights) -> None:
        self._torch: Any = sys.modules["torch"]
        self._shapes = {name: array.shape for name, array in start.items()}
        self._parameters = {
            name: self._torch.nn.Parameter(self._torch.tensor(_turned(array)))
            for name, array in start.items()
        }
        self._optimizer = _made(make, list(self._parameters.values()), options)
        if hasattr(self._optimizer, "train"):
            self._optimizer.train()

    @property
    def options(self) -> Mapping[str, object]:
        group = self._optimizer.param_groups[0]
        return {**self._optimizer.defaults, **{key: group[key] for key in group if key != "params"}}

    def step(self, probe: Probe, t: int) -> None:
        def closure() -> Any:
            found = probe.gradients(t, self.weights())
            for name, parameter in self._parameters.items():
                parameter.grad = self._torch.tensor(_turned(found[name]))
            return self._torch.tensor(probe.value(t, self.weights()))

        closure()
        needs = inspect.signature(self._optimizer.step).parameters
        if "closure" in needs and needs["closure"].default is inspect.Parameter.empty:
            self._optimizer.step(closure)
        else:
            self._optimizer.step()

    def weights(self) -> Weights:
        return {
            name: _turned_back(each.detach().numpy(), self._shapes[name])
            for name, each in self._parameters.items()
        }

    def set_rate(self, rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = rate


def _made(make: Make, parameters: list[Any], options: Mapping[str, Any]) -> Any:
    """Return an optimizer of PyTorch; some take groups alone that say which of two methods moves them."""
    try:
        return make(parameters, **options)
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        matrices = [each for each in parameters if each.ndim > 1]
        others = [each for each in parameters if each.ndim < 2]
        groups = [(matrices, True), (others, False)]
        try:
            return make([{"params": each, "use_muon": is_it} for each, is_it in groups if each], **options)
        except Exception:
            raise error from None


class _Keras:
    """An optimizer of Keras, in double precision: its rate is a variable of the default type."""

    def __init__(self, make: Make, options: Mapping[str, Any], start: Weights) -> None:
        self._keras: Any = sys.modules["keras"]
        before = self._keras.config.floatx()
        self._keras.config.set_floatx("float64")
        try:
            self._variables = {
                name: self._keras.Variable(np.array(array), dtype="float64", name=name)
                for name, array in start.items()
            }
            self._optimizer = make(**options)
            self._optimizer.build(list(self._variables.values()))
        finally:
            self._keras.config.set_floatx(before)

    @property
    def options(self) -> Mapping[str, object]:
        found = dict(self._optimizer.get_config())
        # What it was made with, since the variable may have been rounded.
        return found | {"learning_rate": float(found["learning_rate"])}

    def step(self, probe: Probe, t: int) -> None:
        found = probe.gradients(t, self.weights())
        tensors = [
            self._keras.ops.convert_to_tensor(found[name], dtype="float64") for name in self._variables
        ]
        self._optimizer.apply(tensors, list(self._variables.values()))

    def weights(self) -> Weights:
        return {
            name: np.array(self._keras.ops.convert_to_numpy(each.value))
            for name, each in self._variables.items()
        }

    def set_rate(self, rate: float) -> None:
        self._optimizer.learning_rate = rate


class _Optax:
    """A gradient transformation of Optax."""

    def __init__(self, make: Make, options: Mapping[str, Any], start: Weights) -> None:
        self._jax: Any = sys.modules["jax"]
        self._made = make(**options)
        self._given = _signature_defaults(make) | dict(options)
        self._weights = {name: self._jax.numpy.asarray(array) for name, array in start.items()}
        self._state = self._made.init(self._weights)

    @property
    def options(self) -> Mapping[str, object]:
        return self._given

    def step(self, probe: Probe, t: int) -> None:
        gradients = probe.gradients(t, self.weights())
        found = {name: self._jax.numpy.asarray(each) for name, each in gradients.items()}
        updates, self._state = self._made.update(found, self._state, self._weights)
        self._weights = {name: self._weights[name] + updates[name] for name in self._weights}

    def weights(self) -> Weights:
        return {name: np.array(each) for name, each in self._weights.items()}

    def set_rate(self, rate: float) -> None:
        raise NotImplementedError("the rate of a transformation stays")


class _Nnkit:
    """An object with ``apply(parameters, gradients)`` over dicts of arrays, in place."""

    def __init__(self, make: Make, options: Mapping[str, Any], start: Weights) -> None:
        self._optimizer = make(**options)
        self._given = _signature_defaults(make) | dict(options)
        self._weights = {name: np.array(array) for name, array in start.items()}

    @property
    def options(self) -> Mapping[str, object]:
        """Its own parameters; else what it was made with and keeps under the name of an option."""
        kept = vars(self._optimizer) if hasattr(self._optimizer, "__dict__") else {}
        plain = {key: each for key, each in kept.items() if isinstance(each, int | float | tuple)}
        return {**plain, **self._given, **dict(getattr(self._optimizer, "parameters", {}))}

    def step(self, probe: Probe, t: int) -> None:
        self._optimizer.apply(self._weights, probe.gradients(t, self.weights()))

    def weights(self) -> Weights:
        return {name: array.copy() for name, array in self._weights.items()}

    def set_rate(self, rate: float) -> None:
        self._optimizer = at_rate(self._optimizer, rate)


@dataclass(frozen=True, slots=True)
class _Rate:
    """A schedule of one rate: that of a companion, which has its own, moves along."""

    now: float

    def rate(self, step: int) -> float:
        return self.now


def at_rate(optimizer: Any, rate: float) -> Any:
    """Return an optimizer of nnkit that goes on from here at another rate."""
    if isinstance(optimizer, BoundOptimizer):
        schedule: Any = _Rate(rate)
        return replace(optimizer, schedule=schedule)
    if hasattr(optimizer, "at_rate"):
        return optimizer.at_rate(rate)
    optimizer.parameters["learning_rate"] = rate
    return optimizer


_DRIVERS: dict[str, Callable[[Make, Mapping[str, Any], Weights], Driver]] = {
    "torch": _Torch,
    "keras": _Keras,
    "optax": _Optax,
    "nnkit": _Nnkit,
}


def _signature_defaults(make: Make) -> dict[str, object]:
    try:
        taken = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {each.name: each.default for each in taken if each.default is not inspect.Parameter.empty}


def _turned(array: NDArray[Any]) -> NDArray[Any]:
    """Return a kernel of Keras's layout in PyTorch's."""
    if array.ndim < 2:
        return array.copy()
    return np.ascontiguousarray(np.moveaxis(array, (-1, -2), (0, 1)))


def _turned_back(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if array.ndim < 2:
        return array.copy()
    found = np.ascontiguousarray(np.moveaxis(array, (0, 1), (-1, -2)))
    assert found.shape == shape, (found.shape, shape)
    return found
