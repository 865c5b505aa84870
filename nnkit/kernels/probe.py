"""Probes: what an evaluation looks at beyond the loss. They read what training uses and write none of it."""

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, clear_lanes, global_norm, sum_lanes
from nnkit.simd import real, sqrt


@kernel
def clear(x):
    """Write 0 to every cell."""
    for index in range(x.size):
        x[index] = real(x, 0.0)


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
    Cost        12 operations, 4 vector loads and stores in cache per value
    """
    rows, columns = y.shape
    dead_1, dead_2 = real(y, dead_low), real(y, dead_high)
    flat_1, flat_2 = real(y, flat_low), real(y, flat_high)
    dip_1, dip_2 = real(y, dip_from), real(y, dip_to)
    one, zero = real(y, 1.0), real(y, 0.0)
    clear(alive)
    clear(flat)
    clear(total)
    clear(square)
    for i in range(rows):
        # Two loops: with more arrays in one, LLVM would not prove them apart, and not use vectors.
        for j in range(columns):
            # Written so that NaN is neither dead nor flat.
            s = source[i, j]
            alive[j] += zero if (s <= dead_1) | (s >= dead_2) else one
            flat[j] += one if (s <= flat_1) | (s >= flat_2) | ((s >= dip_1) & (s <= dip_2)) else zero
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
            step = 1.0 * p[LANES * index + lane] - 1.0 * before[LANES * index + lane]
            lanes[lane] += step * step
    for lane in range(p.size - LANES * n_rows):
        step = 1.0 * p[LANES * n_rows + lane] - 1.0 * before[LANES * n_rows + lane]
        lanes[lane] += step * step
    row[1] = sqrt(sum_lanes(lanes))
