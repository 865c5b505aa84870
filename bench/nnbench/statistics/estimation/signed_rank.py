"""The Bayesian signed-rank test with a region of practical equivalence.

Source: Benavoli, Corani, Demšar and Zaffalon (2017), J. Mach. Learn. Res. 18(77), section 4.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

PRIOR_STRENGTH = 0.5  # of the pseudo-observation, which is a difference of 0
N_DRAWS = 10_000
# Differences come divided by noticeable ones: (0.95 − 0.94) / 0.01 must be at the edge, not beyond.
_EDGE = 1e-9
# Beyond this many noticeable differences a larger one says no more; so one without a score has a number.
_FARTHEST = 1e6


@dataclass(frozen=True, slots=True)
class Posterior:
    """How probable it is that a is better than b, as good, or worse over cases like these; sums to 1."""

    better: float
    equivalent: float
    worse: float
    n_cases: int


def signed_rank_posterior(differences: ArrayLike, *, rope: float = 1.0, seed: int = 0) -> list[Posterior]:
    """Return the posterior of every column of a (cases, comparisons) table of differences, more being better.

    With z₀ = 0 and weights w ~ Dirichlet(s, 1, …, 1) over z₀ and the cases, the mass of worse, equivalent and
    better is Σᵢⱼ wᵢ wⱼ over zᵢ + zⱼ below −2 rope, within, and above 2 rope. A probability is the share of
    drawn weights under which that mass is the largest; they are the same for all comparisons.
    """
    table = np.clip(np.asarray(differences, dtype=np.float64), -_FARTHEST, _FARTHEST)
    n_cases = table.shape[0]
    generator = np.random.Generator(np.random.Philox(key=seed))
    weights = generator.dirichlet([PRIOR_STRENGTH, *[1.0] * n_cases], N_DRAWS)
    return [_posterior(np.array([0.0, *column]), weights, rope) for column in table.T]


def _posterior(z: NDArray[np.float64], weights: NDArray[np.float64], rope: float) -> Posterior:
    sums = z[:, np.newaxis] + z
    edge = 2.0 * rope + _EDGE
    regions = (sums > edge, np.abs(sums) <= edge, sums < -edge)
    masses = [((weights @ region.astype(np.float64)) * weights).sum(axis=1) for region in regions]
    better, equivalent, worse = np.bincount(np.argmax(masses, axis=0), minlength=3) / len(weights)
    return Posterior(float(better), float(equivalent), float(worse), z.size - 1)
