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
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Make the case of a Sequential: Keras's model.json or model.keras, or module:name of a"
            " model of Keras or PyTorch.",
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help="With --from: the data of the case.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> int:
    """Write a file to start from: what to compare, or something of your own to compare.

    Every file works as it is, and says in its comments what can be changed. A file that is there stays.
    """
    from pathlib import Path

    from nnbench.machine.writing import write_files
    from nnbench.starters import kinds

    kind, chosen = kinds.as_asked(starter, file)
    _check_options(kind, source, dataset)
    _check_free(chosen, is_forced=force)
    content = kinds.content_of(kind, chosen) if source is None else _made_of(source, dataset, chosen)
    write_files({Path(chosen): content})
    print(f"wrote {kinds.as_word(chosen)}. Next: {kinds.next_command(kind, chosen)}")
    return 0


def _check_options(kind: str, source: str | None, dataset: str | None) -> None:
    from nnbench.errors import UsageError

    if source is not None and kind != "case":
        raise UsageError(f"--from {source}: a model becomes a case: nnbench init case --from {source}.")
    if dataset is not None and source is None:
        raise UsageError(f"--dataset {dataset}: this goes with --from. Write the name into the case instead.")


def _check_free(file: str, *, is_forced: bool) -> None:
    from pathlib import Path

    from nnbench.errors import UsageError

    path = Path(file)
    if not is_forced and (path.is_symlink() or path.exists()):
        raise UsageError(f"{file}: this file exists. Choose another name, or --force to replace it.")


def _made_of(source: str, dataset: str | None, file: str) -> str:
    """Return the case of a model, and say what in it is not as it was there."""
    from nnbench.starters import kinds
    from nnbench.starters.case_of_model import case_text
    from nnbench.starters.sources import read_model
    from nnbench.terminal.progress import note

    model = read_model(source)
    text = case_text(model, kinds.name_in("case", file), dataset)
    for each in model.notes:
        note(each)
    return text
