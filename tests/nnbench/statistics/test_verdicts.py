"""The four verdicts: when each is given, that they mirror, and that no interval contradicts its verdict."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.records.trials import Direction
from nnbench.statistics.comparing.families import Match, Table, judge_matches, judge_table
from nnbench.statistics.comparing.verdicts import Decision
from nnbench.statistics.estimation.bootstrap import UNBOUNDED

LEVEL = 0.032  # of a first look
MIRRORED = {"better": "worse", "worse": "better", "equivalent": "equivalent", "cannot_tell": "cannot_tell"}
LEAD = [0.05, 0.06, 0.04, 0.05, 0.07, 0.05, 0.06]


def verdict_of(
    differences: list[float], *, noticeable: float = 0.01, direction: Direction = "max", level: float = LEVEL
) -> Decision:
    """Return the verdict on these differences alone; an infinite one is a score that one side lost."""
    worst = -math.inf if direction == "max" else math.inf
    a = [0.0 if difference == -worst else difference for difference in differences]
    b = [worst if difference == -worst else 0.0 for difference in differences]
    match = Match(dict(enumerate(a)), dict(enumerate(b)), direction, noticeable)
    return judge_matches([match], level=level)[0][1]


def test_a_steady_lead_is_better() -> None:
    """Seven of seven ahead by far more than noticeable: better, with Student's interval."""
    decision = verdict_of(LEAD)

    expected = stats.t.interval(0.95, 6, loc=np.mean(LEAD), scale=stats.sem(LEAD))
    assert decision.interval == pytest.approx(expected)
    assert (decision.verdict, decision.p, decision.seeds_needed) == ("better", 2 / 2**7, None)
    assert decision.reason == "ahead on 7 of 7 seeds"
    assert verdict_of([-d for d in LEAD]).verdict == "worse"
    assert verdict_of(LEAD, direction="min").verdict == "worse"
    assert verdict_of(LEAD, direction="min").reason == "behind on 7 of 7 seeds"


@pytest.mark.parametrize("difference", [0.0, 0.001, 5.0])
def test_five_seeds_never_tell(difference: float) -> None:
    """Below six seeds neither a huge lead nor perfect agreement is a verdict, whatever the mean."""
    decision = verdict_of([difference] * 5)

    assert decision.verdict == "cannot_tell"
    assert decision.reason == "5 seeds cannot decide anything: 6 would"
    assert decision.seeds_needed == 6


def test_a_later_look_asks_for_more() -> None:
    """Seven of seven are told at the first look, and not at the third, whose level is 0.41 %."""
    decision = verdict_of(LEAD, level=0.0041)

    assert (decision.verdict, decision.reason) == ("cannot_tell", "7 seeds cannot decide anything: 9 would")
    assert verdict_of([0.0] * 6, level=0.0041).verdict == "equivalent"  # its interval is always one of 95 %


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
    """One that loses its score on every seed is worse; the reason names it, nothing bounds the difference."""
    decision = verdict_of([-math.inf] * 6 + [-0.01])

    assert (decision.verdict, decision.interval) == ("worse", UNBOUNDED)
    assert decision.reason == "behind on 7 of 7 seeds; on 6 of them it left no score"
    assert verdict_of([math.inf] * 7).reason == "ahead on 7 of 7 seeds; on 7 of them the other left no score"


def test_better_scores_and_more_failures_cannot_be_told() -> None:
    """Ahead on 12 seeds and without a score on 8: which matters more is not for the test to say."""
    decision = verdict_of([0.5, 0.6] * 6 + [-math.inf] * 8)

    assert decision.verdict == "cannot_tell"
    assert decision.reason == "better scores but more failures: the two contradict each other"
    assert decision.seeds_needed is None
    assert decision.interval[0] == 0.0


def test_one_lost_score_forbids_equivalence() -> None:
    """Nine agreeing seeds and one on which only one side diverged are not equivalent."""
    assert verdict_of([0.001, -0.001, 0.0] * 3 + [-math.inf]).verdict == "cannot_tell"


def test_seeds_lost_on_both_sides_do_not_count_towards_equivalence() -> None:
    """Five agreeing pairs of scores stay too few, however many seeds both sides lost."""
    a = dict(enumerate([0.5] * 5 + [-math.inf] * 5))

    ((_, decision),) = judge_matches([Match(a, a, "max", 0.01)], level=LEVEL)

    assert decision.verdict == "cannot_tell"


@given(st.lists(st.floats(-0.05, 0.05) | st.just(math.inf), min_size=1, max_size=12))
def test_verdicts_mirror(differences: list[float]) -> None:
    """Where a is better than b, b is worse than a; the other two verdicts are the same from either side."""
    # Scores of 0 on either side, so that turning the differences turns the table.
    a = {seed: max(difference, 0.0) for seed, difference in enumerate(differences)}
    b = {seed: max(-difference, 0.0) for seed, difference in enumerate(differences)}
    a = {seed: -math.inf if math.isinf(score) else score for seed, score in a.items()}

    ((_, forward),) = judge_matches([Match(a, b, "max", 0.01)], level=LEVEL)
    ((_, backward),) = judge_matches([Match(b, a, "max", 0.01)], level=LEVEL)

    assert backward.verdict == MIRRORED[forward.verdict]
    assert (backward.p, backward.seeds_needed) == (forward.p, forward.seeds_needed)
    assert backward.interval == (-forward.interval[1], -forward.interval[0])


def random_table(seed: int) -> tuple[Table[int], Direction, float]:
    """Return a table of two to eight configurations, some of which lose scores or lack seeds."""
    rng = np.random.default_rng(seed)
    k, n = int(rng.integers(2, 9)), int(rng.integers(5, 13))
    spread, noticeable = rng.choice([0.0, 0.5, 4.0]), float(rng.choice([0.0, 0.5, 2.5]))
    direction: Direction = "max" if seed % 2 else "min"
    worst = -math.inf if direction == "max" else math.inf
    table = rng.normal(spread * rng.random((k, 1)), rng.choice([0.1, 1.0]), size=(k, n))
    lost = rng.random((k, n)) < rng.choice([0.0, 0.0, 0.6], size=(k, 1))
    has_trial = rng.random((k, n)) >= rng.choice([0.0, 0.2])
    scores = {
        place: {
            seed: worst if lost[place, seed] else float(table[place, seed])
            for seed in np.flatnonzero(has_trial[place]).tolist()
        }
        for place in range(k)
    }
    reference = None if rng.random() < 0.5 else 0
    judged = judge_table(scores, direction=direction, noticeable=noticeable, level=LEVEL, reference=reference)
    return judged, direction, noticeable


def test_no_row_contradicts_its_verdict() -> None:
    """400 tables: 0 is outside the interval of a difference and inside that of an open question."""
    seen: Counter[str] = Counter()
    for seed in range(400):
        table, direction, noticeable = random_table(seed)
        for row in table.rows:
            decision, (low, high) = row.decision, row.decision.interval
            above = decision.verdict == ("better" if direction == "max" else "worse")
            seen[decision.verdict] += 1
            if decision.verdict == "cannot_tell":
                assert low <= 0.0 <= high
            elif decision.verdict == "equivalent":
                assert -noticeable < low <= high < noticeable
            elif decision.interval == UNBOUNDED:
                seen["unbounded"] += 1
                assert row.pair.is_one_sided
            else:
                assert low > 0.0 if above else high < 0.0
                seen["one step would not tell"] += min(abs(low), abs(high)) == abs(1e-6 * row.pair.difference)
            if decision.verdict != "equivalent":
                contradicts = "contradict" in decision.reason
                assert (decision.p <= LEVEL) == (decision.verdict != "cannot_tell" or contradicts)
            if decision.verdict != "cannot_tell":
                assert decision.seeds_needed is None
            if not row.pair.is_one_sided:
                assert low <= row.pair.difference <= high

    assert all(seen[verdict] >= 20 for verdict in (*MIRRORED, "unbounded"))
    assert seen["one step would not tell"] >= 3


def test_noticeably_different_configurations_are_rarely_equivalent() -> None:
    """Of 400 pairs whose true difference is just the noticeable one, about 2.5 % are called equivalent."""
    differences = np.random.default_rng(9).normal(loc=1.0, size=(400, 9))
    verdicts = [verdict_of(row.tolist(), noticeable=1.0).verdict for row in differences]

    false_calls = np.mean([verdict == "equivalent" for verdict in verdicts])

    assert false_calls <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 400)
