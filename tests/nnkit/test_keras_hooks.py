"""Keras's hooks on callbacks: those between epochs are called as in Keras, the others are refused."""

from typing import Any

import pytest

from nnkit.callbacks import Callback, EarlyStopping
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import blobs, perceptron

HOOKS = (
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_end",
)  # fmt: skip


class Diary(Callback):
    """Writes down every call; stops after an epoch if it is told to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.stop_after = stop_after

    def on_train_begin(self, logs: Any = None) -> None:
        self.calls.append(("train begins", dict(self.params)))

    def on_train_end(self, logs: Any = None) -> None:
        self.calls.append(("train ends", logs))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(("epoch begins", epoch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(("epoch ends", epoch, logs))
        if epoch == self.stop_after:
            self.model.stop_training = True

    def on_test_begin(self, logs: Any = None) -> None:
        self.calls.append(("test begins",))

    def on_test_end(self, logs: Any = None) -> None:
        self.calls.append(("test ends", logs))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("metrics", [(), ("accuracy",)])
def test_hooks_are_called_in_keras_s_order_with_the_history_s_values(
    optimizer: str, metrics: tuple[str, ...]
) -> None:
    """And change nothing: losses and weights are those of a fit without callbacks, to the bit."""
    x, y = blobs()
    model, alone = (perceptron((4, 8, 3), optimizer=optimizer, metrics=metrics) for _ in range(2))
    diary = Diary()
    history = model.fit(x, y, epochs=2, validation_data=(x, y), callbacks=[diary])
    plain = alone.fit(x, y, epochs=2, validation_data=(x, y))
    epochs = [{name: values[epoch] for name, values in history.history.items()} for epoch in range(2)]
    tests = [{name[4:]: value for name, value in logs.items() if name.startswith("val_")} for logs in epochs]

    assert diary.calls == [
        ("train begins", {"epochs": 2, "steps": 3, "batch_size": 32, "verbose": 0}),
        ("epoch begins", 0), ("test begins",), ("test ends", tests[0]), ("epoch ends", 0, epochs[0]),
        ("epoch begins", 1), ("test begins",), ("test ends", tests[1]), ("epoch ends", 1, epochs[1]),
        ("train ends", epochs[1]),
    ]  # fmt: skip
    assert set(epochs[0]) == {"loss", "val_loss", *(f"{v}{m}" for m in metrics for v in ("", "val_"))}
    assert diary.model is model
    assert history.history == plain.history
    assert model.digest() == alone.digest()


def test_stop_training_ends_the_fit_after_the_epoch_and_not_the_next_fit() -> None:
    x, y = blobs()
    model, diary = perceptron((4, 3)), Diary(stop_after=1)
    history = model.fit(x, y, epochs=9, callbacks=[diary])

    assert (history.status, len(history.history["loss"])) == ("stopped", 2)
    assert [call[1] for call in diary.calls if call[0] == "epoch begins"] == [0, 1]
    assert [call[0] for call in diary.calls][-1] == "train ends"
    assert model.fit(x, y, epochs=3).status == "finished"


def test_an_object_of_another_class_with_one_hook_is_a_callback() -> None:
    class Counter:
        n = 0

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.n += 1

    x, y = blobs()
    counter = Counter()
    stopping = EarlyStopping(monitor="loss", patience=2, min_delta=9.0)
    model = perceptron((4, 3))
    model.fit(x, y, epochs=9, callbacks=[stopping, counter])  # type: ignore[list-item]

    assert counter.n == 3


REFUSED = {
    "on_train_batch_begin": "on_train_batch_begin cannot be called",
    "on_train_batch_end": "on_train_batch_end cannot be called",
    "on_batch_end": "on_batch_end cannot be called",
    "on_test_batch_end": "on_test_batch_end cannot be called",
    "on_predict_begin": "on_predict_begin cannot be called",
    "on_predict_batch_end": "on_predict_batch_end cannot be called",
    "on_epoch_ends": "there is no hook 'on_epoch_ends'. Did you mean 'on_epoch_end'",
    "on_trian_end": "there is no hook 'on_trian_end'. Did you mean 'on_train_end'",
}


@pytest.mark.parametrize("base", [Callback, object])
@pytest.mark.parametrize("hook", REFUSED)
def test_a_hook_that_would_never_be_called_is_refused_before_training(hook: str, base: type) -> None:
    x, y = blobs()
    model = perceptron((4, 3))
    before = model.digest()
    callback = type("Mine", (base,), {hook: lambda self, *arguments: None})()

    with pytest.raises(InvalidArgument, match=f"fit: callback Mine: {REFUSED[hook]}"):
        model.fit(x, y, callbacks=[callback])
    assert model.digest() == before


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_with_other_arguments_is_refused(hook: str) -> None:
    x, y = blobs()
    callback = type("Mine", (Callback,), {hook: lambda self: None})()
    expected = "epoch, logs" if "epoch" in hook else "logs"

    with pytest.raises(InvalidArgument, match=rf"Mine: {hook} must take \({expected}\)"):
        perceptron((4, 3)).fit(x, y, callbacks=[callback])
