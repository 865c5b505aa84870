"""Random numbers without state: Philox4x32-10, a function of what is drawn and not of what was drawn before.

Every word is a function of the trial's seed, the purpose, the stream, the epoch, the batch and its index,
so the draws are the same whatever the order, the thread or the vector width. Source: Salmon, Moraes, Dror
and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC '11, https://doi.org/10.1145/2063384.2063405.

The key is the seed, an int64, as two 32-bit words, low word first. The counter's four words are
(block, batch, epoch, purpose * 2**24 + stream); block b holds the words 4 b to 4 b + 3.
"""

import numpy as np

from nnkit.jit import kernel
from nnkit.simd import real

# Purposes: what a draw is for. A number belongs to its purpose for ever, or old trials cannot be repeated.
INITIAL = 1  # initial values of parameters; stream: the index of the parameter
ORDER = 2  # the order of the examples; stream: 0
DROPOUT = 3  # dropout masks; stream: the index of the layer
AUGMENT = 4  # random transformations of examples; stream: the index of the layer
SAMPLE = 5  # samples that a training rule draws itself, as contrastive divergence does
SLOPE = 6  # slopes that an activation draws; stream: the index of the layer

MAX_STREAMS = 1 << 24  # streams of one purpose

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
# What is added to the key in the rounds after the first.
_STEPS_0 = tuple(np.uint64(n) * _WEYL_0 for n in range(10))
_STEPS_1 = tuple(np.uint64(n) * _WEYL_1 for n in range(10))
_LOW = np.uint64(0xFFFFFFFF)
_WORD_BITS = np.uint64(32)
_SPARE_BITS = np.uint64(11)
_ONE = np.uint64(1)
_UNIT = 2.0**-53

# Words are kept in uint64 between the rounds and masked there: numba widens uint32 operands anyway,
# and LLVM finds that the upper halves are zero and multiplies 32-bit lanes.


@kernel
def philox_round(c0, c1, c2, c3, k0, k1):
    """Return the uint64 counter (c0, c1, c2, c3) after one round under the low words of k0 and k1."""
    first = _MULTIPLIER_0 * c0
    second = _MULTIPLIER_1 * c2
    return (
        (second >> _WORD_BITS) ^ c1 ^ (k0 & _LOW),
        second & _LOW,
        (first >> _WORD_BITS) ^ c3 ^ (k1 & _LOW),
        first & _LOW,
    )


@kernel
def philox_block(block, batch, epoch, last, key):
    """Return the four words of a block, as uint64. The arguments are int64; the counter's low words count."""
    c0, c1 = np.uint64(block & 0xFFFFFFFF), np.uint64(batch & 0xFFFFFFFF)
    c2, c3 = np.uint64(epoch & 0xFFFFFFFF), np.uint64(last & 0xFFFFFFFF)
    k0, k1 = np.uint64(key & 0xFFFFFFFF), np.uint64((key >> 32) & 0xFFFFFFFF)
    for _ in range(10):
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
        k0 += _WEYL_0
        k1 += _WEYL_1
    return c0, c1, c2, c3


@kernel
def fill_words(words, n_words, first_block, key, purpose, stream, epoch, batch):
    """Write ``n_words`` words, from ``first_block`` on, to the start of the uint32 ``words``.

    Cost        20 multiplications per 4 words
    """
    k0, k1 = np.uint64(key & 0xFFFFFFFF), np.uint64((key >> 32) & 0xFFFFFFFF)
    last = (purpose << 24) + stream
    s1, s2, s3 = np.uint64(batch & 0xFFFFFFFF), np.uint64(epoch & 0xFFFFFFFF), np.uint64(last & 0xFFFFFFFF)
    n_blocks = n_words // 4
    for block in range(n_blocks):
        # philox_block written out: a call or an inner loop here keeps LLVM from using vectors (7 x slower).
        c0 = np.uint64((first_block + block) & 0xFFFFFFFF)
        c0, c1, c2, c3 = philox_round(c0, s1, s2, s3, k0, k1)
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[1], k1 + _STEPS_1[1])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[2], k1 + _STEPS_1[2])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[3], k1 + _STEPS_1[3])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[4], k1 + _STEPS_1[4])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[5], k1 + _STEPS_1[5])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[6], k1 + _STEPS_1[6])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[7], k1 + _STEPS_1[7])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[8], k1 + _STEPS_1[8])
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0 + _STEPS_0[9], k1 + _STEPS_1[9])
        words[4 * block] = np.uint32(c0)
        words[4 * block + 1] = np.uint32(c1)
        words[4 * block + 2] = np.uint32(c2)
        words[4 * block + 3] = np.uint32(c3)
    if n_words > 4 * n_blocks:
        w0, w1, w2, _ = philox_block(first_block + n_blocks, batch, epoch, last, key)
        words[4 * n_blocks] = np.uint32(w0)
        if n_words > 4 * n_blocks + 1:
            words[4 * n_blocks + 1] = np.uint32(w1)
        if n_words > 4 * n_blocks + 2:
            words[4 * n_blocks + 2] = np.uint32(w2)


@kernel
def philox_words(words, key, purpose, stream, epoch, batch):
    """Fill the uint32 ``words``, of any length, with the first words of a stream."""
    fill_words(words, words.size, 0, key, purpose, stream, epoch, batch)


@kernel
def unit_interval(low, high):
    """Return the float64 in (0, 1) that two words make: 53 bits of which the last is always one.

    The last bit keeps 0 and 1 out, where the normal distribution's inverse is infinite, and makes the
    draw symmetric about 1/2.
    """
    return _UNIT * np.float64(((high << _WORD_BITS | low) >> _SPARE_BITS) | _ONE)


@kernel
def uniform(out, key, purpose, stream, epoch, batch):
    """Fill the float64 ``out`` with numbers in (0, 1): element i is made of the words 2 i and 2 i + 1.

    Shapes      out: (n,), any n
    """
    last = (purpose << 24) + stream
    for block in range((out.size + 1) // 2):
        w0, w1, w2, w3 = philox_block(block, batch, epoch, last, key)
        out[2 * block] = unit_interval(w0, w1)
        if 2 * block + 1 < out.size:
            out[2 * block + 1] = unit_interval(w2, w3)


@kernel
def shuffle(order, words, n, key, epoch):
    """Write the permutation of 0 … n - 1 that belongs to ``epoch`` to the int32 ``order``.

    Fisher and Yates's shuffle, inside out: one pass that needs no filled array to start from. A word w
    picks among m places by (w * m) >> 32, so a place's chance is off by less than m / 2**32 of itself.

    Shapes      order: (n,); words: uint32 scratch of n or of any length from 4 on: the result is the same
    Cost        1 word, 1 multiplication and 2 scattered accesses per example
    """
    at_a_time = words.size if words.size >= n else words.size // 4 * 4
    start = 0
    while start < n:
        count = n - start if n - start < at_a_time else at_a_time
        fill_words(words, count, start // 4, key, ORDER, 0, epoch, 0)
        for index in range(start, start + count):
            chosen = np.int64((np.uint64(words[index - start]) * np.uint64(index + 1)) >> _WORD_BITS)
            order[index] = order[chosen]
            order[chosen] = index
        start += at_a_time


@kernel
def dropout_mask(mask, words, rate, key, stream, step, first):
    """Write 0 with probability ``rate`` and 1 / (1 - rate) otherwise, so that expectations are kept.

    Shapes      mask: (n,); words: uint32 scratch of n or of any length from 4 on: the result is the same;
                ``first``, a multiple of 4, is the place of the first value in the batch
    Cost        1 word, 1 comparison per value
    """
    at_a_time = words.size if words.size >= mask.size else words.size // 4 * 4
    threshold = np.uint64(rate * 4294967296.0)
    kept, dropped = real(mask, 1.0 / (1.0 - rate)), real(mask, 0.0)
    start = 0
    while start < mask.size:
        count = mask.size - start if mask.size - start < at_a_time else at_a_time
        fill_words(words, count, (first + start) // 4, key, DROPOUT, stream, 0, step)
        for index in range(count):
            mask[start + index] = dropped if np.uint64(words[index]) < threshold else kept
        start += at_a_time
