"""The probe for noise: what it calls quiet and noisy, and by which numbers."""

from pathlib import Path

import pytest

from nnbench.machine.noise import Noise, probe
from nnbench.studies.checkup import examine
from tests.nnbench.slow_clock import SlowClock

STAT = """cpu  10 0 20 3000 0 0 0 {steal} 0 0
cpu0 5 0 10 1500 0 0 0 0 0 0
cpu1 5 0 10 1500 0 0 0 0 0 0
intr 1
"""


def stat(root: Path, steal: int) -> None:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/stat").write_text(STAT.format(steal=steal), encoding="ascii")


def test_the_same_time_every_time_is_quiet(tmp_path: Path) -> None:
    clock = SlowClock()

    seen = probe(clock, seconds=0.1, work=lambda: clock.spend(0.001), root=tmp_path)

    assert (seen.spread, seen.lost, seen.stolen) == (0.0, 0.0, 0.0)
    assert seen.n == pytest.approx(100, abs=1)
    assert not seen.is_noisy
    assert str(seen).startswith("quiet: ")


def test_times_that_vary_are_noisy(tmp_path: Path) -> None:
    """Half of the works take a tenth longer: the middle half differs by a tenth of the median."""
    clock, times = SlowClock(), iter([0.0010, 0.0011] * 500)

    seen = probe(clock, seconds=0.5, work=lambda: clock.spend(next(times)), root=tmp_path)

    assert seen.spread == pytest.approx(0.1, rel=0.1)
    assert seen.lost == 0
    assert seen.is_noisy


def test_time_that_others_had_is_seen_where_no_work_shows_it(tmp_path: Path) -> None:
    """Two of a hundred works are interrupted for long: the quartiles do not move, the share does."""
    clock, count = SlowClock(), iter(range(10_000))

    def work() -> None:
        clock.spend(0.001)
        if next(count) % 50 == 0:
            clock.spend(0.020, busy=False)

    seen = probe(clock, seconds=0.5, work=work, root=tmp_path)

    assert seen.spread == 0
    assert seen.lost == pytest.approx(20 / 70, rel=0.1)
    assert seen.is_noisy


def test_what_a_hypervisor_takes_is_counted_over_all_cores(tmp_path: Path) -> None:
    clock = SlowClock()
    stat(tmp_path, steal=100)

    def work() -> None:
        clock.spend(0.1)
        stat(tmp_path, steal=110)  # ten ticks of 0.01 s, of two cores

    seen = probe(clock, seconds=0.5, work=work, root=tmp_path)

    assert seen.stolen == pytest.approx(0.1 / (2 * seen.n * 0.1))
    assert "to other virtual machines" in str(seen)


def test_without_counters_nothing_is_stolen(tmp_path: Path) -> None:
    clock = SlowClock()

    assert probe(clock, seconds=0.01, work=lambda: clock.spend(0.01), root=tmp_path).stolen == 0


def test_the_words_have_the_numbers() -> None:
    assert str(Noise(spread=0.051, lost=0.256, stolen=0.0, n=1234)) == (
        "noisy: the middle half of 1,234 identical works differs by 5.1 %; "
        "25.6 % of the time went to other programs"
    )


def test_the_doctor_says_how_steady_the_machine_is(tmp_path: Path) -> None:
    check = next(check for check in examine(tmp_path / "store.sqlite") if check.name == "noise")

    assert check.finding.startswith(("quiet: ", "noisy: "))
    assert check.state == ("warn" if check.finding.startswith("noisy") else "ok")
