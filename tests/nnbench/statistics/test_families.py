"""The default family of a case: its reference, its size, and how often it calls equals different."""

import math

import numpy as np
import pytest
from nnbench.statistics.estimation.significance import holm, sign_flip_p
from numpy.typing import NDArray

from nnbench.statistics.comparing.families import find_leader, leader_family, race_family
from nnbench.statistics.comparing.pairs import compare


def by_seed(table: NDArray[np.float64]) -> dict[str, dict[int, float]]:
    """Return the rows of a (configurations, seeds) table as scores by seed."""
    return {f"c{i}": {seed: float(value) for seed, value in enumerate(row)} for i, row in enumerate(table)}


def test_a_named_reference_makes_a_family_of_the_others() -> None:
    """k − 1 comparisons, each with the reference as b, corrected over just these."""
    table = np.random.default_rng(0).normal(loc=np.arange(4.0)[:, np.newaxis], size=(4, 8))
    raw = [sign_flip_p(table[i] - table[1]) for i in (0, 2, 3)]

    family = leader_family(by_seed(table), direction="max", noticeable=0.1, reference="c1")

    assert [(item.a, item.b) for item in family] == [("c0", "c1"), ("c2", "c1"), ("c3", "c1")]
    assert [item.decision.p for item in family] == pytest.approx(holm(raw).tolist())
    assert family[2].pair == compare(table[3], table[1], direction="max", noticeable=0.1)


def test_without_one_the_leader_is_compared_and_all_pairs_are_corrected_for() -> None:
    """The leader by median is b; p values are Holm's over k (k − 1) / 2."""
    table = np.random.default_rng(1).normal(loc=[[0.0], [5.0], [1.0]], size=(3, 8))
    raw = {(i, j): sign_flip_p(table[i] - table[j]) for i in range(3) for j in range(i)}
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))

    family = leader_family(by_seed(table), direction="max", noticeable=0.1)

    assert [(item.a, item.b) for item in family] == [("c0", "c1"), ("c2", "c1")]
    assert [item.decision.p for item in family] == [adjusted[1, 0], adjusted[2, 1]]
    assert {item.decision.verdict for item in family} == {"worse"}


def test_reasons_and_seeds_know_the_size_of_the_family() -> None:
    """Six configurations make 15 pairs, for which eight seeds are too few; a named one makes 5."""
    table = np.arange(6.0)[:, np.newaxis] + np.zeros((6, 8))

    by_leader = leader_family(by_seed(table), direction="max", noticeable=0.1)[0].decision
    by_name = leader_family(by_seed(table), direction="max", noticeable=0.1, reference="c5")[0].decision

    assert by_leader.reason == "with 15 comparisons 8 seeds cannot reach 5 %; 10 would"
    assert by_leader.seeds_needed == 10
    assert by_name.verdict == "worse"


def test_what_left_a_race_does_not_lead_it() -> None:
    """Its median over the easy seeds it ran is the best there is; the leader is one of those that stayed."""
    seeds = {seed: 9.0 if seed < 8 else 1.0 for seed in range(20)}
    scores = {
        "left": {seed: score - 1.0 for seed, score in seeds.items() if seed < 8},
        "leads": seeds,
        "stays": {seed: score - 0.5 for seed, score in seeds.items()},
    }

    family = race_family(scores, left={"left"}, n_tests=6, direction="max", noticeable=0.1)

    assert find_leader(scores, direction="max") == "left"
    assert [(item.a, item.b) for item in family] == [("left", "leads"), ("stays", "leads")]
    assert [item.pair.n for item in family] == [8, 20]
    assert [item.decision.p for item in family] == [6 * 2 / 2**8, 6 * 2 / 2**20]


def test_only_shared_seeds_make_pairs() -> None:
    """A seed that one side lacks is left out of that pair and of no other."""
    scores = {"a": {0: 1.0, 1: 2.0, 2: 3.0}, "b": {1: 5.0, 2: 7.0, 9: 0.0}, "c": {}}

    family = leader_family(scores, direction="max", noticeable=0.1, reference="b")

    assert [(item.a, item.pair.n) for item in family] == [("a", 2), ("c", 0)]
    assert family[0].pair.difference == -3.5
    assert family[1].decision.reason == "no seed in common"


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


def test_too_few_configurations_make_no_family() -> None:
    """One configuration has nobody to be compared with."""
    assert leader_family({"a": {0: 1.0}}, direction="max", noticeable=0.1) == []
    assert leader_family({}, direction="max", noticeable=0.1) == []


def test_an_unknown_reference_is_refused() -> None:
    """The message names what was asked for and what there is."""
    with pytest.raises(ValueError, match=r"no trial of 'x' to compare against; known are \['a'\]"):
        leader_family({"a": {0: 1.0}}, direction="max", noticeable=0.1, reference="x")


def test_identical_configurations_rarely_lose_to_their_lucky_leader() -> None:
    """Of 100 runs of ten equal configurations, at most 5 % (plus three errors) call any of them worse."""
    tables = np.random.default_rng(6).normal(size=(100, 10, 12))
    families = [leader_family(by_seed(table), direction="max", noticeable=0.01) for table in tables]

    false_runs = np.mean([any(item.decision.verdict == "worse" for item in family) for family in families])

    assert false_runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)


def test_correcting_for_the_shown_pairs_only_would_call_lucky_leaders() -> None:
    """The reason for the large family: over k − 1 only, a leader picked from the data wins too often."""
    tables = np.random.default_rng(6).normal(size=(100, 10, 12))
    scored = [by_seed(table) for table in tables]
    families = [
        leader_family(
            scores, direction="max", noticeable=0.01, reference=find_leader(scores, direction="max")
        )
        for scores in scored
    ]

    false_runs = np.mean([any(item.decision.verdict == "worse" for item in family) for family in families])

    assert false_runs > 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)
