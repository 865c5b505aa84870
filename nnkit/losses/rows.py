"""Losses row by row: a function of one row, filled into these templates, is the loss of a whole batch.

All of them compute in float64, whatever the outputs are in, and a row's gradient is rounded as it is written.
A batch of ``n_rows`` may come in blocks, see `nnkit.kernels.loss`, if all its rows count.
"""

from nnkit.jit import kernel
from nnkit.simd import double, flat, real

row = each = None  # the open names of these templates


@kernel
def rows_loss(outputs, targets, doutputs, totals, n_rows, first_row, *options):
    """Write the rows' losses and hits into ``totals``, and the gradient of their mean into ``doutputs``.

    ``row(outputs, targets, doutputs, i, *options)`` writes the gradient of row i's own loss, and returns that
    loss and 1 where the row is predicted right, 0 where it is not, and -1 where it does not count: the mean
    is over the rows that do.

    Shapes      outputs, doutputs: (rows, n); targets: as the row function reads them; totals: (2,)
    """
    loss, hits, ignored = totals[0] if first_row else 0.0, totals[1] if first_row else 0.0, 0
    for i in range(outputs.shape[0]):
        one, hit = row(outputs, targets, doutputs, i, *options)
        loss += one
        hits += 1 if hit == 1 else 0
        ignored += 1 if hit < 0 else 0
    _mean_over(n_rows - ignored, n_rows, loss, hits, doutputs, totals)


@kernel
def weighted_rows_loss(outputs, targets, weights, doutputs, totals, n_rows, first_row, *options):
    """The same with every row's loss multiplied by its weight; the mean still divides by the rows.

    Shapes      weights: (rows,); the others as above
    """
    loss, hits, ignored = totals[0] if first_row else 0.0, totals[1] if first_row else 0.0, 0
    for i in range(outputs.shape[0]):
        one, hit = row(outputs, targets, doutputs, i, *options)
        loss += double(weights[i]) * one
        hits += 1 if hit == 1 else 0
        ignored += 1 if hit < 0 else 0
        for j in range(outputs.shape[1]):
            doutputs[i, j] *= weights[i]
    _mean_over(n_rows - ignored, n_rows, loss, hits, doutputs, totals)


@kernel
def _mean_over(counted, n_rows, loss, hits, doutputs, totals):
    """Scale sums over the rows, so that of all they are ``n_rows`` times the mean over those that count."""
    counting = 1 if counted == 0 else counted
    gradient = flat(doutputs)
    share = real(doutputs, 1.0 / counting)
    for i in range(gradient.size):
        gradient[i] *= share
    totals[0] = loss * (n_rows / counting)
    totals[1] = hits * (n_rows / counting)


@kernel
def row_of_numbers(outputs, targets, doutputs, i, *options):
    """A row of real targets: the mean over its outputs of ``each(output, target, *options)``.

    ``each`` returns the loss of one output and its slope.
    """
    n = outputs.shape[1]
    loss = 0.0
    for j in range(n):
        one, slope = each(double(outputs[i, j]), double(targets[i, j]), *options)
        loss += one
        doutputs[i, j] = slope / n
    return loss / n, 0


@kernel
def row_of_one_logit(outputs, targets, doutputs, i, *options):
    """A row of one logit, which parts two classes: ``each(logit, label, *options)``."""
    z, label = double(outputs[i, 0]), targets[i]
    loss, slope = each(z, label == 1, *options)
    doutputs[i, 0] = slope
    # Not one comparison for both classes: NaN is neither above 0 nor at most 0.
    hit = z > 0.0 if label == 1 else z <= 0.0
    return loss, 1 if hit else 0


@kernel
def first_maximum(values, i):
    """Return the place of the first maximum of row i; -2, which is no label, where a value is NaN."""
    place, is_number = 0, True
    for j in range(values.shape[1]):
        place = j if values[i, j] > values[i, place] else place
        is_number = is_number and values[i, j] == values[i, j]
    return place if is_number else -2


@kernel
def without_gradient(doutputs, i):
    """Write a gradient of 0 for row i."""
    for k in range(doutputs.shape[1]):
        doutputs[i, k] = 0.0


@kernel
def share_totals(totals, places):
    """Write ``totals = totals / places``: the driver divides by samples, each of which has that many rows.

    Shapes      totals: (2,)
    """
    for i in range(totals.size):
        totals[i] /= places
