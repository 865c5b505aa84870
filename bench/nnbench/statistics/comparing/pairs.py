"""Two configurations over the seeds they share: difference, interval, effect sizes and raw p value.

The question is always "is ``a`` better than ``b``". A trial without a score takes part as the worst value:
-inf where more is better, +inf where less is.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.estimation.bootstrap import Interval, as_sample
from nnbench.statistics.estimation.intervals import paired_interval
from nnbench.statistics.estimation.significance import leaning, sign_flip_p, smallest_p


@dataclass(frozen=True, slots=True)
class PairResult:
    """What the shared seeds say of ``a`` against ``b``, before any correction for other comparisons."""

    n: int  # pairs, with and without scores
    n_scored: int  # pairs in which both have a score
    n_only_a_scored: int
    n_only_b_scored: int
    difference: float  # mean of a minus b over the scored pairs; ±inf or 0 where there is none
    interval: Interval  # of that mean, not corrected for other comparisons
    sigma: float  # standard deviation of the scored differences; 0 below two of them
    standardized: float  # difference / sigma; infinite where the differences are all the same and not 0
    share_a_ahead: float  # share of the seeds on which a beats b; ties count half
    favours_a: int  # 1: all the pairs together favour a; -1: they favour b; 0: neither
    p: float  # sign-flip test over all pairs
    smallest_p: float  # that the test could have given for so many pairs
    noticeable: float

    @property
    def is_within_noticeable(self) -> bool:
        """Whether the interval lies inside ±noticeable and no score is missing on one side only."""
        low, high = self.interval
        is_one_sided = self.n_only_a_scored + self.n_only_b_scored > 0
        return not is_one_sided and -self.noticeable < low and high < self.noticeable


def compare(
    a_scores: ArrayLike,
    b_scores: ArrayLike,
    *,
    direction: Direction,
    noticeable: float,
    level: float = 0.05,
) -> PairResult:
    """Compare two rows of scores, paired by position (the seed). ``level`` sets the interval: 1 − level."""
    p = sign_flip_p(paired_differences(a_scores, b_scores))
    return summarize_pair(a_scores, b_scores, p, direction=direction, noticeable=noticeable, level=level)


def paired_differences(a_scores: ArrayLike, b_scores: ArrayLike) -> NDArray[np.float64]:
    """Return a minus b: 0 where neither side has a score, infinite where one side has none."""
    a, b = as_sample(a_scores), as_sample(b_scores)
    if a.size != b.size:
        raise ValueError(f"paired scores must be equally many, but a has {a.size} and b has {b.size}")
    differences = np.zeros(a.size)
    # Only where they differ: inf − inf would be NaN.
    np.subtract(a, b, out=differences, where=a != b)
    return differences


def summarize_pair(
    a_scores: ArrayLike,
    b_scores: ArrayLike,
    p: float,
    *,
    direction: Direction,
    noticeable: float,
    level: float,
    smallest: float | None = None,
) -> PairResult:
    """Return the evidence in two paired rows of scores whose sign-flip p value is known.

    ``smallest`` is the least that this p value could have been, where it is not that of ``sign_flip_p``.
    """
    if not noticeable >= 0.0:
        raise ValueError(f"the noticeable difference must be at least 0, not {noticeable!r}")
    sign = 1.0 if direction == "max" else -1.0
    a_has_score, b_has_score = _has_score(a_scores, sign), _has_score(b_scores, sign)
    differences = paired_differences(a_scores, b_scores)
    gains = sign * differences
    scored = differences[a_has_score & b_has_score]
    favours_a = leaning(gains)
    difference = _mean(scored) if scored.size else _infinite(sign * favours_a)
    sigma = _spread(scored)
    return PairResult(
        n=differences.size,
        n_scored=scored.size,
        n_only_a_scored=int(np.count_nonzero(a_has_score & ~b_has_score)),
        n_only_b_scored=int(np.count_nonzero(b_has_score & ~a_has_score)),
        difference=difference,
        interval=paired_interval(scored, confidence=1.0 - level),
        sigma=sigma,
        standardized=difference / sigma if sigma > 0.0 else _infinite(difference),
        share_a_ahead=float(np.mean(0.5 * (np.sign(gains) + 1.0))) if gains.size else 0.5,
        favours_a=favours_a,
        p=p,
        smallest_p=smallest_p(differences.size) if smallest is None else smallest,
        noticeable=noticeable,
    )


def _has_score(scores: ArrayLike, sign: float) -> NDArray[np.bool_]:
    """Return where a trial left a score; the only other value that can stand there is the worst."""
    sample = as_sample(scores)
    if np.any(sample == sign * math.inf):
        raise ValueError(
            f"a score is {sign * math.inf}, the best there is. One that is missing is the worst."
        )
    return np.isfinite(sample)


def _mean(scored: NDArray[np.float64]) -> float:
    # The mean of equal values can miss them by the last bit; then the interval would not hold its own mean.
    return float(scored[0]) if np.all(scored == scored[0]) else float(scored.mean())


def _spread(scored: NDArray[np.float64]) -> float:
    if scored.size < 2 or np.all(scored == scored[0]):
        return 0.0
    return float(scored.std(ddof=1))


def _infinite(sign: float) -> float:
    """Return the infinity of this sign, and 0 for 0."""
    return math.copysign(math.inf, sign) if sign != 0.0 else 0.0
