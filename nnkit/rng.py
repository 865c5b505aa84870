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

MAX_STREAMS = 1 << 24  # streams of one purpose

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_TWICE_WEYL_0 = np.uint64((2 * 0x9E3779B9) % 2**32)
_TWICE_WEYL_1 = np.uint64((2 * 0xBB67AE85) % 2**32)
_LOW = np.uint64(0xFFFFFFFF)
_WORD_BITS = np.uint64(32)
_SPARE_BITS = np.uint64(11)
_ONE = np.uint64(1)
_UNIT = 2.0**-53

# Words are kept in uint64 between the rounds and masked there: numba widens uint32 operands anyway,
# and LLVM sees that the upper halves are zero and multiplies 32-bit lanes.


@kernel
def philox_round(c0, c1, c2, c3, k0, k1):
    """Return the counter (c0, c1, c2, c3) after one round under the round key (k0, k1); all are uint64."""
    first = _MULTIPLIER_0 * c0
    second = _MULTIPLIER_1 * c2
    return (second >> _WORD_BITS) ^ c1 ^ k0, second & _LOW, (first >> _WORD_BITS) ^ c3 ^ k1, first & _LOW


@kernel
def two_rounds(c0, c1, c2, c3, k0, k1):
    """Return the counter after two rounds, the first under (k0, k1)."""
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    return philox_round(c0, c1, c2, c3, (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW)


@kernel
def philox_block(c0, c1, c2, c3, k0, k1):
    """Return the four words of one block: ten rounds, Weyl's constants added to the key between them."""
    for _ in range(5):
        c0, c1, c2, c3 = two_rounds(c0, c1, c2, c3, k0, k1)
        k0 = (k0 + _TWICE_WEYL_0) & _LOW
        k1 = (k1 + _TWICE_WEYL_1) & _LOW
    return c0, c1, c2, c3


@kernel
def low_word(value):
    """Return the lower 32 bits of an int64, as uint64."""
    return np.uint64(value & 0xFFFFFFFF)


@kernel
def high_word(value):
    """Return the upper 32 bits of an int64, as uint64."""
    return np.uint64((value >> 32) & 0xFFFFFFFF)


@kernel
def stream_word(purpose, stream):
    """Return the counter's last word: the purpose in its upper 8 bits, the stream in its lower 24."""
    return low_word((purpose << 24) + stream)


@kernel
def fill_blocks(words, first_block, n_blocks, key, purpose, stream, epoch, batch):
    """Write ``n_blocks`` blocks, from ``first_block`` on, to the start of the uint32 ``words``.

    Cost        20 multiplications per 4 words
    """
    a0, a1 = low_word(key), high_word(key)
    b0, b1 = (a0 + _TWICE_WEYL_0) & _LOW, (a1 + _TWICE_WEYL_1) & _LOW
    d0, d1 = (b0 + _TWICE_WEYL_0) & _LOW, (b1 + _TWICE_WEYL_1) & _LOW
    e0, e1 = (d0 + _TWICE_WEYL_0) & _LOW, (d1 + _TWICE_WEYL_1) & _LOW
    f0, f1 = (e0 + _TWICE_WEYL_0) & _LOW, (e1 + _TWICE_WEYL_1) & _LOW
    batch_word, epoch_word, last = low_word(batch), low_word(epoch), stream_word(purpose, stream)
    for block in range(n_blocks):
        # philox_block written out: a call or an inner loop here keeps LLVM from using vectors (7 x slower).
        c0, c1, c2, c3 = two_rounds(low_word(first_block + block), batch_word, epoch_word, last, a0, a1)
        c0, c1, c2, c3 = two_rounds(c0, c1, c2, c3, b0, b1)
        c0, c1, c2, c3 = two_rounds(c0, c1, c2, c3, d0, d1)
        c0, c1, c2, c3 = two_rounds(c0, c1, c2, c3, e0, e1)
        c0, c1, c2, c3 = two_rounds(c0, c1, c2, c3, f0, f1)
        words[4 * block] = np.uint32(c0)
        words[4 * block + 1] = np.uint32(c1)
        words[4 * block + 2] = np.uint32(c2)
        words[4 * block + 3] = np.uint32(c3)


@kernel
def fill_words(words, n_words, first_block, key, purpose, stream, epoch, batch):
    """Write ``n_words`` words, from ``first_block`` on, to the start of ``words``."""
    n_blocks = n_words // 4
    fill_blocks(words, first_block, n_blocks, key, purpose, stream, epoch, batch)
    if n_words > 4 * n_blocks:
        w0, w1, w2, _ = philox_block(
            low_word(first_block + n_blocks),
            low_word(batch),
            low_word(epoch),
            stream_word(purpose, stream),
            low_word(key),
            high_word(key),
        )
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
def words_at_a_time(words, n):
    """Return how many of ``n`` words to draw at once: all if they fit, or else whole blocks of them."""
    return max(n, 1) if n <= words.size else words.size // 4 * 4


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
    k0, k1 = low_word(key), high_word(key)
    batch_word, epoch_word, last = low_word(batch), low_word(epoch), stream_word(purpose, stream)
    for block in range((out.size + 1) // 2):
        w0, w1, w2, w3 = philox_block(low_word(block), batch_word, epoch_word, last, k0, k1)
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
    at_a_time = words_at_a_time(words, n)
    for start in range(0, n, at_a_time):
        count = min(at_a_time, n - start)
        fill_words(words, count, start // 4, key, ORDER, 0, epoch, 0)
        for index in range(start, start + count):
            chosen = np.int64((np.uint64(words[index - start]) * np.uint64(index + 1)) >> _WORD_BITS)
            order[index] = order[chosen]
            order[chosen] = index


@kernel
def dropout_mask(mask, words, rate, key, stream, step):
    """Write 0 with probability ``rate`` and 1 / (1 - rate) otherwise, so that expectations are kept.

    Shapes      mask: (n,); words: uint32 scratch of n or of any length from 4 on: the result is the same
    Cost        1 word, 1 comparison per value
    """
    at_a_time = words_at_a_time(words, mask.size)
    threshold = np.uint64(rate * 4294967296.0)
    kept, dropped = real(mask, 1.0 / (1.0 - rate)), real(mask, 0.0)
    for start in range(0, mask.size, at_a_time):
        count = min(at_a_time, mask.size - start)
        fill_words(words, count, start // 4, key, DROPOUT, stream, 0, step)
        for index in range(count):
            mask[start + index] = dropped if np.uint64(words[index]) < threshold else kept
