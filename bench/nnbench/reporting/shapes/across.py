"""The part ``across`` of ``nnbench.run/1``."""

from typing import Annotated, TypedDict

from nnbench.reporting.shapes.parts import Interval


class Estimate(TypedDict):
    """A number over many cases."""

    value: Annotated[float | None, "The number; null: it is not finite."]
    interval: Interval
    cases: Annotated[int, "Cases that take part."]
    n: Annotated[int, "Trials that take part."]


class Profile(TypedDict):
    """A performance profile: the share of cases that need at most so many times the steps of the fastest."""

    factors: Annotated[list[float], "Times the steps of the fastest."]
    share: Annotated[list[float], "Share of the cases, for each factor."]
    low: Annotated[list[float], "The lower end of its 95 % band."]
    high: Annotated[list[float], "The upper end of its 95 % band."]


class ScoreProfile(TypedDict):
    """The share of trials whose normalised score is above each threshold."""

    thresholds: Annotated[list[float], "Normalised scores: 0 is chance, 1 the target."]
    share: Annotated[list[float], "Share of the trials, for each threshold."]
    low: Annotated[list[float], "The lower end of its 95 % band."]
    high: Annotated[list[float], "The upper end of its 95 % band."]


class SignedRank(TypedDict):
    """Probabilities over cases like these, by the Bayesian signed-rank test; they sum to 1."""

    better: Annotated[float, "That it is better than the reference by more than is noticeable."]
    equivalent: Annotated[float, "That the two are as good."]
    worse: Annotated[float, "That it is worse by more than is noticeable."]
    n_cases: Annotated[int, "Cases that take part."]


class Friedman(TypedDict):
    """Friedman's test of the ranks."""

    statistic: Annotated[float | None, "Friedman's χ²; null: all ranks tie."]
    p: Annotated[float | None, "By permutation."]
    exact: Annotated[bool, "Whether all arrangements were counted, not drawn ones."]
    critical_difference: Annotated[
        float | None, "Nemenyi's, of two average ranks; null: fewer than six cases."
    ]
    n: Annotated[int, "Cases."]


class AcrossConfiguration(TypedDict):
    """One configuration over all cases."""

    label: Annotated[str, "Its choices on the axes that vary."]
    score: Annotated[float | None, "Area under its performance profile up to `r_max`, 0 to 1."]
    score_interval: Annotated[list[float | None] | None, "95 %, by drawing seeds again within each case."]
    profile: Annotated[Profile | None, "Null: no case has a target."]
    score_profile: Annotated[ScoreProfile | None, "Null: no case has a target."]
    average_rank: Annotated[float | None, "Mean over the cases of its rank; 1 is best."]
    iqm: Annotated[Estimate | None, "Interquartile mean of its normalised scores."]
    improvement: Annotated[Estimate | None, "Probability that a trial of it beats one of the reference."]
    signed_rank: Annotated[
        SignedRank | None, "Against the reference; null: it is that, or there are too few cases."
    ]
    train_s: Annotated[float | None, "Seconds of training, all cases together, medians over the seeds."]
    state_bytes_per_parameter: Annotated[float | None, "What its optimizer keeps; null: not looked at."]


class Across(TypedDict):
    """The configurations of a run over all of its cases."""

    cases: Annotated[list[str], "The cases."]
    cases_with_target: Annotated[list[str], "Those of them with a target."]
    unsolved: Annotated[list[str], "Those whose target nobody reached."]
    reference: Annotated[str | None, "The label of the reference; null: there is nobody to compare with."]
    r_max: Annotated[float, "Up to how many times the steps of the fastest a profile is scored."]
    friedman: Annotated[Friedman | None, "Null: too few cases or configurations."]
    configurations: Annotated[list[AcrossConfiguration], "From best to worst."]
