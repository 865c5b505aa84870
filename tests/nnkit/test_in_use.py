"""One model and several threads: right results, or one clear error; never a wrong number."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnkit.callbacks import Callback
from nnkit.errors import InUse, InvalidArgument
from tests.nnkit.small_models import blobs, inputs_for, perceptron

VERBS: dict[str, Callable[[Any, Any, Any], object]] = {
    "predict": lambda model, x, y: model.predict(x),
    "evaluate": lambda model, x, y: model.evaluate(x, y),
    "forward": lambda model, x, y: model.forward(x, training=True),
    "loss_and_gradients": lambda model, x, y: model.loss_and_gradients(x, y),
    "parameters": lambda model, x, y: model.parameters,
    "states": lambda model, x, y: model.states,
    "digest": lambda model, x, y: model.digest(),
    "set_parameters": lambda model, x, y: model.set_parameters({"dense_0/bias": np.zeros(3)}),
    "fit": lambda model, x, y: model.fit(x, y),
    "compile": lambda model, x, y: model.compile("adam"),
}
EACH_VERB = pytest.mark.parametrize("verb", VERBS)


class During(Callback):
    """Does something in the middle of a fit."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.act()


def in_another_thread(act: Callable[[], object]) -> object:
    """Return what ``act`` returns or raises in a thread of its own."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(act())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_predictions_from_several_threads_are_right() -> None:
    """Four threads, each with inputs of its own, in the same arena."""
    model = perceptron((4, 16, 3))
    inputs = [inputs_for((4,), rows=300, seed=seed) for seed in range(4)]
    expected = [model.predict(x) for x in inputs]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(100):
            if not np.array_equal(model.predict(inputs[index]), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


@EACH_VERB
def test_while_one_thread_fits_the_others_are_told(verb: str) -> None:
    """The fit goes on as if nothing had been asked."""
    x, y = blobs()
    model, alone = perceptron((4, 3)), perceptron((4, 3))
    found: list[object] = []
    watch = During(lambda: found.append(in_another_thread(lambda: VERBS[verb](model, x, y))))
    model.fit(x, y, epochs=3, callbacks=[watch])
    alone.fit(x, y, epochs=3)

    assert [type(each) for each in found] == [InUse] * 3
    assert f"{verb}: the model is in use" in str(found[0])
    assert model.digest() == alone.digest()


@pytest.mark.parametrize("verb", ["fit", "compile"])
def test_a_callback_cannot_fit_or_compile_the_model_that_is_fitted(verb: str) -> None:
    """A mistake in an argument too, for those who catch that; afterwards the model is free."""
    x, y = blobs()
    model = perceptron((4, 3))

    with pytest.raises(InUse, match=f"{verb}: the model is in use: .* in a callback of its own fit"):
        model.fit(x, y, callbacks=[During(lambda: VERBS[verb](model, x, y))])
    assert issubclass(InUse, InvalidArgument)
    assert model.fit(x, y).status == "finished"


def test_a_callback_may_look_at_the_model_and_changes_nothing() -> None:
    """Every other verb, on other data than the fit's: the same evaluations and weights as without."""
    x, y = blobs()
    model, alone = (perceptron((4, 8, 3), metrics=("accuracy",)) for _ in range(2))

    def look() -> None:
        for verb in (
            "predict",
            "evaluate",
            "forward",
            "loss_and_gradients",
            "parameters",
            "states",
            "digest",
        ):
            VERBS[verb](model, x[:7], y[:7])

    watched = model.fit(x, y, epochs=3, validation_data=(x, y), callbacks=[During(look)])
    plain = alone.fit(x, y, epochs=3, validation_data=(x, y))

    assert watched.history == plain.history
    assert model.digest() == alone.digest()


def test_two_fits_at_once_are_one_fit_and_one_error() -> None:
    x, y = blobs()
    model, alone = perceptron((4, 3)), perceptron((4, 3))
    found: list[object] = []
    again = During(lambda: found.append(in_another_thread(lambda: model.fit(x, y))))
    model.fit(x, y, callbacks=[again])
    alone.fit(x, y)

    assert [type(each) for each in found] == [InUse]
    assert model.digest() == alone.digest()
