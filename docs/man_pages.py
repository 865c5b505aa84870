"""Makes the man pages from the pages of reference: `python docs/man_pages.py FOLDER`.

A wheel is built with them (`docs/man_hook.py`), by text alone: nothing of nnbench is imported, and nothing
else than `docs/reference` says what a verb takes. `tests/docs/test_man_pages.py` looks at them.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_REFERENCE = Path(__file__).parent / "reference"
EXAMPLES = {
    "run": ("nnbench run digits --optimizer sgd,adam --activation tanh,relu --seeds 10", "Compare four."),
    "merge": ("nnbench merge a b --into all", "Join the stores of two machines."),
    "tune": ("nnbench tune digits --optimizer sgd,adam", "Find the rate of each, and what it brings."),
    "ablate": ("nnbench ablate 'adamw(weight_decay=0.01)' digits", "Take its components out, one by one."),
    "calibrate": ("nnbench calibrate mine.toml", "Find a target for a case of your own."),
    "report": ("nnbench report last --format html --output report", "Write the newest run as a page."),
    "compare": ("nnbench compare adam,tanh sgd,tanh", "Judge two configurations of the newest run."),
    "judge": ("nnbench judge results.csv", "Judge results made elsewhere: config, seed, metric."),
    "list": ("nnbench list optimizers --long", "Print all optimizers with their formulas."),
    "show": ("nnbench show adamw", "Print what is known of one part."),
    "explain": ("nnbench explain digits", "Print the program that a case becomes."),
    "claims": ("nnbench claims B4", "Measure one claim."),
    "verify": ("nnbench verify", "Check this program's numbers."),
    "kernels": ("nnbench kernels", "Measure every kernel."),
    "diagnose": ("nnbench diagnose digits --optimizer sgd", "Look into one configuration."),
    "descend": ("nnbench descend rosenbrock --optimizer sgd,adam", "Draw two paths."),
    "data": ("nnbench data", "List the datasets, and which are there."),
    "gate": ("nnbench gate --base main --budget 5m", "Compare this folder with main."),
    "doctor": ("nnbench doctor", "Look for what is amiss on this machine."),
    "init": ("nnbench init case mine.toml", "Write a case to start from."),
    "schema": ("nnbench schema case", "Print the JSON schema of a case file."),
    "playground": ("nnbench playground iris", "Make a page to play with."),
    "export": ("nnbench export parquet last", "Write the newest run as Parquet files."),
    "skill": ("nnbench skill install", "Install the skill file for coding agents."),
}
_ENVIRONMENT = {
    "NNBENCH_SEEDS, NNBENCH_STORE, NNBENCH_JOBS, …": "Settings of a run, as the options of these names; an"
    " option on the command line wins.",
    "NNBENCH_DATA_DIR": "Where datasets that were fetched or imported lie.",
    "NNKIT_CACHE_DIR": "Where compiled kernels are kept.",
    "NO_COLOR, COLUMNS": "No colours; the width of what is printed.",
}
_FILES = {
    ".nnbench/store.sqlite": "Every trial and run that was recorded, in the folder of the command.",
    "pyproject.toml": "The table [tool.nnbench] has settings, [tool.nnbench.gate] what a gate compares.",
}
_TITLE = "Find out which optimizer, activation and initialisation to use"


def pages(version: str, reference: Path = _REFERENCE) -> dict[str, str]:
    """Return the man pages by the names of their files: that of nnbench, and one for each verb."""
    verbs = dict(_sections((reference / "verbs.md").read_text("utf-8")))
    codes = _rows((reference / "exit-codes.md").read_text("utf-8"))
    summaries = {name: _paragraphs(body)[0] for name, body in verbs.items()}
    made = {f"nnbench-{name}.1": _verb(name, body, codes, version) for name, body in verbs.items()}
    return {"nnbench.1": _overview(summaries, codes, version), **made}


def _overview(summaries: dict[str, str], codes: Sequence[tuple[str, str]], version: str) -> str:
    verbs = ((f"\\fBnnbench\\-{_plain(name)}\\fR(1)", said) for name, said in summaries.items())
    lines = [
        *_head("nnbench", version, _TITLE),
        *_section("SYNOPSIS", ["\\fBnnbench\\fR \\fIVERB\\fR [\\fIOPTION\\fR]… [\\fIARGUMENT\\fR]…"]),
        *_section("DESCRIPTION", ["Trains what was asked for, records it, and says what the evidence is."]),
        *_section("VERBS", _items(verbs)),
        *_section(
            "OPTIONS",
            _items(
                [
                    ("\\fB\\-\\-version\\fR", "Print the version."),
                    ("\\fB\\-\\-install\\-completion\\fR", "Install completion for the current shell."),
                    ("\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Show help; also behind a verb."),
                ]
            ),
        ),
        *_ending(codes, EXAMPLES["run"]),
        *_section("SEE ALSO", [", ".join(f"\\fBnnbench\\-{_plain(name)}\\fR(1)" for name in summaries)]),
    ]
    return "\n".join(lines) + "\n"


def _verb(name: str, body: str, codes: Sequence[tuple[str, str]], version: str) -> str:
    summary, *about = _paragraphs(body)
    rows = _rows(body)
    arguments = [(spelt, said) for spelt, said in rows if not spelt.startswith("-")]
    options = [(_option(spelt), said) for spelt, said in rows if spelt.startswith("-")]
    asked = " ".join(f"\\fI{_plain(spelt)}\\fR" for spelt, _ in arguments)
    lines = [
        *_head(f"nnbench-{name}", version, summary),
        *_section("SYNOPSIS", [f"\\fBnnbench {_plain(name)}\\fR [\\fIOPTION\\fR]… {asked}".rstrip()]),
        *_section("DESCRIPTION", _spaced([summary, *about])),
        *_section("ARGUMENTS", _items((f"\\fI{_plain(spelt)}\\fR", said) for spelt, said in arguments)),
        *_section("OPTIONS", _items(options)),
        *_ending(codes, EXAMPLES.get(name)),
        *_section("SEE ALSO", ["\\fBnnbench\\fR(1)"]),
    ]
    return "\n".join(lines) + "\n"


def _head(name: str, version: str, summary: str) -> list[str]:
    return [
        f'.TH "{_plain(name.upper())}" 1 "" "nnbench {_plain(version)}" "nnbench"',
        ".nh",
        ".ad l",
        *_section("NAME", [f"{_plain(name)} \\- {_prose(summary.rstrip('.'))}"]),
    ]


def _ending(codes: Sequence[tuple[str, str]], example: tuple[str, str] | None) -> Iterator[str]:
    yield from _section("EXIT STATUS", _items((f"\\fB{_plain(code)}\\fR", what) for code, what in codes))
    yield from _section(
        "EXAMPLES", _items([(f"\\fB{_plain(example[0])}\\fR", example[1])] if example else [])
    )
    yield from _section("FILES", _items((f"\\fI{_plain(path)}\\fR", what) for path, what in _FILES.items()))
    yield from _section(
        "ENVIRONMENT", _items((f"\\fB{_plain(name)}\\fR", what) for name, what in _ENVIRONMENT.items())
    )


def _section(heading: str, lines: Sequence[str]) -> list[str]:
    return [f".SH {heading}", *lines] if lines else []


def _items(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [line for term, said in rows for line in (".TP", term, *([_prose(said)] if said else ["\\&"]))]


def _spaced(paragraphs: Sequence[str]) -> list[str]:
    return [line for text in paragraphs for line in (".PP", _prose(text))][1:]


def _option(spelt: str) -> str:
    """Return ``--jobs, -j N`` with its names bold and its value slanted."""
    names, _, value = re.fullmatch(r"((?:-[\w-]+(?:, )?)+)( ?)(.*)", spelt).groups()  # type: ignore[union-attr]
    bold = ", ".join(f"\\fB{_plain(name)}\\fR" for name in names.split(", "))
    return f"{bold} \\fI{_plain(value)}\\fR" if value else bold


def _plain(text: str) -> str:
    """Return the text with nothing in it that roff would obey; a hyphen stays one when it is copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def _prose(text: str) -> str:
    """Return a sentence of the reference: what it has in backticks is bold."""
    pieces = text.split("`")
    shown = "".join(f"\\fB{_plain(p)}\\fR" if k % 2 else _plain(p) for k, p in enumerate(pieces))
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def _sections(page: str) -> Iterator[tuple[str, str]]:
    for part in page.split("\n## ")[1:]:
        name, _, body = part.partition("\n")
        yield name.strip(), body


def _paragraphs(body: str) -> list[str]:
    """Return the running text: what stands before the table."""
    text = body.partition("\n| ")[0]
    return [_unescaped(" ".join(part.split())) for part in text.split("\n\n") if part.strip()]


def _rows(page: str) -> list[tuple[str, str]]:
    """Return the rows of a table of two columns, without its head."""
    found = re.findall(r"^\| (.*?) \|(?: (.*?))? \|$", page, re.M)[2:]
    return [(_unescaped(first).strip("`"), _unescaped(second)) for first, second in found]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", text)


def write(folder: Path, version: str) -> list[Path]:
    """Write every page into the folder, and return where they are."""
    made = []
    for name, page in pages(version).items():
        path = folder / name
        path.write_text(page, "utf-8", newline="\n")
        made.append(path)
    return made


if __name__ == "__main__":
    write(Path(sys.argv[1]), "")
