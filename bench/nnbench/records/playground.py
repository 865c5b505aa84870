"""What a page to play with holds: settings of a case, as they were recorded while they were trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Singles = NDArray[np.float32]
# What a frame shows: the most likely class over the plane, a value over it, or the first layer's weights.
FrameKind = Literal["classes", "values", "filters", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One configuration with one seed: its curves by epoch, and what was looked at after some epochs."""

    choices: tuple[str, ...]  # one for each axis of the page
    status: str  # finished, diverged, stopped
    curves: Mapping[str, Singles]  # loss, val_loss …: one value for each epoch that was recorded
    frames: tuple[Bytes, ...]  # the first before any training; fewer than asked for where it ended early
    shape: tuple[int, ...]  # of a frame: (rows, columns), or (filters, height, width)
    n_epochs: int  # that were trained


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The rectangle that is looked at, and the samples in it."""

    extent: tuple[float, float, float, float]  # left, right, bottom, top
    points: Singles  # (n, 2)
    targets: Singles  # (n,): a class, or a value
    n_train: int  # the first so many are trained on, the others validate


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """All settings of a case."""

    case: str
    summary: str
    has_accuracy: bool
    axes: Mapping[str, tuple[str, ...]]
    settings: tuple[Setting, ...]
    curve_epochs: tuple[int, ...]
    frame_epochs: tuple[int, ...]
    kind: FrameKind
    n_classes: int  # of a picture of classes
    n_units: int  # of the layer whose first filters are shown
    plane: Plane | None
    seed: int
    command: str
