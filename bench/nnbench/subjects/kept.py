"""Weights that a training kept: raw values and an index, as the harness writes them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Keep:
    """Where the weights of the first ``steps`` logs that have some are written: an empty folder."""

    folder: Path
    steps: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One array that was logged at a step, in the type that it had."""

    step: int
    name: str
    values: NDArray[Any]


def read_kept(folder: Path) -> list[Kept]:
    """Return what is kept in a folder in the order of the logs: nothing where no log had weights."""
    index = folder / "index.jsonl"
    if not index.exists():
        return []
    lines = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    return [Kept(line["step"], line["name"], _read(folder, line)) for line in lines]


def _read(folder: Path, line: dict[str, Any]) -> NDArray[Any]:
    raw: NDArray[Any] = np.fromfile(folder / line["file"], dtype=line["dtype"])
    return raw.reshape(line["shape"])
