"""Contrastive divergence for restricted Boltzmann machines: Gibbs sampling, and the update."""

from nnkit.jit import kernel
from nnkit.kernels.normal import standard_normal
from nnkit.kernels.products.matmul import turn
from nnkit.kernels.products.skipping import fill_panels, pack_rows, packed_strip, skipping_product
from nnkit.kernels.scalar import log, sigmoid
from nnkit.rng import SAMPLE, fill_words, philox_block, shuffle, unit_interval
from nnkit.simd import flat, fma, real

_UNIT = 2.0**-24


@kernel
def to_probabilities(values, n):
    """Write the sigmoid of the first n values, in place."""
    for index in range(n):
        values[index] = sigmoid(values[index])


@kernel
def log_odds(values):
    """Write ``log(p / (1 - p))`` in place of every p."""
    for index in range(values.size):
        values[index] = log(values[index] / (real(values, 1.0) - values[index]))


@kernel
def sample_binary(probabilities, samples, n, words, key, stream, epoch, batch):
    """Write 1 with the given probability and 0 otherwise, for the first n values: one word each.

    In place    allowed: samples may be the probabilities
    """
    fill_words(words, n, 0, key, SAMPLE, stream, epoch, batch)
    unit = real(probabilities, _UNIT)
    one, zero = real(probabilities, 1.0), real(probabilities, 0.0)
    for index in range(n):
        # 24 bits are exact in float32 too: a probability of 1 always gives 1, and of 0 never.
        below = real(probabilities, words[index] >> 8) * unit
        samples[index] = one if below < probabilities[index] else zero


@kernel
def add_noise(means, n, key, stream, epoch, batch):
    """Add standard normal numbers to the first n means, in place."""
    last = (SAMPLE << 24) + stream
    for block in range((n + 1) // 2):
        w0, w1, w2, w3 = philox_block(block, batch, epoch, last, key)
        means[2 * block] += real(means, standard_normal(unit_interval(w0, w1)))
        if 2 * block + 1 < n:
            means[2 * block + 1] += real(means, standard_normal(unit_interval(w2, w3)))


@kernel
def hidden_probabilities(visible, panels, hidden_bias, hidden, values, places, counts, rows):
    """Write ``hidden = sigmoid(hidden_bias + visible·weights)``; the panels are those of the weights."""
    skipping_product(visible, panels, hidden_bias, hidden, values, places, counts, rows)
    to_probabilities(flat(hidden), rows * hidden.shape[1])


@kernel
def visible_means(hidden, turned, visible_bias, visible, values, places, counts, rows, is_gaussian):
    """Write what is expected of the visible units: ``visible_bias + hidden·weightsᵀ``, or its sigmoid.

    Shapes      turned: the panels of the transposed weights
    """
    skipping_product(hidden, turned, visible_bias, visible, values, places, counts, rows)
    if not is_gaussian:
        to_probabilities(flat(visible), rows * visible.shape[1])


@kernel
def gibbs_steps(
    panels, turned, visible_bias, hidden_bias, state, visible, hidden, words,
    values, places, counts, rows, n_steps, is_gaussian, key, stream, epoch, batch,
):  # fmt: skip
    """Sample the visible units and then the hidden ones, ``n_steps`` times, from the hidden ``state`` on.

    The state is sampled to begin with. At the end visible holds the last sample of the visible units,
    hidden the probabilities of the hidden ones given it, and state a sample of those.
    """
    n_visible, n_hidden = visible.shape[1], hidden.shape[1]
    for step in range(n_steps):
        visible_means(state, turned, visible_bias, visible, values, places, counts, rows, is_gaussian)
        if is_gaussian:
            add_noise(flat(visible), rows * n_visible, key, stream + 2 * step + 1, epoch, batch)
        else:
            v = flat(visible)
            sample_binary(v, v, rows * n_visible, words, key, stream + 2 * step + 1, epoch, batch)
        hidden_probabilities(visible, panels, hidden_bias, hidden, values, places, counts, rows)
        # fmt: off
        sample_binary(flat(hidden), flat(state), rows * n_hidden, words,
                      key, stream + 2 * step + 2, epoch, batch)
        # fmt: on


@kernel
def move(parameters, speeds, gradient, share, decay, momentum, rate):
    """Step every value: ``speed = momentum speed + rate (share g - decay p)``, ``p += speed``."""
    for j in range(parameters.size):
        pull = fma(-decay, parameters[j], share * gradient[j])
        speeds[j] = fma(momentum, speeds[j], rate * pull)
        parameters[j] += speeds[j]


@kernel
def move_biases(biases, speeds, positive, negative, rows, gradient, momentum, rate):
    """Step every bias along the difference of the two phases' column means.

    Shapes      biases, speeds: (units,); positive, negative: (at least rows, units); gradient: scratch
    """
    units = biases.size
    for j in range(units):
        gradient[j] = real(biases, 0.0)
    for row in range(rows):
        for j in range(units):
            gradient[j] += positive[row, j] - negative[row, j]
    share = real(biases, 1.0) / real(biases, rows)
    move(biases, speeds, gradient, share, real(biases, 0.0), momentum, rate)


@kernel
def move_weights(
    weights, speeds, panels, zeros, gradient, values, places, counts, rows, decay, momentum, rate
):
    """Step every weight along the difference of the two phases' mean products, strip by strip.

    Shapes      weights, speeds: (visible, hidden); panels: those of the hidden units in the positive phase
                and behind it the negative one, (2 batch, hidden); values, places, counts: for every visible
                unit its values in both phases, packed, those of the negative one with their sign turned
    """
    n_visible, n_hidden = weights.shape
    share = real(weights, 1.0) / real(weights, rows)
    wide = panels.shape[2]
    for strip in range(panels.shape[0]):
        first = strip * wide
        after = min(n_hidden, first + wide)
        # fmt: off
        for i in range(n_visible):
            packed_strip(after - first, values, places, i, counts[i], panels, strip,
                         zeros, 0, gradient, i * wide)
        # Not at once: to read back a masked store that is not yet done takes longer than the sum itself.
        for i in range(n_visible):
            move(weights[i, first:after], speeds[i, first:after], gradient[i], share, decay, momentum, rate)
        # fmt: on


@kernel
def take_rows(x, order, first, rows, taken):
    """Write ``taken[i] = x[order[first + i]]``."""
    for row in range(rows):
        source = order[first + row]
        for j in range(x.shape[1]):
            taken[row, j] = x[source, j]


@kernel
def turn_to_panels(weights, turned):
    """Write the panels of the transposed weights.

    Shapes      weights: (visible, hidden); turned: (strips, hidden, visible units of a strip)
    """
    n_visible, n_hidden = weights.shape
    wide = turned.shape[2]
    for strip in range(turned.shape[0]):
        first = strip * wide
        # fmt: off
        turn(flat(weights), first * n_hidden, n_hidden, min(wide, n_visible - first), n_hidden,
             flat(turned), strip * n_hidden * wide, wide)
        # fmt: on


@kernel
def pack_phases(taken, visible, turned, values, places, counts, rows):
    """Pack for every visible unit its values in the data, and behind them those of the samples, negative."""
    batch_size, n_visible = taken.shape
    for i in range(n_visible):
        counts[i] = 0
    turn(flat(taken), 0, n_visible, rows, n_visible, flat(turned), 0, batch_size)
    pack_rows(turned, n_visible, rows, 0, 1.0, values, places, counts)
    turn(flat(visible), 0, n_visible, rows, n_visible, flat(turned), 0, batch_size)
    pack_rows(turned, n_visible, rows, batch_size, -1.0, values, places, counts)


@kernel
def contrastive_divergence(
    x, order, weights, visible_bias, hidden_bias, weight_speed, visible_speed, hidden_speed, state,
    taken, visible, phases, panels, turned, phase_panels, turned_units, zeros, gradient, words,
    values, places, counts,
    epoch, n_steps, rate, momentum, decay, is_persistent, is_gaussian, key, stream,
):  # fmt: skip
    """Run one epoch of contrastive divergence: ``p += rate (positive phase - negative phase)``, per batch.

    The positive phase has the data and the hidden units' probabilities; the negative one what ``n_steps``
    of Gibbs sampling make of it: from a sample of those probabilities on or, where ``is_persistent``, from
    where the chains of the batch before stopped.

    Shapes      x: (n, visible); order: int32 (n,); weights, weight_speed: (visible, hidden); biases and
                their speeds: (units,); state: (batch, hidden); taken, visible: (batch, visible); phases:
                (2 batch, hidden); panels, turned, phase_panels: those of the weights, of the transposed
                weights and of the phases; turned_units: (visible, batch); zeros: those of a strip;
                gradient: (units of the more, strip); words: uint32; values, places:
                (visible or batch, of the more; more than the units
                and than 2 batch); counts: int32, one for each of their rows
    Cost        10 n visible hidden FLOP at most, for one step; zeros cost nothing
    """
    n = x.shape[0]
    batch_size, n_hidden = state.shape
    positive, negative = phases[:batch_size], phases[batch_size:]
    shuffle(order, words, n, key, epoch)
    speed, pull, damping = real(weights, rate), real(weights, decay), real(weights, momentum)
    for first in range(0, n, batch_size):
        rows, batch = min(batch_size, n - first), first // batch_size
        take_rows(x, order, first, rows, taken)
        fill_panels(weights, weights.shape[0], panels)
        turn_to_panels(weights, turned)
        # fmt: off
        hidden_probabilities(taken, panels, hidden_bias, positive, values, places, counts, rows)
        if not is_persistent:
            sample_binary(flat(positive), flat(state), rows * n_hidden, words, key, stream, epoch, batch)
        gibbs_steps(panels, turned, visible_bias, hidden_bias, state, visible, negative,
                    words, values, places, counts, rows, n_steps, is_gaussian, key, stream, epoch, batch)
        pack_phases(taken, visible, turned_units, values, places, counts, rows)
        fill_panels(phases, 2 * batch_size, phase_panels)
        move_weights(weights, weight_speed, phase_panels, zeros, gradient, values, places, counts, rows,
                     pull, damping, speed)
        move_biases(visible_bias, visible_speed, taken, visible, rows, flat(gradient), damping, speed)
        move_biases(hidden_bias, hidden_speed, positive, negative, rows, flat(gradient), damping, speed)
        # fmt: on


@kernel
def propagate(x, weights, bias, out, panels, values, places, counts, is_logistic):
    """Write ``bias + x·weights``, or its sigmoid, for every row.

    Shapes      x: (rows, units); weights: (units, others); out: (rows, others); panels: those of the weights
    """
    rows = x.shape[0]
    fill_panels(weights, weights.shape[0], panels)
    skipping_product(x, panels, bias, out, values, places, counts, rows)
    if is_logistic:
        to_probabilities(flat(out), rows * out.shape[1])


@kernel
def gibbs_chains(
    weights, visible_bias, hidden_bias, state, visible, hidden, panels, turned, words, values, places, counts,
    n_steps, is_gaussian, key, stream, epoch,
):  # fmt: skip
    """Run Gibbs sampling from the hidden state on, one chain a row; as in `gibbs_steps`."""
    fill_panels(weights, weights.shape[0], panels)
    turn_to_panels(weights, turned)
    # fmt: off
    gibbs_steps(panels, turned, visible_bias, hidden_bias, state, visible, hidden, words,
                values, places, counts, state.shape[0], n_steps, is_gaussian, key, stream, epoch, 0)
    # fmt: on
