"""Sentences of a report of one case: on smaller studies, on success, and what a difference is worth."""

from dataclasses import replace

import pytest

from nnbench.records.trials import CaseRace
from nnbench.reporting.json.by_seed import fewer_seeds_as_list, success_by_verdict
from nnbench.reporting.texts import words
from nnbench.reporting.views.fewer_seeds import fewer_seeds
from nnbench.reporting.views.successes import successes
from tests.nnbench.reporting.report_samples import (
    FACTS,
    INFINITY,
    Sample,
    alone,
    axes,
    comparison,
    run,
    six_by_ten,
    summary,
    trial,
)


def two(*, seeds: int, ahead: int) -> Sample:
    """Return adam ahead on so many of the seeds, and sgd on the others."""
    a = (axes(optimizer="adam"), axes(optimizer="sgd"))
    trials = tuple(
        trial(each, seed, 0.97 if (each is a[0]) == (seed < ahead) else 0.90)
        for each in a
        for seed in range(seeds)
    )
    rows = (summary(a[0], 0.97, (0.9, 0.97), n=seeds), summary(a[1], 0.9, (0.9, 0.97), n=seeds))
    compared = comparison(a[1], a[0], "cannot_tell", -0.01, (-0.03, 0.01))
    return Sample(run(trials, varying=("optimizer",)), trials, rows, (compared,))


def test_the_share_of_studies_is_said_for_each_size() -> None:
    """Ahead on 8 of 10 seeds: both others are in 8 of 120 triples, and outvoted in any five."""
    said = fewer_seeds(two(seeds=10, ahead=8).cases()[0])

    assert said is not None
    assert said.text == (
        "With 1 seed 20 % of studies would have named another winner, with 3 seeds 7 %, with 5 seeds 0 %."
    )
    assert fewer_seeds_as_list(two(seeds=10, ahead=8)) == [
        {"case": FACTS.name, "seeds": 1, "another_winner": 1 - 0.8},
        {"case": FACTS.name, "seeds": 3, "another_winner": 1 - (120 - 8) / 120},
        {"case": FACTS.name, "seeds": 5, "another_winner": 0.0},
    ]


def test_none_of_the_drawn_studies_is_no_certainty() -> None:
    """All of one seed are listed; 4,060 triples are not."""
    said = fewer_seeds(two(seeds=30, ahead=30).cases()[0])

    assert said is not None
    expected = "With 1 seed 0 % of studies would have named another winner"
    assert said.text == f"{expected}, with 3 seeds <0.1 %, with 5 seeds <0.1 %."


def test_one_configuration_or_one_seed_has_no_such_sentence() -> None:
    assert fewer_seeds(alone().cases()[0]) is None
    assert fewer_seeds(two(seeds=1, ahead=1).cases()[0]) is None
    assert fewer_seeds_as_list(alone()) == []
    search = two(seeds=10, ahead=8)
    assert fewer_seeds_as_list(Sample(search.run, search.trials)) == []


def test_success_is_compared_where_it_differs() -> None:
    """Those on sigmoid and sgd never come to the target, momentum on relu always does."""
    said = successes(six_by_ten().cases()[0])

    assert said is not None
    assert said.text.startswith(
        "Reached target, to adam · relu: adam · sigmoid 0/10 against 10/10, p = 0.002; momentum · sigmoid"
    )
    assert said.text.endswith(
        " 10/10, p = 0.002 (exact McNemar, paired by seed; among 15 comparisons, all pairs)."
    )
    assert "momentum · relu" not in said.text


def test_success_in_json_is_that_of_each_verdict() -> None:
    found = six_by_ten()

    entries = success_by_verdict(found)

    assert set(entries) == {(each.case, each.a) for each in found.comparisons}
    assert entries[FACTS.name, axes(optimizer="sgd", activation="relu")] == {
        "only_a": 0, "only_b": 10, "p": pytest.approx(1 / 512)
    }  # fmt: skip


def test_many_pairs_are_cut_short() -> None:
    a = [axes(optimizer=name) for name in "abcdefg"]
    trials = tuple(trial(each, seed, 0.97 if each == a[0] else 0.8) for each in a for seed in range(6))
    others = tuple(comparison(each, a[0], "worse", -0.1, (-0.2, -0.1)) for each in a[1:])
    rows = tuple(summary(each, 0.9, (0.8, 1.0)) for each in a)

    said = successes(Sample(run(trials, varying=("optimizer",)), trials, rows, others).cases()[0])

    assert said is not None
    assert said.text.count(" against ") == 4
    assert "; 2 more, p = 0.031 or above (exact" in said.text


def test_nothing_is_said_where_all_reach_it_or_in_a_race() -> None:
    """A race looks at the scores and stops by them: its seeds are no sample of fixed size."""
    case = six_by_ten().cases()[0]
    race = CaseRace(case.facts.name, 0.05, 6, (6, 10))

    assert successes(two(seeds=6, ahead=6).cases()[0]) is not None
    assert successes(replace(case, race=race)) is None
    assert successes(alone().cases()[0]) is None


@pytest.mark.parametrize(
    ("difference", "rate", "said"),
    [
        (0.0031, 0.0001, "worth 31 steps"),
        (-0.0031, 0.0001, "worth 31 steps"),
        (0.02345, 0.0001, "worth 230 steps"),
        (0.0001, 0.0001, "worth 1 step"),
        (0.00001, 0.0001, ""),
        (0.5, 0.0001, "worth over 900 steps"),
        (INFINITY, 0.0001, ""),
        (0.5, None, ""),
    ],
)
def test_what_a_difference_is_worth(difference: float, rate: float | None, said: str) -> None:
    """Two digits of it; never more than the budget, near whose end the rate was not measured."""
    assert words.worth(difference, replace(FACTS, exchange_rate=rate)) == said
