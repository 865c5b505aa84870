"""What a page shows of a model after an epoch: its answer over the plane, or its first layer's weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.spec import CaseSpec
from nnbench.plan.matrix import TrialSpec
from nnbench.records.playground import FrameKind, Plane
from nnbench.training.program import program_of
from nnbench.training.trial import data_of
from nnkit.execution.trial import Data, Trial
from nnkit.insight.filters import first_convolution
from nnkit.registry import parse_choice

SIDE = 48  # of the picture of a plane
MOST_FILTERS, MOST_CLASSES = 16, 64
# Of the frames of all settings together: weights hardly deflate, and in letters are a third longer.
MOST_WEIGHT_BYTES, FEWEST_FRAMES = 1_800_000, 6
MOST_POINTS = 400  # of the training and of the validation part
_MARGIN = 0.15  # around the samples, as a share of what they span
_WHITE, _REACH = 128, 127  # a weight of 0, and how far from it the largest one of a frame is
# Datasets whose rows are images, row after row.
_IMAGES = {"digits": (8, 8)}

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. ``look`` returns a frame's bytes as `reports/playground/pictures.js` reads them."""

    kind: FrameKind
    shape: tuple[int, ...]
    look: Callable[[Trial], NDArray[np.uint8]]
    plane: Plane | None = None
    n_classes: int = 0  # of a picture of classes
    n_units: int = 0  # of the layer whose first filters are shown


def view_of(trial: TrialSpec, n_settings: int = 1) -> View:
    """Return what a case's models have to show: a plane of two features, images, or nothing.

    The more settings a page has, the fewer filters of each it has room for.
    """
    program = program_of(trial.case, trial.axes, trial.dtype)
    if program.input_shape == (2,) and program.output_shape in [(n,) for n in range(1, MOST_CLASSES + 1)]:
        train, validation = data_of(trial)
        plane = _plane(train, validation, is_labelled=program.loss.kind == "labels")
        return _of_plane(trial, plane, program.loss.kind == "labels")
    return _of_filters(trial, n_settings) or View("none", (0,), lambda run: np.empty(0, np.uint8))


def _plane(train: Data, validation: Data, *, is_labelled: bool) -> Plane:
    shown = [_first(part, is_labelled=is_labelled) for part in (train, validation)]
    points = np.concatenate([x for x, _ in shown])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * np.maximum(high - low, 1e-9)
    (left, bottom), (right, top) = low - margin, high + margin
    return Plane(
        (float(left), float(right), float(bottom), float(top)),
        points.astype(np.float32),
        np.concatenate([y for _, y in shown]).astype(np.float32),
        len(shown[0][0]),
    )


def _first(part: Data, *, is_labelled: bool) -> tuple[Array, Array]:
    x, y = part.x[:MOST_POINTS].reshape(-1, 2), part.y[:MOST_POINTS]
    # Of targets that are shares of the classes the largest is the label.
    is_shares = is_labelled and y.dtype != np.int32 and y.ndim > 1 and y.shape[-1] > 1
    return x, y.argmax(axis=-1) if is_shares else y.reshape(len(x), -1)[:, 0]


def _of_plane(trial: TrialSpec, plane: Plane, is_labelled: bool) -> View:
    left, right, bottom, top = plane.extent
    # The first row is the picture's upper one.
    x, y = np.meshgrid(np.linspace(left, right, SIDE), np.linspace(top, bottom, SIDE))
    grid = np.ascontiguousarray(np.stack([x, y], axis=-1).reshape(-1, 2), dtype=trial.dtype)
    program = program_of(trial.case, trial.axes, trial.dtype)
    loss = program.loss
    low, high = float(plane.targets.min()), float(plane.targets.max())

    def look(run: Trial) -> NDArray[np.uint8]:
        outputs = run.predict(grid).astype(np.float64)
        if not is_labelled:
            return value_bytes(outputs[:, 0], low, high)
        return class_bytes(shares(outputs, is_single=loss.is_single, are_shares=loss.from_shares))

    n_classes = loss.n_classes(int(program.output_shape[-1])) if is_labelled else 0
    return View("classes" if is_labelled else "values", (SIDE, SIDE), look, plane, n_classes)


def shares(outputs: Array, *, is_single: bool, are_shares: bool) -> Array:
    """Return how much of its belief the model gives each class, (n, classes); one logit parts two classes."""
    with np.errstate(over="ignore", invalid="ignore"):
        if is_single:
            second = outputs[:, 0] if are_shares else 1.0 / (1.0 + np.exp(-outputs[:, 0]))
            return np.stack([1.0 - second, second], axis=1)
        if are_shares:
            return outputs
        raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def class_bytes(found: Array) -> NDArray[np.uint8]:
    """Return a byte for each row: the most likely of k classes, and by how much it is more than likely.

    The 256 values are cut into k equal parts; within one, 0 is a share of 1 / k and the last one certainty.
    """
    k = found.shape[1]
    levels = 256 // k
    best = found.argmax(axis=1)
    share = np.nan_to_num(found[np.arange(len(found)), best], nan=1.0 / k)
    sure = np.clip((share - 1.0 / k) / (1.0 - 1.0 / k), 0.0, 1.0)
    return np.asarray(best * levels + np.rint(sure * (levels - 1)), dtype=np.uint8)


def value_bytes(values: Array, low: float, high: float) -> NDArray[np.uint8]:
    """Return a byte for each value: 0 is the least target, 255 the largest."""
    reach = high - low or 1.0
    return np.rint(255.0 * np.clip(np.nan_to_num((values - low) / reach), 0.0, 1.0)).astype(np.uint8)


def _of_filters(trial: TrialSpec, n_settings: int) -> View | None:
    weights = _first_weights(trial)
    if weights is None:
        return None
    (n, height, width), read = weights
    room = MOST_WEIGHT_BYTES // (n_settings * FEWEST_FRAMES * height * width)
    kept = max(1, min(n, MOST_FILTERS, room))

    def look(run: Trial) -> NDArray[np.uint8]:
        return weight_bytes(_as_filters(read(run), height, width, kept))

    return View("filters", (kept, height, width), look, n_units=n)


def weight_bytes(weights: Array) -> NDArray[np.uint8]:
    """Return a byte for each weight: 128 is 0, and the largest of all of them, up or down, 255 or 1."""
    finite = np.nan_to_num(weights.ravel(), posinf=0.0, neginf=0.0)
    largest = float(np.abs(finite).max()) or 1.0
    return np.asarray(_WHITE + np.rint(_REACH * finite / largest), dtype=np.uint8)


def _first_weights(
    trial: TrialSpec,
) -> tuple[tuple[int, int, int], Callable[[Trial], NDArray[np.generic]]] | None:
    """Return (units, height, width) and a reader of the first layer's kernel, if it sees images."""
    program = program_of(trial.case, trial.axes, trial.dtype)
    convolution = first_convolution(program)
    if convolution is not None:
        *space, _, n = (int(size) for size in convolution.kernel.shape)
        height, width = (1, *space)[-2:]
        return (n, height, width), convolution.filters
    size = _image_size(trial.case, program.input_shape)
    name, kernel = next(iter(program.parameters.items()), ("", None))
    if size is None or kernel is None or len(kernel.shape) != 2 or not name.endswith("/kernel"):
        return None
    if kernel.shape[0] % (size[0] * size[1]):
        return None
    return (int(kernel.shape[1]), *size), lambda run: run.parameters()[name]


def _as_filters(kernel: NDArray[np.generic], height: int, width: int, kept: int) -> Array:
    """Return (filters, height, width): several channels are shown by their mean."""
    cut = kernel.astype(np.float64).reshape(height, width, -1, kernel.shape[-1])[..., :kept]
    return np.asarray(cut.mean(axis=2).transpose(2, 0, 1))


def _image_size(case: CaseSpec, input_shape: tuple[int, ...]) -> tuple[int, int] | None:
    if len(input_shape) == 3:
        return int(input_shape[0]), int(input_shape[1])
    return None if case.data.file else _IMAGES.get(parse_choice(case.data.dataset)[0])
