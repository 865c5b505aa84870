"""What a worker is sent and what it answers: texts and bytes, one message after the other on a socket."""

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO, Protocol

from nnbench.records.trials import TrialRecord
from nnbench.store import rows
from nnbench.store.encoding import from_json, pack_curves, to_json

Message = tuple[str, list[bytes]]


class Writes(Protocol):
    """Where a message goes."""

    def __call__(self, data: bytes, /) -> object: ...


def send(write: Writes, text: str, blocks: Sequence[bytes] = ()) -> None:
    """Write one message: a line with the sizes of what follows, the text, and the blocks."""
    parts = (text.encode(), *blocks)
    sizes = " ".join(str(len(part)) for part in parts)
    write(b"".join((f"{sizes}\n".encode(), *parts)))


def receive(stream: BinaryIO) -> Message:
    """Return the next message; raise EOFError where the other end has been closed."""
    sizes = stream.readline()
    if not sizes.endswith(b"\n"):
        raise EOFError
    text, *blocks = (_exactly(stream, int(size)) for size in sizes.split())
    return text.decode(), blocks


def _exactly(stream: BinaryIO, size: int) -> bytes:
    part = stream.read(size)
    if len(part) != size:
        raise EOFError
    return part


def of_records(records: Sequence[TrialRecord]) -> Message:
    """Return records as the store keeps them: rows, curves and pictures."""
    texts, blocks = [], []
    for record in records:
        lengths, samples = pack_curves(record.curves)
        facts, values = (None, b"") if record.pictures is None else rows.row_of_pictures(record.pictures)
        texts.append([rows.row_of_trial(record), lengths, facts])
        blocks += [samples, values]
    return to_json(texts), blocks


def records_of(message: Message) -> list[TrialRecord]:
    """Return the records of an answer."""
    text, blocks = message
    found = []
    for place, (row, lengths, facts) in enumerate(from_json(text)):
        samples, values = blocks[2 * place : 2 * place + 2]
        record = rows.block_of_rows([(*row, lengths, samples)], True).record(0)
        if facts is not None:
            record = replace(record, pictures=rows.pictures_of_row(facts, values))
        found.append(record)
    return found
