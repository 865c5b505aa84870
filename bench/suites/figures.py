"""Figures that are kept: what was measured on which machine and when, as JSON."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interleaved import Ratio
from nnbench.machine import environment


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, a ratio to a peer or a text, and what it should be."""

    what: str
    value: Ratio | str
    goal: str = ""

    @property
    def text(self) -> str:
        return str(self.value)


def machine_line() -> str:
    """Return the CPU's name, make, model and vectors, its cores, and how loaded it is."""
    known = environment.machine()
    vectors = "+".join(known["cpu_features"] or ())
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{known['cpu']} ({environment.cpu_make()}), {vectors}, {known['cores']} cores{load}"


def keep(file: Path, figures: Sequence[Figure]) -> None:
    """Write the figures to ``file``; those that are there and were not measured now stay."""
    kept = read(file) if file.is_file() else {"figures": {}}
    today = datetime.now(UTC).date().isoformat()
    kept["machine"] = machine_line().split(", load")[0]
    for each in figures:
        ratio = asdict(each.value) if isinstance(each.value, Ratio) else None
        kept["figures"][each.what.strip()] = {
            "text": each.text, "goal": each.goal, "ratio": ratio, "date": today,
        }  # fmt: skip
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
