"""Random changes of the inputs, drawn anew at every step: images moved, and noise on top.

What is drawn belongs to (seed, layer, step, example or value): the same in float32 and float64.
"""

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.normal import standard_normal
from nnkit.rng import AUGMENT, philox_block, unit_interval
from nnkit.simd import real


@kernel
def shift_images(x, y, pixels, height, width, channels, direction, key, stream, step, first):
    """Write every image moved by -pixels … pixels rows and columns, each as likely; zeros come in.

    A word w picks among m = 2 pixels + 1 places by (w m) >> 32. With ``direction`` -1 the move is undone,
    which is the gradient: what left the image on the way there has none.

    Shapes      x, y: (rows * height * width * channels,), from the image ``first`` of the batch on
    Cost        1 block of words per image, 1 copy per value
    """
    values = height * width * channels
    places = np.uint64(2 * pixels + 1)
    half_word = np.uint64(32)
    for row in range(x.size // values):
        w0, w1, _, _ = philox_block(first + row, step, 0, (AUGMENT << 24) + stream, key)
        down = direction * (np.int64((w0 * places) >> half_word) - pixels)
        right = direction * (np.int64((w1 * places) >> half_word) - pixels)
        for i in range(height):
            for j in range(width):
                comes_from = (i - down) * width + j - right
                is_inside = 0 <= i - down < height and 0 <= j - right < width
                for channel in range(channels):
                    target = row * values + (i * width + j) * channels + channel
                    source = row * values + comes_from * channels + channel
                    y[target] = x[source] if is_inside else real(x, 0.0)


@kernel
def add_noise(x, y, stddev, key, stream, step, first):
    """Write ``y = x + stddev z``, z standard normal; float32 gets the float64 noise, rounded.

    Shapes      x, y: (values,); ``first``, an even number, is the place of their first value in the batch
    Cost        1 block of words and 2 inverses of the normal distribution per 2 values
    """
    last = (AUGMENT << 24) + stream
    for block in range((x.size + 1) // 2):
        w0, w1, w2, w3 = philox_block(first // 2 + block, step, 0, last, key)
        y[2 * block] = x[2 * block] + real(x, stddev * standard_normal(unit_interval(w0, w1)))
        if 2 * block + 1 < x.size:
            noise = stddev * standard_normal(unit_interval(w2, w3))
            y[2 * block + 1] = x[2 * block + 1] + real(x, noise)
