"""Numbers as text: the digits follow the interval, the unit stands beside, nothing is rounded to certainty.

Text uses the typographic minus sign (−) and plain spaces. A value that is not a number is a dash,
because an empty cell would look like an oversight.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnbench.records.trials import MetricFacts

MISSING = "—"
NEVER = "never"
MINUS = "−"
TIMES = "×"

# Powers of ten read better from this size on, and below that size where more decimals than these are due.
_LARGE = 1e7
_SMALL = 1e-3
_MOST_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """How a metric is written: 0.972 as 97.2 %, and a difference of 0.005 as 0.5 pp."""

    factor: float
    unit: str
    difference_unit: str
    bounded: bool  # 0 and 1 are the ends of the scale, to be printed only when they are meant

    @property
    def decimals(self) -> int | None:
        """The decimals of a value without an interval; None: as many as three digits take."""
        return (1 if self.factor == 100.0 else 3) if self.bounded else None

    @property
    def of_differences(self) -> "Scale":
        """The scale of a difference of two such metrics: percentage points instead of percent."""
        return Scale(self.factor, self.difference_unit, self.difference_unit, bounded=False)


PERCENT = Scale(factor=100.0, unit="%", difference_unit="pp", bounded=True)
IN_PERCENT = Scale(factor=1.0, unit="%", difference_unit="pp", bounded=False)
SHARE = Scale(factor=1.0, unit="", difference_unit="", bounded=True)  # 0.972, as F1 is written
PLAIN = Scale(factor=1.0, unit="", difference_unit="", bounded=False)


def scale_of(facts: "MetricFacts") -> Scale:
    """Return how a metric's numbers are written: as its record has it, or else as its name tells.

    By their names accuracies and rates are shares, written in percent; one that ends in % is that of values
    which are in percent already.
    """
    if facts.unit is not None:
        is_share = facts.limits == (0.0, 1.0)
        return (PERCENT if facts.unit == "%" else SHARE) if is_share else PLAIN
    if facts.metric.endswith("%"):
        return IN_PERCENT
    return PERCENT if "accuracy" in facts.metric or facts.metric.endswith("rate") else PLAIN


def decimals_for(value: float, low: float, high: float) -> int | None:
    """Return the decimals that show two significant digits of the interval's half-width.

    None where no width is known: no interval, an interval of width zero, or one without finite ends.
    An interval open at one end lends the distance to its other end.
    """
    ends = [end for end in (low, high) if math.isfinite(end)]
    if len(ends) == 2:
        half_width = abs(high - low) / 2
    elif ends and math.isfinite(value):
        half_width = abs(value - ends[0])
    else:
        return None
    if half_width == 0 or not math.isfinite(half_width):
        return None
    exponent = math.floor(math.log10(half_width))
    if round(half_width / 10.0**exponent, 1) >= 10:  # 0.0996 is 0.10 in two digits
        exponent += 1
    return max(0, 1 - exponent)


def number(value: float, *, decimals: int | None = None, signed: bool = False) -> str:
    """Write a number with the given decimals, or with three significant digits where none are given."""
    if math.isnan(value):
        return MISSING
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    digits = _significant(size) if decimals is None else decimals
    if size >= _LARGE or (0 < size < _SMALL and digits > _MOST_DECIMALS):
        return sign + _power_of_ten(size, digits)
    text = f"{size:.{min(digits, _MOST_DECIMALS + 5)}f}"
    # A value that rounds to zero has no sign that a reader could trust.
    return text if float(text) == 0 else sign + text


def _significant(size: float) -> int:
    if size == 0:
        return 0
    return max(0, 2 - math.floor(math.log10(size)))


def _power_of_ten(size: float, decimals: int) -> str:
    mantissa_digits = max(0, min(decimals + math.floor(math.log10(size)), 3))
    mantissa, exponent = f"{size:.{mantissa_digits}e}".split("e")
    return f"{mantissa}e{number(int(exponent), decimals=0)}"


def scaled(value: float, scale: Scale, *, decimals: int | None = None) -> str:
    """Write a metric in its scale, without its unit; a share is 0 or 100 only when it is exactly that."""
    if not scale.bounded or not math.isfinite(value):
        return number(value * scale.factor, decimals=decimals)
    return _share(value, scale, decimals)


def percentage(share: float, *, decimals: int | None = None) -> str:
    """Write a share of 1 as a percentage without its unit; 0.9996 is ``99.96``, never ``100``."""
    return _share(share, PERCENT, decimals)


def _share(share: float, scale: Scale, decimals: int | None) -> str:
    whole = scale.factor
    if share in (0.0, 1.0):
        return f"{share * whole:.0f}"
    if not 0 < share < 1:  # no share at all, but an interval may reach there
        return number(share * whole, decimals=decimals)
    wanted = min((scale.decimals or 0) if decimals is None else decimals, _MOST_DECIMALS)
    for digits in range(wanted, 2 * _MOST_DECIMALS):
        text = number(share * whole, decimals=min(digits, _MOST_DECIMALS))
        if float(text) not in (0.0, whole):
            return text
    return "<0.00001" if share < 0.5 else f">{whole - 1e-5:.5f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its interval as text, in the same digits and without the unit."""

    value: str
    interval: str  # "[96.8, 97.4]", or empty where there is none

    def __str__(self) -> str:
        return f"{self.value} {self.interval}".rstrip()


def estimate(value: float, interval: tuple[float, float], scale: Scale, *, least: int = 0) -> Estimate:
    """Write a metric and its interval; ``least`` decimals are kept even where the interval is wide."""
    decimals = _decimals(value, interval, scale, least)
    low, high = (scaled(end, scale, decimals=decimals) for end in interval)
    return Estimate(scaled(value, scale, decimals=decimals), _brackets(low, high, interval))


def difference(value: float, interval: tuple[float, float], scale: Scale) -> Estimate:
    """Write a difference of two metrics with its sign, and its interval."""
    decimals = _decimals(value, interval, scale.of_differences, 0)
    centre, low, high = (
        number(each * scale.factor, decimals=decimals, signed=True) for each in (value, *interval)
    )
    return Estimate(centre, _brackets(low, high, interval))


def _decimals(value: float, interval: tuple[float, float], scale: Scale, least: int) -> int | None:
    low, high = interval
    decimals = decimals_for(value * scale.factor, low * scale.factor, high * scale.factor)
    if decimals is None:
        return scale.decimals
    return max(decimals, least)


def _brackets(low: str, high: str, interval: tuple[float, float]) -> str:
    if any(math.isnan(end) for end in interval):
        return ""
    return f"[{low}, {high}]"


def with_unit(text: str, unit: str) -> str:
    """Put a unit behind a number; a dash takes none."""
    return f"{text} {unit}" if unit and text != MISSING else text


def count(value: float) -> str:
    """Write a count with thousands separators; infinity is ``never``, a small median may end in a half."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return NEVER
    if abs(value) >= 1e15:
        return number(value)
    if abs(value) >= 100 or float(value).is_integer():
        # Away from zero at the half, as people round; Python's own rounding would turn 202.5 into 202.
        value = math.copysign(math.floor(abs(value) + 0.5), value)
        return f"{int(value):,}".replace("-", MINUS)
    return f"{value:,.1f}".replace("-", MINUS)


def counted(n: int, singular: str, plural: str = "") -> str:
    """Write ``1 seed`` and ``10 seeds``."""
    return f"{count(n)} {singular if n == 1 else plural or singular + 's'}"


def p_value(p: float) -> str:
    """Write ``p < 0.001``, ``p = 0.03``, ``p = 1``."""
    text = bare_p(p)
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def bare_p(p: float) -> str:
    """Write a p value for a column whose header is p."""
    if math.isnan(p):
        return MISSING
    if p < 0.001:
        return "<0.001"
    if p == 1:
        return "1"
    if p > 0.99:
        return ">0.99"
    decimals = 3 if p < 0.0995 else 2
    text = f"{p:.{decimals}f}"
    if p < 0.05 <= float(text):
        return "<0.05"  # rounded to 0.05 it would seem to contradict a verdict at the 5 % level
    return text.rstrip("0") if len(text.rstrip("0")) > 3 else text


def seconds(value: float) -> str:
    """Write a duration in the unit that suits it: ns, µs, ms, s, then minutes and hours."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return NEVER
    if value <= 0:
        return "0 s"  # a clock that was set back measures less than nothing
    # Units change where the rounded number would, so that 59.96 s is 1 min and not 60.0 s.
    if value >= 59.95:
        return _minutes(value)
    for limit, factor, unit in ((0.9995, 1.0, "s"), (0.9995e-3, 1e3, "ms"), (0.9995e-6, 1e6, "µs")):
        if value >= limit:
            return f"{_three_digits(value * factor)} {unit}"
    return f"{_three_digits(value * 1e9)} ns"


def _minutes(value: float) -> str:
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{count(hours)} h {minutes} min" if minutes else f"{count(hours)} h"


def _three_digits(value: float) -> str:
    # Two digits are enough from 10 on: a duration is never known better than that.
    decimals = 0 if value >= 99.5 else 1 if value >= 9.95 else 2
    return f"{value:.{decimals}f}"


def ratio(value: float) -> str:
    """Write ``1.90×``; the caller names what it is a ratio to."""
    if not math.isfinite(value):
        return MISSING
    return f"{_three_digits(value) if 0 <= value < _LARGE else number(value)}{TIMES}"


def level(alpha: float) -> str:
    """Write a significance level: ``5 %``, ``0.1 %``."""
    return f"{alpha * 100:.3g} %"


def confidence(alpha: float) -> str:
    """Write the confidence that goes with a level: ``95 %``."""
    return f"{(1 - alpha) * 100:.6g} %"


def ranges(values: list[int]) -> str:
    """Write whole numbers as runs: ``0–9, 12``."""
    runs: list[list[int]] = []
    for value in sorted(set(values)):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}–{b}" if b > a + 1 else f"{a}, {b}" for a, b in runs)
