"""Every error of nnbench is one line and knows the exit code of its command."""

import copy

import pytest

from nnbench.errors import (
    EnvironmentProblem,
    GateFailed,
    Inconclusive,
    NnbenchError,
    NothingMeasured,
    UsageError,
)


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [(GateFailed, 1), (UsageError, 2), (EnvironmentProblem, 4), (Inconclusive, 5), (NothingMeasured, 6)],
)
def test_exit_codes_are_those_that_scripts_rely_on(kind: type[NnbenchError], exit_code: int) -> None:
    assert kind("text").exit_code == exit_code


def test_all_exit_codes_differ_and_leave_those_of_other_outcomes_free() -> None:
    """0 is done, 3 some trials failed, 130 interrupted."""
    codes = [kind.exit_code for kind in NnbenchError.__subclasses__()]

    assert len(set(codes)) == len(codes)
    assert not {0, 3, 130} & set(codes)


def test_the_text_is_one_line_whatever_value_is_quoted_in_it() -> None:
    assert str(UsageError("matrix.toml: 'a\nb'\r\nis no name.")) == "matrix.toml: 'a b' is no name."
    assert str(UsageError("two  spaces stay")) == "two  spaces stay"


def test_errors_travel_between_processes() -> None:
    """A worker of a cluster hands its error to the parent, by the protocol that copying uses too."""
    travelled = copy.copy(EnvironmentProblem("disk: full."))

    assert (type(travelled), str(travelled)) == (EnvironmentProblem, "disk: full.")
