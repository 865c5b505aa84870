"""Normalisation of every sample by itself, its channels in groups: group, instance and RMS normalisation.

Sums are float64 and in a fixed order: channel by channel, then over the channels of a group in eight lanes.
"""

from nnkit.jit import kernel
from nnkit.simd import double, real, sqrt


@kernel
def lane_sum(values, start, count):
    """Return the sum of ``count`` values from ``start`` on: eight lanes, added by halves, then the rest."""
    whole = count // 8 * 8
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(start, start + whole, 8):
        s0 += values[i]
        s1 += values[i + 1]
        s2 += values[i + 2]
        s3 += values[i + 3]
        s4 += values[i + 4]
        s5 += values[i + 5]
        s6 += values[i + 6]
        s7 += values[i + 7]
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    for i in range(start + whole, start + count):
        total += values[i]
    return total


@kernel
def group_norm_forward(x, gamma, beta, y, normal, scale, sums, pixels, groups, is_centred, epsilon):
    """Write ``y = gamma * normal + beta`` with ``normal = (x - mean) * scale``.

    ``scale`` is 1 / sqrt(variance + epsilon) of a sample's group. With ``is_centred`` 0 the
    mean is taken for 0: the variance is then the mean square.

    Shapes      x, y, normal: (samples * pixels, channels); gamma, beta: (channels,);
                scale: (samples * groups,); sums: float64 scratch of 2 * channels
    Gradient    group_norm_backward
    """
    rows, channels = x.shape
    width = channels // groups
    share = 1.0 / (pixels * width)
    for sample in range(rows // pixels):
        first = sample * pixels
        for c in range(2 * channels):
            sums[c] = 0.0
        if is_centred:
            for row in range(first, first + pixels):
                for c in range(channels):
                    sums[c] += double(x[row, c])
            for group in range(groups):
                mean = lane_sum(sums, group * width, width) * share
                for c in range(group * width, (group + 1) * width):
                    sums[c] = mean
        for row in range(first, first + pixels):
            for c in range(channels):
                deviation = double(x[row, c]) - sums[c]
                sums[channels + c] += deviation * deviation
        for group in range(groups):
            variance = lane_sum(sums, channels + group * width, width) * share
            inverse = 1.0 / sqrt(variance + epsilon)
            scale[sample * groups + group] = real(scale, inverse)
            for c in range(group * width, (group + 1) * width):
                sums[channels + c] = inverse
        for row in range(first, first + pixels):
            for c in range(channels):
                value = real(x, (double(x[row, c]) - sums[c]) * sums[channels + c])
                normal[row, c] = value
                y[row, c] = gamma[c] * value + beta[c]


@kernel
def group_norm_backward(dy, normal, gamma, scale, dx, dgamma, dbeta, sums, pixels, groups, is_centred):
    """Write ``dx = scale * (g - mean(g) - normal * mean(g * normal))`` with ``g = gamma * dy``.

    What is not centred has no mean(g). ``dgamma`` and ``dbeta`` are summed over all samples.

    Shapes      dy, normal, dx: (samples * pixels, channels); gamma, dgamma, dbeta: (channels,);
                scale: (samples * groups,); sums: float64 scratch of 4 * channels
    """
    rows, channels = dy.shape
    width = channels // groups
    share = 1.0 / (pixels * width)
    for c in range(2 * channels, 4 * channels):
        sums[c] = 0.0
    for sample in range(rows // pixels):
        first = sample * pixels
        for c in range(2 * channels):
            sums[c] = 0.0
        for row in range(first, first + pixels):
            for c in range(channels):
                gradient = double(dy[row, c])
                sums[c] += gradient
                sums[channels + c] += gradient * double(normal[row, c])
        for c in range(channels):
            sums[2 * channels + c] += sums[channels + c]
            sums[3 * channels + c] += sums[c]
            sums[c] *= double(gamma[c])
            sums[channels + c] *= double(gamma[c])
        for group in range(groups):
            mean = lane_sum(sums, group * width, width) * share if is_centred else 0.0
            slope = lane_sum(sums, channels + group * width, width) * share
            for c in range(group * width, (group + 1) * width):
                sums[c] = mean
                sums[channels + c] = slope
        for group in range(groups):
            factor = double(scale[sample * groups + group])
            for row in range(first, first + pixels):
                for c in range(group * width, (group + 1) * width):
                    rest = double(gamma[c]) * double(dy[row, c]) - sums[c]
                    rest -= double(normal[row, c]) * sums[channels + c]
                    dx[row, c] = real(dx, factor * rest)
    for c in range(channels):
        dgamma[c] = real(dgamma, sums[2 * channels + c])
        dbeta[c] = real(dbeta, sums[3 * channels + c])
