"""Durations as users write them: ``90s``, ``5m``, ``1h30m``."""

import re

from nnbench.errors import UsageError

_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LONGEST = 100  # the search below takes a time that grows with the square
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h)\s*")


def read_budget(text: str, where: str) -> float:
    """Return the seconds in a duration such as ``90s``, ``5m`` or ``1h30m``, or raise UsageError."""
    amounts = _AMOUNT.findall(text) if len(text) <= _LONGEST else []
    if not amounts or _AMOUNT.sub("", text).strip():
        raise UsageError(f"{where}: expected a time with its unit, found {text!r}. Try 90s, 5m or 1h30m.")
    seconds = sum(float(amount) * _UNITS_S[unit] for amount, unit in amounts)
    if not seconds > 0.0:
        raise UsageError(f"{where}: the budget must be above 0, found {text!r}. Try 5m.")
    return seconds
