"""Which commits are compared: the head is the folder as it is, the base what it was made from."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from nnbench.errors import EnvironmentProblem

# A branch that pull requests go to, where the environment names none.
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
_SHORT = 7


class NoBase(EnvironmentProblem):
    """There is no commit to compare with."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A git checkout, and the project's folder in it: the root itself, or one of several projects."""

    root: Path
    inside: Path

    @property
    def folder(self) -> Path:
        return self.root / self.inside


@dataclass(frozen=True, slots=True)
class Revisions:
    """The base's commit, the head's, and the files that differ between it and the folder as it is."""

    checkout: Checkout
    base: str
    head: str
    changed: tuple[str, ...]

    @property
    def base_name(self) -> str:
        return short(self.base)

    @property
    def head_name(self) -> str:
        return short(self.head) + ("-dirty" if self.is_dirty else "")

    @property
    def is_dirty(self) -> bool:
        return bool(_changes(self.checkout.root))

    def that_count(self, ignored: tuple[str, ...]) -> tuple[str, ...]:
        """Return the changed files that a subject may be made of."""
        return tuple(name for name in self.changed if not any(fnmatch(name, each) for each in ignored))


def first_change(found: Revisions, names: tuple[str, ...]) -> tuple[str, int] | None:
    """Return the first file of code that changed and its first line that did: where to point at."""
    for name in sorted(names, key=lambda each: not each.endswith(".py")):
        hunk = re.search(
            r"^@@ -\S+ \+(\d+)", git(found.checkout.root, "diff", "-U0", found.base, "--", name), re.MULTILINE
        )
        if hunk:
            return name, max(1, int(hunk[1]))
    return None


def find_revisions(folder: Path, asked: str, environment: Mapping[str, str]) -> Revisions:
    """Return what is compared.

    ``asked`` is a commit, a branch or a tag, or ``"merge-base"``: where the head left the branch that it goes
    to. On that branch itself, this is the last commit while files differ from it, and else the one before.
    """
    checkout = checkout_of(folder)
    root = checkout.root
    head = git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        raise NoBase(f"{root}: there is no commit yet, so there is no base to compare with. Commit first.")
    base = _merge_base(root, head, environment) if asked == "merge-base" else commit_of(root, asked)
    if (
        base == head
        and asked == "merge-base"
        and not git(root, "status", "--porcelain", "--untracked-files=no")
    ):
        base = git(root, "rev-parse", "--verify", "--quiet", "HEAD^")
        if not base:
            raise NoBase(f"{root}: the only commit there is has no base to compare with.{_shallow(root)}")
    changed = git(root, "diff", "--name-only", "-z", base).split("\0")
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    return Revisions(checkout, base, head, tuple(sorted({*changed, *new} - {""})))


def checkout_of(folder: Path) -> Checkout:
    """Return the checkout that a folder is in, or raise NoBase."""
    root = git(folder, "rev-parse", "--show-toplevel")
    if not root:
        raise NoBase(f"{folder}: this is no git repository, so there is no base to compare with.")
    top = Path(root)
    return Checkout(top, folder.resolve().relative_to(top.resolve()))


def commit_of(root: Path, name: str) -> str:
    """Return the commit that a name stands for, or raise NoBase."""
    found = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not found:
        raise NoBase(f"base {name!r}: git knows no such commit, branch or tag here.{_shallow(root)}")
    return found


def first_parents(root: Path, good: str, bad: str) -> list[str]:
    """Return the commits behind ``good`` up to ``bad``, along first parents, the oldest first."""
    return git(root, "rev-list", "--first-parent", "--reverse", f"{good}..{bad}").split()


def files_between(root: Path, base: str, head: str) -> tuple[str, ...]:
    """Return the files that differ between two commits."""
    return tuple(filter(None, git(root, "diff", "--name-only", "-z", base, head).split("\0")))


def short(commit: str) -> str:
    return commit[:_SHORT]


def _merge_base(root: Path, head: str, environment: Mapping[str, str]) -> str:
    target = environment.get("GITHUB_BASE_REF")
    branches = (f"origin/{target}", target) if target else _USUAL
    for branch in branches:
        tip = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{branch}^{{commit}}")
        if tip:
            found = git(root, "merge-base", tip, head)
            if found:
                return found
            raise NoBase(f"{branch} and HEAD have no commit in common here.{_shallow(root)}")
    if target:
        raise NoBase(f"base {target!r}: git knows no such branch here.{_shallow(root)}")
    return head  # no other branch: what is compared is the commit before


def _changes(root: Path) -> str:
    """Return what differs from the last commit; files that git does not know are no change yet."""
    return git(root, "status", "--porcelain", "--untracked-files=no")


def _shallow(root: Path) -> str:
    if git(root, "rev-parse", "--is-shallow-repository") == "true":
        return " This clone is shallow: check out with `fetch-depth: 0`, or run `git fetch --unshallow`."
    return " Name one that is there: --base COMMIT."


def git(folder: Path, *words: str) -> str:
    """Return what git prints, without the last line break; nothing where it fails."""
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise EnvironmentProblem(f"git cannot be started: {error.strerror}. Install it.") from None
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else ""


def check_out(root: Path, commit: str, place: Path) -> None:
    """Put the files of a commit into a folder that does not exist yet.

    It is a clone that borrows the objects: versions that are made of tags are found, and nothing of it is
    remembered in the checkout itself, however the gate ends.
    """
    for words in (
        ("clone", "--quiet", "--shared", "--no-checkout", str(root), str(place)),
        ("-C", str(place), "checkout", "--quiet", "--detach", commit),
    ):
        done = subprocess.run(["git", *words], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            said = os.fsdecode(done.stderr).strip().splitlines()
            raise NoBase(f"{commit}: git cannot check it out: {said[-1] if said else 'it says no reason'}.")
