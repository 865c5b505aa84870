"""Editing a case file: two things change, and every comment stays."""

import tomllib
from pathlib import Path

import pytest

from nnbench.cases.casefile import as_toml, with_calibration
from nnbench.cases.resources import cases_folder
from nnbench.errors import UsageError

SECTION = {"suite_version": 2, "sigma": 0.0083, "configuration": "adam · relu", "date": "2026-01-31"}
FILE = """\
name = "mine"  # a name

# How it is judged.
[measure]
metric = "accuracy"
target = 0.95   # chosen by eye
noticeable = 0.01

[run]
target_of_mine = 0.95  # no target, though it looks like one
# the end
"""


def edited(text: str, **section: object) -> str:
    return with_calibration(text, target=0.961, section=section or SECTION, where="mine.toml")


def test_the_target_moves_and_the_section_comes_last() -> None:
    section = """
[calibration]
suite_version = 2
sigma = 0.0083
configuration = "adam · relu"
date = "2026-01-31"
"""

    assert edited(FILE) == FILE.replace("target = 0.95   #", "target = 0.961   #") + section


def test_a_section_that_is_there_is_edited_where_it_stands() -> None:
    """Its own comments stay, its values are replaced, and what is missing is added to it."""
    section = '[calibration]\n# by hand\nsigma = 0.1  # too much\nconfiguration = "sgd # 1"\n'
    before = f"{section}\n[measure]\ntarget = 1.0\n"

    assert edited(before) == (
        "[calibration]\n# by hand\nsigma = 0.0083  # too much\n"
        'configuration = "adam · relu"\nsuite_version = 2\ndate = "2026-01-31"\n\n[measure]\ntarget = 0.961\n'
    )


def test_a_target_that_is_missing_is_added_to_its_section() -> None:
    text = edited('[measure]\nmetric = "loss"\n\n[run]\nseeds = 3\n')

    assert text.startswith('[measure]\nmetric = "loss"\ntarget = 0.961\n\n[run]\n')


def test_a_second_edit_replaces_the_first() -> None:
    assert edited(edited(FILE)) == edited(FILE)


def test_what_is_none_is_taken_out() -> None:
    """An exchange rate of another target must not stay; what is no field of the section does."""
    before = "[calibration]\nexchange_rate = 0.1\nsigma = 0.1\n# mine\n\n[measure]\ntarget = 1.0\n"

    assert edited(before, sigma=0.2, exchange_rate=None) == (
        "[calibration]\nsigma = 0.2\n# mine\n\n[measure]\ntarget = 0.961\n"
    )
    assert as_toml({"sigma": 0.2, "exchange_rate": None}) == ["sigma = 0.2"]


def test_line_ends_stay_what_they_are() -> None:
    windows = FILE.replace("\n", "\r\n")

    assert edited(windows) == edited(FILE).replace("\n", "\r\n")


@pytest.mark.parametrize("path", sorted(cases_folder().glob("*.toml")), ids=lambda path: path.stem)
def test_every_built_in_case_can_be_edited(path: Path) -> None:
    """Only target and calibration differ afterwards, and no comment is lost."""
    text = path.read_text(encoding="utf-8")

    changed = with_calibration(text, target=0.123, section=SECTION, where=path.name)

    before, after = tomllib.loads(text), tomllib.loads(changed)
    assert after["measure"].pop("target") == 0.123
    assert SECTION.items() <= after.pop("calibration").items()
    before["measure"].pop("target", None)
    before.pop("calibration", None)
    assert after == before
    comments = [line for line in text.splitlines() if "#" in line]
    assert all(line in changed.splitlines() for line in comments)


@pytest.mark.parametrize(
    "text",
    [
        'measure = { metric = "loss", target = 0.5 }\n',
        '[measure]\n"target" = 1.0\n',
        "measure.target = 1.0\n",
        '[measure]\ntarget = 1.0\nnote = """\ntarget = 2.0\n[calibration]\n"""\n',
        "[ measure ]\ntarget = 1.0\n[run]\nseeds = 3",
        "calibration = { sigma = 0.5, n = 3 }\n[measure]\ntarget = 1.0",
    ],
)
def test_every_form_of_toml_can_be_edited(text: str) -> None:
    """Tables in a line, quoted and dotted keys, texts that look like sections: all else stays what it was."""
    before = tomllib.loads(text)

    after = tomllib.loads(edited(text))

    assert after["measure"] == {**before["measure"], "target": 0.961}
    assert after["calibration"] == {**before.get("calibration", {}), **SECTION}
    assert {**after, "measure": 0, "calibration": 0} == {**before, "measure": 0, "calibration": 0}


def test_a_section_that_is_no_table_is_a_mistake() -> None:
    with pytest.raises(UsageError, match=r"^mine\.toml, measure: expected a table, found 3"):
        edited("measure = 3\n")


def test_values_are_spelt_as_toml_reads_them() -> None:
    values = {"text": 'a "quoted" · word', "number": 1e-05, "count": 3, "truth": True}

    assert tomllib.loads("\n".join(as_toml(values))) == values
