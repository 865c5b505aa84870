"""``nnbench diagnose``: one configuration under the microscope."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnbench.plan.matrix import TrialSpec
    from nnbench.plan.request import Plan
    from nnbench.records.diagnosis import Diagnosis
    from nnbench.records.trials import CaseFacts
    from nnbench.terminal.printing import Result


@options.with_axes()
def command(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case by name, or its file.")],
    axes: options.AxisOptions = options.NO_AXES,
    seeds: Annotated[str, typer.Option(metavar="N|LIST", help="How many seeds, or which.")] = "8",
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    plugin: options.Plugin = None,
    kept: options.Destination | None = None,
    to: options.Destination = options.PRINTED,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Look into one configuration, layer by layer, before and during training.

    Before: variance of signals and gradients through fresh weights, beside what theory expects. During: dead
    and saturated units, gradients and steps. With a list on an axis, the check before training is made for
    every combination, and nothing is trained. Nothing is stored.
    """
    from nnbench.studies.diagnosis import TrialFailed
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session

    given = {
        **axes, "seeds": seeds, "epochs": epochs, "dtype": dtype,
        "plugin": plugin, "quiet": quiet, "color": color,
    }  # fmt: skip
    plan = _plan(case, given)
    configurations = _configurations(plan)
    if len(configurations) > 1:
        made = _check(plan, configurations)
    else:
        try:
            diagnosis = _diagnose(plan, configurations[0])
        except TrialFailed as error:
            progress.note(str(error))
            return session.SOME_TRIALS_FAILED
        if diagnosis is None:
            return session.INTERRUPTED
        made = _described(diagnosis)
    present.deliver(made, to, plan.settings.color)
    present.deliver_beside(made, kept, quiet=plan.settings.quiet)
    return 0


def _plan(case: str, given: "Mapping[str, object]") -> "Plan":
    import os
    from pathlib import Path

    from nnbench.plan import request

    settings = request.settings_for(given, environment=os.environ, folder=Path.cwd())
    return request.plan_for([request.one_case(case)], settings)


def _configurations(plan: "Plan") -> "list[list[TrialSpec]]":
    """Return the trials by configuration, each with all its seeds."""
    by_axes: dict[object, list[TrialSpec]] = {}
    for trial in plan.matrix.trials():
        by_axes.setdefault(trial.axes, []).append(trial)
    return list(by_axes.values())


def _facts(plan: "Plan") -> "CaseFacts":
    from nnbench.running import experiment

    (facts,) = experiment.facts_of(plan)
    return facts


def _check(plan: "Plan", configurations: "list[list[TrialSpec]]") -> "Result":
    """Make the check before training of every configuration; its CSV has a row for each."""
    from nnbench.reporting import diagnosis_document
    from nnbench.reporting.json import diagnose as diagnose_json
    from nnbench.studies.diagnosis import preflight
    from nnbench.terminal import printing as present
    from nnbench.terminal import session

    facts = _facts(plan)
    checks = [preflight(trials) for trials in configurations]
    document = diagnosis_document.build_matrix(facts, checks, plan.matrix.varying, session.command_line())
    data = diagnose_json.matrix_as_dict(facts.name, checks)
    return present.result("diagnosis", document, data, diagnose_json.matrix_rows(data))


def _diagnose(plan: "Plan", trials: "list[TrialSpec]") -> "Diagnosis | None":
    """Check and train one configuration; None if interrupted before the first trial ended."""
    import sys

    from nnbench.machine.clock import Clock
    from nnbench.machine.foreign import contained
    from nnbench.machine.stopping import Stop
    from nnbench.records.diagnosis import Diagnosis
    from nnbench.running.runner import stopped_by_signals
    from nnbench.studies import diagnosis
    from nnbench.terminal import progress, session

    facts, stop, chosen = _facts(plan), Stop(), plan.settings
    with (
        stopped_by_signals(stop),
        progress.progress_on(sys.stderr, Clock(), quiet=chosen.quiet, color=chosen.color) as told,
        contained(),
    ):
        diagnosis.compile_kernels(trials, told.compiling)
        check = diagnosis.preflight(trials)
        training = diagnosis.train(trials, progress=told.training, stop=stop)
    if not training.trials:
        return None
    naming = _naming(trials[0])
    return Diagnosis(facts, trials[0].axes, check, training, naming, session.command_line())


def _naming(trial: "TrialSpec") -> tuple[str, ...]:
    """Return the axes that a heading names: what the model has, and where it is not none."""
    from nnbench.cases.catalogue import used_axes

    chosen, used = trial.axes.as_dict(), used_axes(trial.case)
    named = ("optimizer", "activation", "init", "norm")
    return tuple(axis for axis in named if axis in used and chosen[axis] != "none")


def _described(diagnosis: "Diagnosis") -> "Result":
    """Return the diagnosis; its CSV has a row for each layer with weights and for each activation."""
    from nnbench.reporting import diagnosis_document
    from nnbench.reporting.json import diagnose as diagnose_json
    from nnbench.terminal import printing as present

    data = diagnose_json.as_dict(diagnosis)
    return present.result("diagnosis", diagnosis_document.build(diagnosis), data, diagnose_json.rows(data))
