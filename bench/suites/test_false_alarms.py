"""How often real trials of one configuration are called different from themselves: A against A."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from nnbench.statistics.comparing.families import Match, judge_matches
from nnbench.statistics.comparing.racing import design, losers
from nnbench.training.precompile import warm_up
from nnbench.training.trial import run_trial

LEVEL, NOTICEABLE = 0.05, 0.01
N_COMPARISONS, SEEDS_EACH = 1000, 10
FAMILIES = (20, 200)


@pytest.fixture(scope="module")
def accuracies() -> np.ndarray:
    """Final accuracies of digits_mlp with Adam and ReLU, a fresh seed each: 20,000 trials, some minutes."""
    given = {"optimizer": "adam", "activation": "relu", "seeds": str(2 * SEEDS_EACH * N_COMPARISONS)}
    chosen = read_settings(from_options(given))
    trials = request.plan_for([request.one_case("digits")], chosen).matrix.trials()
    warm_up(trials[:1], lambda *_: None)
    with ThreadPoolExecutor() as pool:
        return np.array([record.final["accuracy"] for record in pool.map(run_trial, trials)])


def most(n: int) -> float:
    """Return the share that a rate of 5 % stays below but for one time in forty."""
    return LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / n)


@pytest.fixture(scope="module")
def pairs(accuracies: np.ndarray) -> list[Match]:
    sides = accuracies.reshape(N_COMPARISONS, 2, SEEDS_EACH).tolist()
    return [Match(dict(enumerate(a)), dict(enumerate(b)), "max", NOTICEABLE) for a, b in sides]


def test_a_configuration_is_seldom_called_different_from_itself(pairs: list[Match], report) -> None:
    called = sum(_calls_any([pair]) for pair in pairs)
    report("A against A, 10 fresh seeds each: called different", f"{called} of {len(pairs)}", "at most 5 %")
    assert called / len(pairs) <= LEVEL


def test_intervals_hold_the_difference_there_is(pairs: list[Match], report) -> None:
    """A configuration differs from itself by 0."""
    alone = [judge_matches([match], level=LEVEL)[0][1].interval for match in pairs]
    held = sum(low <= 0.0 <= high for low, high in alone)
    report("  their 95 % intervals hold 0", f"{held} of {len(pairs)}", "93 to 97 %")
    assert 0.93 - 0.014 <= held / len(pairs) <= 0.97 + 0.014  # two standard errors of 1,000


@pytest.mark.parametrize("size", FAMILIES)
def test_of_a_family_of_twins_seldom_any_is_called(pairs: list[Match], report, size: int) -> None:
    families = [pairs[start : start + size] for start in range(0, len(pairs), size)]

    called = sum(_calls_any(family) for family in families)
    report(f"families of {size}: called any different", f"{called} of {len(families)}", "at most 6 %")
    assert called / len(families) <= most(len(families))


@pytest.mark.parametrize(("k", "n_seeds"), [(2, 24), (5, 20)])
def test_twins_seldom_leave_each_others_race(accuracies: np.ndarray, report, k: int, n_seeds: int) -> None:
    rule = design(k, n_seeds, level=LEVEL)
    races = accuracies[: len(accuracies) // (k * n_seeds) * k * n_seeds].reshape(-1, k, n_seeds)

    lost = sum(_loses_anybody(scores, rule) for scores in races)
    report(f"races of {k} twins over {n_seeds} seeds: lost anybody", f"{lost} of {len(races)}", "at most 5 %")
    assert lost / len(races) <= most(len(races))


def _calls_any(family: list[Match]) -> bool:
    decisions = [decision for _, decision in judge_matches(family, level=LEVEL)]
    return any(each.verdict in ("better", "worse") for each in decisions)


def _loses_anybody(scores: np.ndarray, rule) -> bool:
    for n_seeds in rule.looks:
        field = {place: dict(enumerate(row[:n_seeds].tolist())) for place, row in enumerate(scores)}
        if losers(field, rule, direction="max", noticeable=NOTICEABLE):
            return True
    return False
