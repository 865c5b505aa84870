"""The Bayesian signed-rank test by its sums: over all pairs i <= j, one draw of the weights after the other.

Benavoli, Corani, Demšar and Zaffalon (2017), J. Mach. Learn. Res. 18(77). The weights are normalised
exponentials, and for the pseudo-observation a normalised gamma variate with shape s.
"""

import numpy as np


def signed_rank(differences: list[float], rope: float, n_draws: int, seed: int) -> tuple[float, float, float]:
    """Return the probabilities of right (above the rope), inside, and left."""
    rng = np.random.RandomState(seed)
    z = [0.0, *differences]
    wins = [0, 0, 0]
    for _ in range(n_draws):
        gammas = [rng.gamma(0.5), *(rng.exponential() for _ in differences)]
        total = sum(gammas)
        mass = [0.0, 0.0, 0.0]
        for i in range(len(z)):
            for j in range(i, len(z)):
                weight = gammas[i] * gammas[j] / total**2 * (1 if i == j else 2)
                side = 0 if z[i] + z[j] > 2 * rope else 2 if z[i] + z[j] < -2 * rope else 1
                mass[side] += weight
        wins[mass.index(max(mass))] += 1
    return wins[0] / n_draws, wins[1] / n_draws, wins[2] / n_draws
