"""What there is of each dataset on this machine: shipped, generated, or fetched file by file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nnkit.datasets import DatasetRecord, remote
from nnkit.datasets.remote import RemoteFile

FileState = Literal["fetched", "partial", "missing", "damaged"]
State = Literal["ships", "generated", "fetched", "partial", "missing", "damaged"]


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that must be fetched, where it belongs, and what is there."""

    file: RemoteFile
    path: Path
    state: FileState


@dataclass(frozen=True, slots=True)
class Holding:
    """A dataset and the state of its files."""

    record: DatasetRecord
    files: tuple[HeldFile, ...]

    @property
    def state(self) -> State:
        if not self.files:
            return "generated" if self.record.formula else "ships"
        states = {held.state for held in self.files}
        if "damaged" in states:
            return "damaged"
        return states.pop() if len(states) == 1 else "partial"

    @property
    def size_bytes(self) -> int:
        return sum(held.file.size_bytes for held in self.files)


def look(record: DatasetRecord, *, every_byte: bool) -> Holding:
    """Return what there is of a dataset: by the sizes of its files, or by their SHA-256."""
    folder = remote.place(record.name)
    return Holding(
        record,
        tuple(
            HeldFile(file, folder / file.name, _state(file, folder / file.name, every_byte))
            for file in record.files
        ),
    )


def as_json(holding: Holding) -> dict[str, Any]:
    """Return what ``nnbench data --json`` says of a dataset."""
    record = holding.record
    return {
        "name": record.name,
        "state": holding.state,
        "summary": record.summary,
        "source": record.source,
        "licence": record.licence,
        "n_samples": record.n_samples,
        "input_shape": list(record.input_shape),
        "n_classes": record.n_classes,
        "size_bytes": holding.size_bytes,
        "files": [
            {
                "name": held.file.name,
                "state": held.state,
                "path": str(held.path),
                "size_bytes": held.file.size_bytes,
                "sha256": held.file.sha256,
                "mirrors": list(held.file.mirrors),
            }
            for held in holding.files
        ],
    }


def _state(file: RemoteFile, path: Path, every_byte: bool) -> FileState:
    state = remote.state_of(file, path)
    if every_byte and (state == "fetched" or remote.size_of(path) is not None):
        return "fetched" if remote.is_original(file, path) else "damaged"
    return state
