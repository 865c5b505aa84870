"""How a matrix product goes about: which operand is turned or copied first, and the scratch for it."""

from dataclasses import dataclass

# Turning a block of values costs about a fiftieth of the product where each meets so many others.
_WORTH_TURNING = 256
# A strip of B is copied where B has this many values: its rows then share cache sets.
COPIED_FROM = 1 << 19
# Columns of a strip of C, in vectors.
STRIP = 4

# Ways. B is read as it lies, or its strips are copied, or turned from Bᵀ; A is turned; or C is the
# transpose of B·Aᵀ, so that A and C are turned instead of a larger B.
PLAIN, COPIED, TURNED_B, TURNED_A, TRANSPOSED = range(5)
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
            is_less = self.rows * (self.depth + self.columns) < self.columns * self.depth
            # A start is one number per column, and rows of the transpose begin at none.
            return TRANSPOSED if is_less and not self.has_start else TURNED_B
        # Columns of A that are so long lie in few cache sets; shorter ones are read as fast as rows.
        is_large = self.rows * self.depth >= COPIED_FROM // 4
        if self.is_a_turned and is_large and min(self.rows, self.columns) >= _WORTH_TURNING:
            return TURNED_A
        return COPIED if self.columns * self.depth >= COPIED_FROM else PLAIN

    def panel_size(self, lanes: int, way: int) -> int:
        """Return the values of scratch that a way needs."""
        strip = self.depth * STRIP * lanes
        return {
            PLAIN: 0,
            COPIED: strip,
            TURNED_B: strip,
            TURNED_A: strip + self.rows * self.depth,
            TRANSPOSED: strip + self.columns * STRIP * lanes,
        }[way]
