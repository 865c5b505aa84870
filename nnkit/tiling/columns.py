"""How the columns of a matrix are summed up in vectors: what machine code and its readable twins agree on."""

from dataclasses import dataclass
from math import gcd

# So many independent sums hide the latency of an addition.
_SUMS = 8
N_SCRATCH = 4

# A vector of a block: the offset of its first value, and how many values it has.
Part = tuple[int, int]
Strip = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Blocks of some rows of ``channels`` values. Row i of a matrix belongs to the partial sum i % rows.

    Where a row is shorter than a vector, a block is whole rows and whole vectors, without gaps.
    """

    channels: int
    lanes: int

    @property
    def is_dense(self) -> bool:
        return self.channels <= self.lanes

    @property
    def rows(self) -> int:
        if self.is_dense:
            least = self.lanes // gcd(self.channels, self.lanes)
            vectors = least * self.channels // self.lanes
            return least * max(1, round(_SUMS / vectors))
        return max(1, _SUMS // -(-self.channels // self.lanes))

    @property
    def size(self) -> int:
        """Return the values of a block."""
        return self.rows * self.channels

    @property
    def scratch_size(self) -> int:
        """Return the values of the scratch columns of a pass, each as large as a block."""
        return N_SCRATCH * self.size

    @property
    def strips(self) -> list[Strip]:
        """Return the vectors of a block, as many at a time as there are sums in registers."""
        if self.is_dense:
            return [tuple((offset, self.lanes) for offset in range(0, self.size, self.lanes))]
        starts = range(0, self.channels, self.lanes)
        parts = [(start, min(self.lanes, self.channels - start)) for start in starts]
        groups = [parts[first : first + _SUMS] for first in range(0, len(parts), _SUMS)]
        return [
            tuple((row * self.channels + start, n) for row in range(self.rows) for start, n in group)
            for group in groups
        ]
