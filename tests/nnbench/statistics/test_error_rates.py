"""How often the tool is wrong: what it calls different that is the same, and what it misses that is there.

Scores are those of real cases: shares of a validation part, so that ties are common, on seeds that are easy
or hard for every configuration alike. Every share is held against its bound plus three binomial errors.
"""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.statistics.comparing.families import judge_table
from nnbench.statistics.comparing.looks import level_of_look
from nnbench.statistics.comparing.maxt import Judged, all_pairs, beyond_worst, judge

LEVEL = 0.05
FIRST = level_of_look(1)
_Array = NDArray[np.float64]


def slack(share: float, n: int) -> float:
    """Return three binomial errors of a share of n."""
    return 3 * math.sqrt(share * (1 - share) / n)


def accuracies(rng: np.random.Generator, shape: tuple[int, ...], *, n_validation: int = 449) -> _Array:
    """Return scores of equals, as (…, configurations, seeds): a seed is hard or easy for all of them."""
    hard = 0.008 * rng.normal(size=(*shape[:-2], 1, shape[-1]))
    own = 0.004 * rng.normal(size=shape)
    return np.asarray(rng.binomial(n_validation, np.clip(0.96 + hard + own, 0.0, 1.0)) / n_validation)


def judged(
    table: _Array, *, is_named: bool = False, level: float = FIRST, noticeable: float = 0.01
) -> Judged:
    """Return the test of a table, all pairs or all against its first row; -inf is a lost score."""
    lost = table == -math.inf
    members = all_pairs(len(table))
    if is_named:
        members = members[members[:, 0] == 0]
    return judge(beyond_worst(table, lost, noticeable), lost, members, level=level)


def calls_any(found: Judged) -> bool:
    return any(found.tested(place).side for place in range(len(found)))


def by_seed(table: _Array) -> dict[int, dict[int, float]]:
    return {place: dict(enumerate(row.tolist())) for place, row in enumerate(table)}


@pytest.mark.parametrize("is_named", [False, True], ids=["all-pairs", "named"])
@pytest.mark.parametrize(("k", "n_tables", "n_validation"), [(7, 400, 38), (18, 150, 449)])
def test_a_table_of_equals_is_called_in_at_most_the_level(
    k: int, n_tables: int, n_validation: int, is_named: bool
) -> None:
    tables = accuracies(np.random.default_rng(k), (n_tables, k, 9), n_validation=n_validation)

    false = np.mean([calls_any(judged(table, is_named=is_named)) for table in tables])

    assert false <= FIRST + slack(FIRST, n_tables)
    assert false > 0.0  # a test that calls nothing would pass as well


def test_twenty_equals_are_called_in_at_most_five_per_cent_of_four_looks() -> None:
    """Seeds are added three times; at the full level every time it would be more."""
    tables = accuracies(np.random.default_rng(1), (100, 20, 11))
    least_p = np.array(
        [[judged(table[:, :n], level=LEVEL).p.min() for n in (8, 9, 10, 11)] for table in tables]
    )

    spent = np.mean((least_p <= [level_of_look(look) for look in (1, 2, 3, 4)]).any(axis=1))
    full = np.mean((least_p <= LEVEL).any(axis=1))

    assert spent <= LEVEL + slack(LEVEL, 100)
    assert full > max(LEVEL, spent)


def test_equals_that_fail_alike_are_called_in_at_most_the_level() -> None:
    """A fifth of the trials diverge, on hard seeds more often: in scores and in failures all are the same."""
    rng = np.random.default_rng(2)
    tables = accuracies(rng, (400, 6, 10), n_validation=38)
    chance = np.where(rng.random((400, 1, 10)) < 0.3, 0.5, 0.08)
    tables[rng.random(tables.shape) < chance] = -math.inf

    false = np.mean([calls_any(judged(table)) for table in tables])

    assert false <= FIRST + slack(FIRST, 400)
    assert false > 0.0


def test_failures_that_hide_low_scores_make_nobody_better() -> None:
    """Three diverge wherever they would have scored low; over what is left of them they look the better ones.

    Their failures may be told against one that never fails; that they are better would be false.
    """
    latent = np.random.default_rng(3).normal(size=(100, 4, 20))
    diverges = (latent < -0.8) & (np.arange(4) > 0)[:, np.newaxis]

    false, false_where_both_scored = 0, 0
    for table in np.where(diverges, -math.inf, latent):
        found = judged(table, is_named=True)
        false += any(found.tested(place).side < 0 for place in range(3))
    for table in np.where(diverges, math.nan, latent):
        false_where_both_scored += bool((judged(table, is_named=True).by_scores < 0).any())

    assert false / 100 <= LEVEL + slack(LEVEL, 100)
    assert false_where_both_scored / 100 > 0.15


SHAPES = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "t3": lambda rng, shape: rng.standard_t(3, size=shape),
    "lognormal": lambda rng, shape: rng.lognormal(size=shape),
    "shares": lambda rng, shape: rng.binomial(38, 0.9, size=shape) / 38,
}


def covers(table: _Array, found: Judged) -> bool:
    """Return whether all intervals of the differences of equals hold 0."""
    a, b = found.members.T
    differences = table[a] - table[b]
    n = table.shape[1]
    reach = found.critical_t(n) * differences.std(axis=1, ddof=1) / math.sqrt(n)
    return bool((np.abs(differences.mean(axis=1)) <= reach).all())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_interval_of_one_pair_covers(shape: str) -> None:
    tables = SHAPES[shape](np.random.default_rng(4), (600, 2, 10))

    share = np.mean([covers(table, judged(table)) for table in tables])

    assert share >= 0.95 - slack(0.95, 600)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("k", "n_tables"), [(6, 200)])
def test_the_intervals_of_a_table_cover_together(shape: str, k: int, n_tables: int) -> None:
    """95 % of tables have no interval that misses; those of one pair each would miss somewhere in most."""
    tables = SHAPES[shape](np.random.default_rng(5), (n_tables, k, 10))

    found = [judged(table) for table in tables]

    share = np.mean([covers(table, each) for table, each in zip(tables, found, strict=True)])
    assert share >= 0.95 - slack(0.95, n_tables)


def test_the_true_best_may_be_the_best() -> None:
    """One of six is better by half a spread, and two others are hopeless: the set holds the best."""
    rng = np.random.default_rng(6)
    truth = np.array([0.5, 0.0, 0.0, 0.0, -3.0, -5.0])[:, np.newaxis]
    tables = truth + rng.normal(size=(200, 6, 10))

    sets = [
        judge_table(by_seed(table), direction="max", noticeable=0.1, level=FIRST).may_be_best
        for table in tables
    ]

    assert np.mean([0 in each for each in sets]) >= 0.95 - slack(0.95, 200)
    assert np.mean([len(each) for each in sets]) < 4.5


@pytest.mark.parametrize(("k", "n_runs"), [(2, 50), (6, 15)])
def test_a_new_run_with_the_seeds_that_were_named_decides(k: int, n_runs: int) -> None:
    """Nine of ten, whether the true difference is none, half the noticeable one, that, or twice as much."""
    decided = []
    for effect in (0.0, 0.5, 1.0, 2.0):
        rng = np.random.default_rng(int(10 * effect) + k)
        truth = np.array([effect] + [0.0] * (k - 1))[:, np.newaxis]

        def verdict(n: int, truth: _Array = truth, rng: np.random.Generator = rng) -> tuple[str, int | None]:
            scores = by_seed(truth + rng.normal(scale=math.sqrt(0.5), size=(len(truth), n)))
            table = judge_table(scores, direction="max", noticeable=1.0, level=FIRST, reference=1)
            return table.rows[0].decision.verdict, table.rows[0].decision.seeds_needed

        for _ in range(n_runs):
            _, n = verdict(8)
            if n is not None:
                decided.append(verdict(n)[0] != "cannot_tell")

    assert len(decided) > n_runs
    assert np.mean(decided) >= 0.9 - slack(0.9, len(decided))
