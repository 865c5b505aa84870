"""Philox4x32: a random number generator without state, four words out for each counter and key.

Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC '11, section 3.3.
"""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9  # the golden ratio's fraction
WEYL_1 = 0xBB67AE85  # the fraction of the root of 3
MASK = 0xFFFFFFFF


def philox4x32(counter: Words, key: Words, rounds: int = 10) -> Words:
    """Return the four output words of each counter (n, 4), with one key (2,) for all or one each (n, 2)."""
    x0, x1, x2, x3 = (np.asarray(counter)[..., i].astype(np.uint64) for i in range(4))
    k0, k1 = (np.asarray(key)[..., i].astype(np.uint64) for i in range(2))
    for _ in range(rounds):
        # A product of two words fits into 64 bits: its halves are the high and the low word.
        p0, p1 = x0 * np.uint64(MULTIPLIER_0), x2 * np.uint64(MULTIPLIER_1)
        x0, x1, x2, x3 = _high(p1) ^ x1 ^ k0, _low(p1), _high(p0) ^ x3 ^ k1, _low(p0)
        k0, k1 = _low(k0 + np.uint64(WEYL_0)), _low(k1 + np.uint64(WEYL_1))
    words = np.broadcast_arrays(x0, x1, x2, x3)
    return np.stack(words, axis=-1).astype(np.uint32)


def _high(product: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return product >> np.uint64(32)


def _low(product: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return product & np.uint64(MASK)
