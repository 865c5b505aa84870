"""Suites of pytest-benchmark: a process per arm runs the whole suite, and each benchmark is a question."""

import ast
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnbench.plan.gate import SpeedSection
from nnbench.records.gate import GateItem
from nnbench.studies.gate.sides import Side
from nnbench.studies.gate.speed.cold import Stripped
from nnbench.studies.gate.speed.duet import Failed
from nnbench.studies.gate.speed.judging import FLOOR_S, Question
from nnbench.studies.gate.speed.process import Prober
from nnbench.studies.gate.speed.timing import Course, crashed, time_in_pairs

Answer = dict[str, Any]

TIMEOUT_S = 900.0
_PIN = (
    "import os, runpy, sys; cpu = sys.argv.pop(1);"
    " cpu and os.sched_setaffinity(0, {int(cpu)}); runpy.run_module('pytest', run_name='__main__')"
)
# A process is one repetition of several: it need not be sure of itself.
_SHORT = ("--benchmark-max-time=0.1", "--benchmark-min-rounds=5", "--benchmark-warmup=on")
_NO_BENCHMARKS = 5  # pytest's code where it collects nothing


class SuiteProber:
    """Runs a suite where a `Prober` makes calls; the names of the benchmarks stand for the calls."""

    def __init__(self, prober: Prober, place: str) -> None:
        self.chance = prober.chance
        self.work = prober.work
        self._prober = prober
        self._place = place

    def time(self, side: Side, calls: Sequence[str]) -> Answer:
        """Run the benchmarks of these names."""
        found = self.run(side, calls)
        failed = {"error": found.get("error", "it left no time"), "place": None}
        return {
            "calls": {call: found["times"].get(call, failed) for call in calls},
            "switches": 0,
            "stolen_s": 0.0,
        }

    def run(self, side: Side, names: Sequence[str] = ()) -> Answer:
        """Run the suite, or some of it; return what each benchmark took, or why there is nothing."""
        with tempfile.TemporaryDirectory(dir=self.work) as place:
            file = Path(place) / "benchmarks.json"
            said = self._start(side, file, names)
            if not file.is_file() or not file.stat().st_size:
                return {"times": {}, "error": said}
            benchmarks = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
        return {"times": {each["fullname"]: _answer(each["stats"]) for each in benchmarks}, "error": said}

    def _start(self, side: Side, file: Path, names: Sequence[str]) -> str:
        cpu = "" if self._prober.cpu is None else str(self._prober.cpu)
        what = list(names) or [self._place]
        options = ("-q", "-p", "no:cacheprovider", "--benchmark-only", f"--benchmark-json={file}", *_SHORT)
        command = [side.python, "-c", _PIN, cpu, *what, *options, f"--rootdir={side.folder}"]
        try:
            done = subprocess.run(
                command,
                cwd=side.folder,
                env=dict(self._prober.environment(side, self._prober.caches(side))),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it took more than {TIMEOUT_S / 60:.0f} minutes"
        return _said(done)


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    if "unrecognized arguments: --benchmark" in done.stderr:
        return "pytest-benchmark is not installed there; add it to `setup`"
    if done.returncode == _NO_BENCHMARKS:
        return "it has no benchmark"
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("ERROR", "FAILED", "E  "))] or lines[-1:]
    return told[0][:300] if told else f"pytest ended with {done.returncode}"


def _answer(stats: Mapping[str, float]) -> Answer:
    shortest_s = max(stats["min"], 1e-12)
    return {
        "samples_s": [shortest_s],
        "wall_s": [shortest_s],
        "cpu_s": [shortest_s],
        "first_s": shortest_s,
        "instructions": None,
    }


def judge_suite(
    course: Course, prober: Prober, asked: SpeedSection, changed: Sequence[str]
) -> list[GateItem]:
    """Return an item for each benchmark of the suite."""
    place = asked.pytest or ""
    name = asked.name or place
    if is_same_source(course.sides, changed):
        return [GateItem(name, "speed", "ok", "identical code", margin=asked.margin, same_bits=True)]
    course.say(f"speed: {place}, the benchmarks of either side")
    timer = SuiteProber(prober, place)
    base, head = (timer.run(side) for side in course.sides)
    whole = Question(name, "speed", place, asked.margin, FLOOR_S)
    if not base["times"] and not head["times"]:
        why = f"it cannot be timed on either side: {head['error']}"
        return [GateItem(name, "speed", "not_comparable", why, margin=asked.margin)]
    if not head["times"]:
        return [crashed(whole, Failed("head", head["error"], None))]
    gone = sorted(base["times"].keys() - head["times"].keys())
    new = sorted(head["times"].keys() - base["times"].keys())
    both = sorted(base["times"].keys() & head["times"].keys())
    items = [GateItem(each, "speed", "crashed", "vanished: the base has it", vanished=True) for each in gone]
    items += [GateItem(each, "speed", "ok", "new, nothing to compare") for each in new]
    questions = {each: Question(each, "speed", each, asked.margin, FLOOR_S) for each in both}
    return items + (time_in_pairs(replace(course, timer=timer), questions, {}) if both else [])


def is_same_source(sides: Sequence[Side], changed: Sequence[str]) -> bool:
    """Return whether the files that differ are Python, and differ in comments and docstrings alone."""
    return all(name.endswith(".py") and len({_tree(side, name) for side in sides}) == 1 for name in changed)


def _tree(side: Side, name: str) -> str:
    path = Path(os.path.realpath(side.folder)) / name
    try:
        return ast.dump(Stripped(str(path), set()).visit(ast.parse(path.read_bytes())))
    except (OSError, SyntaxError, ValueError):
        return side.name  # as different as the sides
