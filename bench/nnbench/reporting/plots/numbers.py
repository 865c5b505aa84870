"""Numbers for the script of a page: as many digits as can be seen, and null where there is none."""

import math
from collections.abc import Iterable

_DIGITS = 5


def rounded(value: float) -> float | int | None:
    """Return the number in five significant digits; None if it is not finite, which JSON has no word for."""
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def column(values: Iterable[float]) -> list[float | int | None]:
    return [rounded(float(value)) for value in values]
