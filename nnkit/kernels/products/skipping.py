"""The matrix product that skips zeros, with the readable twin of its strips.

Pixels of digits are mostly 0, and so are samples of units. The values of a row of A that are not zero are
packed with their places, and a sum adds up so many rows of B, in order: one chain of fused multiply-adds,
the same bits that the register tiles of `nnkit.kernels.products.matmul` give.
"""

from nnkit.assembly import Assembly, External
from nnkit.jit import kernel
from nnkit.simd import copy_values, flat, lanes_of, real


def _build(dtype):
    # Imported here: building needs llvmlite's IR layer, running from the cache does not.
    from nnkit.kernels.products import skipping_ir

    return skipping_ir.build(dtype)


def _strip_twin(vectors):
    def strip(values, values_at, places, places_at, b, b_at, start, start_at, c, c_at, b_row, n, tail):
        """Write one strip of ``c = start + sum over i < n of values[i] * b[places[i]]``, i in order."""
        b, start, c = b.reshape(-1), start.reshape(-1), c.reshape(-1)
        for j in range((vectors - 1) * lanes_of(c) + min(tail, lanes_of(c))):
            total = start[start_at + j]
            for i in range(n):
                total += values[values_at + i] * b[b_at + places[places_at + i] * b_row + j]
            c[c_at + j] = total

    return strip


def _pack_twin(a, a_at, values, values_at, places, places_at, counts, row, columns, shift, factor):
    """Pack ``factor * a[k]``, where that is not zero, and ``k + shift`` behind ``counts[row]`` others."""
    a, values, places = a.reshape(-1), values.reshape(-1), places.reshape(-1)
    for column in range(columns):
        value = a.dtype.type(factor) * a[a_at + column]
        if value != 0:
            values[values_at + counts[row]] = value
            places[places_at + counts[row]] = column + shift
            counts[row] += 1


PARTS = Assembly("skipping", _build)
_STRIP = "pppppiii"
skip1 = External(PARTS, "nnkit_skip1", _STRIP, _strip_twin(1))
skip2 = External(PARTS, "nnkit_skip2", _STRIP, _strip_twin(2))
skip3 = External(PARTS, "nnkit_skip3", _STRIP, _strip_twin(3))
skip4 = External(PARTS, "nnkit_skip4", _STRIP, _strip_twin(4))
pack = External(PARTS, "nnkit_pack", "ppppiir", _pack_twin)


@kernel
def pack_rows(a, rows, columns, shift, sign, values, places, counts):
    """Pack ``sign * a[r, k]``, where that is not zero, and ``k + shift``, behind what is packed of each row.

    Shapes      a: (at least rows, at least columns); values, places: (at least rows, room), flat rows of
                what is packed; counts: int32 (at least rows,), how many that is
    """
    width, room = a.shape[1], values.shape[1]
    source, v, p, factor = flat(a), flat(values), flat(places), real(a, sign)
    for row in range(rows):
        pack(source, row * width, v, row * room, p, row * room, counts, row, columns, shift, factor)


@kernel
def fill_panels(b, rows, panels):
    """Copy the first ``rows`` rows of b to panels, one per strip of columns: aligned, and on few pages.

    Shapes      b: (at least rows, columns); panels: (strips, at least rows, columns of a strip)
    """
    columns = b.shape[1]
    _, depth, wide = panels.shape
    for strip in range(panels.shape[0]):
        width = min(wide, columns - strip * wide)
        for k in range(rows):
            copy_values(b, k * columns + strip * wide, panels, (strip * depth + k) * wide, width)


@kernel
def packed_strip(width, values, places, row, n, panels, strip, start, start_at, c, c_at):
    """Write ``width`` values of c, from c_at on: the start and the packed row's sum over a panel's rows."""
    _, depth, wide = panels.shape
    lanes, at, b_at = lanes_of(c), row * values.shape[1], strip * depth * wide
    tail = width % lanes if width % lanes else lanes
    v, p, b, begin, sums = flat(values), flat(places), flat(panels), flat(start), flat(c)
    if width > 3 * lanes:
        skip4(v, at, p, at, b, b_at, begin, start_at, sums, c_at, wide, n, tail)
    elif width > 2 * lanes:
        skip3(v, at, p, at, b, b_at, begin, start_at, sums, c_at, wide, n, tail)
    elif width > lanes:
        skip2(v, at, p, at, b, b_at, begin, start_at, sums, c_at, wide, n, tail)
    else:
        skip1(v, at, p, at, b, b_at, begin, start_at, sums, c_at, wide, n, tail)


@kernel
def skipping_product(a, panels, start, c, values, places, counts, rows):
    """Write ``C = start + A·B`` for the first ``rows`` rows, leaving out the zeros of A.

    Shapes      a: (at least rows, depth); panels: those of B, (depth, columns); start: (columns,); c: (at
                least rows, columns); values, places: (at least rows, more than depth); counts: int32 (at
                least rows,)
    Cost        2 columns FLOP for each value of A that is not zero
    """
    columns = c.shape[1]
    for row in range(rows):
        counts[row] = 0
    pack_rows(a, rows, a.shape[1], 0, 1.0, values, places, counts)
    wide = panels.shape[2]
    # Strip by strip: the panel that a strip needs stays in the cache for all rows.
    for strip in range(panels.shape[0]):
        first = strip * wide
        for row in range(rows):
            # fmt: off
            packed_strip(min(wide, columns - first), values, places, row, counts[row], panels, strip,
                         start, first, c, row * columns + first)
            # fmt: on
