"""A gate as GitHub reads it: annotations among the log, and the summary of a step."""

from nnbench.machine.writing import printable
from nnbench.records.gate import GateItem, GateReport
from nnbench.reporting.views import gate as view

MOST = 9  # GitHub shows ten of a step; the last one tells of the others
SUMMARY_BYTES, COMMENT_CHARACTERS = 1_000 * 1024, 60_000
_CUT = "\n\n… and more: the report is cut here. The whole of it is in the artifact.\n"
_KINDS = {"crashed": "error", "regressed": "error", "inconclusive": "warning", "not_comparable": "warning"}


def render(report: GateReport, config: str = "pyproject.toml") -> str:
    """Return workflow commands: an annotation for each item that is not well, nine at most."""
    items = [item for item in view.ordered(report.items) if item.verdict in _KINDS]
    lines = [_annotation(item, config) for item in items[:MOST]]
    if len(items) > MOST:
        lines.append(f"::notice title=nnbench gate::and {len(items) - MOST} more")
    lines.append(f"::notice title=nnbench gate::{_escaped(view.counts(report))}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(item: GateItem, config: str) -> str:
    file, line = item.place or (config, 1)
    title = f"{view.WORDS[item.verdict]}: {item.name}"
    said = "\n".join((view.said(item), *item.found))
    where = f"file={_of_property(file)},line={line},title={_of_property(title)}"
    return f"::{_KINDS[item.verdict]} {where}::{_escaped(said)}"


def _escaped(text: str) -> str:
    """Return a message so that no part of it can be a command of its own."""
    text = printable(text, keep="\n")
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _of_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def cut(markdown: str, *, most_bytes: int = SUMMARY_BYTES) -> str:
    """Return the text, or as much of it as the summary of a step may have."""
    data = markdown.encode()
    if len(data) <= most_bytes:
        return markdown
    return data[: most_bytes - len(_CUT.encode())].decode(errors="ignore") + _CUT


def cut_comment(markdown: str) -> str:
    """Return the text, or as much of it as a comment may have."""
    if len(markdown) <= COMMENT_CHARACTERS:
        return markdown
    return markdown[: COMMENT_CHARACTERS - len(_CUT)] + _CUT
