"""The one clock. What needs the time is given a ``Clock``; no other code of nnbench reads the system's."""

import time
from datetime import UTC, datetime


class Clock:
    """The date, and the seconds since this clock was made. Tests pass one that stands still."""

    def __init__(self) -> None:
        self._start_s = time.perf_counter()

    def now_utc(self) -> datetime:
        """Return the date and time in UTC, with its time zone."""
        return datetime.now(UTC)

    def elapsed_s(self) -> float:
        """Return the seconds since this clock was made; a corrected system time does not move it."""
        return time.perf_counter() - self._start_s

    def busy_s(self) -> float:
        """Return the seconds for which the processor has worked on the calling thread."""
        return time.thread_time()

    @property
    def resolution_s(self) -> float:
        """The shortest time that this clock can tell from none."""
        return time.get_clock_info("perf_counter").resolution


def iso_utc(moment: datetime) -> str:
    """Return ``"2026-01-31T09:15:02Z"``: ISO 8601 in UTC, to the second."""
    assert moment.tzinfo is not None, f"a moment needs its time zone, found {moment!r}"
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
