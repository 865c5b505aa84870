"""The sentences on smaller studies and on success, as a report of one case has them."""

from nnbench.reporting.json.fewer_seeds import fewer_seeds_as_list
from nnbench.reporting.views.fewer_seeds import fewer_seeds
from tests.nnbench.reporting.report_samples import (
    FACTS,
    Sample,
    alone,
    axes,
    comparison,
    run,
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
