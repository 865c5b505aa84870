"""Runs of many configurations for the pages: every number follows from a formula."""

import math

from nnbench.records.trials import Axes
from tests.nnbench.reporting.report_samples import Sample, axes, comparison, run, summary, trial

OPTIMIZERS = ("sgd", "momentum", "adam")
ACTIVATIONS = ("relu", "tanh", "sigmoid")
INITS = ("glorot_uniform", "he_normal")


def crossed(
    optimizers: tuple[str, ...] = OPTIMIZERS,
    activations: tuple[str, ...] = ACTIVATIONS,
    inits: tuple[str, ...] = INITS,
    *,
    n_seeds: int = 10,
) -> Sample:
    """Return a run whose configurations lie 0.3 pp apart; two are not told from the first."""
    every = [axes(optimizer=o, activation=a, init=i) for o in optimizers for a in activations for i in inits]
    return between(every, n_seeds)


def many(n: int, n_seeds: int) -> Sample:
    """Return a run of n optimizers."""
    return between([axes(optimizer=f"adam(beta_1={0.5 + k / (2 * n):.4f})") for k in range(n)], n_seeds)


def between(every: list[Axes], n_seeds: int) -> Sample:
    levels = [0.97 - 0.8 * (1 - math.exp(-k / 260)) for k in range(len(every))]
    trials = tuple(
        trial(each, seed, level - 0.0004 * (seed - n_seeds / 2))
        for each, level in zip(every, levels, strict=True)
        for seed in range(n_seeds)
    )
    rows = tuple(
        summary(each, level, (level - 0.004, level + 0.004), n=n_seeds, reached=0)
        for each, level in zip(every, levels, strict=True)
    )
    found = tuple(
        comparison(
            each,
            every[0],
            "cannot_tell" if k < 3 else "worse",
            level - levels[0],
            (level - levels[0] - 0.007, level - levels[0] + 0.007),
            needed=40 if k < 3 else None,
        )
        for k, (each, level) in enumerate(zip(every, levels, strict=True))
        if k
    )
    varying = tuple(name for name, _ in every[0].values)
    return Sample(run(trials, varying=varying, command="nnbench run digits-mlp"), trials, rows, found)
