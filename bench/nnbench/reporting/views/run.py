"""What was run: the task, the budget, the seeds, the machine, and the command that does it again."""

import math
from collections.abc import Mapping
from typing import Any

from nnbench.evidence.case import Findings
from nnbench.records.trials import CaseFacts, RunRecord, Tuning
from nnbench.reporting import digits
from nnbench.reporting.blocks import Item, Listing
from nnbench.reporting.texts import words
from nnbench.reporting.views.search.tuned import point_word

_VERSIONS = ("nnkit", "numba", "numpy")


def about(found: Findings) -> Listing:
    """Describe what was run, on what, and how to repeat it."""
    run = found.run
    subjects: Mapping[str, Mapping[str, str]] = run.environment.get("subjects", {})
    items = [item for facts in run.cases for item in _about_case(facts)]
    items += [
        Item("search", _searched(run.tuning) if run.tuning else ""),
        Item("rates", f"tuned by {', '.join(run.tuned_by)}" if run.tuned_by else ""),
        Item("run", _about_run(run, len(found.trials))),
        Item("machine", machine(run.environment)),
        Item("versions", versions(run.environment)),
        *(Item(f"of {name}", _made_with(found)) for name, found in subjects.items()),
        Item("again", run.command, is_verbatim=True),
    ]
    return Listing(tuple(item for item in items if item.text))


def _searched(tuning: Tuning) -> str:
    thing, n, seeds = point_word(tuning.strategy), tuning.n_points, tuning.tuning_seeds
    final, n_last = list(tuning.final_seeds), len(tuning.searches[0].finalists)
    last = f", then {n_last} of them on {len(final)} more ({digits.ranges(final)})" if final else ""
    others = [f"{each.n_points} {thing}s" for each in tuning.repeats]
    repeated = f"; again on other tuning seeds ({', '.join(others)})" if others else ""
    turns = f", of which the {1 + len(others)} searches take turns" if others else ""
    return (
        f"every configuration: {digits.counted(n, thing)} on {digits.counted(len(seeds), 'tuning seed')} "
        f"({digits.ranges(list(seeds))}){last}, {digits.counted(tuning.n_tuning_trials, 'trial')}{repeated}; "
        f"then the tuned and the default {thing} on {digits.counted(len(tuning.seeds), 'fresh seed')} "
        f"({digits.ranges(list(tuning.seeds))}){turns}{_held_out(tuning)}"
    )


def _held_out(tuning: Tuning) -> str:
    """Say what the rates were chosen on where reported examples are an official test part."""
    cases = words.several(list(tuning.held_out))
    return f"; tuned on examples held out of the training part of {cases}" if cases else ""


def _about_case(facts: CaseFacts) -> tuple[Item, ...]:
    """Describe a task: data, size, budget, and between which marks its metric lies."""
    if facts.subject is not None:
        return _about_subject(facts)
    summary = f"{facts.summary.rstrip('.')}; " if facts.summary else ""
    data = (
        f"{summary}{digits.count(facts.n_train)} training and {digits.count(facts.n_validation)} validation "
        f"examples, {digits.counted(facts.n_parameters, 'parameter')}"
    )
    target = f"; {_target(facts)}" if facts.target is not None else ""
    budget = (
        f"{digits.counted(facts.epochs, 'epoch')} in batches of {digits.count(facts.batch_size)}, "
        f"{digits.counted(facts.steps, 'step')}{target}; "
        f"chance {words.metric_value(facts.chance, facts)}"
    )
    return Item(facts.name, data), Item("data", facts.data), Item("budget", budget)


def _target(facts: CaseFacts) -> str:
    version = "" if facts.suite_version is None else f" (suite version {facts.suite_version})"
    return "" if facts.target is None else f"target {words.metric_value(facts.target, facts)}{version}"


def _about_subject(facts: CaseFacts) -> tuple[Item, ...]:
    """Describe a task that the user's own code trains: what it is, and what is known of its metric."""
    chance = "" if math.isnan(facts.chance) else f"chance {words.metric_value(facts.chance, facts)}"
    marks = "; ".join(filter(None, (_target(facts), chance)))
    summary = f"{facts.summary.rstrip('.')}; " if facts.summary else ""
    text = f"{summary}a subject: {facts.subject}, trained in processes of its own"
    return Item(facts.name, text), Item("marks", marks)


def _about_run(run: RunRecord, n_recorded: int) -> str:
    asked = len(run.trial_keys)
    details = [f"{digits.count(run.n_new)} new"] if run.n_new < asked else []
    if n_recorded < asked:
        details.append(f"{digits.count(asked - n_recorded)} not recorded")
    n = (
        f"{digits.counted(asked, 'trial')} ({', '.join(details)})"
        if details
        else digits.counted(asked, "trial")
    )
    shard = "" if run.shard is None else f"shard {run.shard}, "
    budget = "" if run.budget_s is None else f" of a budget of {digits.seconds(run.budget_s)}"
    return f"{run.run}, {run.created}, {shard}{n}, {digits.seconds(run.elapsed_s)}{budget}"


def machine(environment: Mapping[str, Any]) -> str:
    """Return the processor, its cores, the system and its Python, as far as they are known."""
    cores = environment.get("cores")
    features = environment.get("cpu_features")
    known = (
        environment.get("cpu"),
        digits.counted(int(cores), "core") if cores else None,
        "+".join(features) if isinstance(features, list) else None,
        environment.get("os"),
        f"Python {environment['python']}" if environment.get("python") else None,
    )
    return ", ".join(str(each) for each in known if each)


def _made_with(made_with: Mapping[str, str]) -> str:
    """Return the versions that a subject is made with, from what its processes said."""
    return ", ".join(f"{name} {version}" for name, version in made_with.items() if name != "call")


def versions(environment: Mapping[str, Any]) -> str:
    """Return the versions that can change a result."""
    known = [f"{name} {environment[name]}" for name in _VERSIONS if environment.get(name)]
    revision = environment.get("git")
    return ", ".join([*known, f"git {revision}"] if revision else known)
