"""Keras's hooks between the epochs of a fit, and which hooks a callback may have."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from nnkit.callbacks import HOOKS, Callback, Fitting
from nnkit.errors import InvalidArgument, did_you_mean
from nnkit.training.fit import Fit


class Hooks(Callback):
    """All callbacks of one fit as one. Hooks that a callback does not have are passed over."""

    announces_tests = True

    def __init__(self, model: Any, callbacks: Sequence[object], *, epochs: int, metrics: bool) -> None:
        self.model = model
        self._callbacks = callbacks
        self._epochs = epochs
        self._has_accuracy = metrics
        self._epoch = 0
        self._logs: dict[str, float] = {}

    def begin(self, params: Mapping[str, Any]) -> None:
        """Say that the fit begins, and its first epoch."""
        self.model.stop_training = False
        self._tell("set_params", params)
        self._tell("set_model", self.model)
        self._tell("on_train_begin", {})
        self._tell("on_epoch_begin", 0, {})

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._tell("on_test_begin", {})

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        self._tell("on_test_end", self._shown(logs or {}))

    def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None:
        assert isinstance(fitting, Fit), fitting
        self._tell("on_evaluation", step, values, fitting)
        self._logs = self._shown(fitting.epoch_values(step))
        self._tell("on_epoch_end", self._epoch, self._logs)
        self._epoch += 1
        if self.model.stop_training:
            fitting.stop("a callback set stop_training")
        elif self._epoch < self._epochs and not fitting.is_stopping:
            self._tell("on_epoch_begin", self._epoch, {})

    def on_end(self, fitting: Fitting) -> None:
        self._tell("on_end", fitting)
        self._tell("on_train_end", self._logs)

    def _shown(self, values: Mapping[str, float]) -> dict[str, float]:
        hidden = () if self._has_accuracy else ("accuracy", "val_accuracy")
        return {name: value for name, value in values.items() if name not in hidden}

    def _tell(self, hook: str, *arguments: Any) -> None:
        for told in (getattr(one, hook) for one in self._callbacks if hasattr(one, hook)):
            told(*(dict(each) if type(each) is dict else each for each in arguments))


def checked_callbacks(given: object) -> tuple[object, ...]:
    """Return the callbacks of a fit, or raise InvalidArgument for one that would not be called."""
    if not isinstance(given, list | tuple):
        raise InvalidArgument(
            f"fit: callbacks must be a list such as [EarlyStopping()], found {given!r}. Or leave it out."
        )
    for one in given:
        hooks = [name for name in dir(one) if name.startswith("on_") and callable(getattr(one, name))]
        if isinstance(one, type) or not hooks:
            raise InvalidArgument(f"fit: {one!r} is no callback. Write an object such as EarlyStopping().")
        for hook in hooks:
            _check_hook(f"fit: callback {type(one).__name__}", hook, getattr(one, hook))
    return tuple(given)


def _check_hook(where: str, hook: str, method: Any) -> None:
    if hook not in HOOKS and ("batch" in hook or "predict" in hook):
        raise InvalidArgument(
            f"{where}: {hook} cannot be called: Python is entered between epochs, and only in a fit."
            " Use on_epoch_end."
        )
    if hook not in HOOKS:
        raise InvalidArgument(f"{where}: there is no hook {hook!r}.{did_you_mean(hook, HOOKS)}")
    try:
        inspect.signature(method).bind(*HOOKS[hook])
    except TypeError:
        raise InvalidArgument(f"{where}: {hook} must take ({', '.join(HOOKS[hook])}).") from None
