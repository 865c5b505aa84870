"""The two sides of a gate: a checkout each, and the interpreter that its code runs in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nnbench.errors import EnvironmentProblem
from nnbench.plan.gate import GateSection
from nnbench.studies.gate.revisions import Checkout, NoBase, Revisions, check_out, short

SETUP_S = 1800.0
_LINES_SHOWN = 3


class CannotBeBuilt(Exception):
    """The set-up command of a side fails."""


@dataclass(frozen=True, slots=True)
class Side:
    """A checkout, the interpreter of its own environment, and what both need in the environment."""

    name: Literal["base", "head"]
    folder: Path
    python: str
    commit: str
    environment: Mapping[str, str]  # further variables, PYTHONPATH among them


def base_side(found: Revisions, asked: GateSection, work: Path) -> Side:
    """Check the base out and set it up, or raise NoBase."""
    try:
        return side_of("base", found.checkout, found.base, asked, work)
    except CannotBeBuilt as error:
        raise NoBase(f"base {found.base_name} cannot be built: {error}") from None


def side_of(
    name: Literal["base", "head"], checkout: Checkout, commit: str, asked: GateSection, work: Path
) -> Side:
    """Check a commit out and set it up, or raise CannotBeBuilt."""
    place = work / name
    check_out(checkout.root, commit, place)
    return _set_up(name, place / checkout.inside, short(commit), asked, work)


def head_side(found: Revisions, asked: GateSection, work: Path) -> Side:
    """Set the head up where it lies, or raise CannotBeBuilt."""
    return _set_up("head", found.checkout.folder, found.head_name, asked, work)


def _set_up(name: Literal["base", "head"], folder: Path, commit: str, asked: GateSection, work: Path) -> Side:
    paths = os.pathsep.join(str(folder / each) for each in asked.path)
    environment = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    if asked.setup is None:
        return Side(name, folder, sys.executable, commit, environment)
    venv = work / f"{name}-venv"
    _make_venv(venv)
    bin_folder = venv / ("Scripts" if os.name == "nt" else "bin")
    own = {
        "VIRTUAL_ENV": str(venv),
        "PATH": os.pathsep.join((str(bin_folder), os.environ.get("PATH", ""))),
    }
    _run(asked.setup, folder, own, shell=True)
    return Side(name, folder, str(bin_folder / "python"), commit, {**environment, **own})


def _make_venv(venv: Path) -> None:
    # uv makes it in a tenth of the time, and its pip is there under the usual name.
    uv = shutil.which("uv")
    command = (
        [uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(venv)]
        if uv
        else [sys.executable, "-m", "venv", str(venv)]
    )
    try:
        _run(command, venv.parent, {}, shell=False)
    except CannotBeBuilt as error:
        raise EnvironmentProblem(f"no virtual environment can be made: {error}") from None


def _run(command: str | list[str], folder: Path, environment: Mapping[str, str], *, shell: bool) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**kept, **environment},
            shell=shell,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SETUP_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotBeBuilt(f"`{command}` took more than {SETUP_S / 60:.0f} minutes.") from None
    except OSError as error:
        raise CannotBeBuilt(f"`{command}` cannot be started: {error.strerror}.") from None
    if done.returncode != 0:
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        tail = " / ".join(said[-_LINES_SHOWN:]) or "it says no reason"
        raise CannotBeBuilt(f"`{command}` ended with {done.returncode}: {tail}")
