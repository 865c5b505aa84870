"""Fisher's exact test: whether one of two groups fails more often than the other."""

import math


def fisher_p(failed_a: int, n_a: int, failed_b: int, n_b: int) -> float:
    """Return the one-sided exact p value of "a fails more often than b".

    Given all failures, those of a are hypergeometric: p = P(X >= failed_a).
    Source: Fisher (1935), The Design of Experiments. Nothing failed, or no trial at all: 1.
    """
    if not (0 <= failed_a <= n_a and 0 <= failed_b <= n_b):
        raise ValueError(f"failures must lie between 0 and n: {failed_a} of {n_a}, {failed_b} of {n_b}")
    failed, n = failed_a + failed_b, n_a + n_b
    tail = sum(
        math.comb(n_a, each) * math.comb(n_b, failed - each)
        for each in range(failed_a, min(n_a, failed) + 1)
        if failed - each <= n_b
    )
    return tail / math.comb(n, failed)
