"""``nnbench schema``: the JSON schema of a kind of file, for editors and other programs."""

from typing import Annotated

import typer


def command(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="case, subject, matrix, claim, or gate (of pyproject.toml)."),
    ],
) -> int:
    """Print the JSON schema of a kind of file.

    Editors complete and check TOML by it: nnbench schema case > case.schema.json, and in the first line of
    the file "#:schema ./case.schema.json" (Taplo, Even Better TOML, Tombi).
    """
    from nnbench.errors import UsageError
    from nnbench.plan.file_schemas import KINDS, schema_of
    from nnbench.terminal.printing import print_json
    from nnkit.errors import did_you_mean

    if kind not in KINDS:
        raise UsageError(f"schema: no kind of file named {kind!r}.{did_you_mean(kind, KINDS)}")
    print_json(schema_of(kind))
    return 0
