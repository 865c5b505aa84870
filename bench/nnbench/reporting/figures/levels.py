"""The heights at which contours are drawn."""

import numpy as np

from nnbench.records.descent import Landscape, Values

_N_LEVELS = 9
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
