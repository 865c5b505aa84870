"""Small pictures of parts: an activation and its slope, a schedule, a histogram, a loss, a way downhill."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.cases import plugins
from nnbench.errors import UsageError
from nnbench.records.descent import Descent
from nnbench.records.portraits import Portrait
from nnbench.studies.descend.request import Wishes, descend
from nnkit import activations, initializers, losses, optimizers, schedules
from nnkit.errors import NnkitError
from nnkit.jit import interpreted

_STEPS = 100
_DRAWN = (96, 96)
_POINTS = 81

Array = NDArray[np.float64]


def portrait(kind: str, name: str) -> Portrait | None:
    """Return the picture of a part with its default hyper-parameters; None where its kind has none.

    A part that cannot be drawn by itself, such as one that is learnt from data, has none either.
    """
    draw = _KINDS.get(kind)
    try:
        if draw is None:
            return None
        # The thousands of numbers of an initializer take seconds in plain Python.
        with nullcontext() if kind == "initializers" else _few_numbers():
            return draw(name)
    except NnkitError:
        return None


@contextmanager
def _few_numbers() -> Iterator[None]:
    """Compute without numba, which takes longer to import than the pictures of most parts to compute.

    A part of the user's own is compiled: what plain Python does of it may be something else.
    """
    if plugins.sources():
        yield
    else:
        with interpreted():
            yield


def _line(label: str, x: Any, y: Any) -> tuple[str, tuple[float, ...], tuple[float, ...]]:
    return label, tuple(map(float, x)), tuple(map(float, y))


def _activation(name: str) -> Portrait:
    bound, x = activations.get(name), np.linspace(-4.0, 4.0, _POINTS)
    if isinstance(bound.record, activations.RowActivation):
        # Of the two numbers of a row the second is 1, which opens half a gate, and shows a share of two.
        rows = np.stack([x, np.ones(x.size)], axis=1)
        value = np.asarray(bound(rows)).reshape(x.size, -1)[:, 0]
        lines = [_line("first value of the row (x, 1)", x, value)]
    else:
        lines = [_line("value", x, bound(x)), _line("slope", x, bound.gradient(x))]
    return Portrait("activations", name, "x", "y", tuple(lines), "")


def _schedule(name: str) -> Portrait:
    table = schedules.get(name).table(_STEPS)
    lines = (_line("rate", np.arange(_STEPS), table),)
    return Portrait("schedules", name, "step", "multiple of the rate", lines, f"A run of {_STEPS} updates.")


def _initializer(name: str) -> Portrait:
    weights = initializers.get(name)(_DRAWN, seed=0, dtype="float64").ravel()
    counts, edges = np.histogram(weights, bins=40)
    middle = 0.5 * (edges[:-1] + edges[1:])
    lines = (_line("share of the weights", middle, counts / weights.size),)
    caption = f"Histogram of a dense kernel of {_DRAWN[0]} × {_DRAWN[1]}, seed 0."
    return Portrait("initializers", name, "weight", "share", lines, caption)


def _loss(name: str) -> Portrait:
    bound, x = losses.get(name), np.linspace(-4.0, 4.0, _POINTS)
    kind, is_single = bound.record.targets, bound.record.n_outputs == 1
    if kind == "real":
        outputs, targets, label = x[:, np.newaxis], np.zeros((x.size, 1)), "output − target"
    elif is_single:
        outputs, targets, label = x[:, np.newaxis], np.ones((x.size, 1), np.int32), "output, of class 1"
    else:
        outputs = np.stack([x, np.zeros(x.size)], axis=1)
        is_labels = kind == "labels"
        targets = np.zeros((x.size, 1), np.int32) if is_labels else np.tile([1.0, 0.0], (x.size, 1))
        label = "output of the right class − that of the other"
    values = [bound.value_and_gradient(outputs[i : i + 1], targets[i : i + 1])[0] for i in range(x.size)]
    return Portrait("losses", name, label, "loss", (_line("loss", x, values),), "")


def walk(name: str) -> Descent | None:
    """Return an optimizer's path on the notes' quadratic, at ten and a hundred times its own rate.

    Made for nets, its own rate would hardly leave the start in so few steps.
    """
    try:
        rate = float(str(optimizers.get(name).parameters["learning_rate"]))
        with _few_numbers():
            return descend("quadratic", Wishes(optimizer=name, rate=f"{10 * rate:g},{100 * rate:g}"), "")
    except (NnkitError, UsageError):  # it needs a model, or more than a function can give
        return None


_KINDS: dict[str, Callable[[str], Portrait]] = {
    "activations": _activation,
    "schedules": _schedule,
    "initializers": _initializer,
    "losses": _loss,
}
