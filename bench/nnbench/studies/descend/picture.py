"""The plane that paths are drawn on, and the landscape over it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnbench.records.descent import Landscape
from nnkit.functions import Function, Vector

_COLUMNS, _ROWS = 101, 76
_MARGIN = 0.08  # around what is drawn, where no domain says how much


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A plane in d dimensions: an origin and two axes of length 1."""

    origin: Vector  # (d,)
    axes: Vector  # (2, d)
    labels: tuple[str, str]

    def shadow(self, points: Vector) -> Vector:
        """Return the coordinates (n, 2) of the points (n, d) on the plane."""
        return np.asarray((points - self.origin) @ self.axes.T)

    def raised(self, coordinates: Vector) -> Vector:
        """Return the points (…, d) at these coordinates (…, 2)."""
        return np.asarray(self.origin + coordinates @ self.axes)


def plane(function: Function, start: Vector, walks: Sequence[Vector]) -> Plane:
    """Return the plane of the picture: the function's own, or that of the start, the minimum and the paths.

    In more than two dimensions the first axis leads from the start to the minimum, and the second is the
    direction in which the paths differ most from it.
    """
    if start.size == 2:
        return Plane(np.zeros(2), np.eye(2), ("x", "y"))
    towards = function.minima()[0] - start
    first = towards / np.linalg.norm(towards)
    away = np.concatenate([points - start for points in walks])
    away = away - np.outer(away @ first, first)
    _, _, directions = np.linalg.svd(away, full_matrices=False)
    second = directions[0] - (directions[0] @ first) * first
    # The sign is free: the same one on every machine.
    second *= np.sign(second[np.abs(second).argmax()]) / np.linalg.norm(second)
    return Plane(start, np.stack([first, second]), ("towards the minimum", "across"))


def landscape(function: Function, on: Plane, shadows: Sequence[Vector], start: Vector) -> Landscape:
    """Return the values of the function over the rectangle of the picture."""
    left, right, bottom, top = _extent(function, on, shadows, start)
    x, y = np.linspace(left, right, _COLUMNS), np.linspace(bottom, top, _ROWS)
    coordinates = np.stack(np.meshgrid(x, y), axis=-1)
    return Landscape(x, y, function.value(on.raised(coordinates)), *on.labels)


def _extent(
    function: Function, on: Plane, shadows: Sequence[Vector], start: Vector
) -> tuple[float, float, float, float]:
    if function.domain is not None:
        left, right, bottom, top = function.domain
        x, y = (float(each) for each in start)
        return min(left, x), max(right, x), min(bottom, y), max(top, y)
    shown = np.concatenate([*shadows, on.shadow(function.minima())])
    (left, bottom), (right, top) = shown.min(axis=0), shown.max(axis=0)
    wide, high = _MARGIN * (right - left), max(_MARGIN * (top - bottom), 0.1 * (right - left))
    return float(left - wide), float(right + wide), float(bottom - high), float(top + high)
