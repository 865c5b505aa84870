"""The typed errors of nnbench. Each one is one clear line and knows the exit code of the command it ends.

Exit codes that are no error of this family: 0 done, 3 some trials failed, 130 interrupted.
"""

from typing import ClassVar


class NnbenchError(Exception):
    """Something that ends a command; its text is one line that says where, what and what to do."""

    exit_code: ClassVar[int]

    def __str__(self) -> str:
        # The command line prints one line for any mistake, also when a value in the text holds line breaks.
        return " ".join(" ".join(map(str, self.args)).splitlines())


class GateFailed(NnbenchError):
    """A gate or a comparison found that something got worse."""

    exit_code = 1


class UsageError(NnbenchError):
    """The command, an option or a file from the user is wrong."""

    exit_code = 2


class EnvironmentProblem(NnbenchError):
    """The machine refuses: disk, permission, download, or a store that cannot be read or written."""

    exit_code = 4


class Inconclusive(NnbenchError):
    """``--strict`` was asked for, and the evidence does not reach a verdict."""

    exit_code = 5


class NothingMeasured(NnbenchError):
    """There is nothing to report on: no trial was asked for, or none is recorded."""

    exit_code = 6
