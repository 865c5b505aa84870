"""The heights at which contours are drawn."""

from collections.abc import Iterator

import numpy as np

from nnbench.records.descent import Landscape, Values

_N_LEVELS = 9
_N_LINES = 12  # where the steps of colour between them are missing
_LOWEST_SHARE = 0.02  # of the picture lies below the first contour


def contour_levels(landscape: Landscape, n: int = _N_LEVELS) -> Values:
    """Return increasing heights, each crossed somewhere: even in the root of the height above the lowest.

    On a bowl the contours are then equally far apart; where a few cliffs hold all the height, as around
    Beale's valley, the steps follow the shares of the area instead.
    """
    heights = landscape.z - landscape.z.min()
    top = float(heights.max())
    shares = np.linspace(_LOWEST_SHARE, 1.0, n + 1)[:-1]
    even = top * np.linspace(1 / (n + 1), n / (n + 1), n) ** 2
    by_area = np.quantile(heights, shares)
    is_cliff = np.median(heights) < 0.1 * top
    return np.unique(landscape.z.min() + (by_area if is_cliff else even))


def contour_lines(landscape: Landscape) -> Iterator[tuple[float, Values]]:
    """Yield the height of every contour, and the points along it, (n, 2)."""
    # Only here: a terminal, which asks for the levels alone, must not wait for matplotlib.
    from matplotlib.figure import Figure

    plot = Figure().add_subplot()
    for level in contour_levels(landscape, _N_LINES):
        # matplotlib finds the lines; nothing of it is drawn.
        found = plot.contour(landscape.x, landscape.y, landscape.z, levels=[level])
        for segment in found.allsegs[0]:
            yield float(level), segment
