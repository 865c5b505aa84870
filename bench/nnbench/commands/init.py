"""``nnbench init``: a file to start from, of any kind that nnbench reads."""

from typing import Annotated

import typer


def command(
    starter: Annotated[
        str,
        typer.Argument(
            metavar="[KIND]",
            help="matrix, case, claim, optimizer, activation, initializer or schedule; any other word is the"
            " FILE of a matrix.",
        ),
    ] = "matrix",
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="The file to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> int:
    """Write a file to start from: what to compare, or something of your own to compare.

    Every file works as it is, and says in its comments what can be changed. A file that is there stays.
    """
    from pathlib import Path

    from nnbench.machine.writing import write_files
    from nnbench.starters import kinds

    kind, chosen = kinds.as_asked(starter, file)
    _check_free(chosen, is_forced=force)
    write_files({Path(chosen): kinds.content_of(kind, chosen)})
    print(f"wrote {kinds.as_word(chosen)}. Next: {kinds.next_command(kind, chosen)}")
    return 0


def _check_free(file: str, *, is_forced: bool) -> None:
    from pathlib import Path

    from nnbench.errors import UsageError

    path = Path(file)
    if not is_forced and (path.is_symlink() or path.exists()):
        raise UsageError(f"{file}: this file exists. Choose another name, or --force to replace it.")
