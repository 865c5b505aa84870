"""The sides of a learning subject: each trains it in processes of its own interpreter."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nnbench.studies.gate.learning.parting import Moment
from nnbench.studies.gate.learning.question import SEEDS_OF_BITS, Trained
from nnbench.studies.gate.sides import Side
from nnbench.subjects.kept import Keep, read_kept
from nnbench.subjects.process import PINS, SubjectProcess, SubjectRun

STEPS_KEPT = 20  # logs with weights: where two rules differ, they do so in the first few


class SideTrainer:
    """Trains a subject on one side, one seed after the other, each once."""

    def __init__(
        self, side: Side, call: str, folder_kept: Path, *, timeout_s: float, stop: threading.Event
    ) -> None:
        self._side = side
        self._call = call
        self._kept = folder_kept
        self._timeout_s = timeout_s
        self._stop = stop
        self._process = self._new()
        self._lock = threading.Lock()
        self._done: dict[int, Trained] = {}

    def train(self, seed: int) -> Trained:
        with self._lock:
            if seed not in self._done:
                self._done[seed] = self._train(self._process, seed, f"{seed}")
            return self._done[seed]

    def train_again(self, seed: int) -> Trained:
        process = self._new()
        try:
            return self._train(process, seed, f"{seed}-again")
        finally:
            process.close()

    def close(self) -> None:
        self._process.close()

    def _new(self) -> SubjectProcess:
        # What a file imports from beside it comes from the side, also where the file itself is the base's.
        module = self._call.rpartition(":")[0]
        beside = str((self._side.folder / module).parent) if module.endswith(".py") else ""
        paths = (self._side.environment["PYTHONPATH"], beside)
        pins = {**PINS, **self._side.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        return SubjectProcess(
            self._call, self._side.folder, python=self._side.python, pins=pins, timeout_s=self._timeout_s
        )

    def _train(self, process: SubjectProcess, seed: int, name: str) -> Trained:
        keep = None
        if seed in SEEDS_OF_BITS:
            folder = self._kept / self._side.name / name
            folder.mkdir(parents=True)
            keep = Keep(folder, STEPS_KEPT)
        run = process.train(seed, keep=keep, stop=self._stop)
        return _trained(run, {} if keep is None else _weights(keep.folder))


def _trained(run: SubjectRun, weights: Mapping[int, Mapping[str, NDArray[Any]]]) -> Trained:
    moments = tuple(Moment(each.step, each.values, weights.get(each.step, {})) for each in run.logged)
    file, _, line = (run.place or "").rpartition(":")
    place = (file, int(line)) if file and line.isdigit() else None
    error = {"timeout": "it ran into its timeout"}.get(run.status, run.error or "")
    return Trained(run.status, moments, run.digest, error, place, run.isa)


def _weights(folder: Path) -> dict[int, dict[str, NDArray[Any]]]:
    """Return what was kept, by step and name."""
    found: dict[int, dict[str, NDArray[Any]]] = {}
    for each in read_kept(folder):
        found.setdefault(each.step, {})[each.name] = each.values
    return found
