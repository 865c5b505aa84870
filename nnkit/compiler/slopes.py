"""Where an activation passes on next to no gradient: its slope, turned into ranges of its input or output.

A probe that compares a value with a few limits costs a fifth of one that computes the slope.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.activations import BoundActivation
from nnkit.compiler.workbench import value_and_slope

# A value is flat, or saturated, where the slope's size is at most this share of the steepest there is …
FLAT_SHARE = 0.05
# … and a unit without a single value above this one is dead: its weights move by a millionth of a step.
DEAD_SHARE = 1e-6
_REACH, _GRID = 20.0, 2561  # multiples of 1/64, which meet the kinks of all built-in activations
_FINER = 1025  # points between two of the grid, and between two of those again

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """The values whose slope is small: up to ``low``, from ``high`` on, and in a dip between.

    They are values of the activation's output where its slope is a function of that, else of its input.
    """

    low: float
    high: float
    dip_from: float = math.inf
    dip_to: float = -math.inf


@dataclass(frozen=True, slots=True)
class Slopes:
    """An activation's slope: where it is flat, and where it is 0; ``dead`` has no dip."""

    steepest: float
    dead: Limits
    flat: Limits


@lru_cache(maxsize=256)
def slopes_of(activation: BoundActivation, dtype: str) -> Slopes:
    """Return the slopes of an activation, as they are in this element type."""
    grid = np.linspace(-_REACH, _REACH, _GRID, dtype=dtype)
    sizes = _sizes(activation, grid)
    grows = sizes[0] > 1.001 * sizes[1] or sizes[-1] > 1.001 * sizes[-2]
    # Without a steepest slope, that at 0 has to do.
    steepest = float(sizes[_GRID // 2] if grows else sizes.max())
    dead, flat = (
        _limits(activation, grid, sizes, share * steepest, has_dip=has_dip)
        for share, has_dip in ((DEAD_SHARE, False), (FLAT_SHARE, True))
    )
    return Slopes(steepest, dead, flat)


def _sizes(activation: BoundActivation, x: Array) -> Array:
    return np.abs(value_and_slope(activation, x)[1])


def _limits(activation: BoundActivation, grid: Array, sizes: Array, most: float, *, has_dip: bool) -> Limits:
    small = sizes <= most
    if small.all():
        return Limits(math.inf, -math.inf)
    # Runs of small slopes, as (first, last) places on the grid.
    edges = np.flatnonzero(np.diff(np.concatenate([[False], small, [False]]).astype(np.int8)))
    runs = [(first, last - 1) for first, last in edges.reshape(-1, 2).tolist()]
    low, high, dips = -math.inf, math.inf, []
    for first, last in runs:
        if first == 0:
            low = _edge(activation, grid[last], grid[last + 1], most)
        elif last == _GRID - 1:
            high = _edge(activation, grid[first], grid[first - 1], most)
        else:
            start = _edge(activation, grid[first], grid[first - 1], most)
            dips.append((start, _edge(activation, grid[last], grid[last + 1], most)))
    if not has_dip or not dips:
        return Limits(low, high)
    return Limits(low, high, *max(dips, key=lambda dip: dip[1] - dip[0]))


def _edge(activation: BoundActivation, inside: float, outside: float, most: float) -> float:
    """Return the last value, on the way from ``inside`` to ``outside``, whose slope is small."""
    for _ in range(2):
        x = np.linspace(inside, outside, _FINER, dtype=type(inside))
        last = int(np.argmin(_sizes(activation, x) <= most)) - 1
        inside, outside = x[last], x[last + 1]
    if activation.scalar.slope_of == "input":
        return float(inside)
    return float(value_and_slope(activation, np.array([inside]))[0][0])
