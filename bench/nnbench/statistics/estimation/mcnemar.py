"""McNemar's exact test: whether one of two paired yes-or-no outcomes happens more often than the other."""

import math
from functools import lru_cache


@lru_cache(maxsize=4096)  # a table has thousands of pairs with the same few counts
def mcnemar_p(only_a: int, only_b: int) -> float:
    """Return the two-sided exact p value from the discordant pairs: those in which one side alone succeeded.

    If both succeed equally often, ``only_a`` is binomial(only_a + only_b, ½):
    p = min(1, 2 P(X <= min(only_a, only_b))). The mid-p variant is not taken: it may exceed its level.
    Source: McNemar (1947), Psychometrika 12(2).
    """
    n = only_a + only_b
    tail = sum(math.comb(n, successes) for successes in range(min(only_a, only_b) + 1))
    return min(1.0, float(2 * tail / 2**n))
