"""Learning curves as data: the band of every configuration, and the trials behind it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.records.trials import Axes, TrialRecord
from nnbench.reporting.blocks import CurvesFigure, Series
from nnbench.reporting.figures.lines import LOG_STEPS_FROM_RATIO, Line, as_line, window
from nnbench.reporting.plots import metric
from nnbench.reporting.plots.numbers import column

# A page stays below 400 kB: long curves lose points, and where even these would be too many, trials go.
_MOST_VALUES = 18_000
_FEWEST_POINTS = 24


def data(figure: CurvesFigure) -> dict[str, Any]:
    """Return the panels with their series, and both axes."""
    facts = figure.facts
    every = [series for panel in figure.panels for series in panel.series]
    lines = [as_line(series, facts) for series in every]
    view = window(lines, facts)
    n_points, has_trials = _room(every)
    shown = {id(series) for panel in figure.still for series in panel.series}
    made = iter(
        _series(series, line, figure, n_points, has_trials)
        # What is drawn only when all lines are asked for.
        | ({"rest": True} if shown and id(series) not in shown else {})
        for series, line in zip(every, lines, strict=True)
    )
    return {
        "kind": "lines",
        "about": figure.alternative,
        "band": "median and quartiles",
        "sharesY": True,
        "x": {
            "label": "training steps",
            "short": "steps",
            "kind": "log" if view.last_step >= LOG_STEPS_FROM_RATIO * view.first_step else "linear",
            "kinds": ["linear", "log"],
        },
        "y": metric.axis(figure.facts, view),
        "panels": [
            {"title": panel.title, "series": [next(made) for _ in panel.series]} for panel in figure.panels
        ],
    }


def _room(every: Sequence[Series]) -> tuple[int, bool]:
    """Return how many points a curve may have, and whether there is room for each trial's own."""
    n_trials = sum(len(series.trials) for series in every)
    with_trials = _MOST_VALUES // max(1, 4 * len(every) + n_trials)
    if with_trials >= _FEWEST_POINTS:
        return with_trials, True
    return max(_FEWEST_POINTS, _MOST_VALUES // max(1, 4 * len(every))), False


def _series(
    series: Series, line: Line, figure: CurvesFigure, n_points: int, has_trials: bool
) -> dict[str, Any]:
    axes = series.trials[0].axes if series.trials else Axes(())
    kept = _kept(line.steps, n_points)
    steps = line.steps[kept]
    shown = np.where(np.arange(len(line.median)) < line.n_finite, line.median, np.nan)
    found: dict[str, Any] = {
        "label": f"{series.label} ({line.lost})" if line.lost else series.label,
        "name": axes.label(figure.varying),
        "axes": {axis: choice for axis, choice in axes.as_dict().items() if axis in figure.varying},
        "x": column(steps),
        "y": column(shown[kept]),
        "ends": [column(end) for end in line.ends] or None,
    }
    if len(series.trials) > 1:
        found |= {"low": column(line.low[kept]), "high": column(line.high[kept])}
    if has_trials and len(series.trials) > 1:
        found["seeds"] = [
            [trial.seed, column(_at(trial, figure.facts.curve, steps))]
            for trial in series.trials
            if trial.status not in ("failed", "cancelled")
        ]
    return found


def _kept(steps: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    if len(steps) <= most:
        return np.arange(len(steps))
    wanted = np.geomspace(steps[0], steps[-1], most)
    return np.unique(np.searchsorted(steps, wanted).clip(max=len(steps) - 1))


def _at(trial: TrialRecord, name: str, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the trial's values at these steps; NaN where it has none, having ended before."""
    values = np.asarray(trial.curves.get(name, ()), np.float64)
    grid = np.asarray(trial.curves.get("eval_step", ()), np.float64)[: len(values)]
    if not grid.size:
        return np.full(len(steps), np.nan)
    places = np.searchsorted(grid, steps).clip(max=len(grid) - 1)
    return np.where(grid[places] == steps, values[places], np.nan)
