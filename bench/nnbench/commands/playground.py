"""``nnbench playground``: one page on which rate, optimizer, activation and init can be turned."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nnbench.records.descent import Descent
    from nnbench.records.playground import Trained


@options.with_axes()
def command(
    subject: Annotated[
        str, typer.Argument(metavar="CASE|FUNCTION", help="A case by name, or its file; or a function.")
    ],
    axes: options.AxisOptions = options.NO_AXES,
    epochs: options.Epochs = None,
    dtype: options.Dtype = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The seed of every setting.")] = 0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE.html", help="The page; by default playground-NAME.html."
        ),
    ] = None,
    lang: options.Lang = "en",
    plugin: options.Plugin = None,
    quiet: options.Quiet = False,
    color: options.Color = None,
) -> int:
    """Make a page to play with: one HTML file, without a server.

    Every combination of the axes is trained now, on one seed, and recorded: the page shows the curves of the
    one that is chosen, epoch by epoch, with the decision boundary of two features or the filters of images.
    Of a function it shows the way downhill. What one seed shows is no evidence: `nnbench run` compares.
    """
    from nnbench.cases import plugins
    from nnbench.machine.writing import make_folder, write_files
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.render import playground as page
    from nnbench.studies.playground.training import TrialFailed
    from nnbench.terminal import printing as present
    from nnbench.terminal import progress, session

    chosen = display_settings(store=None, color=color, plugin=plugin)
    plugins.load(chosen.plugins)
    path, spoken = _path(output, subject), options.language(lang)
    beside = {"epochs": epochs, "dtype": dtype}
    if _is_function(subject):
        found: Trained | Descent | None = _descents(subject, axes, beside)
    else:
        given = {"plugin": plugin, "quiet": quiet, "color": color, "seeds": f"{seed}-{seed}", **beside}
        try:
            found = _trained(subject, axes, given)
        except TrialFailed as error:
            progress.note(str(error))
            return session.SOME_TRIALS_FAILED
    if found is None:
        progress.note("interrupted: no page was written.")
        return session.INTERRUPTED
    content = page.render(found, spoken)
    make_folder(path.parent)
    write_files({path: [content]})
    present.say(str(path))
    return 0


def _path(output: str | None, subject: str) -> "Path":
    from pathlib import Path

    from nnbench.errors import UsageError

    path = Path(f"playground-{Path(subject).stem}.html" if output is None else output).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"--output {output}: expected a file that ends in .html. Try {path.stem or 'page'}.html."
        )
    return path


def _is_function(subject: str) -> bool:
    """Return whether this names a function; where a case has the same name, the case is meant."""
    from nnbench.cases.catalogue import built_in
    from nnkit import functions

    cases = {name for entry in built_in() for name in (entry.name, *entry.aliases)}
    known = {name for function in functions.records() for name in (function.name, *function.aliases)}
    return subject not in cases and subject in known


def _descents(name: str, axes: options.AxisOptions, beside: "Mapping[str, object]") -> "Descent":
    from nnbench.errors import UsageError
    from nnbench.studies.playground.descending import descents
    from nnbench.terminal import session

    optimizer, rates = axes.get("optimizer"), axes.get("lr")
    others = {key: text for key, text in {**axes, **beside}.items() if key not in ("optimizer", "lr")}
    if set_here := [key for key, text in others.items() if text is not None]:
        raise UsageError(
            f"--{set_here[0].replace('_', '-')} is of a net, and {name} is a function: it takes --optimizer"
            " and --lr. Leave it out."
        )
    return descents(name, optimizer=optimizer, rates=rates, command=session.command_line())


def _trained(subject: str, axes: options.AxisOptions, given: "Mapping[str, object]") -> "Trained | None":
    """Return every setting as it was trained; None where that was interrupted."""
    import os
    import sys
    from pathlib import Path

    from nnbench.machine.clock import Clock
    from nnbench.machine.foreign import contained
    from nnbench.machine.stopping import Stop
    from nnbench.plan import request
    from nnbench.running.runner import stopped_by_signals
    from nnbench.studies.playground import training
    from nnbench.terminal import progress, session
    from nnbench.training.precompile import warm_up

    case = request.one_case(subject)
    asked = training.asked_with_defaults(case, dict(axes))
    chosen = request.settings_for({**asked, **given}, environment=os.environ, folder=Path.cwd())
    plan, stop = request.plan_for([case], chosen), Stop()
    training.check_number(plan.matrix.parts[0].n_combinations)
    for remark in plan.matrix.notes:
        progress.note(remark, quiet=chosen.quiet)
    trials = plan.matrix.trials()
    with (
        stopped_by_signals(stop),
        progress.progress_on(sys.stderr, Clock(), quiet=chosen.quiet, color=chosen.color) as told,
        contained(),
    ):
        warm_up(trials, told.compiling)
        return training.train(trials, session.command_line(), progress=told.training, stop=stop)
