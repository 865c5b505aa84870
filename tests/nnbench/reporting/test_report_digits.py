"""Numbers as text: digits follow the interval, nothing is rounded to certainty, nothing ever raises."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.reporting import digits

NAN, INFINITY = math.nan, math.inf
any_float = st.floats(allow_nan=True, allow_infinity=True)
moderate = st.floats(-1e6, 1e6, allow_nan=False)
widths = st.floats(1e-4, 1e5, allow_nan=False)


def as_number(text: str) -> float:
    return float(text.replace(digits.MINUS, "-").replace(",", ""))


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [(0.0, 0.09, 3), (96.67, 97.78, 2), (94.0, 96.0, 1), (80.0, 100.0, 0), (0.0, 900.0, 0), (0.0, 0.1992, 2)],
)
def test_decimals_show_two_digits_of_the_half_width(low: float, high: float, decimals: int) -> None:
    """0.045 needs three decimals, 0.55 two, 1.0 one, 10 none; 0.0996 is 0.10 and needs two."""
    assert digits.decimals_for((low + high) / 2, low, high) == decimals


@given(st.floats(-1e3, 1e3), widths)
def test_decimals_are_the_fewest_that_show_two_digits(centre: float, half_width: float) -> None:
    """The half-width, counted in the last digit printed, has two digits, or no decimal is left to drop."""
    low, high = centre - half_width, centre + half_width

    decimals = digits.decimals_for(centre, low, high)

    assert decimals is not None
    counted = (high - low) / 2 * 10**decimals
    assert counted >= 9.9
    assert counted < 100 or decimals == 0


@pytest.mark.parametrize("interval", [(NAN, NAN), (-INFINITY, INFINITY), (0.5, 0.5)])
def test_no_width_gives_no_decimals(interval: tuple[float, float]) -> None:
    """Without an interval, or with one of no width, there is nothing that digits could follow."""
    assert digits.decimals_for(0.5, *interval) is None


def test_an_open_end_lends_the_distance_to_the_other() -> None:
    """[−∞, 85.83] around 85.42 is taken as ±0.41."""
    assert digits.decimals_for(85.42, -INFINITY, 85.83) == 2


@given(moderate, st.integers(0, 5))
def test_number_is_rounded_to_its_decimals(value: float, decimals: int) -> None:
    """What is printed lies within half a unit of the last digit."""
    text = digits.number(value, decimals=decimals)

    assert abs(as_number(text) - value) <= 0.5 * 10**-decimals + 1e-9 * abs(value)
    assert "-" not in text


@given(st.floats(-1e300, 1e300))
def test_number_without_decimals_has_three_digits(value: float) -> None:
    """Any finite number comes back to within half a per cent, in however large or small a size."""
    text = digits.number(value)

    assert as_number(text) == pytest.approx(value, rel=0.006, abs=1e-300)
    assert len(text) <= 12


def test_a_rounded_zero_has_no_sign() -> None:
    """−0.004 in two decimals is 0.00: a sign there would claim a direction that the digits do not show."""
    assert digits.number(-0.004, decimals=2) == "0.00"
    assert digits.number(0.004, decimals=2, signed=True) == "0.00"
    assert digits.number(0.4, decimals=1, signed=True) == "+0.4"


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.none() | st.integers(0, 5))
def test_percentages_are_never_rounded_to_certainty(share: float, decimals: int | None) -> None:
    """Nothing between 0 and 1 prints as 0 or as 100."""
    text = digits.percentage(share, decimals=decimals)

    assert float(text.lstrip("<>")) not in (0.0, 100.0)


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0"), (1.0, "100"), (0.9996, "99.96"), (0.9, "90.0"), (1e-9, "<0.00001")]
)
def test_percentages(share: float, text: str) -> None:
    """0 and 100 stand for exactly that; a share near an end gets the decimals that tell it from the end."""
    assert digits.percentage(share) == text


def test_exact_percentages_have_no_decimals() -> None:
    """All of ten trials are 100 %, however many decimals stand beside: 100.00 would suggest rounding."""
    assert digits.percentage(1.0, decimals=2) == "100"
    assert digits.percentage(0.0, decimals=2) == "0"


def test_estimate_shares_its_digits() -> None:
    """Value and ends have the same decimals, those of the half-width."""
    assert str(digits.estimate(0.9708, (0.9667, 0.9778), digits.PERCENT)) == "97.08 [96.67, 97.78]"
    assert str(digits.estimate(0.01234, (0.0119, 0.0131), digits.PLAIN)) == "0.01234 [0.01190, 0.01310]"
    assert str(digits.estimate(2e-5, (1e-5, 3e-5), digits.PLAIN)) == "2.0e−5 [1.0e−5, 3.0e−5]"
    assert str(digits.estimate(0.8542, (-INFINITY, 0.8583), digits.PERCENT)) == "85.42 [−∞, 85.83]"
    assert str(digits.estimate(0.9708, (NAN, NAN), digits.PERCENT)) == "97.1"


def test_difference_is_signed_and_in_points() -> None:
    """A difference of two percentages carries its sign at all three numbers."""
    written = digits.difference(-0.0117, (-0.0144, 0.0094), digits.PERCENT)

    assert (written.value, written.interval) == ("−1.2", "[−1.4, +0.9]")
    assert digits.PERCENT.of_differences.unit == "pp"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0004, "p < 0.001"),
        (0.03, "p = 0.03"),
        (0.0293, "p = 0.029"),
        (0.0497, "p < 0.05"),
        (0.05, "p = 0.05"),
        (0.1, "p = 0.10"),
        (0.25, "p = 0.25"),
        (0.9971, "p > 0.99"),
        (1.0, "p = 1"),
        (NAN, "p = —"),
    ],
)
def test_p_values(p: float, text: str) -> None:
    """A p value is printed to about two digits, and below 0.001 as no more than that."""
    assert digits.p_value(p) == text


@given(st.floats(0, 1))
def test_a_p_value_is_never_printed_as_zero(p: float) -> None:
    """A permutation test never gives 0, and no rounding may say so."""
    assert digits.bare_p(p).strip("<>0.") != "" or digits.bare_p(p) == "<0.001"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 s"),
        (3.2e-9, "3.20 ns"),
        (1.5e-6, "1.50 µs"),
        (0.0125, "12.5 ms"),
        (0.99951, "1.00 s"),
        (9.996, "10.0 s"),
        (59.96, "1 min"),
        (72.3, "1 min 12 s"),
        (3660.0, "1 h 1 min"),
        (INFINITY, "never"),
        (NAN, "—"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    """A duration is given in the unit that leaves one to three digits before the point."""
    assert digits.seconds(value) == text


@given(st.floats(1e-9, 50.0))
def test_seconds_keep_their_value(value: float) -> None:
    """Below a minute the text gives the duration to 1 %, and never as 1000 of a unit."""
    number, unit = digits.seconds(value).split(" ")

    factor = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
    assert float(number) * factor == pytest.approx(value, rel=0.01)
    assert 0.99 <= float(number) < 1000


def test_counts() -> None:
    """Infinity is never, a median of two steps may end in a half, and large ones do not."""
    assert [digits.count(each) for each in (INFINITY, NAN, 0, 12.5, 202.5, 1_234_567, -3)] == [
        *("never", "—", "0", "12.5", "203", "1,234,567", "−3")
    ]
    assert digits.counted(1, "seed") == "1 seed"
    assert digits.counted(10, "seed") == "10 seeds"


@given(st.lists(st.integers(0, 60), max_size=20))
def test_ranges_name_every_number_once(values: list[int]) -> None:
    """Read back, the runs give the set that went in."""
    found: list[int] = []
    for run in filter(None, digits.ranges(values).split(", ")):
        first, _, last = run.partition("–")
        found += range(int(first), int(last or first) + 1)

    assert found == sorted(set(values))


@given(any_float, any_float, any_float, st.sampled_from([digits.PERCENT, digits.PLAIN]))
def test_no_number_raises(value: float, low: float, high: float, scale: digits.Scale) -> None:
    """NaN and infinities are printed, whatever stands beside them, and never as Python spells them."""
    texts = [
        str(digits.estimate(value, (low, high), scale)),
        str(digits.difference(value, (low, high), scale)),
        *(each(value) for each in (digits.number, digits.count, digits.seconds, digits.ratio)),
    ]

    assert not re.search("nan|inf", " ".join(texts))
    assert all(texts)
