"""Where a result goes, and in which form: standard output, a file, or a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nnbench.errors import UsageError

ReportFormat = Literal["text", "markdown", "html", "json", "csv", "latex"]

# The first ending of a format is that of its file in a folder.
ENDINGS: dict[ReportFormat, tuple[str, ...]] = {
    "text": (".txt", ".text"),
    "markdown": (".md", ".markdown"),
    "html": (".html", ".htm"),
    "json": (".json",),
    "csv": (".csv",),
    "latex": (".tex", ".latex"),
}
_FORMATS = {ending: form for form, endings in ENDINGS.items() for ending in endings}


@dataclass(frozen=True, slots=True)
class Destination:
    """A form, and a path unless the result is printed."""

    form: ReportFormat
    path: Path | None = None
    is_folder: bool = False

    def file(self, name: str) -> Path:
        """Return the file to be written; ``name`` is what it is called in a folder, without its ending."""
        assert self.path is not None, "this result is printed"
        return self.path / f"{name}{ENDINGS[self.form][0]}" if self.is_folder else self.path


def destination(
    form: ReportFormat | None,
    output: str | None,
    *,
    as_json: bool = False,
    option: str = "--output",
    default: ReportFormat = "text",
) -> Destination:
    """Return what the options ask for, or raise UsageError where they contradict one another."""
    said = "--json" if as_json else f"--format {form}"
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other. Give one of them.")
    asked: ReportFormat | None = "json" if as_json else form
    if output is None or (output == "-" and option == "--output"):
        return Destination(asked or default)
    path = _path(output, option)
    if _is_folder(path, output, option):
        return Destination(asked or default, path, is_folder=True)
    ending = path.suffix.lower()
    named = _FORMATS.get(ending)
    if asked is None and named is None and ending:
        raise UsageError(
            f"{option} {output}: no format has the ending {path.suffix!r}. Known are"
            f" {', '.join(endings[0] for endings in ENDINGS.values())}; a folder is {output}/."
        )
    if asked is not None and named not in (None, asked):
        raise UsageError(
            f"{said} and {option} {output} contradict each other: {ending} is the ending of {named}."
            " Give one of them."
        )
    return Destination(asked or named or default, path)


def with_report(
    form: ReportFormat | None, output: str | None, report: str | None, *, as_json: bool
) -> tuple[Destination, Destination | None]:
    """Return where the result goes, and where its report goes besides.

    With --report and without --output, --format is that of the report: the result stays text or JSON.
    """
    if report is None:
        return destination(form, output, as_json=as_json), None
    of_report_alone = output is None or as_json
    shown = destination(None if of_report_alone else form, output, as_json=as_json)
    return shown, destination(form, report, option="--report", default="markdown")


def check_curves(*wanted: Destination | None) -> None:
    """Raise UsageError unless a result goes where curves are numbers."""
    forms = [each.form for each in wanted if each is not None]
    if not {"csv", "json"}.intersection(forms):
        raise UsageError(
            f"--curves: csv and json have the numbers of curves, {forms[0]} has not. Add --format csv."
        )


def rehearsed_as_json(shown: Destination) -> bool:
    """Return whether a dry run is asked for in JSON; it has no other form than that and text."""
    if shown.path is not None or shown.form not in ("text", "json"):
        raise UsageError("--dry-run is printed, as text or as json. Leave --output and other formats out.")
    return shown.form == "json"


def _path(output: str, option: str) -> Path:
    if not output.strip() or "\0" in output:
        raise UsageError(f"{option} {output!r}: expected a file or a folder. Try report.md or report/.")
    return Path(output).expanduser()


def _is_folder(path: Path, output: str, option: str) -> bool:
    """Return whether a folder is meant: by a slash, by the lack of an ending, or since it is one."""
    says_so = output.endswith("/")
    if path.is_dir():
        if path.suffix.lower() in _FORMATS and not says_so:
            raise UsageError(
                f"{option} {output}: expected a file, found a folder of that name. A file in it: {output}/."
            )
        return True
    if path.exists() and (says_so or not path.suffix):
        raise UsageError(
            f"{option} {output}: expected a folder or a name with an ending such as .md, found a file"
            " without one. Choose another name."
        )
    return says_so or not path.suffix
