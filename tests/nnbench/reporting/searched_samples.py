"""Searches over several hyper-parameters made up for the reports: every score follows from a formula."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from nnbench.records.trials import (
    Axes,
    CaseFacts,
    Point,
    RunRecord,
    Search,
    Span,
    TrialRecord,
    Tuning,
)
from tests.nnbench.reporting.report_samples import ENVIRONMENT, FACTS, axes

TUNING_SEEDS, SEEDS = (1000, 1001, 1002), tuple(range(10))
SPANS = {
    "learning_rate": Span("learning_rate", 0.0003, 0.3, 0.01),
    "momentum": Span("momentum", 0.0, 0.99, 0.9),
    "beta_1": Span("beta_1", 0.438, 0.9822, 0.9),
    "beta_2": Span("beta_2", 0.9944, 0.999822, 0.999),
}
N_POINTS = 8


def points(names: Sequence[str], n: int = N_POINTS) -> tuple[tuple[float, ...], ...]:
    """Return the default setting and others that fill the spans evenly, each in an order of its own."""
    columns = []
    for place, name in enumerate(names):
        span = SPANS[name]
        shares = [(((2 * place + 1) * index + place) % (n - 1) + 0.5) / (n - 1) for index in range(n - 1)]
        columns.append([span.default, *(round(_within(span, share), 6) for share in shares)])
    return tuple(zip(*columns, strict=True))


def _within(span: Span, share: float) -> float:
    if span.name == "learning_rate":
        return span.low * (span.high / span.low) ** share
    return 1.0 - (1.0 - span.low) * ((1.0 - span.high) / (1.0 - span.low)) ** share


def search(
    optimizer: str,
    names: Sequence[str],
    *,
    chosen: int | None,
    case: str = FACTS.name,
) -> Search:
    """Return a search around an optimizer's default setting."""
    values = points(names)
    asked = axes(optimizer=optimizer, activation="relu", learning_rate="0.01")
    spelt = [optimizer, *(_spelt(optimizer, names, each) for each in values[1:])]
    rates = ["0.01", *(f"{each[0]:g}" for each in values[1:])]
    settings = [
        Axes((("optimizer", name), ("learning_rate", rate))) for name, rate in zip(spelt, rates, strict=True)
    ]
    return Search(
        case=case,
        axes=asked,
        configuration=f"{optimizer}-hash",
        spans=tuple(SPANS[name] for name in names),
        points=tuple(Point(each, own, "point") for each, own in zip(settings, values, strict=True)),
        chosen=chosen,
    )


def _spelt(optimizer: str, names: Sequence[str], values: Sequence[float]) -> str:
    inner = ", ".join(f"{name}={value:g}" for name, value in zip(names[1:], values[1:], strict=True))
    return f"{optimizer}({inner})"


def trial(where: Axes, seed: int, score: float | None, facts: CaseFacts = FACTS) -> TrialRecord:
    """Return a trial that ended with this score; None: it diverged."""
    lost = score is None
    return TrialRecord(
        key=f"{facts.name}-{where.values}-{seed}",
        case=facts.name,
        axes=where,
        seed=seed,
        status="diverged" if lost else "finished",
        final={} if score is None else {"loss": 1.0 - score, facts.metric: score},
        best={},
        steps=facts.steps,
        steps_to_target=None if lost or score < 0.95 else 450,
        train_s=0.01,
        digest="",
        failure="diverged" if lost else None,
    )


def trials_of(found: Search, scores: Sequence[float | None], facts: CaseFacts = FACTS) -> list[TrialRecord]:
    """Return the trials of a search whose points have these scores, with some spread over the seeds."""
    places = [found.at(point) for point in found.points]
    tried = [
        trial(place, seed, None if score is None else score + 0.002 * (seed - 1001), facts)
        for place, score in zip(places, scores, strict=True)
        for seed in TUNING_SEEDS
    ]
    fresh = dict.fromkeys([found.chosen or 0, 0])
    return tried + [
        trial(places[index], seed, _fresh(scores[index], seed, index), facts)
        for index in fresh
        for seed in SEEDS
    ]


def _fresh(score: float | None, seed: int, index: int) -> float | None:
    return None if score is None else score + 0.001 * math.sin(1.7 * seed + index)


def run_of(
    searches: Sequence[Search],
    trials: Sequence[TrialRecord],
    *,
    varying: tuple[str, ...] = ("optimizer", "learning_rate"),
    facts: CaseFacts = FACTS,
    strategy: Literal["points", "grid"] = "points",
) -> RunRecord:
    """Return the run of a search."""
    return RunRecord(
        run="20260102-030405-abcdef",
        created="2026-01-02T03:04:05+00:00",
        command="nnbench tune digits-mlp --optimizer momentum,adam --over momentum,beta_1,beta_2",
        cases=(facts,),
        varying=varying,
        against=None,
        trial_keys=tuple(trial.key for trial in trials),
        environment=ENVIRONMENT,
        elapsed_s=12.5,
        n_new=len(trials),
        n_cached=0,
        tuning=Tuning(strategy, TUNING_SEEDS, SEEDS, tuple(searches)),
    )


# Point 6 of momentum is best, 4 is within half a point of it; 2 diverged.
MOMENTUM_SCORES = (0.93, 0.90, None, 0.92, 0.967, 0.80, 0.97, 0.50)
ADAM_SCORES = (0.95, 0.94, 0.955, 0.93, 0.60, 0.90, 0.91, 0.962)


def two_searched() -> tuple[RunRecord, list[TrialRecord]]:
    """Momentum at two hyper-parameters, adam at three, whose best has the highest rate of all."""
    momentum = search("momentum", ("learning_rate", "momentum"), chosen=6)
    adam = search("adam", ("learning_rate", "beta_1", "beta_2"), chosen=7)
    trials = trials_of(momentum, MOMENTUM_SCORES) + trials_of(adam, ADAM_SCORES)
    return run_of([momentum, adam], trials), trials


def one_searched(
    scores: Sequence[float | None] = MOMENTUM_SCORES, *, chosen: int | None = 6
) -> tuple[RunRecord, list[TrialRecord]]:
    """Momentum alone: no axis varies but the learning rate."""
    momentum = search("momentum", ("learning_rate", "momentum"), chosen=chosen)
    trials = trials_of(momentum, scores)
    return run_of([momentum], trials, varying=("learning_rate",)), trials


def several_searched(n: int) -> tuple[RunRecord, list[TrialRecord]]:
    """So many momenta, each a little worse than the one before."""
    searches = [search(f"momentum{place}", ("learning_rate", "momentum"), chosen=6) for place in range(n)]
    trials = [
        trial
        for place, found in enumerate(searches)
        for trial in trials_of(found, [None if s is None else s - 0.01 * place for s in MOMENTUM_SCORES])
    ]
    return run_of(searches, trials), trials


def of_loss() -> tuple[RunRecord, list[TrialRecord]]:
    """A case whose metric is the loss: less is better."""
    facts = replace(FACTS, metric="loss", direction="min", target=None, noticeable=0.01, chance=2.3)
    momentum = search("momentum", ("learning_rate", "momentum"), chosen=6)
    scores = [None if score is None else 1.0 - score for score in MOMENTUM_SCORES]
    trials = trials_of(momentum, scores, facts)
    return run_of([momentum], trials, facts=facts), trials


RATES = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)
# The default is 0.01; of sgd 0.1 is best, of adam the default; at 10 both diverge.
RATE_SCORES = {"sgd": (0.10, 0.30, 0.80, 0.97, 0.60, None), "adam": (0.60, 0.90, 0.97, 0.80, 0.30, None)}


def rates_searched() -> tuple[RunRecord, list[TrialRecord]]:
    """Two optimizers on a grid of rates."""
    return _on_a_grid(RATE_SCORES)


def many_rates_searched(n: int) -> tuple[RunRecord, list[TrialRecord]]:
    """So many optimizers on a grid of rates, each a little worse than the one before."""
    names = {f"sgd{place}": 0.002 * place for place in range(n)}
    return _on_a_grid(
        {
            name: [None if s is None else s - behind for s in RATE_SCORES["sgd"]]
            for name, behind in names.items()
        }
    )


def _on_a_grid(scores_of: Mapping[str, Sequence[float | None]]) -> tuple[RunRecord, list[TrialRecord]]:
    searches, trials = [], []
    for optimizer, scores in scores_of.items():
        points = tuple(Point(Axes((("learning_rate", f"{rate:g}"),)), (rate,), "grid") for rate in RATES)
        span = Span("learning_rate", RATES[0], RATES[-1], 0.01)
        asked = axes(optimizer=optimizer, activation="relu", learning_rate="0.01")
        chosen = max(range(5), key=lambda place: scores[place] or 0.0)
        searches.append(Search(FACTS.name, asked, f"{optimizer}-hash", (span,), points, chosen))
        trials += trials_of(searches[-1], scores)
    return run_of(searches, trials, strategy="grid"), trials
