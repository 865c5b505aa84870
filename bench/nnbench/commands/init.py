"""``nnbench init``: a matrix file to start from."""

from typing import Annotated

import typer

# Options come before [axes]: in TOML, what follows a table belongs to it.
STARTER = """\
# What to compare. Run it with            nnbench run {name}
# See what it will do, and how long, with nnbench run {name} --dry-run

cases = ["digits_mlp"]    # nnbench list cases; or the path of a case file of your own
seeds = 10                # how many, or which: "1,5-9"
# epochs = 20             # in place of each case's own
# jobs = 2                # trials at the same time; by default as many as there are cores
# against = "adam,relu"   # compare with this configuration instead of the leader
# plugin = "mine.py"      # a file that registers optimizers or activations of your own
# tuned = true            # run each at the learning rate that nnbench tune found for it

# Every value on one axis meets every value on the others. An axis left out stays at the case's own choice.
# Parameters stand in the name: "sgd(momentum=0.9)".
[axes]
{axes}"""


def command(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The file to write.")] = "matrix.toml",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> int:
    """Write a matrix file to start from.

    A file that is there stays as it is.
    """
    import shlex
    from pathlib import Path

    from nnbench.errors import UsageError
    from nnbench.machine.writing import printable, write_files

    path, name = Path(file), shlex.quote(printable(file))
    if not force and (path.is_symlink() or path.exists()):
        raise UsageError(f"{file}: this file exists. Choose another name, or --force to replace it.")
    write_files({path: STARTER.format(name=name, axes=_axes())})
    print(f"wrote {name}. Next: nnbench run {name} --dry-run")
    return 0


def _axes() -> str:
    """Return a line for every axis, the first two to be crossed and the others as comments."""
    from nnbench.cases.axis import AXES

    lines = []
    for place, axis in enumerate(AXES.values()):
        line = axis.starter if place < 2 else f"# {axis.starter}"
        lines.append(f"{line:<46}# nnbench list {axis.lists}\n" if axis.lists else f"{line}\n")
    return "".join(lines)
