"""Writes the pages of reference that follow from the program: `python docs/write_reference.py [FOLDER]`.

Verbs and options come from the commands, exit codes from the errors, keys of files and of results from their
schemas. `tests/docs/test_reference.py` holds that the pages are those of today.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import typer

from nnbench.commands import VERBS
from nnbench.errors import NnbenchError
from nnbench.plan.file_schemas import KINDS, schema_of
from nnbench.reporting.result_schemas import RESULTS, result_schema
from nnbench.verbs import app

_MOST_NAMES = 8  # of a longer list of choices three stand for all: `nnbench list` prints them
_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_KINDS = {
    "string": "text",
    "boolean": "true or false",
    "object": "table",
    "null": "nothing",
    "integer": "whole number",
}
_NO_ERRORS = {
    0: "Done.",
    3: "Some trials failed; the report is printed and says which.",
    130: "Interrupted; what was finished is kept, and the same command goes on.",
}


def verbs_page() -> str:
    """Return the page of verbs: what each does, its arguments, its options."""
    group: Any = typer.main.get_command(app)
    lines = [
        "# Verbs and options",
        "",
        "What `nnbench VERB --help` prints. Lists take commas, and a repeated option adds to its list.",
        "",
    ]
    for name in VERBS:
        verb = group.get_command(None, name)
        lines += [f"## {name}", "", *_paragraphs(verb.help), ""]
        rows = [(_spelt(parameter), _cell(parameter.help or "")) for parameter in verb.params]
        lines += [*_table(("argument or option", "what it says"), rows), ""]
    return "\n".join(lines)


def exit_codes_page() -> str:
    """Return the page of exit codes: those of the errors, and those that are no errors."""
    codes = dict(_NO_ERRORS)
    for kind in NnbenchError.__subclasses__():
        codes[kind.exit_code] = (kind.__doc__ or "").strip()
    rows = [(str(code), _cell(codes[code])) for code in sorted(codes)]
    lines = ["# Exit codes", "", "The same for every verb; every error is one line on standard error.", ""]
    return "\n".join([*lines, *_table(("code", "what it means"), rows), ""])


def files_page() -> str:
    """Return the page of files that users write, key by key."""
    lines = [
        "# Files that you write",
        "",
        "Keys, kinds of values and defaults. `nnbench schema KIND` prints the JSON schema, by which editors",
        "complete and check; `nnbench init KIND` writes a file to start from.",
        "",
    ]
    for kind, (_, what) in KINDS.items():
        schema = schema_of(kind)
        lines += [f"## {kind}", "", f"{what[0].upper()}{what[1:]}.", ""]
        lines += [*_table(("key", "value", "default"), _keys(schema)), ""]
        for name, part in schema["$defs"].items():
            lines += [f"### {kind}: {name}", "", *_paragraphs(part.get("description", ""))]
            rows = _keys(part)
            lines += [*(_table(("key", "value", "default"), rows) if rows else [_value(part)]), ""]
    return "\n".join(lines)


def results_page() -> str:
    """Return the page of JSON documents, key by key; parts of several documents stand at the end."""
    schemas = {name: result_schema(name) for name in RESULTS}
    uses = Counter(part for schema in schemas.values() for part in schema["$defs"])
    lines = [
        "# Results as JSON",
        "",
        "`--json` gives the result of a verb as one document, `nnbench report --format json` a stored one.",
        "A document names its schema in the key `schema`; the number behind it rises when a key gets another",
        "meaning or goes, and not when one is added. `nnbench schema NAME` prints the JSON schema. Its names",
        "`run`, `run/1` and `nnbench.run/1` are the same, and `gate/1` is what a gate prints (`gate` is its",
        "section of a file).",
        "",
    ]
    shared = {}
    for name, schema in schemas.items():
        lines += [f"## {name}", ""]
        for shape in schema.get("anyOf", [schema]):
            lines += _shape_of_result(shape)
        for part, shape in schema["$defs"].items():
            if uses[part] > 1:
                shared[part] = shape
            else:
                lines += [f"### {name.removeprefix('nnbench.')}: {part}", "", *_shape_of_result(shape)]
    lines += ["## Parts of several documents", ""]
    for part, shape in sorted(shared.items()):
        lines += [f"### {part}", "", *_shape_of_result(shape)]
    return "\n".join(lines)


def _shape_of_result(shape: dict[str, Any]) -> list[str]:
    rows = []
    for key, value in shape["properties"].items():
        absent = "" if key in shape["required"] else ", or absent"
        rows.append(
            (f"`{key}`", _cell(_in_json(_shape(value))) + absent, _cell(value.get("description", "")))
        )
    return [_cell(shape["description"]), "", *_table(("key", "value", "what it says"), rows), ""]


PAGES = {
    "verbs.md": verbs_page,
    "exit-codes.md": exit_codes_page,
    "files.md": files_page,
    "results.md": results_page,
}


def _in_json(words: str) -> str:
    """Return words for values in JSON: files of TOML have tables, and nothing where JSON has null."""
    for of_toml, of_json in (("table of any", "object"), ("table", "object"), ("nothing", "null")):
        words = words.replace(of_toml, of_json)
    return words


def _spelt(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    value = f" {parameter.metavar}" if parameter.metavar and not parameter.is_flag else ""
    return f"`{', '.join([*parameter.opts, *parameter.secondary_opts])}{value}`"


def _keys(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    needed = schema.get("required", [])
    return [
        (
            f"`{name}`",
            _cell(_value(value)),
            "needed" if name in needed else _default(value),
        )
        for name, value in schema.get("properties", {}).items()
    ]


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    return "" if default is None or default in ({}, []) else f"`{json.dumps(default, ensure_ascii=False)}`"


def _value(schema: dict[str, Any]) -> str:
    """Return in words what a schema lets a value be."""
    said = schema.get("description", "").split("\n\n")[0]
    return f"{_shape(schema)}: {said}" if said and "$ref" not in schema else _shape(schema)


def _shape(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "enum" in schema:
        names = [f"`{name}`" for name in schema["enum"]]
        return ", ".join(names) if len(names) <= _MOST_NAMES else f"a name, such as {', '.join(names[:3])}"
    if "const" in schema:
        return f"`{schema['const']}`"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_shape(one) for one in schema[several]))
    if schema.get("type") == "array":
        items = _shape(schema["items"]) if schema.get("items") else ""
        return f"list of ({items})" if " or " in items else f"list of {items}" if items else "list"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"table of {_shape(schema['additionalProperties'])}"
    return _limited(schema)


def _limited(schema: dict[str, Any]) -> str:
    said = [f"{sign} {schema[key]:g}" for key, sign in _LIMITS.items() if key in schema]
    kind = schema.get("type", "any")
    name = " or ".join(_KINDS.get(one, one) for one in ([kind] if isinstance(kind, str) else kind))
    return " ".join([name, ", ".join(said)]).strip()


def _paragraphs(text: str | None) -> list[str]:
    return [*(_cell(line) for line in (text or "").splitlines()), ""] if text else []


def _cell(text: str) -> str:
    """Return a text for a cell of a table: one line, and nothing that Markdown takes for its own."""
    whole = " ".join(line.strip() for line in text.replace("``", "`").splitlines())
    return whole.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") if cell.startswith("`") else cell for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, (":--",) * len(head), *cells)]


def write(folder: Path) -> None:
    """Write every page into the folder."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), "utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "reference")
