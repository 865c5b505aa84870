"""``nnbench schema``: the JSON schema of a kind of file, or of what ``--json`` prints."""

from typing import Annotated

import typer


def command(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="A file: case, subject, matrix, claim, or gate (of pyproject.toml). Or a result, as its"
            " document names it: run, tune, judge, compare, gate/1, kernels …",
        ),
    ],
) -> int:
    """Print the JSON schema of a kind of file, or of what a verb's --json prints.

    Editors complete and check TOML by it: nnbench schema case > case.schema.json, and in the first line of
    the file "#:schema ./case.schema.json" (Taplo, Even Better TOML, Tombi). Every document of results says
    the name of its schema in its first key.
    """
    from nnbench.errors import UsageError
    from nnbench.plan.file_schemas import KINDS, schema_of
    from nnbench.reporting.result_schemas import named, result_schema, words
    from nnbench.terminal.printing import print_json
    from nnkit.errors import did_you_mean

    result = named(kind)
    if kind in KINDS:
        print_json(schema_of(kind))
    elif result is not None:
        print_json(result_schema(result))
    else:
        known = (*KINDS, *words(taken=KINDS))
        raise UsageError(f"schema: no kind of file or result named {kind!r}.{did_you_mean(kind, known)}")
    return 0
