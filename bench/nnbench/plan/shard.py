"""A shard: one of the pieces that the trials of a run fall into, the same pieces on every machine."""

import re
from dataclasses import dataclass

from nnbench.errors import UsageError

NO_SEARCH = (
    "{where}: a search chooses from all of its trials, and a shard has some of them."
    " Search without --shard, and then run the shards with --tuned."
)
MOST_SHARDS = 10_000
_WRITTEN = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Piece ``index`` of ``count``, counted from 0."""

    index: int
    count: int

    def has(self, key: str) -> bool:
        """Return whether the trial with this key, a hash in hexadecimal, falls into this shard."""
        return int(key, 16) % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def read_shard(text: str, where: str) -> Shard:
    """Return the shard that ``"2/8"`` is, the third of eight, or raise UsageError."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise UsageError(f"{where}: expected a shard and their number, such as 0/8, found {text!r}.")
    index, count = map(int, written.groups())
    if not 1 <= count <= MOST_SHARDS:
        raise UsageError(f"{where}: there can be 1 to {MOST_SHARDS:,} shards, found {count:,}.")
    if index >= count:
        raise UsageError(
            f"{where}: shards are counted from 0, so the last of {count} is {count - 1}/{count}."
        )
    return Shard(index, count)
