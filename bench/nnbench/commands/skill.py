"""``nnbench skill``: a file that tells coding agents how to ask nnbench, shown or installed."""

from pathlib import Path
from typing import Annotated

import typer

ACTIONS = ("show", "install")
_FILE = "SKILL.md"


def command(
    action: Annotated[
        str, typer.Argument(metavar="[ACTION]", help="show (print it), install (write it into a folder).")
    ] = "show",
    folder: Annotated[
        str,
        typer.Option("--to", metavar="DIR", help="With install: the folder, e.g. .claude/skills/nnbench."),
    ] = "./.agents/skills/nnbench",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that was changed.")] = False,
) -> int:
    """Show or install the skill file for coding agents.

    It says which question goes to which verb, how verdicts and exit codes are read, and what not to conclude.
    """
    from nnbench.cases.resources import reports_folder
    from nnbench.errors import UsageError
    from nnkit.errors import did_you_mean

    if action not in ACTIONS:
        raise UsageError(f"skill: there is no action {action!r}.{did_you_mean(action, ACTIONS)}")
    text = (reports_folder() / "skill" / _FILE).read_text(encoding="utf-8")
    if action == "show":
        print(text, end="")
    else:
        _install(text, folder, is_forced=force)
    return 0


def _install(text: str, folder: str, *, is_forced: bool) -> None:
    from nnbench.errors import UsageError
    from nnbench.machine.writing import make_folder, write_files
    from nnbench.terminal.printing import say

    if not folder.strip() or "\0" in folder:
        raise UsageError(f"--to {folder!r}: expected a folder. Try --to .claude/skills/nnbench.")
    path = Path(folder).expanduser() / _FILE
    if not is_forced and _is_other(path, text):
        raise UsageError(f"{path}: this file says something else. Move it, or --force to replace it.")
    make_folder(path.parent)
    write_files({path: [text]})
    say(str(path))


def _is_other(path: Path, text: str) -> bool:
    """Return whether something stands there that is not this file; what cannot be read is something else."""
    try:
        return path.read_bytes() != text.encode()
    except FileNotFoundError:
        return path.is_symlink()
    except NotADirectoryError:
        return False  # to make the folder will say so
    except OSError:
        return True
