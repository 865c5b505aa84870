"""Kernels under the ceilings of the machine as data: a point for each kernel at each shape."""

from typing import Any

from nnbench.reporting import digits
from nnbench.reporting.blocks import RooflineFigure, RooflinePoint
from nnbench.reporting.plots.numbers import column, rounded


def data(figure: RooflineFigure) -> dict[str, Any]:
    """Return the points by family, and the peak and the bandwidths as guides."""
    families = dict.fromkeys(point.family for point in figure.points)
    log = {"kind": "log", "kinds": ["log", "linear"]}
    return {
        "kind": "lines",
        "about": figure.alternative,
        "sharesY": True,
        "x": {"label": "FLOP per byte", **log},
        "y": {"label": "GFLOP/s", "factor": 1.0, "unit": "GFLOP/s", "least": 1e-4, **log},
        "guides": _guides(figure),
        "panels": [{"title": "", "series": [_series(figure, family) for family in families]}],
    }


def _series(figure: RooflineFigure, family: str) -> dict[str, Any]:
    points = [point for point in figure.points if point.family == family]
    return {
        "label": family,
        "look": "points",
        "names": [_name(point) for point in points],
        "x": column(point.flops_per_byte for point in points),
        "y": column(point.flops_s / 1e9 for point in points),
    }


def _name(point: RooflinePoint) -> str:
    return f"{point.name} {point.shape.replace('x', digits.TIMES)}"


def _guides(figure: RooflineFigure) -> list[dict[str, Any]]:
    """Return each ceiling as two points with what stands beside it."""
    low = min(point.flops_per_byte for point in figure.points) / 2
    high = 2 * max(*(point.flops_per_byte for point in figure.points), 1.0)
    peak = figure.peak_flops_s / 1e9
    guides = [{"x": column((low, high)), "y": column((peak, peak)), "text": f"{digits.number(peak)} GFLOP/s"}]
    for place, (size_bytes, bytes_s) in enumerate(figure.levels):
        ridge = figure.peak_flops_s / bytes_s
        is_memory = place == len(figure.levels) - 1
        where = "memory" if is_memory else f"{digits.number(size_bytes / 1024)} KiB"
        guides.append(
            {
                "x": column((low, ridge)),
                "y": [rounded(low * bytes_s / 1e9), rounded(peak)],
                "text": f"{digits.number(bytes_s / 1e9)} GB/s, {where}",
            }
        )
    return guides
