"""The four verdicts: when each is given, that they mirror, and how often they are false."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.records.trials import Direction
from nnbench.statistics.comparing.pairs import PairResult, compare
from nnbench.statistics.comparing.verdicts import Decision, decide_family

MIRRORED = {"better": "worse", "worse": "better", "equivalent": "equivalent", "cannot_tell": "cannot_tell"}
LEAD = [0.05, 0.06, 0.04, 0.05, 0.07, 0.05, 0.06]


def pair_of(
    differences: list[float], *, noticeable: float = 0.01, direction: Direction = "max"
) -> PairResult:
    """Return the evidence in these differences; an infinite one is a score that one side lost."""
    worst = -math.inf if direction == "max" else math.inf
    a = [0.0 if difference == -worst else difference for difference in differences]
    b = [worst if difference == -worst else 0.0 for difference in differences]
    return compare(a, b, direction=direction, noticeable=noticeable)


def verdict_of(
    differences: list[float], *, noticeable: float = 0.01, direction: Direction = "max"
) -> Decision:
    """Return the verdict on these differences alone, in a family of one."""
    return decide_family([pair_of(differences, noticeable=noticeable, direction=direction)])[0]


def test_a_steady_lead_is_better() -> None:
    """Seven of seven ahead by far more than noticeable: better, with nothing left to plan."""
    assert verdict_of(LEAD) == Decision("better", 2 / 2**7, None, "ahead on 7 of 7 seeds")
    assert verdict_of([-d for d in LEAD]).verdict == "worse"
    assert verdict_of(LEAD, direction="min") == Decision("worse", 2 / 2**7, None, "behind on 7 of 7 seeds")


@pytest.mark.parametrize("difference", [0.0, 0.001, 5.0])
def test_five_pairs_never_tell(difference: float) -> None:
    """Below six pairs neither a huge lead nor perfect agreement is a verdict, whatever the mean."""
    decision = verdict_of([difference] * 5)

    assert decision.verdict == "cannot_tell"
    assert decision.reason == "5 pairs cannot reach 5 % (needs 6)"
    assert decision.seeds_needed == 6


def test_agreement_within_the_noticeable_is_equivalent() -> None:
    """The whole interval inside ±noticeable: equivalent."""
    decision = verdict_of([0.001, -0.002, 0.0, 0.002, -0.001, 0.001])

    assert (decision.verdict, decision.reason) == (
        "equivalent",
        "the whole interval lies within the noticeable difference",
    )


def test_a_significant_trifle_is_equivalent_and_says_so() -> None:
    """Significance of a difference that nobody would notice does not make it better."""
    decision = verdict_of([0.001, 0.002, 0.001, 0.002, 0.001, 0.002])

    assert decision.verdict == "equivalent"
    assert (
        decision.reason
        == "significant but not noticeable: the whole interval lies within the noticeable difference"
    )


def test_without_a_noticeable_difference_nothing_is_equivalent() -> None:
    """A noticeable difference of 0 asks for any difference at all; even equal scores stay open."""
    assert verdict_of([0.0] * 8, noticeable=0.0).verdict == "cannot_tell"


def test_a_lead_that_may_be_small_says_so() -> None:
    """Better, but with an interval that reaches below the noticeable difference."""
    decision = verdict_of([0.004, 0.02, 0.01, 0.03, 0.02, 0.005, 0.006], noticeable=0.012)

    assert decision.verdict == "better"
    assert decision.reason == "ahead on 7 of 7 seeds; may be less than the noticeable difference"


def test_divergence_can_decide() -> None:
    """A configuration that loses its score on every seed is worse, and the reason names the loss."""
    decision = verdict_of([-math.inf] * 6 + [-0.01])

    assert decision.verdict == "worse"
    assert decision.reason == "behind on 7 of 7 seeds; on 6 of them it left no score"
    assert verdict_of([math.inf] * 7).reason == "ahead on 7 of 7 seeds; on 7 of them the other left no score"


def test_one_lost_score_forbids_equivalence() -> None:
    """Nine agreeing seeds and one on which only one side diverged are not equivalent."""
    assert verdict_of([0.001, -0.001, 0.0] * 3 + [-math.inf]).verdict == "cannot_tell"


def test_seeds_lost_on_both_sides_do_not_count_towards_equivalence() -> None:
    """Five agreeing pairs of scores stay too few, however many seeds both sides lost."""
    a = [0.5] * 5 + [-math.inf] * 5

    assert decide_family([compare(a, a, direction="max", noticeable=0.01)])[0].verdict == "cannot_tell"


def test_the_family_raises_the_bar() -> None:
    """The same pair is better alone and undecided as one of four, and says how many seeds would reach."""
    alone = pair_of(LEAD)
    undecided = pair_of([0.1, -0.1] * 3 + [0.05])

    decisions = decide_family([alone, undecided, undecided, undecided])

    assert decide_family([alone])[0].verdict == "better"
    assert decisions[0].p == 4 * alone.p > 0.05
    assert decisions[0].reason == "with 4 comparisons 7 seeds cannot reach 5 %; 8 would"
    assert decisions[0].seeds_needed == 8


@given(st.lists(st.floats(-0.05, 0.05) | st.just(math.inf), min_size=1, max_size=12))
def test_verdicts_mirror(differences: list[float]) -> None:
    """Where a is better than b, b is worse than a; the other two verdicts are the same from either side."""
    forward, backward = verdict_of(differences), verdict_of([-d for d in differences])

    assert backward.verdict == MIRRORED[forward.verdict]
    assert (backward.p, backward.seeds_needed is None) == (forward.p, forward.seeds_needed is None)


@given(st.lists(st.floats(-0.05, 0.05), min_size=6, max_size=12))
def test_a_larger_family_never_turns_undecided_into_decided(differences: list[float]) -> None:
    """Adding comparisons can only take better and worse away."""
    pair = pair_of(differences)
    alone, among = decide_family([pair])[0], decide_family([pair] * 5)[0]

    assert among.verdict in (alone.verdict, "cannot_tell")


@pytest.mark.parametrize("n", [6, 10, 26])
def test_identical_configurations_are_rarely_called(n: int) -> None:
    """Of 400 comparisons of equals at 5 %, at most 5 % plus three binomial errors are better or worse."""
    samples = np.random.default_rng(n).normal(size=(400, 2, n))
    pairs = [compare(a, b, direction="max", noticeable=0.01) for a, b in samples[: 400 if n < 20 else 100]]

    false_calls = np.mean([decide_family([pair])[0].verdict in ("better", "worse") for pair in pairs])

    assert false_calls <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / len(pairs))


def test_noticeably_different_configurations_are_rarely_equivalent() -> None:
    """Of 400 pairs whose true difference is just the noticeable one, about 2.5 % are called equivalent."""
    differences = np.random.default_rng(9).normal(loc=1.0, size=(400, 9))
    decisions = decide_family([pair_of(list(row), noticeable=1.0) for row in differences], level=0.05)

    false_calls = np.mean([decision.verdict == "equivalent" for decision in decisions])

    assert false_calls <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 400)
