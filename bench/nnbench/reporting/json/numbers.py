"""Numbers as JSON can hold them."""

import math


def finite(value: float) -> float | None:
    """Return the number, or null for what is none: JSON knows neither infinity nor NaN."""
    return float(value) if math.isfinite(value) else None
