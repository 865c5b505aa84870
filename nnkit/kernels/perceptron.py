"""The perceptron's two ways of learning: its own rule, and weights moved at random."""

from nnkit.jit import kernel
from nnkit.kernels.normal import standard_normal
from nnkit.rng import SAMPLE, philox_block, unit_interval
from nnkit.simd import fma


@kernel
def perceptron_output(x, row, weights):
    """Return 1 where ``w . x + b > 0`` and 0 elsewhere, at 0 itself too; the bias is the last weight.

    Shapes      x: (rows, features); weights: (features + 1,)
    """
    features = x.shape[1]
    total = weights[features]
    for feature in range(features):
        total = fma(x[row, feature], weights[feature], total)
    return 1 if total > 0.0 else 0


@kernel
def perceptron_outputs(x, weights, outputs):
    """Write the output of every row to the int32 ``outputs``."""
    for row in range(x.shape[0]):
        outputs[row] = perceptron_output(x, row, weights)


@kernel
def count_mistakes(x, labels, weights):
    """Return how many rows get another output than their label."""
    mistakes = 0
    for row in range(x.shape[0]):
        mistakes += 1 if perceptron_output(x, row, weights) != labels[row] else 0
    return mistakes


@kernel
def perceptron_rule(x, labels, weights, mistakes, rate):
    """Go through the rows in order, epoch by epoch: at a mistake ``w = w + rate (label - output) x``.

    Shapes      x: (rows, features); labels: (rows,); weights: (features + 1,); mistakes: (epochs,), of which
                those after an epoch without a mistake stay as they are
    """
    rows, features = x.shape
    for epoch in range(mistakes.size):
        n_wrong = 0
        for row in range(rows):
            step = rate * (labels[row] - perceptron_output(x, row, weights))
            if step != 0.0:
                n_wrong += 1
                for feature in range(features):
                    weights[feature] = fma(step, x[row, feature], weights[feature])
                weights[features] += step
        mistakes[epoch] = n_wrong
        if n_wrong == 0:
            return


@kernel
def perceptron_random(x, labels, weights, trial, mistakes, rate, key):
    """Move all weights at random, once an epoch, and keep what makes fewer mistakes than before.

    Shapes      as in perceptron_rule; trial: scratch of the weights' shape. Epoch e tries rate times the
                standard normal numbers of (key, e); mistakes: those of the weights that were kept
    """
    best = count_mistakes(x, labels, weights)
    for epoch in range(mistakes.size):
        if best > 0:
            for index in range(weights.size):
                w0, w1, _, _ = philox_block(index, 0, epoch, SAMPLE << 24, key)
                trial[index] = fma(rate, standard_normal(unit_interval(w0, w1)), weights[index])
            found = count_mistakes(x, labels, trial)
            if found < best:
                best = found
                for index in range(weights.size):
                    weights[index] = trial[index]
        mistakes[epoch] = best
        if best == 0:
            return
