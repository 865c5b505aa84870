"""Probes: what an evaluation looks at beyond the loss. They read what training uses and write none of it."""

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, clear_lanes, global_norm, sum_lanes
from nnkit.simd import double, real, sqrt


@kernel
def clear(x):
    """Write 0 to every cell."""
    for index in range(x.size):
        x[index] = real(x, 0.0)


@kernel
def is_alive(s, low, high):
    """Return 1 where the source lies between the limits, and for NaN, else 0."""
    return real(s, 0.0) if (s <= low) | (s >= high) else real(s, 1.0)


@kernel
def is_flat(s, low, high, dip_from, dip_to):
    """Return 1 where the source does not lie between the limits, or lies in the dip, else 0; 0 for NaN."""
    outside = (s <= low) | (s >= high) | ((s >= dip_from) & (s <= dip_to))
    return real(s, 1.0) if outside else real(s, 0.0)


@kernel
def probe_activation(
    source,
    y,
    alive_at,
    times_alive,
    row,
    alive,
    flat,
    total,
    square,
    dead_low,
    dead_high,
    flat_low,
    flat_high,
    dip_from,
    dip_to,
    units,
    evaluation,
):
    """Look at the values of an activation in one batch of an evaluation.

    A unit is alive if for any sample so far its source lies between ``dead_low`` and ``dead_high``; a value
    is flat where its source does not lie between ``flat_low`` and ``flat_high``, or lies in the dip.

    Shapes      source, y: (rows, columns), of which every ``units``-th column is one unit;
                alive_at, the last evaluation in which a unit was alive, and times_alive, the number of
                them: (units,), float64; row: (units alive, values flat, sum, sum of squares), float64,
                added to; alive, flat, total, square: (columns,) scratch
    Cost        12 operations, 1 vector load and store in cache per value
    """
    rows, columns = y.shape
    dead_1, dead_2 = real(y, dead_low), real(y, dead_high)
    flat_1, flat_2 = real(y, flat_low), real(y, flat_high)
    dip_1, dip_2 = real(y, dip_from), real(y, dip_to)
    clear(alive)
    clear(flat)
    clear(total)
    clear(square)
    whole = rows - rows % 4
    # Four rows at a time, for their sums lie in memory. Two loops: with more arrays in one, LLVM would not
    # prove them apart, and not use vectors.
    for i in range(0, whole, 4):
        for j in range(columns):
            a, b, c, d = source[i, j], source[i + 1, j], source[i + 2, j], source[i + 3, j]
            alive[j] += (is_alive(a, dead_1, dead_2) + is_alive(b, dead_1, dead_2)) + (
                is_alive(c, dead_1, dead_2) + is_alive(d, dead_1, dead_2)
            )
            flat[j] += (
                is_flat(a, flat_1, flat_2, dip_1, dip_2) + is_flat(b, flat_1, flat_2, dip_1, dip_2)
            ) + (is_flat(c, flat_1, flat_2, dip_1, dip_2) + is_flat(d, flat_1, flat_2, dip_1, dip_2))
        for j in range(columns):
            a, b, c, d = y[i, j], y[i + 1, j], y[i + 2, j], y[i + 3, j]
            total[j] += (a + b) + (c + d)
            square[j] += (a * a + b * b) + (c * c + d * d)
    for i in range(whole, rows):
        for j in range(columns):
            s = source[i, j]
            alive[j] += is_alive(s, dead_1, dead_2)
            flat[j] += is_flat(s, flat_1, flat_2, dip_1, dip_2)
        for j in range(columns):
            value = y[i, j]
            total[j] += value
            square[j] += value * value
    for unit in range(units):
        seen = 0.0
        for j in range(unit, columns, units):
            seen += alive[j]
        if seen != 0.0 and alive_at[unit] != evaluation:
            alive_at[unit] = evaluation
            times_alive[unit] += 1.0
            row[0] += 1.0
    for j in range(columns):
        row[1] += flat[j]
        row[2] += total[j]
        row[3] += square[j]


@kernel
def probe_weights(p, g, before, row, lanes):
    """Write the Euclidean lengths of a parameter's gradient, of its last step and of itself, in float64.

    Shapes      p, g, before: (n,); row: (3,) float64; lanes: (LANES,) float64 scratch
    """
    row[0] = global_norm(g, lanes)
    row[2] = global_norm(p, lanes)
    clear_lanes(lanes)
    n_rows = p.size // LANES
    for index in range(n_rows):
        for lane in range(LANES):
            step = double(p[LANES * index + lane]) - double(before[LANES * index + lane])
            lanes[lane] += step * step
    for lane in range(p.size - LANES * n_rows):
        step = double(p[LANES * n_rows + lane]) - double(before[LANES * n_rows + lane])
        lanes[lane] += step * step
    row[1] = sqrt(sum_lanes(lanes))
