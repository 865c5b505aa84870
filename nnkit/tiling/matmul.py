"""How a matrix product goes about: which operand is turned or copied first, and the scratch for it."""

from dataclasses import dataclass

# Turning a block of values costs about a fiftieth of the product where each meets so many others.
_WORTH_TURNING = 256
# Columns of A that are so long lie in few cache sets; shorter ones are read as fast as rows.
_LONG_COLUMNS = 1 << 17
# A Bᵀ of so many values is better read as it lies than turned.
_LARGE_B = 1 << 14
# The strips of so large a B are copied, for its rows share cache sets, if tiles read them more than once.
COPIED_FROM = 1 << 18
_READ_AGAIN = 16
# So are whole strips that many tiles read: aligned, and from the first-level cache.
_READ_OFTEN, _WORTH_COPYING = 64, 1 << 13
# Columns of a strip of C, in vectors.
STRIP = 4
# Inner indices at a time, so that strips of B stay near while the sums wait in C; half as many where A is
# turned, for its values at one index then take a cache line of every tile.
BLOCK = 256
# Values of a vector, as far as a choice of ways goes.
_LANES = 16

# Ways. B is read as it lies, or its strips are copied, or turned from Bᵀ; A is turned; or C is the
# transpose of B·Aᵀ, so that A and C are turned instead of a larger B; or, where A lies turned and C has few
# columns, that of Bᵀ·Aᵀ, whose rows fill vectors.
PLAIN, COPIED, TURNED_B, TURNED_A, TRANSPOSED, CROSSED = range(6)
# Where the sums of a product begin: at 0, at a number per column, or at what C holds.
FROM_ZERO, FROM_START, FROM_C = range(3)


@dataclass(frozen=True, slots=True)
class Product:
    """The sizes of a product C = A·B, and which operands lie as their transposes."""

    rows: int
    columns: int
    depth: int
    is_a_turned: bool = False
    is_b_turned: bool = False
    has_start: bool = False

    @property
    def way(self) -> int:
        """Return the way that is fastest."""
        if self.is_b_turned:
            # Turning A and C costs less than it seems where a strip of Bᵀ would not stay in the cache.
            size = self.columns * self.depth
            turned = self.rows * (self.depth + self.columns) / (2 if size >= _LARGE_B else 1)
            # A start is one number per column, and rows of the transpose begin at none.
            return TRANSPOSED if turned < size and not self.has_start else TURNED_B
        if self.is_a_turned and not self.has_start and self._is_narrow:
            return CROSSED
        has_long_columns = self.rows * self.depth >= _LONG_COLUMNS
        if self.is_a_turned and has_long_columns and min(self.rows, self.columns) >= _WORTH_TURNING:
            return TURNED_A
        size = self.columns * self.depth
        is_large = size >= COPIED_FROM and self.rows >= _READ_AGAIN
        is_read_often = size >= _WORTH_COPYING and self.rows >= _READ_OFTEN
        return COPIED if is_large or (is_read_often and self.columns >= STRIP * _LANES) else PLAIN

    @property
    def _is_narrow(self) -> bool:
        """True where columns of C fill vectors so much better than its rows that turning C is worth it."""
        by_rows, by_columns = (
            length * -(-other // _LANES)
            for length, other in ((self.rows, self.columns), (self.columns, self.rows))
        )
        return self.depth >= _LANES and 4 * by_columns <= 3 * by_rows

    def panel_size(self, lanes: int, way: int) -> int:
        """Return the values of scratch that a way needs."""
        strip = min(self.depth, BLOCK) * STRIP * lanes
        return {
            PLAIN: 0,
            COPIED: strip,
            TURNED_B: strip,
            TURNED_A: strip + self.rows * self.depth,
            TRANSPOSED: (self.depth + self.columns) * STRIP * lanes,
            CROSSED: self.rows * self.columns,
        }[way]
