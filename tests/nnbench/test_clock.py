"""The one clock tells the date in UTC and seconds that never run backwards."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from nnbench.machine.clock import Clock, iso_utc


def test_now_is_in_utc() -> None:
    before = datetime.now(UTC)

    now = Clock().now_utc()

    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


def test_elapsed_begins_with_the_clock_and_never_falls() -> None:
    clock = Clock()

    readings = [clock.elapsed_s() for _ in range(100)]

    assert readings == sorted(readings)
    assert 0.0 <= readings[0] < readings[-1] < 60.0


def test_a_moment_is_written_in_utc_wherever_it_was_taken() -> None:
    seoul = timezone(timedelta(hours=9))

    assert iso_utc(datetime(2026, 1, 31, 18, 15, 2, 999_999, seoul)) == "2026-01-31T09:15:02Z"


def test_a_moment_without_time_zone_is_refused() -> None:
    """It would be read as local time, and two machines would disagree."""
    with pytest.raises(AssertionError, match="time zone"):
        iso_utc(datetime(2026, 1, 31))
