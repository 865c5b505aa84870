"""A descent as data: contours, the points of every path by step, and the values on the way."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.records.descent import Descent, Path, Values
from nnbench.reporting import digits
from nnbench.reporting.blocks import DescentFigure
from nnbench.reporting.figures.levels import contour_lines
from nnbench.reporting.plots.numbers import column, rounded

# Steps that can be gone to: the first ones all, for there a path leaps; then so many, in even ratios.
_FIRST_FRAMES, _LATER_FRAMES = 80, 160
_TAME = 1e3  # times the value at the start: higher ones leave the picture


def data(figure: DescentFigure) -> dict[str, Any]:
    """Return two panels: the way over the contours, and the value over the steps."""
    descent = figure.descent
    frames = _frames(max(path.n_steps for path in descent.paths))
    return {
        "kind": "descent",
        "about": figure.alternative,
        "sharesY": False,
        "height": 420,
        "x": {"label": "", "kind": "own", "kinds": ["own"]},
        "y": {"label": "", "factor": 1.0, "unit": "", "kind": "linear", "kinds": ["linear"], "least": 1e-4},
        "frames": frames.tolist(),
        "panels": [_way(descent, frames), _fall(descent, frames)],
    }


def _frames(most: int) -> NDArray[np.int64]:
    first = np.arange(min(most, _FIRST_FRAMES) + 1)
    later = np.geomspace(1, max(most, 1), _LATER_FRAMES).round().astype(np.int64)
    return np.union1d(first, later[later <= most])


def _way(descent: Descent, frames: NDArray[np.int64]) -> dict[str, Any]:
    over = descent.landscape
    return {
        "title": "",
        "x": {"label": over.x_label, "kind": "linear"},
        "y": {"label": over.y_label, "factor": 1.0, "unit": "", "kind": "linear"},
        "range": column((over.x[0], over.x[-1], over.y[0], over.y[-1])),
        "contours": [[rounded(level), *map(column, line.T)] for level, line in contour_lines(over)],
        "minima": [column(point) for point in descent.minima.reshape(-1, 2)],
        "others": [column(point) for point in descent.others.reshape(-1, 2)],
        "series": [_path(descent, path, frames) for path in descent.paths],
    }


def _path(descent: Descent, path: Path, frames: NDArray[np.int64]) -> dict[str, Any]:
    kept = _kept(path, frames)
    x, y = path.points[kept].T
    return {
        "label": _label(descent, path),
        "look": "path",
        "x": column(x),
        "y": column(y),
        "steps": kept.tolist(),
        "values": column(path.values[kept]),
    }


def _label(descent: Descent, path: Path) -> str:
    return f"{descent.label(path)}: {path.end.replace('_', ' ')}"


def _kept(path: Path, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.union1d(frames[frames <= path.n_steps], [path.n_steps])


def _fall(descent: Descent, frames: NDArray[np.int64]) -> dict[str, Any]:
    """Return the values above the least on a logarithmic scale, or as they are where there is no least."""
    low = descent.least
    above = [path.values - low for path in descent.paths] if low is not None else []
    is_log = bool(above) and any(_is_positive(values) for values in above)
    name = f"value above the least, {digits.number(low)}" if is_log and low is not None else "value"
    lines = above if is_log else [path.values for path in descent.paths]
    seen = _tame(lines, is_log=is_log)
    return {
        "title": "",
        "x": {"label": "step", "kind": "linear"},
        "y": {"label": name, "factor": 1.0, "unit": "", "kind": "log" if is_log else "linear"},
        "range": column((0, frames[-1], *seen)),
        "series": [
            {
                "label": _label(descent, path),
                "x": (kept := _kept(path, frames)).tolist(),
                "y": column(values[kept]),
            }
            for path, values in zip(descent.paths, lines, strict=True)
        ],
    }


def _tame(lines: Sequence[Values], *, is_log: bool) -> tuple[float, float]:
    """Return the ends of the axis of values: a path that diverges leaves it and squeezes no other."""
    values = np.concatenate(lines)
    start = max(abs(float(lines[0][0])), 1e-12)
    values = values[np.isfinite(values) & (np.abs(values) <= _TAME * start)]
    if is_log:
        values = values[values > 0.0]
        return float(values.min()) / 2, float(values.max()) * 2
    room = 0.05 * float(np.ptp(values)) or 0.5
    return float(values.min()) - room, float(values.max()) + room


def _is_positive(values: Values) -> bool:
    return any(math.isfinite(value) and value > 0.0 for value in values)
