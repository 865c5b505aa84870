"""What is asked of a table: the task, the columns that count, and what is refused."""

from typing import Any

import numpy as np
import pytest

from nnkit.datasets.tables.csvfile import read_csv
from nnkit.datasets.tables.problem import Problem, Question, pose
from nnkit.errors import InvalidData


def posed(text: str, *target: str, **asked: Any) -> Problem:
    return pose(read_csv(text.encode(), "t.csv", "0" * 64), Question(target, **asked))


def rows(*cells: object, n: int = 8) -> str:
    """Return so many lines in which each cell is what it is, or what it makes of the row."""
    lines = [",".join(str(cell(row) if callable(cell) else cell) for cell in cells) for row in range(n)]
    return "\n".join(lines) + "\n"


TASKS = {
    "words": (lambda row: "ab"[row % 2], "classification", ("a", "b")),
    "few whole numbers": (lambda row: 7 - row % 3, "classification", ("5", "6", "7")),
    "floats that are whole": (lambda row: f"{row % 2}.0", "classification", ("0", "1")),
    "truths": (lambda row: row % 2 == 0, "classification", ("0", "1")),
    "halves": (lambda row: row / 2, "regression", ()),
    "as many numbers as rows": (lambda row: 3 * row, "regression", ()),
    "dates": (lambda row: f"2026-01-{row + 1:02}", "regression", ()),
}


@pytest.mark.parametrize(("cell", "task", "classes"), TASKS.values(), ids=TASKS)
def test_the_task_is_guessed_from_the_target(cell: Any, task: str, classes: tuple[str, ...]) -> None:
    problem = posed("x,y\n" + rows(lambda row: row * row, cell), "y")

    assert (problem.task, problem.classes) == (task, classes)


def test_the_task_can_be_said() -> None:
    text = "x,y\n" + rows(lambda row: row * row, lambda row: row % 3 - 1)

    amounts = posed(text, "y", task="regression")
    assert amounts.y.tolist() == [[row % 3 - 1.0] for row in range(8)]
    halves = posed("x,y\n" + rows(lambda row: row**2, lambda row: row % 2 / 2), "y", task="classification")
    assert (halves.classes, halves.y.tolist()) == (("0", "0.5"), [0, 1] * 4)


def test_labels_are_places_in_the_sorted_classes() -> None:
    problem = posed("x,y\n" + rows(lambda row: row * row, lambda row: "cab"[row % 3]), "y")

    assert problem.classes == ("a", "b", "c")
    assert problem.y.tolist() == [2, 0, 1, 2, 0, 1, 2, 0]


def test_several_targets_are_several_outputs() -> None:
    text = "a,x,b\n" + rows(lambda row: row / 2, lambda row: row * row, lambda row: -row)
    problem = posed(text, "b", "a")

    assert (problem.task, problem.n_outputs) == ("regression", 2)
    assert problem.y.tolist() == [[-row, row / 2] for row in range(8)]
    assert [feature.name for feature in problem.features] == ["x"]


LEFT_OUT = {
    "constant": (5, "it is the same in every row"),
    "constant text": ("x", "it is the same in every row"),
    "constant where it is there": (lambda row: "" if row % 2 else 5, "it is the same in every row"),
    "empty": ("", "it is empty"),
    "an id": (lambda row: f"person {row}", "every row has another text, as an id has"),
    "a count from 0": (lambda row: row, "it counts the rows"),
    "a count from 1": (lambda row: row + 1, "it counts the rows"),
}


@pytest.mark.parametrize(("cell", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_column_that_says_nothing_is_left_out_and_said(cell: Any, reason: str) -> None:
    text = "x,c,y\n" + rows(lambda row: row * row, cell, lambda row: "ab"[row % 2])
    problem = posed(text, "y")

    assert [feature.name for feature in problem.features] == ["x"]
    assert problem.notes == (f"c is left out: {reason}",)


def test_what_is_missing_is_said_with_its_numbers() -> None:
    text = "x,t,y\n,,a\n1,,b\n4,r,a\n9,s,b\n16,r,a\n"

    assert posed(text, "y").notes == (
        "missing numbers become the median of the training part: x (1)",
        "missing texts are 0 in all inputs of their column: t (2)",
    )


def test_rows_that_are_there_more_than_once_are_counted() -> None:
    """In all cells: another target makes another row, and nothing is equal to nothing."""
    text = "x,t,y\n1,r,a\n2,,b\n1,r,b\n2,,b\n-0,s,a\n0,s,a\n2,,b\n4,r,a\n,s,a\n,s,a\n"
    copies = "4 rows are copies of other rows, which may be on the other side of the split"

    assert copies in posed(text, "y").notes


def test_a_column_of_numbers_with_a_word_in_it_is_said_to_be_taken_for_texts() -> None:
    """Not one of numbers that stand for words, nor one with a few numbers among its words."""
    text = "n,t,w,y\n" + rows(
        lambda row: "off" if row == 5 else row % 3,
        lambda row: "rs"[row % 2],
        lambda row: ("7", "left", "right")[row % 3],
        lambda row: "ab"[row % 2],
        n=12,
    )
    strays = "Of its 12 values 11 are numbers; row 6 has 'off': correct or empty what is no number"

    assert [note for note in posed(text, "y").notes if "texts" in note] == [f"n is taken for texts. {strays}"]
    assert f"n is taken for texts. {strays}" in posed(text, "n").notes


GOOD = "x,t,y\n" + rows(lambda row: row * row, lambda row: "rs"[row % 2], lambda row: "ab"[row % 2])
MANY = "x,name,y\n" + rows(
    lambda row: row * row, lambda row: f"n{row // 2}", lambda row: "ab"[row % 2], n=120
)
REFUSED = {
    "no target": (GOOD, (), {}, "no target is named. Name the column to predict; there are: x, t, y"),
    "no such target": (GOOD, ("Y",), {}, r"target: there is no column 'Y'"),
    "nearly a name": (MANY, ("nam",), {}, r"Did you mean 'name'\?"),
    "no such column to drop": (GOOD, ("y",), {"drop": ("z",)}, "drop: there is no column 'z'"),
    "dropped target": (GOOD, ("y",), {"drop": ("y",)}, "column 'y' is named twice"),
    "the same target twice": (GOOD, ("y", "y"), {}, "column 'y' is named twice"),
    "target missing": ("x,y\n1,a\n4,\n9,b\n16,?\n", ("y",), {}, r"missing in 2 of 4 rows, row 2 the first"),
    "one class": ("x,y\n" + rows(lambda row: row**2, "a"), ("y",), {}, "the same in all 8 rows"),
    "a constant amount": ("x,y\n" + rows(lambda row: row**2, 1.5), ("y",), {}, "the same in all 8 rows"),
    "too few rows": (
        "x,y\n" + rows(lambda row: row**2, lambda row: "abcde"[row % 5]),
        ("y",),
        {},
        "5 classes in 8 rows; a classification needs twice as many",
    ),
    "words to regress on": (GOOD, ("y",), {"task": "regression"}, "must be numbers, found 'a', 'b'"),
    "one word among amounts": (
        "x,y\n" + rows(lambda row: row**2, lambda row: "off" if row == 3 else row / 3),
        ("y",),
        {"task": "regression"},
        "Of its 8 values 7 are numbers; row 4 has 'off': correct or empty what is no number",
    ),
    "one word makes classes of amounts": (
        "x,y\n" + rows(lambda row: row**2, lambda row: "off" if row == 3 else row / 3),
        ("y",),
        {},
        "8 classes in 8 rows; .* Of its 8 values 7 are numbers; row 4 has 'off'",
    ),
    "one word among many numbers": (
        "x,z,y\n"
        + rows(lambda row: row, lambda row: "off" if row in (2, 9) else row // 2 / 3, "a", n=119)
        + "1,2,b\n",
        ("y",),
        {},
        "Of its 120 values 118 are numbers; row 3 has 'off', and 1 more rows have texts: correct",
    ),
    "two classifications": (GOOD, ("t", "y"), {"task": "classification"}, "has one target, found 2: t, y"),
    "infinite": ("x,y\n1,a\ninf,b\n9,a\n2,b\n", ("y",), {}, "found inf in row 2"),
    "beyond float32": ("x,y\n1,a\n-1e39,b\n9,a\n2,b\n", ("y",), {}, r"found -1e\+39 in row 2"),
    "infinite target": ("x,y\n1,.5\n4,inf\n9,2\n", ("y",), {}, "column 'y': expected finite"),
    "too many texts": (MANY, ("y",), {}, r"'name' has 60 different texts, such as 'n0'.*--drop name\)"),
    "nothing left": ("x,y\n" + rows(5, lambda row: "ab"[row % 2]), ("y",), {}, "no column is left"),
    "group and time": (GOOD, ("y",), {"group": "t", "time": "x"}, "Name one of them"),
    "one group": (
        "x,g,y\n" + rows(lambda row: row**2, "q", lambda row: "ab"[row % 2]),
        ("y",),
        {"group": "g"},
        "one group only",
    ),
    "group missing": (
        "x,g,y\n1,q,a\n4,,b\n9,r,a\n16,r,b\n",
        ("y",),
        {"group": "g"},
        "group is missing in row 2",
    ),
    "time is no time": (GOOD, ("y",), {"time": "t"}, "expected numbers, or dates as 2026-11-28, found 'r'"),
    "time missing": (
        "x,g,y\n1,1,a\n4,,b\n9,3,a\n16,4,b\n",
        ("y",),
        {"time": "g"},
        "time is missing in row 2",
    ),
}


@pytest.mark.parametrize(("text", "target", "asked", "line"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_learned_is_refused_in_one_line(
    text: str, target: tuple[str, ...], asked: dict[str, Any], line: str
) -> None:
    with pytest.raises(InvalidData, match=line) as caught:
        posed(text, *target, **asked)

    assert str(caught.value).startswith("t.csv")
    assert "\n" not in str(caught.value)


def test_what_says_how_to_split_is_no_feature() -> None:
    text = "x,g,y\n" + rows(lambda row: row * row, lambda row: row // 2, lambda row: "ab"[row % 2])

    by_group, by_time = posed(text, "y", group="g"), posed(text, "y", time="g")
    assert [feature.name for feature in by_group.features + by_time.features] == ["x", "x"]
    assert by_group.groups is not None
    assert by_group.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert by_time.times is not None
    np.testing.assert_array_equal(by_time.times, [0, 0, 1, 1, 2, 2, 3, 3])


def test_a_dropped_column_may_hold_anything() -> None:
    problem = posed(MANY, "y", drop=("name",))

    assert [feature.name for feature in problem.features] == ["x"]
    assert not problem.notes
