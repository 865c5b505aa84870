"""Small restricted Boltzmann machines, exactly: sums over all states of one side, in float64."""

from nnkit.jit import kernel
from nnkit.kernels.scalar import exp, log, sigmoid, softplus
from nnkit.simd import fma


@kernel
def lowest_bit(number):
    """Return the place of the lowest 1 of a number above 0."""
    place = 0
    while not (number >> place) & 1:
        place += 1
    return place


@kernel
def enter_state(state, weights, bias, fields):
    """Return the row of fields that holds ``bias`` plus the rows of the units that are 1 in ``state``.

    The states come in the order 0, 1, 2 …: that row is the one of the bits above the lowest, which is there
    from before, plus one row of the weights. No rounding error builds up on the way.

    Shapes      weights: (units, others); bias: (others,); fields: (units + 1, others)
    """
    units, others = weights.shape
    if state == 0:
        for j in range(others):
            fields[units, j] = bias[j]
        return units
    place = lowest_bit(state)
    rest = state & (state - 1)
    above = lowest_bit(rest) if rest else units
    for j in range(others):
        fields[place, j] = fields[above, j] + weights[place, j]
    return place


@kernel
def state_energy(state, own_bias, fields, row, is_gaussian):
    """Return the logarithm of what a state of one side weighs, with the other side summed or integrated out.

    That is own_bias . s plus the sum of softplus(field); for Gaussian others of field**2 / 2, without the
    constant that all states share.
    """
    total = 0.0
    for unit in range(own_bias.size):
        total += own_bias[unit] if (state >> unit) & 1 else 0.0
    for j in range(fields.shape[1]):
        field = fields[row, j]
        total += 0.5 * field * field if is_gaussian else softplus(field)
    return total


@kernel
def log_partition(weights, own_bias, bias, fields, result, is_gaussian):
    """Write the logarithm of the sum over all states of one side to ``result[0]``.

    Shapes      weights: (units, others); own_bias: (units,); bias: (others,); fields: (units + 1, others)
    Cost        2**units others softplus
    """
    largest, total = float("-inf"), 0.0
    for state in range(1 << own_bias.size):
        row = enter_state(state, weights, bias, fields)
        energy = state_energy(state, own_bias, fields, row, is_gaussian)
        if energy > largest:
            total = total * exp(largest - energy) + 1.0 if state > 0 else 1.0
            largest = energy
        else:
            total += exp(energy - largest)
    result[0] = largest + log(total)


@kernel
def state_moments(weights, own_bias, bias, fields, log_total, products, own, others, is_gaussian):
    """Write what is expected of the products ``s·oᵀ``, of the units s, and of the others o.

    Shapes      as in log_partition; log_total: (1,), its result; products: (units, others); own: (units,);
                others: (others,)
    """
    units, n_others = weights.shape
    for j in range(n_others):
        others[j] = 0.0
    for unit in range(units):
        own[unit] = 0.0
        for j in range(n_others):
            products[unit, j] = 0.0
    for state in range(1 << units):
        row = enter_state(state, weights, bias, fields)
        share = exp(state_energy(state, own_bias, fields, row, is_gaussian) - log_total[0])
        for unit in range(units):
            if (state >> unit) & 1:
                own[unit] += share
                for j in range(n_others):
                    field = fields[row, j]
                    products[unit, j] = fma(
                        share, field if is_gaussian else sigmoid(field), products[unit, j]
                    )
        for j in range(n_others):
            field = fields[row, j]
            others[j] = fma(share, field if is_gaussian else sigmoid(field), others[j])


@kernel
def free_energies(x, weights, visible_bias, hidden_bias, field, result, is_gaussian):
    """Write the free energy of every visible row: minus the logarithm of what all hidden states weigh.

    Formula     F(v) = -b . v - sum softplus(c + v·W); with Gaussian units |v - b|**2 / 2 in place of -b . v
    Shapes      x: (rows, visible); weights: (visible, hidden); field: (hidden,); result: (rows,)
    """
    n_visible, n_hidden = weights.shape
    for row in range(x.shape[0]):
        total = 0.0
        for j in range(n_hidden):
            field[j] = hidden_bias[j]
        for i in range(n_visible):
            value = x[row, i]
            distance = value - visible_bias[i]
            total += 0.5 * distance * distance if is_gaussian else -visible_bias[i] * value
            for j in range(n_hidden):
                field[j] = fma(value, weights[i, j], field[j])
        for j in range(n_hidden):
            total -= softplus(field[j])
        result[row] = total
