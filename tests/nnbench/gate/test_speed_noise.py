"""What a gate could see on a machine: the words, and the facts that Linux tells."""

import tomllib
from pathlib import Path

import pytest

from nnbench.studies.gate.speed.noise import Seen, facts
from tests.nnbench.gate import project


@pytest.mark.parametrize(("between", "word"), [(0.005, "good"), (0.05, "fair"), (0.3, "poor")])
def test_the_scatter_between_pairs_decides_the_word(between: float, word: str) -> None:
    seen = Seen(n=20, within=0.01, between=between, stolen=0.0, switches=1.0, facts=())

    assert seen.in_words.startswith(word)
    # margin 3 %: 1.03 exp(t(0.99; 15) sd / 4) − 1, with t = 2.6025 of any table
    assert seen.smallest_visible(16) == pytest.approx(
        1.03 * 2.718281828 ** (2.6025 * between / 4) - 1, rel=1e-3
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"intel_pstate/no_turbo": "1", "smt/active": "0"}, ("turbo off", "no threads share a core")),
        ({"cpufreq/boost": "1\n"}, ("turbo on: the frequency follows the heat",)),
        ({"cpu3/cpufreq/scaling_governor": "performance\n"}, ("frequency governor performance",)),
        ({}, ()),
    ],
)
def test_facts_of_the_frequency_are_read(
    tmp_path: Path, files: dict[str, str], expected: tuple[str, ...]
) -> None:
    for name, content in files.items():
        path = tmp_path / "sys/devices/system/cpu" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    assert facts(tmp_path, 3) == expected


def test_a_calibration_times_a_call_against_itself_and_writes_its_margin(tmp_path: Path) -> None:
    config = '[tool.nnbench.gate]\n[[tool.nnbench.gate.speed]]\ncall = "timed:run"\n'
    folder = project.make(tmp_path / "project", pyproject__toml=config)
    project.write(folder, timed__py="def run():\n    return sum(range(2000))\n")

    done = project.gate(folder, "--calibrate", "--suites", "1")

    assert done.returncode == 0, done.stderr
    assert "0 of 1 suites of unchanged code were red" in " ".join(done.stdout.split())
    written = tomllib.loads((folder / "nnbench-gate.toml").read_text(encoding="utf-8"))
    assert written["speed"]["timed:run"]["margin"] >= 0.03
