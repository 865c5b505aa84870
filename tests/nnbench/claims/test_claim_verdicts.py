"""The rule from an interval to a verdict."""

import math

import numpy as np
import pytest
from scipy import stats

from nnbench.cases.claims import Rule
from nnbench.statistics.claims.verdict import judge, of_claim


def rule(sign: str, low: float, high: float | None = None) -> Rule:
    return Rule(sign=sign, low=low, high=low if high is None else high)


def around(mean: float, *, spread: float = 0.1, n: int = 10) -> list[float]:
    values = np.linspace(-1, 1, n)
    return list(mean + spread * values)


def test_the_interval_is_students_and_simultaneous_for_what_counts() -> None:
    values = list(np.random.RandomState(0).normal(1.0, 0.3, 12))
    found = judge(values, rule(">", 0.0), n_counting=3)
    expected = stats.t.interval(1 - 0.05 / 3, 11, np.mean(values), stats.sem(values))
    assert found.interval == pytest.approx(expected, rel=1e-9)
    assert found.effect == pytest.approx(np.mean(values))


def test_the_interval_of_a_share_is_wilsons() -> None:
    found = judge([1.0] * 9 + [0.0], rule(">", 0.5), n_counting=1, is_share=True)
    expected = stats.binomtest(9, 10).proportion_ci(0.95, method="wilson")
    assert found.interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.verdict == "supported"


@pytest.mark.parametrize(
    ("mean", "given", "verdict"),
    [
        (1.0, {}, "supported"),
        (-1.0, {}, "refuted"),
        (0.01, {}, "cannot_tell"),
        (0.5, {"size": 2.0}, "here_not_in_size"),
        (0.5, {"size": 0.4}, "supported"),
        (0.5, {"size": 0.52}, "supported"),
        (0.5, {"size": (1.0, 2.0)}, "here_not_in_size"),
        (0.5, {"size": (0.1, 0.2)}, "here_not_in_size"),
        (0.5, {"size": (0.1, 0.5)}, "supported"),
        (0.01, {"noticeable": 0.2}, "refuted"),
        (0.1, {"noticeable": 0.02}, "supported"),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_verdict_follows_from_where_the_interval_lies(
    mean: float, given: dict[str, object], verdict: str, sign: int
) -> None:
    size = given.get("size")
    if sign < 0 and size is not None:  # the same claim, mirrored
        size = tuple(sorted(-end for end in size)) if isinstance(size, tuple) else -size  # type: ignore[operator]
    found = judge(
        [sign * value for value in around(mean)],
        rule(">" if sign > 0 else "<", 0.0),
        n_counting=1,
        **{**given, "size": size},  # type: ignore[arg-type]
    )
    assert found.verdict == verdict


def test_equivalence_needs_the_whole_interval_inside() -> None:
    inside = rule("in", -0.1, 0.1)
    assert judge(around(0.0, spread=0.05), inside, n_counting=1).verdict == "supported"
    assert judge(around(0.1, spread=0.05), inside, n_counting=1).verdict == "cannot_tell"
    assert judge(around(0.3, spread=0.05), inside, n_counting=1).verdict == "refuted"


@pytest.mark.parametrize(("sign", "verdict"), [(">", "refuted"), (">=", "supported")])
def test_values_without_spread_at_the_edge_are_decided_by_the_sign(sign: str, verdict: str) -> None:
    assert judge([2.0] * 5, rule(sign, 2.0), n_counting=1).verdict == verdict


def test_seeds_needed_are_those_that_decide_nine_times_in_ten() -> None:
    generator = np.random.RandomState(1)
    values = list(0.3 + generator.normal(0.0, 1.0, 10))
    found = judge(values, rule(">", 0.0), n_counting=1)
    assert found.verdict == "cannot_tell"
    assert found.seeds_needed is not None
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    again = generator.normal(mean, spread, (2000, found.seeds_needed))
    t = again.mean(1) / again.std(1, ddof=1) * math.sqrt(found.seeds_needed)
    decided = np.mean(np.abs(t) > stats.t.ppf(0.975, found.seeds_needed - 1))
    assert 0.86 < decided < 0.95


def test_seeds_without_a_value_are_left_out_and_none_is_no_verdict() -> None:
    found = judge([1.0, math.nan, 1.1, 0.9], rule(">", 0.0), n_counting=1)
    assert (found.n, found.verdict) == (3, "supported")
    assert judge([], rule(">", 0.0), n_counting=1).verdict == "not_measured"


def test_a_claim_is_as_weak_as_its_weakest_quantity_that_counts() -> None:
    good, bad, open_ = (judge(around(mean), rule(">", 0.0), n_counting=1) for mean in (1.0, -1.0, 0.01))
    shown = judge(around(-1.0), rule(">", 0.0), n_counting=1, counts=False)
    small = judge(around(0.5), rule(">", 0.0), n_counting=1, size=2.0)
    assert of_claim([good, shown]) == "supported"
    assert of_claim([good, small]) == "here_not_in_size"
    assert of_claim([good, small, open_]) == "cannot_tell"
    assert of_claim([open_, bad]) == "refuted"
    assert of_claim([shown]) == "not_measured"
