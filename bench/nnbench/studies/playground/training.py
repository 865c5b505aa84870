"""Every setting of a case trained for the page, one after the other, by the road that all trials take."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from nnbench.cases import plugins
from nnbench.cases.axis import AXES
from nnbench.cases.catalogue import used_axes
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from nnbench.machine.stopping import Interrupted, Stop
from nnbench.plan.matrix import TrialSpec
from nnbench.records.playground import Setting, Singles, Trained
from nnbench.studies.playground.looking import FEWEST_FRAMES, MOST_WEIGHT_BYTES, View, view_of
from nnbench.training.program import program_of
from nnbench.training.watching import Watcher, run_watched

MOST_SETTINGS = 400
MOST_FRAMES = 24
# Of all frames together: deflated and in letters, about a third of them is what a page weighs.
MOST_BYTES = 6_000_000
MOST_CURVE_EPOCHS = 200
CURVES = ("loss", "val_loss", "accuracy", "val_accuracy")
# What a page of two or more axes begins with, as far as a case has them and nobody asked for something else.
DEFAULTS = {
    "optimizer": "sgd,momentum,adam",
    "activation": "relu,tanh,sigmoid",
    "init": "glorot_uniform,he_normal",
    "learning_rate": "0.001,0.003,0.01,0.03,0.1",
}


class TrialFailed(Exception):
    """A plug-in ended the training of a setting."""


def asked_with_defaults(case: CaseSpec, asked: dict[str, str | None]) -> dict[str, str | None]:
    """Return what was asked for on the axes, by their keys, and elsewhere the page's own choice."""
    used = used_axes(case)
    own = {AXES[name].key: text for name, text in DEFAULTS.items() if name in used}
    return {key: text if text is not None else own.get(key) for key, text in asked.items()}


def frame_epochs(n_epochs: int, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Return the epochs after which a model is looked at: 0, the last, and many of the first ones."""
    if n_epochs < most:
        return tuple(range(n_epochs + 1))
    # Even steps of the square root: nets change most at the beginning.
    places = np.rint(np.linspace(0.0, np.sqrt(n_epochs), most) ** 2).astype(int)
    return tuple(sorted({*map(int, places)}))


def most_frames(n_settings: int, shape: Sequence[int], most_bytes: int = MOST_BYTES) -> int:
    """Return how many frames of each setting a page has room for: a frame has a byte for each place."""
    n_bytes = n_settings * max(1, math.prod(shape))
    return min(MOST_FRAMES, max(FEWEST_FRAMES, most_bytes // n_bytes))


def curve_epochs(n_epochs: int) -> tuple[int, ...]:
    """Return the epochs that curves have a value for: all, or evenly spread where these are too many."""
    places = np.rint(np.linspace(1, n_epochs, min(n_epochs, MOST_CURVE_EPOCHS))).astype(int)
    return tuple(map(int, places))


def check_number(n_settings: int) -> None:
    """Raise UsageError for more settings than a page may have."""
    if n_settings > MOST_SETTINGS:
        raise UsageError(
            f"playground: these are {n_settings:,} settings, and a page has at most {MOST_SETTINGS}. Name"
            " fewer rates, optimizers, activations or inits, as --lr 0.01,0.1."
        )


def train(
    trials: Sequence[TrialSpec], command: str, *, progress: Callable[[int, int], None], stop: Stop
) -> Trained | None:
    """Train every setting on its one seed; None where that was interrupted."""
    first = trials[0]
    view, axes = view_of(first, len(trials)), _axes(trials)
    room = MOST_WEIGHT_BYTES if view.kind == "filters" else MOST_BYTES
    frames = frame_epochs(first.epochs, most_frames(len(trials), view.shape, room))
    if view.plane is not None and "scale" in axes:
        raise UsageError("playground: --scale moves the samples, and there is one plane. Choose one scale.")
    settings: list[Setting] = []
    for place, trial in enumerate(trials):
        progress(place, len(trials))
        setting = _setting(trial, view_of(trial, len(trials)), tuple(axes), frames, stop)
        if setting is None:
            return None
        settings.append(setting)
    progress(len(trials), len(trials))
    return Trained(
        case=first.case.name,
        summary=first.case.summary,
        has_accuracy=program_of(first.case, first.axes, first.dtype).loss.kind == "labels",
        axes=axes,
        settings=tuple(settings),
        curve_epochs=curve_epochs(first.epochs),
        frame_epochs=frames,
        kind=view.kind,
        n_classes=view.n_classes,
        n_units=view.n_units,
        plane=view.plane,
        seed=first.seed,
        command=command,
    )


def _axes(trials: Sequence[TrialSpec]) -> dict[str, tuple[str, ...]]:
    """Return the axes on which the settings differ, with their choices; of one setting its optimizer."""
    names = dict.fromkeys(name for trial in trials for name, _ in trial.axes.values)
    found = {name: tuple(dict.fromkeys(_choice(trial, name) for trial in trials)) for name in names}
    varying = {name: choices for name, choices in found.items() if len(choices) > 1}
    return varying or {"optimizer": found["optimizer"]}


def _choice(trial: TrialSpec, axis: str) -> str:
    """Return a trial's choice on an axis; its key leaves some out that are the case's own."""
    chosen = dict(trial.axes.values)
    return chosen[axis] if axis in chosen else AXES[axis].own(trial.case)


def _setting(
    trial: TrialSpec, view: View, axes: tuple[str, ...], frames: Sequence[int], stop: Stop
) -> Setting | None:
    try:
        record, seen = run_watched(trial, view.look, frames, stop=stop)
    except BaseException as error:
        if isinstance(error, Interrupted) or not plugins.place_of(error):
            raise
        raise TrialFailed(plugins.said_of(error)) from error
    if record.status == "cancelled":
        return None
    return Setting(
        choices=tuple(_choice(trial, name) for name in axes),
        status=record.status,
        n_epochs=len(seen.epochs),
        curves=_curves(seen, curve_epochs(trial.epochs)),
        frames=tuple(seen.frames),
        shape=view.shape,
    )


def _curves(seen: Watcher, wanted: Sequence[int]) -> dict[str, Singles]:
    """Return every curve at the wanted epochs; NaN where the training had ended before."""
    kept = [seen.epochs[epoch - 1] if epoch <= len(seen.epochs) else {} for epoch in wanted]
    # A loss of float64 may be larger than any float32: it is kept as infinity.
    with np.errstate(over="ignore"):
        return {
            name: np.array([values.get(name, np.nan) for values in kept]).astype(np.float32)
            for name in CURVES
        }
