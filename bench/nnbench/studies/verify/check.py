"""What a check is: an expected figure as the note prints it, and a function that measures it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from nnbench.records.checks import Checked
from nnbench.records.claims import Wording

Found = float | Sequence[float] | str
_NUMBER = re.compile(r"[-−]?\d{1,3}(?:,\d{3})+|[-−]?\d+(?:\.\d+)?(?:e[-−]?\d+)?")
_LIMIT = re.compile(r"([≤≥]) (\S+)")


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of a note.

    ``expected`` is what the note prints, and says how it is compared: ``≤ 1e-7`` bounds one number; other
    numbers must be those measured, to the digits that are printed; where a text is measured, it must be this.
    """

    id: str
    note: str
    en: str
    ko: str
    expected: str
    measure: Callable[[], Found]


def held(id_: str, claim: str, limit: float, measure: Callable[[], Found]) -> Check:
    """Return a check of no note: what is measured may be at most ``limit``. Formulas need no translation."""
    return Check(id_, "", claim, claim, f"≤ {limit:g}", measure)


def carried_out(check: Check) -> Checked:
    """Measure, and compare. An error while measuring is a check that failed, and says which."""
    try:
        found = check.measure()
        measured, ok = compared(check.expected, found)
    except Exception as error:
        measured, ok = " ".join(f"{type(error).__name__}: {error}".split()), False
    return Checked(check.id, check.note, Wording(check.en, check.ko), check.expected, measured, ok)


def compared(expected: str, found: Found) -> tuple[str, bool]:
    """Return what was found as it is shown, and whether it is what was expected."""
    if isinstance(found, str):
        return found, found == expected
    values = [float(value) for value in ([found] if isinstance(found, int | float) else found)]
    if bound := _LIMIT.fullmatch(expected):
        (value,), limit = values, float(bound[2])
        return f"{value:.2g}", value <= limit if bound[1] == "≤" else value >= limit
    printed = [text.replace("−", "-").replace(",", "") for text in _NUMBER.findall(expected)]
    assert len(printed) == len(values), (expected, values)
    shown = _NUMBER.sub("{}", expected).format(
        *(_as_printed(value, text) for value, text in zip(values, printed, strict=True))
    )
    agree = (_agrees(value, text) for value, text in zip(values, printed, strict=True))
    return shown, all(agree)


def _agrees(value: float, text: str) -> bool:
    """Return whether a value, rounded to the last digit that is printed, is what is printed."""
    half = float(Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent))) / 2
    return abs(value - float(text)) <= half * (1 + 1e-9)


def _as_printed(value: float, text: str) -> str:
    exponent = int(Decimal(text).as_tuple().exponent)
    if "e" in text or abs(value) >= 1e9:
        return f"{value:.3g}".replace("-", "−")
    # Adding 0 leaves no minus before a value that is rounded to 0.
    return f"{round(value, max(0, -exponent)) + 0.0:,.{max(0, -exponent)}f}".replace("-", "−")
