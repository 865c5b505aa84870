"""The document of schema ``nnbench.run/1``: what ``--json`` prints, for programs instead of people.

Strict JSON: what is not a finite number is null. What a null says:
``median`` or an end of an ``interval``: no score bounds it, since so many trials left none (``failures``
counts them), or there are too few seeds. ``steps_to_target``: never reached.
``difference``: no seed on which both sides left a score. ``final``, ``best``: keys without a value are null.
``curves``, where they are asked for: a value that is not finite. Their numbers are the shortest decimals that
are the recorded float32: ``step_loss`` by step, ``val_…`` and ``train_…`` at the steps of ``eval_step``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from nnbench.evidence.case import Findings
from nnbench.records.probes import summary_of
from nnbench.records.trials import (
    CaseFacts,
    CaseRace,
    Comparison,
    ConfigurationSummary,
    Judgement,
    Pruning,
    RunRecord,
    TrialRecord,
)
from nnbench.reporting.json.across import across_as_dict
from nnbench.reporting.json.by_seed import fewer_seeds_as_list, success_by_verdict
from nnbench.reporting.json.effects import effects_as_list
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.shapes.parts import Case, Configuration, Header, MayBeBest, Verdict
from nnbench.reporting.shapes.parts import Pruning as PruningShape
from nnbench.reporting.shapes.run import Race, RunDocument, RunVerdict, Trial
from nnbench.statistics.comparing.looks import LEVEL
from nnbench.statistics.suite.overview import overview

SCHEMA: Final = "nnbench.run/1"


def as_dict(found: Findings) -> RunDocument:
    """Return the document as dictionaries, lists, texts and numbers, all of which JSON can hold."""
    run = found.run
    # A shard compares nothing: what of a comparison it has is chance.
    compared = found.trials if run.shard is None else ()
    over = overview(run, compared)
    return {
        "schema": SCHEMA,
        **header(run),
        "against": run.against,
        "tuned_by": list(run.tuned_by),
        "level": LEVEL,
        "shard": run.shard,
        "budget_s": None if run.budget_s is None else finite(run.budget_s),
        "races": [_race(race) for race in run.races],
        "trials": [_trial(trial) for trial in found.trials],
        "configurations": [configuration(summary) for summary in found.summaries],
        "verdicts": verdicts(found),
        "may_be_best": [may_be_best(judgement) for judgement in found.judgements],
        "fewer_seeds": fewer_seeds_as_list(found),
        "effects": effects_as_list(run, compared),
        "across": None if over is None else across_as_dict(over),
    }


def header(run: RunRecord) -> Header:
    """Return what documents say next to their schema: which run this was, of what, and where."""
    return {
        "run": run.run,
        "created": run.created,
        "command": run.command,
        "new": run.n_new,
        "cached": run.n_cached,
        "elapsed_s": finite(run.elapsed_s),
        "environment": _json_value(run.environment),
        "varying": list(run.varying),
        "cases": [_case(facts) for facts in run.cases],
    }


def render(found: Findings, *, curves: bool = False) -> Iterator[str]:
    """Yield the document piece by piece, one line of JSON for each list's entry, ending in a line break."""
    document, start = as_dict(found), "{\n"
    for key, value in document.items():
        yield f"{start}{_text(key)}: "
        if curves and key == "trials":
            # One by one: the curves of all trials at once may be more than the memory holds.
            yield from _lines({**_trial(trial), "curves": _curves(trial)} for trial in found.trials)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _lines(value)
        else:
            yield _text(value)
        start = ",\n"
    yield "\n}\n"


def _lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    # One entry per line: a person can read it and a diff shows which trial changed.
    start = "[\n  "
    for entry in entries:
        yield start + _text(entry)
        start = ",\n  "
    yield "\n]"


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _case(facts: CaseFacts) -> Case:
    named = {"name": facts.name, "summary": facts.summary}  # first, wherever the record has them
    return cast(Case, {key: _json_value(value) for key, value in (named | asdict(facts)).items()})


def _trial(trial: TrialRecord) -> Trial:
    made: Trial = {
        "key": trial.key,
        "case": trial.case,
        "axes": trial.axes.as_dict(),
        "seed": trial.seed,
        "status": trial.status,
        "final": _metrics(trial.final),
        "best": _metrics(trial.best),
        "steps": trial.steps,
        "steps_to_target": trial.steps_to_target,
        "train_s": finite(trial.train_s),
        "digest": trial.digest,
        "failure": trial.failure,
        "error": trial.error,
    }
    if (seen := summary_of(trial)) is not None:
        made["probes"] = {name: [finite(value) for value in values.tolist()] for name, values in seen.items()}
    return made


def _curves(trial: TrialRecord) -> dict[str, list[float | None]]:
    """Return the learning curves; what probes read is a number for each layer, and no curve."""
    named = ("step_loss", "eval_step", "val_", "train_")
    return {name: _numbers(name, values) for name, values in trial.curves.items() if name.startswith(named)}


def _numbers(name: str, values: NDArray[np.float32]) -> list[float | None]:
    if name == "eval_step":
        return [int(value) for value in values.tolist()]
    return [finite(float(text)) for text in values.astype(str).tolist()]


def configuration(summary: ConfigurationSummary) -> Configuration:
    return {
        "case": summary.case,
        "axes": summary.axes.as_dict(),
        "n": summary.n,
        "median": finite(summary.median),
        "interval": [finite(end) for end in summary.interval],
        "success_rate": finite(summary.success_rate),
        "success_interval": [finite(end) for end in summary.success_interval],
        "failures": dict(summary.failures),
        "steps_to_target": finite(summary.median_steps_to_target),
        "train_s": finite(summary.train_s),
        "pruned": None if summary.pruned is None else _pruning(summary.pruned),
    }


def may_be_best(judgement: Judgement) -> MayBeBest:
    """Return who may be the best, and how a case was judged: at which look, so at which level."""
    return {
        "case": judgement.case,
        "configurations": [axes.as_dict() for axes in judgement.may_be_best],
        "look": judgement.look,
        "level": judgement.level,
        "comparisons": judgement.n_pairs,
    }


def _race(race: CaseRace) -> Race:
    return {
        "case": race.case,
        "level": race.level,
        "configurations": race.n_configurations,
        "looks": list(race.looks),
        "threshold": race.threshold,
        "ending": race.ending,
        "pruned": [{"axes": each.axes.as_dict(), **_pruning(each)} for each in race.prunings],
    }


def _pruning(pruning: Pruning) -> PruningShape:
    """Return when a configuration left its race and why; ``p`` is adjusted for all pairs of the look."""
    return {
        "look": pruning.look,
        "seeds": pruning.n_seeds,
        "against": pruning.against.as_dict(),
        "n": pruning.n,
        "difference": finite(pruning.difference),
        "interval": [finite(end) for end in pruning.interval],
        "p": pruning.p,
    }


def verdicts(found: Findings) -> list[RunVerdict]:
    success = success_by_verdict(found)
    return [{**verdict(each), "success": success.get((each.case, each.a))} for each in found.comparisons]


def verdict(comparison: Comparison) -> Verdict:
    return {
        "case": comparison.case,
        "a": comparison.a.as_dict(),
        "b": comparison.b.as_dict(),
        "verdict": comparison.verdict,
        "difference": finite(comparison.difference),
        "interval": [finite(end) for end in comparison.interval],
        "p": finite(comparison.p),
        "n": comparison.n,
        "seeds_needed": comparison.seeds_needed,
        "reason": comparison.reason,
    }


def _metrics(values: Mapping[str, float]) -> dict[str, float | None]:
    # "step" is a position, and 450.0 would make a reader of JSON in a typed language stumble.
    return {key: int(value) if key == "step" else finite(value) for key, value in values.items()}


def _json_value(value: Any) -> Any:
    """Return the value with nulls for what is not finite, all the way down, and text for what JSON lacks."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, Mapping):
        return {str(key): _json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(each) for each in value]
    return str(value)
