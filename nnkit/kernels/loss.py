"""Losses of a batch: their mean's gradient, their sum, and how many rows were right.

``totals[0]`` is the sum of the losses of the rows in float64, in index order, ``totals[1]`` the number of
rows predicted correctly; a row with a NaN in it predicts nothing. Labels are trusted: Python checks them
before anything runs (`nnkit.losses`).

A batch of ``n_rows`` may come in blocks, each of which says where in the batch its ``first_row`` stands. The
first block sets ``totals``, every other goes on from there, and behind the last one they are those of the
whole batch, to the bit. ``terms`` is scratch for a number per row of the batch, kept from block to block.
"""

from nnkit.jit import kernel
from nnkit.kernels.scalar import exp, log, sigmoid, softplus
from nnkit.simd import double, flat, real


@kernel
def sparse_categorical_crossentropy_gradient(outputs, targets, doutputs, terms, totals, n_rows, first_row):
    """Write ``totals[0] = sum of log(sum(exp z)) - z[target]``; ``doutputs = (softmax - one_hot) / n_rows``.

    Shapes      outputs, doutputs: (rows, classes); targets: (rows,) of int32; terms: (n_rows,); totals: (2,)
    In place    allowed: doutputs may be outputs
    Cost        1 exp and about 6 operations per value, 1 log per row
    """
    rows, classes = outputs.shape
    share = real(outputs, 1.0) / real(outputs, n_rows)
    _exponentials(outputs, targets, doutputs, totals, first_row)
    for i in range(rows):
        total = doutputs[i, 0]
        for j in range(1, classes):
            total += doutputs[i, j]
        terms[first_row + i] = total
        scale = share / total
        for j in range(classes):
            doutputs[i, j] *= scale
        doutputs[i, targets[i]] -= share
    if first_row + rows == n_rows:
        _add_logs(terms, totals)


@kernel
def sparse_categorical_crossentropy_value(outputs, targets, scratch, terms, totals, n_rows, first_row):
    """Write ``totals`` alone.

    Shapes      outputs, scratch: (rows, classes); targets: (rows,) of int32; terms: (n_rows,); totals: (2,)
    Gradient    sparse_categorical_crossentropy_gradient
    """
    rows, classes = outputs.shape
    _exponentials(outputs, targets, scratch, totals, first_row)
    for i in range(rows):
        total = scratch[i, 0]
        for j in range(1, classes):
            total += scratch[i, j]
        terms[first_row + i] = total
    if first_row + rows == n_rows:
        _add_logs(terms, totals)


@kernel
def _exponentials(outputs, targets, values, totals, first_row):
    """Write ``values = exp(outputs - row maximum)``; into the totals minus the targets' logits, and the hits.

    The row maximum keeps exp from overflowing: exp(89) is too large for float32.
    """
    rows, classes = outputs.shape
    loss, earlier_hits = _totals_before(totals, first_row)
    hits = 0
    for i in range(rows):
        best = outputs[i, 0]
        for j in range(1, classes):
            best = outputs[i, j] if outputs[i, j] > best else best
        # Before the row is written: values may be outputs.
        shifted = outputs[i, targets[i]] - best
        loss -= double(shifted)
        hits += shifted == real(values, 0.0)
        for j in range(classes):
            values[i, j] = outputs[i, j] - best
    if _count_not_negative(flat(values)) != rows:
        hits = _first_hits(values, targets)
    _exp_all(flat(values))
    totals[0] = loss
    totals[1] = earlier_hits + hits


@kernel
def _totals_before(totals, first_row):
    """Return the sums over the rows before ``first_row``."""
    return (totals[0], totals[1]) if first_row else (0.0, 0.0)


@kernel
def _count_not_negative(values):
    """Return how many are 0 or NaN: as many as there are rows, unless a row has two maxima or holds NaN.

    This flat loop is cheaper than to look for the place of each row's maximum.
    """
    found = 0
    for i in range(values.size):
        found += not values[i] < real(values, 0.0)
    return found


@kernel
def _first_hits(shifted, targets):
    """Return in how many rows the first maximum, which is now 0, is the target and no value is NaN."""
    rows, classes = shifted.shape
    hits = 0
    for i in range(rows):
        first = 0
        while first < classes - 1 and shifted[i, first] != real(shifted, 0.0):
            first += 1
        hit = first == targets[i]
        for j in range(classes):
            hit = hit and shifted[i, j] <= real(shifted, 0.0)
        hits += hit
    return hits


@kernel
def _exp_all(values):
    """Replace every value by its exp: one flat loop, because a row of 10 classes fills no vector."""
    for i in range(values.size):
        values[i] = exp(values[i])


@kernel
def _add_logs(terms, totals):
    for i in range(terms.size):
        terms[i] = log(terms[i])
    total = totals[0]
    for i in range(terms.size):
        total += double(terms[i])
    totals[0] = total


@kernel
def binary_crossentropy_gradient(outputs, targets, doutputs, terms, totals, n_rows, first_row):
    """Write ``totals[0] = sum of log(1 + exp z) - target z``; ``doutputs = (sigmoid(z) - target) / n_rows``.

    Shapes      outputs, doutputs: (rows, 1) logits; targets: (rows,) of int32, 0 or 1; terms: (n_rows,);
                totals: (2,)
    In place    allowed: doutputs may be outputs
    Cost        2 exp and about 20 operations per row
    """
    rows = outputs.shape[0]
    binary_crossentropy_value(outputs, targets, outputs, terms, totals, n_rows, first_row)
    z, dz = flat(outputs), flat(doutputs)
    share = real(outputs, 1.0) / real(outputs, n_rows)
    for i in range(rows):
        side = share if targets[i] == 0 else -share
        dz[i] = side * sigmoid(z[i] if targets[i] == 0 else -z[i])


@kernel
def binary_crossentropy_value(outputs, targets, scratch, terms, totals, n_rows, first_row):
    """Write ``totals`` alone.

    Shapes      outputs: (rows, 1) logits; targets: (rows,) of int32, 0 or 1; scratch: unused;
                terms: (n_rows,); totals: (2,)
    Gradient    binary_crossentropy_gradient
    """
    rows = outputs.shape[0]
    z = flat(outputs)
    for i in range(rows):
        # log(1 + exp(z)) - z = log(1 + exp(-z)), which does not cancel when z is large and right.
        terms[first_row + i] = softplus(z[i] if targets[i] == 0 else -z[i])
    loss, earlier_hits = _totals_before(totals, first_row)
    hits = 0
    for i in range(rows):
        loss += double(terms[first_row + i])
        # Not one comparison for both classes: NaN is neither above 0 nor at most 0.
        hits += z[i] <= real(outputs, 0.0) if targets[i] == 0 else z[i] > real(outputs, 0.0)
    totals[0] = loss
    totals[1] = earlier_hits + hits


@kernel
def mean_squared_error_gradient(outputs, targets, doutputs, terms, totals, n_rows, first_row):
    """Write ``totals[0] = sum of mean((y - target)**2)`` and ``doutputs = 2 (y - target) / (n_rows * n)``.

    Shapes      outputs, targets, doutputs: (rows, n); terms: unused; totals: (2,), of which the second is 0
    In place    allowed: doutputs may be outputs
    Cost        3 operations per value
    """
    n = outputs.shape[1]
    mean_squared_error_value(outputs, targets, outputs, terms, totals, n_rows, first_row)
    y, t, dy = flat(outputs), flat(targets), flat(doutputs)
    share = real(outputs, 2.0) / real(outputs, n_rows * n)
    for i in range(y.size):
        dy[i] = (y[i] - t[i]) * share


@kernel
def mean_squared_error_value(outputs, targets, scratch, terms, totals, n_rows, first_row):
    """Write ``totals`` alone.

    Shapes      outputs, targets: (rows, n); scratch, terms: unused; totals: (2,), of which the second is 0
    Gradient    mean_squared_error_gradient
    """
    rows, n = outputs.shape
    loss, _ = _totals_before(totals, first_row)
    for i in range(rows):
        row = 0.0
        for j in range(n):
            difference = double(outputs[i, j]) - double(targets[i, j])
            row += difference * difference
        loss += row / n
    totals[0] = loss
    totals[1] = 0.0
