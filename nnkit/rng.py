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
_LOW = np.uint64(0xFFFFFFFF)
_WORD_BITS = np.uint64(32)

# Words are kept in uint64 between the rounds and masked there: numba widens uint32 operands anyway,
# and LLVM sees that the upper halves are zero and multiplies 32-bit lanes.


@kernel
def philox_round(c0, c1, c2, c3, k0, k1):
    """Return the counter (c0, c1, c2, c3) after one round under the round key (k0, k1); all are uint64."""
    first = _MULTIPLIER_0 * c0
    second = _MULTIPLIER_1 * c2
    return (second >> _WORD_BITS) ^ c1 ^ k0, second & _LOW, (first >> _WORD_BITS) ^ c3 ^ k1, first & _LOW


@kernel
def philox_block(c0, c1, c2, c3, k0, k1):
    """Return the four words of a block: ten rounds, the key raised by Weyl's constants between them."""
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    for _ in range(9):
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
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
    return np.uint64(((purpose << 24) + stream) & 0xFFFFFFFF)


@kernel
def fill_blocks(words, first_block, n_blocks, key, purpose, stream, epoch, batch):
    """Write the blocks from ``first_block`` on to the first ``4 * n_blocks`` of the uint32 ``words``."""
    k0 = low_word(key)
    k1 = high_word(key)
    c1 = low_word(batch)
    c2 = low_word(epoch)
    c3 = stream_word(purpose, stream)
    for block in range(n_blocks):
        w0, w1, w2, w3 = philox_block(low_word(first_block + block), c1, c2, c3, k0, k1)
        words[4 * block] = np.uint32(w0)
        words[4 * block + 1] = np.uint32(w1)
        words[4 * block + 2] = np.uint32(w2)
        words[4 * block + 3] = np.uint32(w3)


@kernel
def philox_words(words, key, purpose, stream, epoch, batch):
    """Fill the uint32 ``words`` with the first words of a stream.

    Shapes      words: (n,), any n
    Cost        10 rounds of 2 multiplications per 4 words
    """
    n_blocks = words.size // 4
    fill_blocks(words, 0, n_blocks, key, purpose, stream, epoch, batch)
    if words.size > 4 * n_blocks:
        w0, w1, w2, w3 = philox_block(
            low_word(n_blocks),
            low_word(batch),
            low_word(epoch),
            stream_word(purpose, stream),
            low_word(key),
            high_word(key),
        )
        for index in range(4 * n_blocks, words.size):
            lane = index - 4 * n_blocks
            word = w0 if lane == 0 else (w1 if lane == 1 else w2)
            words[index] = np.uint32(word)
