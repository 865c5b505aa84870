"""Tables: their reference, the size of their family, who may be the best, and whom a lucky leader beats."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.statistics.comparing.families import (
    Match,
    find_leader,
    judge_matches,
    judge_pair,
    judge_table,
)
from nnbench.statistics.comparing.pairs import compare
from tests.reference import step_down_max_t as textbook

LEVEL = 0.032  # of a first look


def by_seed(table: NDArray[np.float64]) -> dict[str, dict[int, float]]:
    """Return the rows of a (configurations, seeds) table as scores by seed."""
    return {f"c{i}": {seed: float(value) for seed, value in enumerate(row)} for i, row in enumerate(table)}


def test_a_named_reference_makes_a_family_of_the_others() -> None:
    """k − 1 comparisons, each with the reference as b, tested over just these."""
    table = np.random.default_rng(0).normal(loc=np.arange(4.0)[:, np.newaxis], size=(4, 8))
    expected = textbook.p_of_pairs(table.tolist(), [(0, 1), (2, 1), (3, 1)])

    found = judge_table(by_seed(table), direction="max", noticeable=0.1, level=LEVEL, reference="c1")

    assert (found.reference, found.n_pairs) == ("c1", 3)
    assert [(row.a, row.b) for row in found.rows] == [("c0", "c1"), ("c2", "c1"), ("c3", "c1")]
    assert [row.decision.p for row in found.rows] == pytest.approx(expected)
    assert found.rows[2].pair == compare(table[3], table[1], direction="max", noticeable=0.1)


def test_without_one_the_leader_is_compared_and_all_pairs_are_the_family() -> None:
    """The leader by median is b; p values are those over k (k − 1) / 2."""
    table = np.random.default_rng(1).normal(loc=[[0.0], [5.0], [1.0]], size=(3, 8))
    p = textbook.p_of_pairs(table.tolist(), [(0, 1), (0, 2), (1, 2)])

    found = judge_table(by_seed(table), direction="max", noticeable=0.1, level=LEVEL)

    assert (found.reference, found.n_pairs, found.may_be_best) == ("c1", 3, ("c1",))
    assert [(row.a, row.b) for row in found.rows] == [("c0", "c1"), ("c2", "c1")]
    assert [row.decision.p for row in found.rows] == pytest.approx([p[0], p[2]])
    assert {row.decision.verdict for row in found.rows} == {"worse"}


def test_who_is_shown_behind_nobody_may_be_the_best() -> None:
    """Best median first; one shown behind another is out even where a third is the reference."""
    noise = np.random.default_rng(2).normal(scale=0.1, size=(4, 10))
    table = np.array([[3.0], [0.0], [3.2], [1.0]]) + noise

    by_leader = judge_table(by_seed(table), direction="max", noticeable=0.01, level=LEVEL)
    by_name = judge_table(by_seed(table), direction="max", noticeable=0.01, level=LEVEL, reference="c1")
    alike = judge_table(by_seed(noise), direction="min", noticeable=0.01, level=LEVEL)

    assert by_leader.may_be_best == by_name.may_be_best == ("c2",)
    medians = np.median(noise, axis=1)
    assert alike.may_be_best == tuple(f"c{place}" for place in np.argsort(medians))


def test_what_left_a_race_does_not_lead_it() -> None:
    """Its median over the easy seeds it ran is the best there is; the leader is one of those that stayed."""
    seeds = {seed: 9.0 if seed < 6 else 1.0 for seed in range(12)}
    scores = {
        "left": {seed: score - 0.001 * (seed % 3) for seed, score in seeds.items() if seed < 6},
        "leads": seeds,
        "stays": {seed: score - 0.5 for seed, score in seeds.items()},
    }

    found = judge_table(scores, direction="max", noticeable=0.1, level=LEVEL, left={"left"})

    assert find_leader(scores, direction="max") == "left"
    assert (found.reference, found.may_be_best) == ("leads", ("leads",))
    assert [(row.a, row.pair.n) for row in found.rows] == [("left", 6), ("stays", 12)]


def test_reasons_know_the_size_of_the_family() -> None:
    """Six configurations make 15 pairs; a named one makes 5."""
    scores = by_seed(np.random.default_rng(3).normal(size=(6, 8)))

    by_leader, by_name = (
        judge_table(scores, direction="max", noticeable=0.1, level=LEVEL, reference=reference)
        .rows[0]
        .decision
        for reference in (None, "c5")
    )

    assert by_leader.reason == "no larger than chance makes it among 15 comparisons"
    assert by_name.reason == "no larger than chance makes it among 5 comparisons"
    assert by_leader.seeds_needed is not None


def test_only_shared_seeds_make_pairs() -> None:
    """A seed that one side lacks is left out of that pair and of no other."""
    scores = {"a": {0: 1.0, 1: 2.0, 2: 3.0}, "b": {1: 5.0, 2: 7.0, 9: 0.0}, "c": {}}

    found = judge_table(scores, direction="max", noticeable=0.1, level=LEVEL, reference="b")

    assert [(row.a, row.pair.n) for row in found.rows] == [("a", 2), ("c", 0)]
    assert found.rows[0].pair.difference == -3.5
    assert found.rows[1].decision.reason == "no seed in common"
    assert "c" not in found.may_be_best


def test_a_table_without_any_trial_tells_nothing() -> None:
    """Every trial failed with an error: nobody may be the best, and nothing is told."""
    found = judge_table({"a": {}, "b": {}}, direction="max", noticeable=0.1, level=LEVEL)

    assert found.may_be_best == ()
    assert [(row.a, row.decision.verdict) for row in found.rows] == [("b", "cannot_tell")]


def test_the_leader_has_the_best_median() -> None:
    """Median first, then mean, then the order given; one that never scores leads nowhere."""
    scores = {
        "never": {0: -math.inf, 1: -math.inf, 2: -math.inf},
        "steady": {0: 0.8, 1: 0.8, 2: 0.8},
        "lucky": {0: 0.8, 1: 0.8, 2: 0.9},
        "copy": {0: 0.8, 1: 0.8, 2: 0.9},
        "often perfect": {0: 1.0, 1: 0.79, 2: 0.79},
        "empty": {},
    }

    assert find_leader(scores, direction="max") == "lucky"
    assert find_leader({"a": {0: 1.0}, "b": {0: 0.5}, "c": {0: math.inf}}, direction="min") == "b"


def test_one_configuration_makes_no_family() -> None:
    """It has nobody to be compared with, and may well be the best."""
    found = judge_table({"a": {0: 1.0}}, direction="max", noticeable=0.1, level=LEVEL)

    assert (found.rows, found.may_be_best, found.n_pairs) == ((), ("a",), 0)


def test_an_unknown_reference_is_refused() -> None:
    """The message names what was asked for and what there is."""
    with pytest.raises(ValueError, match=r"no trial of 'x' to compare against; known are \['a'\]"):
        judge_table({"a": {0: 1.0}}, direction="max", noticeable=0.1, level=LEVEL, reference="x")


@pytest.mark.parametrize("reference", [None, "c3", "c0"])
def test_a_pair_is_judged_as_in_its_table(reference: str | None) -> None:
    """Also where neither of the two leads; one that was named beforehand brings its own, smaller family."""
    table = np.random.default_rng(4).normal(loc=0.4 * np.arange(4.0)[:, np.newaxis], size=(4, 9))
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    members = pairs if reference is None else [pair for pair in pairs if int(reference[1]) in pair]
    expected = textbook.p_of_pairs(table.tolist(), members)[members.index((0, 3))]
    among_all = textbook.p_of_pairs(table.tolist(), pairs)[2]

    found = judge_pair(
        by_seed(table), "c0", "c3", direction="max", noticeable=0.1, level=LEVEL, reference=reference
    )
    turned = judge_pair(
        by_seed(table), "c3", "c0", direction="max", noticeable=0.1, level=LEVEL, reference=reference
    )

    assert found.decision.p == turned.decision.p == pytest.approx(expected)
    assert found.decision.p < among_all or reference is None
    assert found.pair.difference == pytest.approx(-turned.pair.difference)
    assert turned.decision.interval == (-found.decision.interval[1], -found.decision.interval[0])


def test_a_named_reference_that_is_not_of_the_pair_leaves_it_among_all_pairs() -> None:
    table = np.random.default_rng(5).normal(size=(4, 9))
    every = judge_pair(by_seed(table), "c0", "c3", direction="max", noticeable=0.1, level=LEVEL)

    assert every == judge_pair(
        by_seed(table), "c0", "c3", direction="max", noticeable=0.1, level=LEVEL, reference="c1"
    )


def test_matches_of_several_cases_are_one_family() -> None:
    """Each in its own direction and unit; what is lost lies below the scores of its own case."""
    table = np.random.default_rng(6).normal(size=(4, 8))
    accuracy, loss = (dict(enumerate(row.tolist())) for row in table[:2]), table[2:]
    a, b = accuracy
    losses = [dict(enumerate((1000.0 + row).tolist())) for row in loss]
    matches = [Match(a, {**b, 3: -math.inf}, "max", 0.1), Match(losses[0], losses[1], "min", 5.0)]
    first = np.array([*table[:2]])
    first[1, 3] = -math.inf
    rows = textbook.differences(textbook.filled(first.tolist(), 0.1), [(0, 1)])
    rows += textbook.differences((-loss).tolist(), [(0, 1)])
    rows += textbook.differences(textbook.failures(first.tolist()), [(0, 1)])
    p = textbook.adjusted_p(rows)

    found = judge_matches(matches, level=LEVEL)

    assert [decision.p for _, decision in found] == pytest.approx([min(p[0], p[2]), p[1]])
    assert found[1][1].verdict == "equivalent"
    assert judge_matches([], level=LEVEL) == []


def test_a_lost_score_counts_no_more_in_a_case_of_small_numbers_than_of_large() -> None:
    """Two cases side by side, losses of thousands in one, do not tear a hole into the other."""
    rng = np.random.default_rng(7)
    a, b = (dict(enumerate(row.tolist())) for row in rng.normal(size=(2, 8)))
    one = Match({**a, 0: -math.inf}, b, "max", 0.1)
    large = replace(one, a={s: 1e6 * v for s, v in a.items()}, b={s: 1e6 * v for s, v in b.items()})

    alone, beside = judge_matches([one, one], level=LEVEL), judge_matches([one, large], level=LEVEL)

    assert beside[0][1].p >= alone[0][1].p


def test_equals_rarely_lose_to_their_lucky_leader() -> None:
    """200 tables of ten: over all pairs 4 % (plus two errors) call any of them worse.

    Over k − 1 pairs only, where the data picked the one, it is more: the reason for the large family.
    """
    false = {"all pairs": 0, "k - 1": 0}
    for table in np.random.default_rng(6).normal(size=(200, 10, 8)):
        scores = by_seed(table)
        leader = find_leader(scores, direction="max")
        for family, reference in (("all pairs", None), ("k - 1", leader)):
            found = judge_table(scores, direction="max", noticeable=0.01, level=LEVEL, reference=reference)
            false[family] += any(row.decision.verdict == "worse" for row in found.rows)

    assert false["all pairs"] / 200 <= LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / 200)
    assert false["k - 1"] >= 3 * false["all pairs"]
