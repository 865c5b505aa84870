"""Two configurations over the seeds they share: the difference, its spread, and who left a score.

The question is always "is ``a`` better than ``b``". A trial without a score takes part as the worst value:
-inf where more is better, +inf where less is.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnbench.records.trials import Direction
from nnbench.statistics.estimation.bootstrap import as_sample
from nnbench.statistics.estimation.intervals import standard_deviation


@dataclass(frozen=True, slots=True)
class PairResult:
    """What the shared seeds show of ``a`` against ``b``, before any test."""

    n: int  # pairs, with and without scores
    n_scored: int  # pairs in which both have a score
    n_only_a_scored: int
    n_only_b_scored: int
    difference: float  # mean of a minus b over the scored pairs; ±inf or 0 where there is none
    sigma: float  # standard deviation of the scored differences; 0 below two of them
    share_a_ahead: float  # share of the seeds on which a is the better one; ties count half
    noticeable: float

    @property
    def is_one_sided(self) -> bool:
        """Whether on some seed only one of the two left a score."""
        return self.n_only_a_scored + self.n_only_b_scored > 0

    @property
    def standard_error(self) -> float:
        """Of the difference; infinite below two scored pairs."""
        return self.sigma / math.sqrt(self.n_scored) if self.n_scored > 1 else math.inf


def compare(
    a_scores: ArrayLike, b_scores: ArrayLike, *, direction: Direction, noticeable: float
) -> PairResult:
    """Compare two rows of scores, paired by position (the seed)."""
    if not noticeable >= 0.0:
        raise ValueError(f"the noticeable difference must be at least 0, not {noticeable!r}")
    a, b = as_sample(a_scores), as_sample(b_scores)
    if a.size != b.size:
        raise ValueError(f"paired scores must be equally many, but a has {a.size} and b has {b.size}")
    sign = 1.0 if direction == "max" else -1.0
    a_has_score, b_has_score = _has_score(a, sign), _has_score(b, sign)
    both = a_has_score & b_has_score
    scored = a[both] - b[both]
    n_only_a = int(np.count_nonzero(a_has_score & ~b_has_score))
    n_only_b = int(np.count_nonzero(b_has_score & ~a_has_score))
    ahead = np.sign(sign * np.subtract(a, b, out=np.zeros(a.size), where=a != b))
    return PairResult(
        n=a.size,
        n_scored=scored.size,
        n_only_a_scored=n_only_a,
        n_only_b_scored=n_only_b,
        difference=_mean(scored) if scored.size else _infinite(sign * (n_only_a - n_only_b)),
        sigma=_spread(scored),
        share_a_ahead=float(np.mean(0.5 * (ahead + 1.0))) if a.size else 0.5,
        noticeable=noticeable,
    )


def _has_score(sample: NDArray[np.float64], sign: float) -> NDArray[np.bool_]:
    """Return where a trial left a score; the only other value that can stand there is the worst."""
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
    return standard_deviation(scored)


def _infinite(sign: float) -> float:
    """Return the infinity of this sign, and 0 for 0."""
    return math.copysign(math.inf, sign) if sign != 0.0 else 0.0
