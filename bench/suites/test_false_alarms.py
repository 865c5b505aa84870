"""How often real trials of one configuration are called different from themselves: A against A."""

import math

import numpy as np
import pytest

from nnbench import request
from nnbench.settings import from_options, read_settings
from nnbench.statistics.pairs import compare
from nnbench.statistics.racing import design, losers
from nnbench.statistics.verdicts import decide_family
from nnbench.trial import run_trial, warm_up

LEVEL, NOTICEABLE = 0.05, 0.01
N_COMPARISONS, SEEDS_EACH = 250, 10


@pytest.fixture(scope="module")
def accuracies() -> np.ndarray:
    """Final accuracies of digits_mlp with Adam and ReLU, a fresh seed each: 5,000 trials, half a minute."""
    given = {"optimizer": "adam", "activation": "relu", "seeds": str(2 * SEEDS_EACH * N_COMPARISONS)}
    chosen = read_settings(from_options(given))
    trials = request.plan_for([request.one_case("digits")], chosen).matrix.trials()
    warm_up(trials[:1], lambda *_: None)
    return np.array([run_trial(trial).final["accuracy"] for trial in trials])


def most(n: int) -> float:
    """Return the share that a rate of 5 % stays below but for one time in forty."""
    return LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / n)


def test_a_configuration_is_seldom_called_different_from_itself(accuracies: np.ndarray, report) -> None:
    sides = accuracies.reshape(N_COMPARISONS, 2, SEEDS_EACH)
    verdicts = [
        decide_family([compare(a, b, direction="max", noticeable=NOTICEABLE)])[0].verdict for a, b in sides
    ]

    called = sum(verdict in ("better", "worse") for verdict in verdicts)
    report(
        "A against A, 10 fresh seeds each: called different", f"{called} of {N_COMPARISONS}", "at most 5 %"
    )
    assert called / N_COMPARISONS <= most(N_COMPARISONS)


@pytest.mark.parametrize(("k", "n_seeds"), [(2, 24), (5, 20)])
def test_twins_seldom_leave_each_others_race(accuracies: np.ndarray, report, k: int, n_seeds: int) -> None:
    rule = design(k, n_seeds, level=LEVEL)
    races = accuracies[: len(accuracies) // (k * n_seeds) * k * n_seeds].reshape(-1, k, n_seeds)

    lost = sum(_loses_anybody(scores, rule) for scores in races)
    report(f"races of {k} twins over {n_seeds} seeds: lost anybody", f"{lost} of {len(races)}", "at most 5 %")
    assert lost / len(races) <= most(len(races))


def _loses_anybody(scores: np.ndarray, rule) -> bool:
    for n_seeds in rule.looks:
        field = {place: dict(enumerate(row[:n_seeds].tolist())) for place, row in enumerate(scores)}
        if any(losers(field, leader, rule, direction="max", noticeable=NOTICEABLE) for leader in field):
            return True
    return False
