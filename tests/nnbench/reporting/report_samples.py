"""Runs made up for the reports: every number is written here or follows from a formula, none from chance."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnbench.evidence.case import Findings
from nnbench.records.trials import (
    Axes,
    CaseFacts,
    Comparison,
    ConfigurationSummary,
    Judgement,
    RunRecord,
    TrialRecord,
    Verdict,
)
from nnbench.reporting.blocks import Document
from nnbench.reporting.document import build

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
NAN, INFINITY = math.nan, math.inf

FACTS = CaseFacts(
    name="digits-mlp",
    summary="Handwritten digits of 8 by 8 pixels, two hidden layers",
    metric="accuracy",
    direction="max",
    target=0.95,
    noticeable=0.005,
    chance=0.1,
    n_train=1437,
    n_validation=360,
    n_parameters=6570,
    epochs=20,
    batch_size=32,
    steps=900,
)
LOSS_FACTS = replace(
    FACTS, name="sine", summary="", metric="loss", direction="min", target=None, noticeable=0.001, chance=0.5
)
ENVIRONMENT = {
    "cpu": "Example 9000",
    "cpu_features": ["avx2", "fma"],
    "cores": 2,
    "memory_bytes": 8_000_000_000,
    "os": "Linux",
    "python": "3.12.3",
    "numpy": "2.4.0",
    "numba": "0.68.0",
    "llvmlite": None,
    "nnkit": "0.1.0",
    "git": "0123456789ab",
}
N_EVALUATIONS = 20


class Sample(Findings):
    """What the functions of reporting take, made to belong together.

    Who may be the best follows from the comparisons: the reference, and whom they do not show behind it.
    """

    def __init__(
        self,
        run: RunRecord,
        trials: tuple[TrialRecord, ...],
        summaries: tuple[ConfigurationSummary, ...] = (),
        comparisons: tuple[Comparison, ...] = (),
        judgements: tuple[Judgement, ...] = (),
    ) -> None:
        judged = tuple(_judgement(case, summaries, comparisons, run) for case in run.cases)
        super().__init__(run, trials, summaries, comparisons, judged)

    def document(self) -> Document:
        return build(self)


def _judgement(
    case: CaseFacts,
    summaries: tuple[ConfigurationSummary, ...],
    comparisons: tuple[Comparison, ...],
    run: RunRecord,
) -> Judgement:
    rows = [each for each in summaries if each.case == case.name]
    behind = {each.a for each in comparisons if each.case == case.name and each.verdict == "worse"}
    behind |= {each.b for each in comparisons if each.case == case.name and each.verdict == "better"}
    best = [each for each in rows if each.axes not in behind and math.isfinite(each.median)]
    best.sort(key=lambda each: each.median, reverse=case.direction == "max")
    k = len(rows)
    n_pairs = k - 1 if run.against is not None else k * (k - 1) // 2
    return Judgement(case.name, tuple(each.axes for each in best), 1, 0.032, n_pairs)


def axes(**choices: str) -> Axes:
    return Axes(tuple(choices.items()))


def trial(
    chosen: Axes, seed: int, level: float, *, facts: CaseFacts = FACTS, diverged_at: int | None = None
) -> TrialRecord:
    """Return a trial whose metric comes near to ``level`` along an exponential."""
    steps = np.linspace(0, facts.steps, N_EVALUATIONS + 1)[1:]
    pace = 5.0 if chosen.as_dict().get("activation") != "sigmoid" else 3.0
    values = level + (facts.chance - level) * np.exp(-pace * steps / facts.steps * (1 + 0.02 * seed))
    loss = 2.3 * np.exp(-pace * np.arange(facts.steps) / facts.steps) + 0.05
    if diverged_at is not None:
        values, steps = values[steps <= diverged_at], steps[steps <= diverged_at]
        loss = np.append(loss[:diverged_at], np.nan)
    curves = {"step_loss": loss, "eval_step": steps, f"val_{facts.metric}": values}
    reached = _reached(steps, values, facts)
    finished = diverged_at is None
    return TrialRecord(
        key=f"{sum(map(ord, str(chosen.values) + facts.name)):06x}{seed:02d}",
        case=facts.name,
        axes=chosen,
        seed=seed,
        status="finished" if finished else "diverged",
        final={facts.metric: float(values[-1])} if finished else {},
        best={facts.metric: float(values[-1]), "step": float(steps[-1])} if steps.size else {},
        steps=facts.steps if finished else diverged_at or 0,
        steps_to_target=reached,
        train_s=0.0125,
        digest="0f" * 32 if finished else "",
        failure=None if finished else "diverged",
        curves={name: np.asarray(each, np.float32) for name, each in curves.items()},
    )


def _reached(steps: np.ndarray, values: np.ndarray, facts: CaseFacts) -> int | None:
    if facts.target is None:
        return None
    places = np.flatnonzero(values >= facts.target)
    return int(steps[places[0]]) if places.size else None


def summary(
    chosen: Axes,
    median: float,
    interval: tuple[float, float],
    *,
    n: int = 10,
    reached: int = 10,
    success: tuple[float, float] = (0.7225, 1.0),
    steps: float = 450.0,
    failures: dict[str, int] | None = None,
    case: str = FACTS.name,
) -> ConfigurationSummary:
    return ConfigurationSummary(
        case=case,
        axes=chosen,
        n=n,
        median=median,
        interval=interval,
        success_rate=reached / n,
        success_interval=success,
        failures=failures or {},
        median_steps_to_target=steps,
        train_s=0.0125,
    )


def comparison(
    a: Axes,
    b: Axes,
    verdict: Verdict,
    difference: float,
    interval: tuple[float, float],
    *,
    p: float = 0.0293,
    n: int = 10,
    needed: int | None = None,
    reason: str = "behind on 10 of 10 seeds",
    case: str = FACTS.name,
) -> Comparison:
    return Comparison(case, a, b, verdict, difference, interval, p, n, needed, reason)


def run(
    trials: tuple[TrialRecord, ...],
    *,
    cases: tuple[CaseFacts, ...] = (FACTS,),
    varying: tuple[str, ...] = ("optimizer", "activation"),
    against: str | None = None,
    command: str = "nnbench run digits-mlp --optimizer adam,momentum,sgd --activation relu,sigmoid",
) -> RunRecord:
    return RunRecord(
        run="20250312-101405-7f3a",
        created="2025-03-12T10:14:05Z",
        command=command,
        cases=cases,
        varying=varying,
        against=against,
        trial_keys=tuple(each.key for each in trials),
        environment=ENVIRONMENT,
        elapsed_s=1.234,
        n_new=len(trials),
        n_cached=0,
    )


def six_by_ten() -> Sample:
    """Return six configurations with ten seeds, of which one diverged on three."""
    a = [axes(optimizer=o, activation=v) for o in ("adam", "momentum", "sgd") for v in ("relu", "sigmoid")]
    levels = (0.972, 0.961, 0.970, 0.955, 0.944, 0.86)
    trials = tuple(
        trial(each, seed, level, diverged_at=317 + seed if each == a[5] and seed in (2, 5, 6) else None)
        for each, level in zip(a, levels, strict=True)
        for seed in range(10)
    )
    summaries = (
        summary(a[0], 0.9708, (0.9667, 0.9778), steps=202.5),
        summary(a[1], 0.9611, (0.9583, 0.9667), steps=450),
        summary(a[2], 0.9701, (0.9639, 0.9722), steps=360),
        summary(a[3], 0.9542, (0.9472, 0.9583), reached=9, success=(0.5958, 0.9821), steps=765),
        summary(a[4], 0.9444, (0.9389, 0.9472), reached=2, success=(0.0567, 0.5098), steps=INFINITY),
        summary(
            a[5],
            0.8542,
            (-INFINITY, 0.8583),
            reached=0,
            success=(0.0, 0.2775),
            steps=INFINITY,
            failures={"diverged": 3},
        ),
    )
    undecided = "no larger than chance makes it among 15 comparisons"
    comparisons = (
        comparison(a[1], a[0], "worse", -0.0117, (-0.0144, -0.0094)),
        comparison(
            a[2], a[0], "cannot_tell", -0.0033, (-0.0058, 0.0003), p=0.0781, needed=16, reason=undecided
        ),
        comparison(a[3], a[0], "worse", -0.0189, (-0.0200, -0.0172)),
        comparison(a[4], a[0], "worse", -0.0289, (-0.0314, -0.0264)),
        comparison(
            a[5],
            a[0],
            "worse",
            -0.1167,
            (-0.1218, -0.1115),
            reason="behind on 10 of 10 seeds; on 3 of them it left no score",
        ),
    )
    return Sample(run(trials), trials, summaries, comparisons)


def alone(*, n: int = 10) -> Sample:
    """Return one configuration, which nothing is compared with."""
    only = axes(optimizer="adam", activation="relu")
    trials = tuple(trial(only, seed, 0.972) for seed in range(n))
    interval = (0.9667, 0.9778) if n > 1 else (-INFINITY, INFINITY)
    row = summary(only, 0.9708, interval, n=n, reached=n, success=(0.2065, 1.0) if n == 1 else (0.7225, 1.0))
    return Sample(run(trials, varying=(), command="nnbench run digits-mlp"), trials, (row,), ())


def two_of(verdict: Verdict, *, against: str | None = None, **details: object) -> Sample:
    """Return two configurations of which the second has this verdict against the first."""
    first, second = axes(optimizer="adam"), axes(optimizer="sgd")
    trials = tuple(trial(each, seed, 0.97) for each in (first, second) for seed in range(10))
    difference = {"better": 0.012, "worse": -0.012, "equivalent": 0.001, "cannot_tell": -0.004}[verdict]
    interval = (difference - 0.003, difference + 0.003)
    compared = comparison(second, first, verdict, difference, interval)
    summaries = (summary(first, 0.9708, (0.9667, 0.9778)), summary(second, 0.9667, (0.9639, 0.9722)))
    record = run(trials, varying=("optimizer",), against=against)
    return Sample(record, trials, summaries, (replace(compared, **details),))  # type: ignore[arg-type]


def all_diverged() -> Sample:
    """Return two configurations without a median score, and so without a difference."""
    a = (axes(optimizer="adam"), axes(optimizer="sgd"))
    trials = tuple(trial(each, seed, 0.9, diverged_at=3 + seed) for each in a for seed in range(10))
    rows = tuple(
        summary(
            each,
            -INFINITY,
            (-INFINITY, -INFINITY),
            reached=0,
            success=(0.0, 0.2775),
            steps=INFINITY,
            failures={"diverged": 10},
        )
        for each in a
    )
    nothing = comparison(
        a[1],
        a[0],
        "cannot_tell",
        0.0,
        (-INFINITY, INFINITY),
        p=1.0,
        reason="neither left a score on any seed",
    )
    return Sample(run(trials, varying=("optimizer",)), trials, rows, (nothing,))


def two_cases() -> Sample:
    """Return a run over two cases: one judged by its accuracy and one by its loss, without a target."""
    a = (axes(optimizer="adam"), axes(optimizer="sgd"))
    first = two_of("worse")
    trials = tuple(trial(each, seed, 0.01, facts=LOSS_FACTS) for each in a for seed in range(10))
    rows = (
        summary(a[0], 0.01234, (0.0119, 0.0131), case="sine"),
        summary(a[1], 0.0521, (0.0498, 0.0555), case="sine"),
    )
    compared = comparison(a[1], a[0], "worse", 0.0398, (0.0371, 0.0432), case="sine", p=0.00195)
    everything = (*first.trials, *trials)
    record = run(everything, cases=(FACTS, LOSS_FACTS), varying=("optimizer",))
    return Sample(record, everything, (*first.summaries, *rows), (*first.comparisons, compared))


def long_names() -> Sample:
    """Return configurations on three axes whose spellings are long."""
    names = ("sgd(momentum=0.9, nesterov=true)", "adam(beta_1=0.9, beta_2=0.999, epsilon=1e-07)")
    a = [
        axes(optimizer=name, activation="leaky_relu(negative_slope=0.01)", init=init)
        for name in names
        for init in ("he_normal", "glorot_uniform")
    ]
    trials = tuple(trial(each, seed, 0.97) for each in a for seed in range(6))
    rows = tuple(
        summary(each, 0.9708 - 0.001 * i, (0.9667, 0.9778), n=6, reached=6) for i, each in enumerate(a)
    )
    others = tuple(
        comparison(each, a[0], "worse", -0.011 * i, (-0.0144 * i, -0.0094 * i), n=6)
        for i, each in enumerate(a[1:], start=1)
    )
    return Sample(run(trials, varying=("optimizer", "activation", "init")), trials, rows, others)


def grid(n_optimizers: int = 3, n_activations: int = 3) -> Sample:
    """Return a crossed matrix without comparisons, each optimizer a little worse than the one before."""
    a = [
        axes(optimizer=f"opt{i}", activation=f"act{j}")
        for i in range(n_optimizers)
        for j in range(n_activations)
    ]
    medians = [0.97 - 0.01 * place for place in range(len(a))]
    trials = tuple(trial(each, s, m) for each, m in zip(a, medians, strict=True) for s in range(2))
    rows = tuple(
        summary(each, m, (m - 0.01, m + 0.01), n=2, reached=2) for each, m in zip(a, medians, strict=True)
    )
    return Sample(run(trials), trials, rows, ())


EVERY_SAMPLE = {
    "six_by_ten": six_by_ten,
    "alone": alone,
    "one_seed": lambda: alone(n=1),
    "worse": lambda: two_of("worse"),
    "better": lambda: two_of("better", against="adam"),
    "equivalent": lambda: two_of("equivalent"),
    "cannot_tell": lambda: two_of("cannot_tell", reason="no larger than chance makes it"),
    "all_diverged": all_diverged,
    "two_cases": two_cases,
    "long_names": long_names,
    "grid": grid,
}


def check_golden(name: str, text: str) -> None:
    """Compare with the file of this name; ``NNBENCH_UPDATE_GOLDEN=1`` writes it instead."""
    path = GOLDEN / name
    if os.environ.get("NNBENCH_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8"), (
        f"{name} differs: look at it, then NNBENCH_UPDATE_GOLDEN=1"
    )


def strict_json(text: str) -> dict[str, Any]:
    """Parse JSON and refuse what only Python would write: NaN and Infinity."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    parsed = json.loads(text, parse_constant=refuse)
    assert isinstance(parsed, dict)
    return parsed
