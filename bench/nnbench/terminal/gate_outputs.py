"""Where the report of a gate goes: standard output and files, each in a form of its own."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from nnbench.errors import NnbenchError, NothingMeasured, UsageError
from nnbench.machine.writing import make_folder, printable, write_files
from nnbench.plan.settings import Color
from nnbench.records.gate import Chain, GateReport, Scatter, Steadiness
from nnbench.reporting.json import gate as gate_json
from nnbench.reporting.render import text
from nnbench.reporting.views import gate as view
from nnbench.statistics.estimation.intervals import clopper_pearson_interval
from nnbench.terminal.printing import json_text, say
from nnbench.terminal.progress import note
from nnkit.errors import did_you_mean

Make = Callable[[GateReport, date], str]


def _text(report: GateReport, today: date) -> str:
    return printable(view.text(report, today, shutil.get_terminal_size().columns), keep="\n")


def _markdown(report: GateReport, today: date) -> str:
    from nnbench.reporting.render import markdown

    return printable(markdown.render(view.build(report, today)), keep="\n")


def _html(report: GateReport, today: date) -> str:
    from nnbench.reporting.render import html

    return html.render(view.build(report, today))


def _junit(report: GateReport, today: date) -> str:
    from nnbench.reporting.render import junit

    return junit.render(report)


def _github(report: GateReport, today: date) -> str:
    from nnbench.reporting.render import annotations

    return annotations.render(report)


FORMS: dict[str, Make] = {
    "text": _text,
    "md": _markdown,
    "markdown": _markdown,
    "html": _html,
    "json": lambda report, today: json_text(gate_json.as_dict(report)),
    "junit": _junit,
    "github": _github,
    "bencher": lambda report, today: json_text(gate_json.bencher(report)),
    "action-benchmark": lambda report, today: json_text(gate_json.action_benchmark(report)),
}


@dataclass(frozen=True, slots=True)
class Output:
    form: str
    path: Path | None  # None: standard output


def read(given: Sequence[str], *, as_json: bool) -> tuple[Output, ...]:
    """Return what ``--format FORM[=FILE]`` and ``--json`` ask for, or raise UsageError."""
    found = []
    for each in given:
        form, has_file, file = each.partition("=")
        if form not in FORMS:
            known = ", ".join(FORMS)
            raise UsageError(
                f"--format {each}: there is no form {form!r}.{did_you_mean(form, FORMS)} Known: {known}."
            )
        if has_file and not file:
            raise UsageError(f"--format {each}: expected a file behind '='. Try {form}=gate.{form}.")
        found.append(Output(form, Path(file).expanduser() if file else None))
    if as_json:
        found.append(Output("json", None))
    printed = [output.form for output in found if output.path is None]
    if len(printed) > 1:
        raise UsageError(
            f"--format {' and '.join(printed)}: one form goes to standard output. Give the others a file:"
            f" --format {printed[0]}=FILE."
        )
    return tuple(found)


def deliver(report: GateReport, outputs: Sequence[Output], today: date, color: Color) -> None:
    """Print and write the report. What cannot be written is told, and changes no exit code."""
    for output in outputs:
        if output.path is not None:
            _quietly(partial(_write, output.path, FORMS[output.form](report, today)))
    if "GITHUB_STEP_SUMMARY" in os.environ and any(output.form == "github" for output in outputs):
        _quietly(partial(_summary, Path(os.environ["GITHUB_STEP_SUMMARY"]), report, today))
    printed = next((output.form for output in outputs if output.path is None), "text")
    said = FORMS[printed](report, today)
    if printed == "github":
        said = _text(report, today) + said
    sys.stdout.write(text.encodable(said, sys.stdout.encoding or "utf-8"))


def _write(path: Path, content: str) -> None:
    make_folder(path.parent)
    write_files({path: content})


def _summary(path: Path, report: GateReport, today: date) -> None:
    from nnbench.reporting.render import annotations

    with path.open("a", encoding="utf-8") as stream:
        stream.write(annotations.cut(_markdown(report, today)))


def _quietly(write: Callable[[], None]) -> None:
    try:
        write()
    except (NnbenchError, OSError) as error:
        note(f"the report is not written: {error}")


def calibrated(path: Path, found: Sequence[Scatter], steady: Sequence[Steadiness]) -> int:
    """Print what was calibrated, and where it was written."""
    for each in found:
        bound = clopper_pearson_interval(each.n_red, 1000)[1]
        failed = f", {each.n_failed} failed" if each.n_failed else ""
        say(
            f"{each.name}: {each.metric} of two seeds differs by σ = {each.sigma:.3g} (n = {each.n}{failed});"
            f" margin {each.margin:g}; {each.n_red} of 1,000 gates of unchanged code were red"
            f" (at most {100 * bound:.1f} %)"
        )
    for one in steady:
        bound = clopper_pearson_interval(one.n_red, one.n_suites)[1]
        say(
            f"{one.name}: pairs scatter by {100 * one.sd:.2g} %; margin {100 * one.margin:.2g} %;"
            f" {one.n_red} of {one.n_suites} suites of unchanged code were red (at most {100 * bound:.1f} %)"
        )
    say(f'wrote {path.name}. Commit it; margin = "auto" reads it.')
    return 0


def chains(found: Sequence[Chain]) -> int:
    """Print the chains of earlier gates."""
    if not found:
        raise NothingMeasured("gate --history: no gate has measured anything here yet. Run `nnbench gate`.")
    for line in (line for each in found for line in view.progress(each)):
        say(line)
    return 0


def bisected(good: str, bad: str, unsure: Sequence[str], why: str) -> int:
    """Print the first bad commit, or all those that it may be."""
    if unsure:
        say(f"between {good} and {bad}; these could not be told: {' '.join(unsure)}")
    else:
        say(f"first bad commit: {bad} (the one before, {good}, is good)")
    say(why)
    return 0
