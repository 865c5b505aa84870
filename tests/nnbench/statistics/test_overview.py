"""A run over all of its cases: who is compared, in which order, and what each number is over."""

import math
from dataclasses import replace

import pytest

from nnbench.records.trials import Axes, CaseFacts, RunRecord, TrialRecord
from nnbench.statistics.suite.overview import Member, Overview, overview

ONE = CaseFacts(
    name="one", summary="", metric="accuracy", direction="max", target=0.9, noticeable=0.01, chance=0.1,
    n_train=100, n_validation=50, n_parameters=10, epochs=1, batch_size=10, steps=100,
)  # fmt: skip
TWO = replace(ONE, name="two", metric="loss", direction="min", target=0.2, chance=1.0)
WITHOUT_TARGET = replace(ONE, name="three", target=None)


def axes(optimizer: str, rate: str = "0.1") -> Axes:
    return Axes((("optimizer", optimizer), ("learning_rate", rate)))


def trials(
    facts: CaseFacts, optimizer: str, score: float, steps: int | None, *, rate: str = "0.1", n: int = 4
) -> list[TrialRecord]:
    """Return trials that are alike but for their seed; without a score they diverged."""
    finished = math.isfinite(score)
    return [
        TrialRecord(
            key=f"{facts.name} {optimizer} {seed}",
            case=facts.name,
            axes=axes(optimizer, rate),
            seed=seed,
            status="finished" if finished else "diverged",
            final={facts.metric: score} if finished else {},
            best={},
            steps=100,
            steps_to_target=steps,
            train_s=0.5 if optimizer == "slow" else 0.25,
            digest="",
        )
        for seed in range(n)
    ]


def seen(
    records: list[TrialRecord],
    *cases: CaseFacts,
    against: str | None = None,
    states: dict[str, float] | None = None,
) -> Overview:
    run = RunRecord("r", "", "", cases, ("optimizer",), against, (), {}, 0.0, 0, 0, state_bytes=states or {})
    found = overview(run, records)
    assert found is not None
    return found


def member(over: Overview, label: str) -> Member:
    return next(each for each in over.members if each.label == label)


def three() -> list[TrialRecord]:
    """fast is best on both cases; slow takes three times the steps; never reaches no target."""
    return [
        *trials(ONE, "never", 0.5, None),
        *trials(ONE, "slow", 0.95, 30),
        *trials(ONE, "fast", 0.97, 10),
        *trials(TWO, "never", 0.9, None),
        *trials(TWO, "slow", 0.15, 60),
        *trials(TWO, "fast", 0.1, 20),
    ]


def test_the_best_profile_score_stands_first() -> None:
    """(4 − r) / 3 with r = 1, 3 and infinity; ranks follow the scores, where less loss is better."""
    over = seen(three(), ONE, TWO)

    assert [each.label for each in over.members] == ["fast", "slow", "never"]
    assert [each.profile.score for each in over.members if each.profile] == pytest.approx([1.0, 1 / 3, 0.0])
    assert [each.average_rank for each in over.members] == [1.0, 2.0, 3.0]
    assert over.with_target == ("one", "two")
    assert over.n_seeds == (4, 4)


def test_normalised_scores_are_over_the_cases_with_a_target() -> None:
    """0.97 of 0.1 to 0.9 is 1.0875; a loss of 0.1 from 1 to 0.2 is 1.125: their mean over equal trials."""
    over = seen([*three(), *trials(WITHOUT_TARGET, "fast", 0.2, None)][:-4], ONE, TWO)

    found = member(over, "fast").iqm
    assert found is not None
    assert found.value == pytest.approx((1.0875 + 1.125) / 2)


def test_a_case_without_a_target_counts_for_the_ranks_alone() -> None:
    records = three()
    for name, score in (("never", 0.9), ("slow", 0.8), ("fast", 0.7)):
        records += trials(WITHOUT_TARGET, name, score, None)

    over = seen(records, ONE, TWO, WITHOUT_TARGET)

    assert over.with_target == ("one", "two")
    assert member(over, "fast").average_rank == pytest.approx((1 + 1 + 3) / 3)
    assert over.friedman is not None
    assert over.friedman.n_cases == 3


def test_no_case_with_a_target_leaves_ranks_and_wins() -> None:
    records = [
        *trials(WITHOUT_TARGET, "a", 0.5, None),
        *trials(WITHOUT_TARGET, "b", 0.6, None),
        *trials(replace(WITHOUT_TARGET, name="four"), "a", 0.5, None),
        *trials(replace(WITHOUT_TARGET, name="four"), "b", 0.6, None),
    ]

    over = seen(records, WITHOUT_TARGET, replace(WITHOUT_TARGET, name="four"))

    assert [(each.label, each.profile, each.iqm) for each in over.members] == [
        ("b", None, None),
        ("a", None, None),
    ]
    assert member(over, "a").improvement is not None


def test_wins_are_over_the_leader_or_over_the_reference_that_was_named() -> None:
    """never loses every trial against either; the reference has no number of its own."""
    led, named = seen(three(), ONE, TWO), seen(three(), ONE, TWO, against="slow")

    assert (led.reference, led.has_named_reference) == ("fast", False)
    assert (named.reference, named.has_named_reference) == ("slow", True)
    assert member(led, "fast").improvement is None
    for over, label, share in ((led, "never", 0.0), (named, "fast", 1.0), (named, "never", 0.0)):
        found = member(over, label).improvement
        assert found is not None
        assert found.value == share


def test_a_tuned_rate_is_no_other_configuration() -> None:
    """Each case has its own rate for the same optimizer: the label is what they share."""
    records = [
        *trials(ONE, "fast", 0.97, 10, rate="0.3"),
        *trials(ONE, "slow", 0.95, 30),
        *trials(TWO, "fast", 0.1, 20, rate="0.001"),
        *trials(TWO, "slow", 0.15, 60),
    ]

    assert [each.label for each in seen(records, ONE, TWO).members] == ["fast", "slow"]


def test_a_configuration_that_a_case_lacks_is_left_out_and_counted() -> None:
    over = seen([*three(), *trials(ONE, "alone", 0.99, 1)], ONE, TWO)

    assert "alone" not in [each.label for each in over.members]
    assert over.n_left_out == 1
    assert member(over, "fast").profile is not None
    assert member(over, "fast").profile.score == pytest.approx(1.0)  # type: ignore[union-attr]


def test_a_target_that_nobody_reaches_counts_for_nobody() -> None:
    records = three()
    for name in ("never", "slow", "fast"):
        records += trials(replace(ONE, name="hard"), name, 0.2, None)

    over = seen(records, ONE, TWO, replace(ONE, name="hard"))

    assert over.unsolved == ("hard",)
    assert member(over, "fast").profile.score == pytest.approx(2 / 3)  # type: ignore[union-attr]


def test_divergence_counts_as_the_worst_there_is() -> None:
    """And the time is that of the trials that finished: none here on the second case."""
    records = [
        *trials(ONE, "fast", 0.97, 10),
        *trials(ONE, "wild", 0.99, 5),
        *trials(TWO, "fast", 0.1, 20),
        *trials(TWO, "wild", math.nan, 5),
    ]

    over = seen(records, ONE, TWO)

    wild = member(over, "wild")
    assert wild.average_rank == pytest.approx(1.5)
    assert wild.profile is not None
    assert wild.profile.score == pytest.approx(0.5)  # best of one case, and lost in the other
    assert math.isnan(wild.train_s)
    assert member(over, "fast").train_s == pytest.approx(0.5)


def test_seeds_that_one_of_them_lacks_are_left_out_of_the_profile() -> None:
    """Costs are drawn again by seed, for all configurations at once."""
    records = three()[:-2]

    assert seen(records, ONE, TWO).n_seeds == (2, 4)


def test_memory_is_that_of_the_optimizer() -> None:
    over = seen(three(), ONE, TWO, states={"fast": 8.0})

    assert (member(over, "fast").state_bytes, member(over, "slow").state_bytes) == (8.0, None)


def test_one_case_is_no_overview() -> None:
    run = RunRecord("r", "", "", (ONE,), ("optimizer",), None, (), {}, 0.0, 0, 0)

    assert overview(run, trials(ONE, "fast", 0.9, 1)) is None
    assert overview(replace(run, cases=(ONE, TWO)), trials(ONE, "fast", 0.9, 1)) is None


def test_the_posterior_is_over_medians_in_noticeable_differences() -> None:
    """0.02 of accuracy and 0.02 of loss are two noticeable ones; the reference and few cases have none."""
    cases = [replace(ONE if n % 2 else TWO, name=f"case{n}") for n in range(6)]
    records = []
    for case in cases:
        base, sign = (0.9, 1) if case.direction == "max" else (0.2, -1)
        records += trials(case, "fast", base, 10)
        records += trials(case, "slow", base - sign * 0.02, 10)
        records += trials(case, "alike", base - sign * 0.009, 10)
        records += trials(case, "gone", math.nan, None)

    over = seen(records, *cases, against="fast")

    said = {each.label: each.posterior for each in over.members if each.posterior is not None}
    assert list(said) == ["alike", "slow", "gone"]
    assert said["alike"].equivalent == 1.0
    assert said["slow"].worse > 0.9
    assert said["gone"].worse > 0.99
    assert member(seen(records, *cases[:5]), "slow").posterior is None
